//! Request bodies: JSON, YAML or protobuf in, one object out, checked against what the path says.

use backplane_apimachinery::Status;
use serde_json::Value;

use super::{Call, Resource, protobuf};

/// Media types that bodies of objects may have.
const READ: [&str; 3] = ["application/json", "application/yaml", protobuf::MEDIA];

/// The media type of a body, without parameters; JSON if nothing is said.
pub(super) fn media<'a>(call: &'a Call<'_>) -> &'a str {
    let header = call.header("content-type").unwrap_or("application/json");
    header.split(';').next().unwrap_or_default().trim()
}

/// Reads an object from the body.
///
/// # Errors
/// 415 for formats that are not read here, 400 for text that is not in its format.
pub(super) fn object(call: &Call<'_>) -> Result<Value, Status> {
    let value = match media(call) {
        "application/json" | "" => json(call.body)?,
        "application/yaml" | "application/x-yaml" => yaml(call.body)?,
        protobuf::MEDIA => protobuf::object(call.server.wire.get_or_init(protobuf::Table::new), call.body)?,
        _ => return Err(Status::unsupported_media_type(&READ)),
    };
    if !value.is_object() {
        return Err(Status::bad_request("the body of the request is not an object"));
    }
    Ok(value)
}

/// Reads JSON.
pub(super) fn json(body: &[u8]) -> Result<Value, Status> {
    serde_json::from_slice(body).map_err(|error| Status::bad_request(format!("body is not valid JSON: {error}")))
}

/// Reads YAML.
pub(super) fn yaml(body: &[u8]) -> Result<Value, Status> {
    let text = std::str::from_utf8(body).map_err(|_| Status::bad_request("body is not UTF-8"))?;
    serde_saphyr::from_str(text).map_err(|_| Status::bad_request("error decoding YAML"))
}

/// Checks that an object is of the kind, in the namespace and of the name that the path says, and fills in what it leaves
/// out. `name` is `None` where the path names no object.
///
/// # Errors
/// 400 naming both sides.
pub(super) fn agree(resource: &Resource<'_>, object: &mut Value, name: Option<&str>) -> Result<(), Status> {
    let kind = &resource.kind;
    expect(object, "apiVersion", &kind.api_version(), |given, wanted| {
        format!("the API version in the data ({given}) does not match the expected API version ({wanted})")
    })?;
    expect(object, "kind", &kind.kind, |given, wanted| {
        format!("the kind in the data ({given}) does not match the expected kind ({wanted})")
    })?;
    if !object["metadata"].is_object() {
        object["metadata"] = Value::Object(serde_json::Map::new());
    }
    let metadata = &mut object["metadata"];
    match &resource.namespace {
        Some(namespace) => expect(metadata, "namespace", namespace, |_, _| {
            "the namespace of the provided object does not match the namespace sent on the request".into()
        })?,
        None => {
            metadata.as_object_mut().map(|m| m.remove("namespace"));
        }
    }
    match name {
        Some(name) => expect(metadata, "name", name, |given, wanted| {
            format!("the name of the object ({given}) does not match the name on the URL ({wanted})")
        }),
        None => Ok(()),
    }
}

fn expect(object: &mut Value, field: &str, wanted: &str, message: impl Fn(&str, &str) -> String) -> Result<(), Status> {
    match object[field].as_str() {
        Some(given) if given == wanted => Ok(()),
        None | Some("") => {
            object[field] = wanted.into();
            Ok(())
        }
        Some(given) => Err(Status::bad_request(message(given, wanted))),
    }
}
