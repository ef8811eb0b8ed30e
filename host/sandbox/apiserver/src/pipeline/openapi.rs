//! The OpenAPI documents: version 2 whole, version 3 by group and version under an index with hashes.
//!
//! kubectl asks for version 2 in protobuf only, and only when it does not find a kind in version 3; it gets a document that
//! names no kinds, from which it concludes the same and says so.

use std::collections::BTreeMap;
use std::sync::Arc;

use backplane_apimachinery::openapi::{openapi_v2, openapi_v2_protobuf, openapi_v3};
use backplane_apimachinery::{ResourceKind, Status};
use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::accept::clauses;
use super::{Call, reply};
use crate::registry::Kinds;
use crate::server::Body;

const V2_JSON: &str = "application/com.github.proto-openapi.spec.v2.v1.0+json";
/// As clients ask for it, and as it is answered.
const V2_PROTOBUF: [&str; 2] = [
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
];
/// The documents for the kinds of one moment.
pub(crate) struct Documents {
    v2: Document,
    /// By the part of the path after `/openapi/v3/`, such as `apis/apps/v1`.
    v3: BTreeMap<String, Document>,
}

struct Document {
    bytes: Bytes,
    hash: String,
}

impl Documents {
    /// Makes the documents.
    pub(crate) fn new(kinds: &Kinds) -> Self {
        let all: Vec<&Arc<ResourceKind>> = kinds.all().collect();
        let mut parts: BTreeMap<String, Vec<&ResourceKind>> = BTreeMap::new();
        for kind in &all {
            let root = if kind.group.is_empty() { "api" } else { "apis" };
            parts.entry(format!("{root}/{}", kind.api_version())).or_default().push(kind);
        }
        let v3 = |(path, kinds): (String, Vec<&ResourceKind>)| {
            let group_version = path.split_once('/').map_or(path.as_str(), |(_, rest)| rest);
            let document = Document::new(&openapi_v3(&kinds, group_version));
            (path, document)
        };
        let every: Vec<&ResourceKind> = all.iter().map(|kind| kind.as_ref()).collect();
        Self { v2: Document::new(&openapi_v2(&every)), v3: parts.into_iter().map(v3).collect() }
    }

    fn index(&self) -> Value {
        let paths: serde_json::Map<String, Value> = self
            .v3
            .iter()
            .map(|(path, document)| {
                let url = format!("/openapi/v3/{path}?hash={}", document.hash);
                (path.clone(), json!({"serverRelativeURL": url}))
            })
            .collect();
        json!({"paths": paths})
    }
}

impl Document {
    fn new(value: &Value) -> Self {
        let bytes = Bytes::from(value.to_string());
        let hash = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02X}")).collect();
        Self { bytes, hash }
    }
}

/// Answers a request for a document; `None` for other paths.
pub(super) fn answer(call: &Call<'_>) -> Result<Option<Response<Body>>, Status> {
    let path = call.request.path.trim_end_matches('/');
    if path != "/openapi/v2" && path != "/openapi/v3" && !path.starts_with("/openapi/v3/") {
        return Ok(None);
    }
    let accepted = call.header("accept");
    if path == "/openapi/v2" && clauses(accepted).first().is_some_and(|c| V2_PROTOBUF.contains(&c.media)) {
        let media = HeaderValue::from_static(V2_PROTOBUF[1]);
        return Ok(Some(reply::bytes(200, media, openapi_v2_protobuf().into())));
    }
    if !takes_json(accepted) {
        return Err(Status::not_acceptable("application/json"));
    }
    let kinds = call.server.registry.kinds();
    let documents = kinds.documents();
    match path.strip_prefix("/openapi/") {
        Some("v2") => Ok(Some(send(call, &documents.v2))),
        Some("v3") => Ok(Some(reply::json(200, &documents.index(), super::accept::Format::Json))),
        Some(part) => {
            let document = part.strip_prefix("v3/").and_then(|part| documents.v3.get(part));
            Ok(Some(document.map_or_else(nothing, |document| send(call, document))))
        }
        None => Ok(None),
    }
}

/// For a part that there is not: the code and no word.
fn nothing() -> Response<Body> {
    let mut response = reply::bytes(404, HeaderValue::from_static(""), Bytes::new());
    response.headers_mut().remove(CONTENT_TYPE);
    response
}

fn takes_json(header: Option<&str>) -> bool {
    clauses(header).iter().any(|c| matches!(c.media, "application/json" | "application/*" | "*/*" | V2_JSON))
}

fn send(call: &Call<'_>, document: &Document) -> Response<Body> {
    let etag = format!("\"{}\"", document.hash);
    let known = call.headers.get(IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == etag.as_bytes());
    let json = HeaderValue::from_static("application/json");
    let mut response = match known {
        true => reply::bytes(304, json, Bytes::new()),
        false => reply::bytes(200, json, document.bytes.clone()),
    };
    if let Ok(value) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(ETAG, value);
    }
    response
}
