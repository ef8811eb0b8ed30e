//! One object, in the form that the client wants.

use backplane_apimachinery::Status;
use backplane_apimachinery::table::{self, IncludeObject};
use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

use super::accept::{Accept, Shape};
use super::list::version_error;
use super::request::Query;
use super::{Call, Resource, reply};
use crate::server::Body;

/// Answers a get.
pub(super) fn get(
    call: &Call<'_>,
    resource: &Resource<'_>,
    accept: Accept,
    name: &str,
) -> Result<Response<Body>, Status> {
    at_version(call, resource)?;
    let stored = resource.get(name)?;
    object(call, resource, accept, 200, resource.render(&stored)?)
}

/// A get may ask for a version that is at least so new.
fn at_version(call: &Call<'_>, resource: &Resource<'_>) -> Result<(), Status> {
    let Some(text) = call.request.query.get("resourceVersion") else { return Ok(()) };
    let wanted: u64 = text.parse().map_err(|_| Status::unclassified(version_error(text)))?;
    let current = resource.server.storage.revision();
    if wanted > current { Err(Status::version_too_large(wanted, current)) } else { Ok(()) }
}

/// An answer of one object.
pub(super) fn object(
    call: &Call<'_>,
    resource: &Resource<'_>,
    accept: Accept,
    code: u16,
    bytes: Bytes,
) -> Result<Response<Body>, Status> {
    match accept.shape {
        Shape::Object => Ok(reply::json_bytes(code, bytes, accept.format)),
        shape => {
            let value = parse(&bytes)?;
            let shown = match shape {
                Shape::Table => one_row(call.request.query.get("includeObject"), resource, &value)?,
                _ => metadata_only(&value),
            };
            Ok(reply::json(code, &shown, accept.format))
        }
    }
}

/// Only the metadata of an object.
pub(super) fn metadata_only(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}

/// How much of each object the rows of a table carry.
pub(super) fn include(wanted: Option<&str>) -> Result<IncludeObject, Status> {
    match wanted {
        None | Some("Metadata") => Ok(IncludeObject::Metadata),
        Some("None") => Ok(IncludeObject::None),
        Some("Object") => Ok(IncludeObject::Object),
        Some(other) => Err(Status::bad_request(format!("unrecognized includeObject value: {other:?}"))),
    }
}

/// Which `includeObject` a request asks for.
pub(super) fn included(query: &Query) -> Result<IncludeObject, Status> {
    include(query.get("includeObject"))
}

/// A table with one row.
pub(super) fn one_row(include_object: Option<&str>, resource: &Resource<'_>, object: &Value) -> Result<Value, Status> {
    let now = resource.server.env.clock.now();
    let mut table = table::table(&resource.kind, &[object], include(include_object)?, now);
    table["metadata"] = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
    Ok(table)
}

/// Reads bytes that this server wrote.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Status> {
    serde_json::from_slice(bytes).map_err(|_| Status::internal("stored object is not JSON"))
}
