//! The parts of objects that have a path of their own: `status`, `scale`, and `finalize` of namespaces.

mod scale;

use backplane_apimachinery::kind::Origin as KindOrigin;
use backplane_apimachinery::{ResourceKind, Status};
use http::Response;

use super::accept::Accept;
use super::write::{self, Part};
use super::{Call, Resource, patch, read};
use crate::server::Body;

/// Answers a request for a subresource.
pub(super) fn answer(
    call: &Call<'_>,
    resource: &Resource<'_>,
    accept: Accept,
    subresource: &str,
) -> Result<Response<Body>, Status> {
    let name = call.request.resource.as_ref().and_then(|r| r.name.as_deref()).unwrap_or_default();
    match (subresource, call.request.verb) {
        ("status", verb) if resource.kind.subresources.status => match verb {
            "get" => read::get(call, resource, accept, name),
            "update" => write::put(call, resource, accept, name, Part::Status),
            "patch" => patch::patch_part(call, resource, accept, name, Part::Status),
            _ => Err(resource.not_allowed()),
        },
        ("scale", verb) if resource.kind.subresources.scale.is_some() => {
            scale::answer(call, resource, accept, name, verb)
        }
        ("finalize", "update") if is_namespace(&resource.kind) => {
            write::put(call, resource, accept, name, Part::Finalizers)
        }
        ("finalize", _) if is_namespace(&resource.kind) => Err(resource.not_allowed()),
        _ if resource.kind.origin == KindOrigin::Custom => Err(resource.not_found(name)),
        _ => Err(Status::no_such_resource()),
    }
}

fn is_namespace(kind: &ResourceKind) -> bool {
    kind.group.is_empty() && kind.kind == "Namespace"
}
