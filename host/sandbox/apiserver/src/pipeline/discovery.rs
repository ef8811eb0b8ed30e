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

use super::accept::{Accept, Format, clauses};
use super::{Call, reply};
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
    if !matches!(call.request.verb, "get" | "head") {
        return Err(Status::method_not_allowed());
    }
    let kinds = call.server.registry.kinds();
    let path: Vec<&str> = call.request.path.split('/').filter(|part| !part.is_empty()).collect();
    let document = match path.as_slice() {
        ["api"] if wants_aggregated(call) => return Ok(aggregated(&aggregated::core(&kinds))),
        ["apis"] if wants_aggregated(call) => return Ok(aggregated(&aggregated::named(&kinds))),
        [] => legacy::paths(&kinds),
        ["api"] => legacy::core(call.header("host").unwrap_or_default()),
        ["apis"] => legacy::groups(&kinds),
        ["api", version] => legacy::resources(&kinds, "", version).ok_or_else(Status::no_such_path)?,
        ["apis", group] => legacy::group(&kinds, group).ok_or_else(Status::no_such_path)?,
        ["apis", group, version] => legacy::resources(&kinds, group, version).ok_or_else(Status::no_such_path)?,
        ["version"] => health::version(&call.server.options.version),
        ["healthz" | "livez" | "readyz", ..] => return Ok(health::well(call, &path)),
        _ => return Err(Status::no_such_path()),
    };
    let accept = Accept::negotiate(call.header("accept"))?;
    Ok(reply::json(200, &document, accept.format))
}

fn wants_aggregated(call: &Call<'_>) -> bool {
    let first = clauses(call.header("accept")).into_iter().find(|clause| {
        let discovery = clause.parameter("as") == Some("APIGroupDiscoveryList")
            && clause.parameter("g") == Some("apidiscovery.k8s.io");
        clause.media == "application/json"
            && (clause.parameter("as").is_none() || (discovery && clause.parameter("v") == Some("v2")))
    });
    first.is_some_and(|clause| clause.parameter("as").is_some())
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

/// What tells clients that the stored form of a kind changed.
fn storage_version_hash(kind: &ResourceKind) -> String {
    let digest = Sha256::digest(format!("{}/{}/{}", kind.group, kind.conversion.storage_version, kind.kind));
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
