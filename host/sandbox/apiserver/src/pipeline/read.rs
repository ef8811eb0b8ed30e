//! One object, in the form that the client wants.

use backplane_apimachinery::field::FieldError;
use backplane_apimachinery::table::{self, IncludeObject};
use backplane_apimachinery::{ResourceKind, Status};
use bytes::Bytes;
use http::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::accept::{Accept, Meta, Shape};
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
    accept.fits(&resource.kind, false)?;
    match accept.shape {
        Shape::Object => Ok(reply::json_bytes(code, bytes, accept.format)),
        shape => {
            let value = parse(&bytes)?;
            let shown = match shape {
                Shape::Table => {
                    let include = included(&call.request.query)?;
                    let now = resource.server.env.clock.now();
                    table_of(&resource.kind, &[&value], include, accept.meta, now, version_of(&value))
                }
                _ => metadata_only(&value, accept.meta),
            };
            Ok(reply::json(code, &shown, accept.format))
        }
    }
}

/// Only the metadata of an object.
pub(super) fn metadata_only(object: &Value, meta: Meta) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": meta.api_version(), "metadata": object["metadata"]})
}

/// Which `includeObject` a request asks for: how much of each object the rows of a table carry.
pub(super) fn included(query: &Query) -> Result<IncludeObject, Status> {
    match query.get("includeObject") {
        None | Some("Metadata") => Ok(IncludeObject::Metadata),
        Some("None") => Ok(IncludeObject::None),
        Some("Object") => Ok(IncludeObject::Object),
        Some(other) => {
            let why = "must be 'Metadata', 'Object', 'None', or empty";
            let error = FieldError::invalid("includeObject", &other.into(), why);
            Err(Status::bad_request(format!("Unable to convert to Table as requested: {error}")))
        }
    }
}

/// The metadata of a table of one object.
pub(super) fn version_of(object: &Value) -> Value {
    json!({"resourceVersion": object["metadata"]["resourceVersion"]})
}

/// A table of objects in a version of `meta.k8s.io`.
pub(super) fn table_of(
    kind: &ResourceKind,
    objects: &[&Value],
    include: IncludeObject,
    meta: Meta,
    now: Timestamp,
    metadata: Value,
) -> Value {
    let mut table = table::table(kind, objects, include, now);
    table["metadata"] = metadata;
    if meta == Meta::V1Beta1 {
        table["apiVersion"] = meta.api_version().into();
        for row in table["rows"].as_array_mut().into_iter().flatten() {
            if row["object"]["kind"] == "PartialObjectMetadata" {
                row["object"]["apiVersion"] = meta.api_version().into();
            }
        }
    }
    table
}

/// Reads bytes that this server wrote.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Status> {
    serde_json::from_slice(bytes).map_err(|_| Status::internal("stored object is not JSON"))
}
