//! Many objects at one revision, whole or in pages.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list>.

pub(super) mod options;

use std::collections::BTreeMap;
use std::sync::Arc;

use backplane_apimachinery::field::FieldError;
use backplane_apimachinery::kind::Origin;
use backplane_apimachinery::{ResourceKind, Status, decode};
use backplane_core::ObjectKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::accept::{Accept, Shape};
use super::request::Query;
use super::selection::Selection;
use super::{Call, Resource, read, reply};
use crate::server::Body;
use crate::storage::Stored;

/// One page of a list.
struct Page {
    revision: u64,
    objects: Vec<Arc<Stored>>,
    next: Option<String>,
    /// How many follow; unknown if a selector would have to look at them.
    remaining: Option<usize>,
}

/// Where the next page begins: after this object, at this revision.
#[derive(Serialize, Deserialize)]
struct Continue {
    revision: u64,
    namespace: Option<String>,
    name: String,
}

/// Answers a list.
pub(super) fn list(call: &Call<'_>, resource: &Resource<'_>, accept: Accept) -> Result<Response<Body>, Status> {
    let selection = Selection::parse(&call.request.query, resource)?;
    check(&call.request.query)?;
    accept.fits(&resource.kind, true)?;
    let page = page(&call.request.query, resource, &selection)?;
    match accept.shape {
        Shape::Object => {
            let mut items = resource.render_all(&page.objects)?;
            if resource.kind.origin != Origin::Custom {
                items = items.iter().map(untyped).collect();
            }
            let mut metadata = page.metadata();
            complete(&resource.kind, &mut metadata);
            let json = document(&metadata, &resource.kind.api_version(), &resource.kind.list_kind, items.iter());
            Ok(reply::json_bytes(200, json.into(), accept.format))
        }
        Shape::Metadata | Shape::MetadataList => {
            let shown =
                |stored: &Arc<Stored>| read::metadata_only(&stored.value(), accept.meta).to_string().into_bytes();
            let items = page.objects.iter().map(shown);
            let json = document(&page.metadata(), accept.meta.api_version(), "PartialObjectMetadataList", items);
            Ok(reply::json_bytes(200, json.into(), accept.format))
        }
        Shape::Table => {
            let items = resource.render_all(&page.objects)?;
            let values: Vec<Value> = items.iter().map(|bytes| read::parse(bytes)).collect::<Result<_, _>>()?;
            let rows: Vec<&Value> = values.iter().collect();
            let include = read::included(&call.request.query)?;
            let now = resource.server.env.clock.now();
            let table = read::table_of(&resource.kind, &rows, include, accept.meta, now, page.metadata());
            Ok(reply::json(200, &table, accept.format))
        }
    }
}

impl Page {
    fn metadata(&self) -> Value {
        let mut metadata = json!({"resourceVersion": self.revision.to_string()});
        if let Some(next) = &self.next {
            metadata["continue"] = next.as_str().into();
        }
        if let Some(remaining) = self.remaining {
            metadata["remainingItemCount"] = remaining.into();
        }
        metadata
    }
}

/// Lists of custom kinds have no Go type that would leave out what is empty.
pub(super) fn complete(kind: &ResourceKind, metadata: &mut Value) {
    if kind.origin == Origin::Custom && metadata["continue"].is_null() {
        metadata["continue"] = "".into();
    }
}

/// An item of a list of a built-in kind: without version and kind, which the list says for all. Nothing else is parsed.
pub(super) fn untyped(object: &Bytes) -> Bytes {
    let members: Result<BTreeMap<&str, &RawValue>, _> = serde_json::from_slice(object);
    let Ok(mut members) = members else { return object.clone() };
    members.retain(|name, _| !["apiVersion", "kind"].contains(name));
    serde_json::to_vec(&members).map_or_else(|_| object.clone(), Bytes::from)
}

/// Joins items that are JSON already; nothing is parsed.
fn document(metadata: &Value, api_version: &str, kind: &str, items: impl Iterator<Item = impl AsRef<[u8]>>) -> Vec<u8> {
    let head = json!({"kind": kind, "apiVersion": api_version, "metadata": metadata}).to_string();
    let mut json = head.trim_end_matches('}').as_bytes().to_vec();
    // The last member of the head is the metadata object, whose own brace was trimmed with the outer one.
    json.extend_from_slice(b"},\"items\":[");
    for (i, item) in items.enumerate() {
        if i > 0 {
            json.push(b',');
        }
        json.extend_from_slice(item.as_ref());
    }
    json.extend_from_slice(b"]}");
    json
}

/// Parameters that are wrong whatever is listed.
fn check(query: &Query) -> Result<(), Status> {
    options::check_list(query)?;
    if query.get("continue").is_some() && query.get("resourceVersion").is_some_and(|version| version != "0") {
        return Err(Status::bad_request("specifying resource version is not allowed when using continue"));
    }
    Ok(())
}

fn page(query: &Query, resource: &Resource<'_>, selection: &Selection) -> Result<Page, Status> {
    let storage = &resource.server.storage;
    let start = query.get("continue").map(decoded).transpose()?;
    let at = match &start {
        Some(start) => Some(start.revision),
        None => wanted_revision(query, storage.revision())?,
    };
    let listing = storage.list(&resource.storage, resource.namespace.as_deref(), at);
    let listing = listing.map_err(|too_old| match &start {
        Some(_) => Status::continue_expired(),
        None => Status::too_old(at.unwrap_or_default(), too_old.oldest),
    })?;
    let skipped = match &start {
        Some(start) => {
            let after = ObjectKey { namespace: start.namespace.clone(), name: start.name.clone() };
            listing.objects.partition_point(|stored| stored.key <= after)
        }
        None => 0,
    };
    let limit = query.number("limit").filter(|limit| *limit > 0).map_or(usize::MAX, |limit| limit as usize);
    Ok(cut(&listing.objects[skipped..], listing.revision, limit, selection))
}

fn cut(objects: &[Arc<Stored>], revision: u64, limit: usize, selection: &Selection) -> Page {
    let mut page = Page { revision, objects: Vec::new(), next: None, remaining: None };
    for (i, stored) in objects.iter().enumerate().filter(|(_, stored)| selection.matches(stored)) {
        if page.objects.len() == limit {
            page.next = page.objects.last().map(|last| encode(last, revision));
            page.remaining = selection.is_everything().then(|| objects.len() - i);
            break;
        }
        page.objects.push(Arc::clone(stored));
    }
    page
}

/// The revision that a list must show; `None`: the latest.
fn wanted_revision(query: &Query, current: u64) -> Result<Option<u64>, Status> {
    let Some(text) = query.get("resourceVersion") else { return Ok(None) };
    let revision: u64 = text.parse().map_err(|_| invalid_version(text))?;
    if revision > current {
        return Err(Status::version_too_large(revision, current));
    }
    let exact = match query.get("resourceVersionMatch") {
        Some(matching) => matching == "Exact",
        None => revision > 0 && query.number("limit").is_some_and(|limit| limit > 0),
    };
    Ok(exact.then_some(revision))
}

/// What is wrong with a version that is no number.
pub(super) fn version_error(text: &str) -> String {
    let why = format!("strconv.ParseUint: parsing {text:?}: invalid syntax");
    FieldError::invalid("resourceVersion", &text.into(), &why).to_string()
}

/// 400 for a version that is no number.
pub(super) fn invalid_version(text: &str) -> Status {
    Status::bad_request(format!("invalid resource version: {}", version_error(text)))
}

fn encode(last: &Stored, revision: u64) -> String {
    let token = Continue { revision, namespace: last.key.namespace.clone(), name: last.key.name.clone() };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default())
}

fn decoded(token: &str) -> Result<Continue, Status> {
    let wrong = |why: &str| Status::bad_request(format!("invalid continue token: continue key is not valid: {why}"));
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong("illegal base64 data"))?;
    if let Some(why) = decode::syntax_error(&bytes) {
        return Err(wrong(&why));
    }
    let unknown = "invalid continue token: continue key is not valid: server does not recognize this encoded version ";
    serde_json::from_slice(&bytes).map_err(|_| Status::bad_request(unknown))
}
