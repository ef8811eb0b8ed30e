//! The way of one request, the same for sockets and for clients inside the process.
//!
//! ```text
//!   parse ─> authenticate ─> impersonate ─> authorize ─> a resource: read, watch, write, patch, delete, scale, review
//!                                                     └> a path: discovery, openapi, version, health
//! ```
//!
//! Every step answers with a value or with a [`Status`]; this file turns both into HTTP and records what was asked.

mod accept;
pub(crate) mod admission;
mod authn;
mod authz;
mod body;
mod bootstrap;
pub(crate) mod delete;
mod discovery;
pub(crate) mod events;
mod hooks;
mod list;
pub(crate) mod openapi;
mod patch;
pub(crate) mod protobuf;
pub(crate) mod rbac;
mod read;
mod reply;
mod request;
pub(crate) mod resource;
mod review;
mod selection;
mod subresource;
pub(crate) mod watch;
pub(crate) mod write;

use std::sync::Arc;

use backplane_apimachinery::Status;
use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, Request, Response};

use crate::audit::AuditEvent;
use crate::server::{Body, Inner};
use crate::user::User;
use crate::webhook::aside;
use accept::{Accept, Format, Offer};
pub(crate) use bootstrap::bootstrap;
pub(crate) use hooks::set_finalizers;
pub(crate) use reply::status as refuse;
use request::{RequestInfo, ResourceRequest};
pub(crate) use resource::Resource;

/// Bytes that a request body may have, as kube-apiserver's default.
pub(crate) const BODY_LIMIT: usize = 3 * 1024 * 1024;

/// A request by a known user.
pub(crate) struct Call<'a> {
    server: &'a Arc<Inner>,
    user: User,
    request: &'a RequestInfo,
    headers: &'a HeaderMap,
    body: &'a Bytes,
}

/// Answers a request. A [`User`] among its extensions, which only code in this process can put there, is trusted.
pub(crate) async fn handle(server: &Arc<Inner>, request: Request<Bytes>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let info = RequestInfo::parse(&parts.method, &parts.uri);
    let sender = match parts.extensions.get::<User>() {
        Some(user) => Ok(user.clone()),
        None => authn::authenticate(server, &parts.headers),
    };
    let mut names = (String::new(), None);
    let user = sender.and_then(|sender| {
        names.0.clone_from(&sender.name);
        let acting = authn::impersonate(server, &sender, &parts.headers)?;
        if let Some(acting) = &acting {
            names = (acting.name.clone(), Some(sender.name.clone()));
        }
        Ok(acting.unwrap_or(sender))
    });
    let info = Arc::new(info);
    let format = Format::of_error(parts.headers.get(ACCEPT).and_then(|value| value.to_str().ok()));
    let answer = match user {
        Ok(user) => answered(server, user, &info, parts.headers, body).await,
        Err(status) => Err(status),
    };
    let response = answer.unwrap_or_else(|status| reply::status_in(&status, format));
    tracing::trace!(
        server = server.options.name,
        verb = info.verb,
        path = info.path,
        code = response.status().as_u16()
    );
    server.record(audit(Arc::unwrap_or_clone(info), names, response.status().as_u16()));
    response
}

/// Answers on a thread that may block, if the answer may need a webhook.
async fn answered(
    server: &Arc<Inner>,
    user: User,
    request: &Arc<RequestInfo>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response<Body>, Status> {
    if !may_call_out(server, request) {
        return answer(&Call { server, user, request, headers: &headers, body: &body });
    }
    let (server, request) = (Arc::clone(server), Arc::clone(request));
    aside(move || answer(&Call { server: &server, user, request: &request, headers: &headers, body: &body })).await
}

/// Whether an answer may need a webhook: any write where there are some, reads of kinds that one converts.
fn may_call_out(server: &Inner, request: &RequestInfo) -> bool {
    let Some(resource) = &request.resource else { return false };
    match request.verb {
        "get" | "list" | "watch" => {
            let kinds = server.registry.kinds();
            let kind = kinds.resource(&resource.group, &resource.version, &resource.resource);
            kind.is_some_and(|kind| kind.conversion.webhook.is_some())
        }
        _ => server.calls_out(),
    }
}

fn answer(call: &Call<'_>) -> Result<Response<Body>, Status> {
    if call.body.len() > BODY_LIMIT {
        return Err(Status::too_large(BODY_LIMIT));
    }
    authz::authorize(call.server, &call.user, call.request)?;
    match &call.request.resource {
        Some(resource) => on_resource(call, resource),
        None => on_path(call),
    }
}

fn on_path(call: &Call<'_>) -> Result<Response<Body>, Status> {
    if let Some(response) = openapi::answer(call)? {
        return Ok(response);
    }
    discovery::answer(call)
}

fn on_resource(call: &Call<'_>, request: &ResourceRequest) -> Result<Response<Body>, Status> {
    let resource = Resource::find(call.server, request)?;
    if !resource.kind.is_stored() {
        return review::answer(call, &resource);
    }
    let accept = Accept::negotiate(call.header("accept"), Offer::of(&resource.kind, call.request.verb))?;
    if let Some(subresource) = &request.subresource {
        return subresource::answer(call, &resource, accept, subresource);
    }
    let answer = match (call.request.verb, &request.name) {
        ("get", Some(name)) => read::get(call, &resource, accept, name),
        ("list", None) => list::list(call, &resource, accept),
        ("watch", _) => watch::watch(call, &resource, accept),
        ("create", None) => write::create(call, &resource, accept),
        ("update", Some(name)) => write::update(call, &resource, accept, name),
        ("patch", Some(name)) => patch::patch(call, &resource, accept, name),
        ("delete", Some(name)) => delete::one(call, &resource, accept, name),
        ("deletecollection", None) if resource.may_be_deleted_together() => delete::collection(call, &resource, accept),
        _ => Err(resource.not_allowed()),
    };
    // Who uses something old is told so whatever the answer.
    let warned = |status: Status| status.with_warnings(resource.kind.deprecation.as_slice());
    let mut response = answer.map_err(warned)?;
    reply::warn(&mut response, resource.kind.deprecation.as_slice());
    Ok(response)
}

impl Call<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

fn audit(info: RequestInfo, (user, impersonator): (String, Option<String>), code: u16) -> AuditEvent {
    let verb = info.verb.to_owned();
    match info.resource {
        Some(r) => {
            let resource = match r.subresource {
                Some(sub) => format!("{}/{sub}", r.resource),
                None => r.resource,
            };
            AuditEvent {
                user,
                impersonator,
                verb,
                group: r.group,
                resource,
                namespace: r.namespace,
                name: r.name,
                code,
            }
        }
        None => AuditEvent {
            user,
            impersonator,
            verb,
            group: String::new(),
            resource: info.path,
            namespace: None,
            name: None,
            code,
        },
    }
}
