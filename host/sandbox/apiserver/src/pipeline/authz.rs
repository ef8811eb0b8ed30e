//! Whether the user may do what the request asks for, and the words of the refusal.

use backplane_apimachinery::Status;
use backplane_apimachinery::status::Denial;

use super::Call;
use super::rbac::Attributes;
use super::request::RequestInfo;
use crate::server::Inner;
use crate::user::User;

/// Checks a request.
///
/// # Errors
/// 403.
pub(super) fn authorize(server: &Inner, user: &User, request: &RequestInfo) -> Result<(), Status> {
    require(server, &attributes(user, request))
}

/// Checks one question.
///
/// # Errors
/// 403.
pub(super) fn require(server: &Inner, asked: &Attributes<'_>) -> Result<(), Status> {
    if asked.user.is_master() || server.rbac.rules(&server.storage).allow(asked).is_some() {
        return Ok(());
    }
    let user = asked.user.name.as_str();
    Err(match asked.path {
        Some(path) => Status::forbidden_path(user, asked.verb, path),
        None => Status::forbidden(&Denial {
            user,
            verb: asked.verb,
            group: asked.group,
            resource: asked.resource,
            subresource: asked.subresource,
            namespace: asked.namespace,
            name: asked.name,
            detail: "",
        }),
    })
}

/// Checks that what a request would change may also be created.
///
/// # Errors
/// 403.
pub(super) fn require_create(call: &Call<'_>) -> Result<(), Status> {
    require(call.server, &Attributes { verb: "create", ..attributes(&call.user, call.request) })
}

fn attributes<'a>(user: &'a User, request: &'a RequestInfo) -> Attributes<'a> {
    let base = Attributes { user, verb: request.verb, ..Attributes::of(user) };
    let Some(resource) = &request.resource else { return Attributes { path: Some(&request.path), ..base } };
    let name = resource.name.as_deref().or_else(|| selected_name(request));
    // A namespace is its own place: a Role inside it may permit reading it.
    let itself = resource.group.is_empty() && resource.resource == "namespaces";
    let namespace = if itself { resource.name.as_deref() } else { resource.namespace.as_deref() };
    Attributes {
        group: &resource.group,
        resource: &resource.resource,
        // What a proxy is to reach is not part of it.
        subresource: resource.subresource.as_deref().and_then(|path| path.split('/').next()),
        namespace,
        name,
        ..base
    }
}

/// A list or watch of `metadata.name=x` asks for that name only.
fn selected_name(request: &RequestInfo) -> Option<&str> {
    if !matches!(request.verb, "list" | "watch") {
        return None;
    }
    let name = request.query.get("fieldSelector")?.strip_prefix("metadata.name=")?.trim_start_matches('=');
    (!name.is_empty() && !name.contains(',')).then_some(name)
}
