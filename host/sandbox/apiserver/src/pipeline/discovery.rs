//! What the server serves: groups, versions and resources, in the old form of many documents and the new one of one; its
//! version, and whether it is well.
//!
//! Source: <https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api>.

mod aggregated;
mod health;
mod legacy;

use backplane_apimachinery::kind::Origin;
use backplane_apimachinery::{ResourceKind, Status};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::accept::{Accept, Format, Offer, clauses};
use super::events::storage_group;
use super::resource::unknown;
use super::{Call, reply};
use crate::registry::Kinds;
use crate::server::Body;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// One path below a resource.
struct Subresource {
    name: &'static str,
    group: &'static str,
    version: &'static str,
    kind: String,
    verbs: &'static [&'static str],
}

/// Answers a path that is no resource.
pub(super) fn answer(call: &Call<'_>) -> Result<Response<Body>, Status> {
    let kinds = call.server.registry.kinds();
    let path = call.request.path.as_str();
    // An empty segment is the name of nothing; only one slash at the end may be too much.
    let segments: Vec<&str> = match path {
        "/" => Vec::new(),
        _ => path.strip_suffix('/').unwrap_or(path).split('/').skip(1).collect(),
    };
    match segments.as_slice() {
        [check @ ("healthz" | "livez" | "readyz"), part @ ..] => return health::well(call, check, part),
        // Answered whatever the method is.
        ["apis"] => {}
        _ if !matches!(call.request.verb, "get" | "head") => return Err(other_method(&kinds, &segments)),
        _ => {}
    }
    if let (true, ["api"] | ["apis"]) = (wants_aggregated(call), segments.as_slice()) {
        let document = if segments == ["api"] { aggregated::core(&kinds) } else { aggregated::named(&kinds) };
        return Ok(aggregated(&document));
    }
    let document = document(call, &kinds, &segments)?;
    let offer = if segments == ["version"] { Offer::Version } else { Offer::Document };
    let accept = Accept::negotiate(call.header("accept"), offer)?;
    Ok(reply::json(200, &document, accept.format))
}

fn document(call: &Call<'_>, kinds: &Kinds, path: &[&str]) -> Result<Value, Status> {
    match path {
        [] => Ok(legacy::paths(kinds)),
        ["api"] => Ok(legacy::core(call.header("host").unwrap_or_default())),
        ["apis"] => Ok(legacy::groups(kinds)),
        ["api", version] => legacy::resources(kinds, "", version).ok_or_else(|| unknown(kinds, "")),
        ["apis", group] => legacy::group(kinds, group).ok_or_else(Status::no_such_path),
        ["apis", group, version] => legacy::resources(kinds, group, version).ok_or_else(|| unknown(kinds, group)),
        ["version"] => Ok(health::version(&call.server.options.version)),
        _ => Err(Status::no_such_path()),
    }
}

/// What a method that does not read gets: 404 where nothing is, 405 where something may only be read.
fn other_method(kinds: &Kinds, path: &[&str]) -> Status {
    match path {
        ["api"] | ["api", _] | ["version"] => Status::method_not_allowed(),
        ["apis", group, ..] if kinds.builds_in(group) => Status::method_not_allowed(),
        _ => Status::no_such_path(),
    }
}

/// Whether the document of everything at once is among what the client takes, wherever it stands in its list.
fn wants_aggregated(call: &Call<'_>) -> bool {
    clauses(call.header("accept")).iter().any(|clause| {
        clause.media == "application/json"
            && clause.parameter("as") == Some("APIGroupDiscoveryList")
            && clause.parameter("g") == Some("apidiscovery.k8s.io")
            && clause.parameter("v") == Some("v2")
    })
}

fn aggregated(document: &Value) -> Response<Body> {
    let mut response = reply::json(200, document, Format::Json);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(AGGREGATED));
    response
}

/// Verbs in the order in which the real server says them.
fn verbs(kind: &ResourceKind) -> Vec<&str> {
    let mut verbs: Vec<&str> = kind.verbs.iter().map(String::as_str).collect();
    if kind.origin != Origin::Custom {
        verbs.sort_unstable();
    }
    // Namespaces are deleted one by one.
    verbs.retain(|verb| !(kind.group.is_empty() && kind.kind == "Namespace" && *verb == "deletecollection"));
    verbs
}

/// Group and version in which the real server stores a kind: definitions in a version that it no longer serves.
fn stored_as(kind: &ResourceKind) -> (&str, &str) {
    let version = if kind.group == "apiextensions.k8s.io" { "v1beta1" } else { &kind.conversion.storage_version };
    (storage_group(&kind.group), version)
}

/// What tells clients that the stored form of a kind changed.
fn storage_version_hash(kind: &ResourceKind) -> String {
    let (group, version) = stored_as(kind);
    let digest = Sha256::digest(format!("{group}/{version}/{}", kind.kind));
    STANDARD.encode(&digest[..8])
}

fn subresources(kind: &ResourceKind) -> Vec<Subresource> {
    let mut found = Vec::new();
    if kind.subresources.status {
        let verbs = &["get", "patch", "update"];
        found.push(Subresource { name: "status", group: "", version: "", kind: kind.kind.clone(), verbs });
    }
    if kind.subresources.scale.is_some() {
        let verbs = &["get", "patch", "update"];
        found.push(Subresource { name: "scale", group: "autoscaling", version: "v1", kind: "Scale".into(), verbs });
    }
    if kind.group.is_empty() && kind.kind == "Namespace" {
        found.push(Subresource {
            name: "finalize",
            group: "",
            version: "",
            kind: kind.kind.clone(),
            verbs: &["update"],
        });
    }
    if kind.origin != Origin::Custom {
        found.sort_by_key(|sub| sub.name);
    }
    found
}
