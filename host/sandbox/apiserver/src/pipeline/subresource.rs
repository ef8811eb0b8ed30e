//! The parts of objects that have a path of their own: `status`, `scale`, and `finalize` of namespaces.

use backplane_apimachinery::kind::Origin as KindOrigin;
use backplane_apimachinery::scale::{apply_scale, scale_of};
use backplane_apimachinery::{ResourceKind, Status};
use http::Response;
use serde_json::Value;

use super::accept::Accept;
use super::write::{self, Origin, Part, WriteOptions, Written};
use super::{Call, Resource, body, patch, read, reply};
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
        ("scale", verb) if resource.kind.subresources.scale.is_some() => scale(call, resource, accept, name, verb),
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

fn scale(
    call: &Call<'_>,
    resource: &Resource<'_>,
    accept: Accept,
    name: &str,
    verb: &str,
) -> Result<Response<Body>, Status> {
    if verb == "get" {
        let stored = resource.get(name)?;
        return Ok(reply::json(200, &shown(resource, &resource.value(&stored)?)?, accept.format));
    }
    let options = WriteOptions::read(call)?;
    let written = match verb {
        "update" => {
            let wanted = body::object(call, &resource.kind)?;
            rescale(resource, name, Origin::Sent, &options, |_| Ok(wanted.clone()))
        }
        "patch" => {
            let format = patch::Format::of(call, resource)?;
            rescale(resource, name, Origin::Patched, &options, |scale| format.patched(scale, call.body, resource))
        }
        _ => return Err(resource.not_allowed()),
    }?;
    let object = read::parse(&written.bytes)?;
    let mut response = reply::json(written.code, &shown(resource, &object)?, accept.format);
    reply::warn(&mut response, &written.warnings);
    Ok(response)
}

/// Changes an object through its scale.
fn rescale(
    resource: &Resource<'_>,
    name: &str,
    origin: Origin,
    options: &WriteOptions,
    wanted: impl Fn(&Value) -> Result<Value, Status>,
) -> Result<Written, Status> {
    write::change(resource, name, Part::Scale, origin, options, |old| {
        let scale = wanted(&shown(resource, old)?)?;
        let mut new = old.clone();
        apply_scale(&resource.kind, &mut new, &scale)?;
        for field in ["resourceVersion", "uid"] {
            if let Some(text) = scale["metadata"][field].as_str() {
                new["metadata"][field] = text.into();
            }
        }
        Ok(new)
    })
}

fn shown(resource: &Resource<'_>, object: &Value) -> Result<Value, Status> {
    scale_of(&resource.kind, object).ok_or_else(Status::no_such_resource)
}
