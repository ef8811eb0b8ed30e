//! Request bodies: JSON, YAML or protobuf in, one object out, checked against what the path says.

mod faults;

use backplane_apimachinery::field::FieldError;
use backplane_apimachinery::kind::Origin;
use backplane_apimachinery::{ResourceKind, Status, decode};
use backplane_core::Kind;
use serde_json::Value;

use super::{Call, Resource, protobuf};
pub(super) use faults::Faults;
use faults::Twice;

/// Media types that bodies of objects may have.
const READ: [&str; 3] = ["application/json", "application/yaml", protobuf::MEDIA];

/// The media type of a body, without parameters; JSON if nothing is said.
pub(super) fn media<'a>(call: &'a Call<'_>) -> &'a str {
    let header = call.header("content-type").unwrap_or("application/json");
    header.split(';').next().unwrap_or_default().trim()
}

/// Reads an object of this kind from the body.
///
/// # Errors
/// 415 for formats that are not read here, 400 for text that is not in its format.
pub(super) fn object(call: &Call<'_>, kind: &ResourceKind) -> Result<Value, Status> {
    let of_some_kind = |object: Value| {
        let kindless = kind.origin == Origin::Custom && object["kind"].as_str().unwrap_or_default().is_empty();
        match kindless {
            // Only the text of an object of a custom kind says what it is.
            true => Err(Unreadable::Text(format!("Object 'Kind' is missing in '{}'", as_json(call, &object)))),
            false if kind.origin == Origin::Custom || decode::duplicates(call.body).is_empty() => Ok(object),
            false => Ok(decode::merged(call.body).unwrap_or(object)),
        }
    };
    read(call).and_then(of_some_kind).map_err(|error| match error {
        Unreadable::Text(why) => {
            let shown = excerpt(call.body);
            let kind = &kind.kind;
            Status::bad_request(format!(
                "the object provided is unrecognized (must be of type {kind}): {why} ({shown})"
            ))
        }
        Unreadable::Answer(status) => status,
    })
}

/// The body as JSON.
fn as_json(call: &Call<'_>, object: &Value) -> String {
    match call.body.starts_with(b"{") {
        true => String::from_utf8_lossy(call.body).into_owned(),
        false => object.to_string(),
    }
}

/// Reads whatever object the body holds.
///
/// # Errors
/// As [`object`], in bare words.
pub(super) fn any(call: &Call<'_>) -> Result<Value, Status> {
    read(call).map_err(|error| match error {
        Unreadable::Text(why) => Status::bad_request(why),
        Unreadable::Answer(status) => status,
    })
}

/// Why a body is no object.
enum Unreadable {
    /// Its text is wrong, in the words of the decoder.
    Text(String),
    Answer(Status),
}

fn read(call: &Call<'_>) -> Result<Value, Unreadable> {
    let value = match media(call) {
        "application/json" | "" => match decode::syntax_error(call.body) {
            Some(why) => return Err(Unreadable::Text(format!("couldn't get version/kind; json parse error: {why}"))),
            None => serde_json::from_slice(call.body).map_err(|error| Unreadable::Text(error.to_string()))?,
        },
        "application/yaml" | "application/x-yaml" => {
            yaml_value(call.body).map_err(|why| Unreadable::Text(format!("yaml: {why}")))?
        }
        protobuf::MEDIA if !protobuf::is_enveloped(call.body) => {
            return Err(Unreadable::Text(protobuf::NO_ENVELOPE.to_owned()));
        }
        protobuf::MEDIA => protobuf::object(call.server.wire.get_or_init(protobuf::Table::new), call.body)
            .map_err(Unreadable::Answer)?,
        _ => return Err(Unreadable::Answer(Status::unsupported_media_type(&READ))),
    };
    match value {
        Value::Null => Ok(Value::Object(serde_json::Map::new())),
        Value::Object(map) => {
            let wrong = ["apiVersion", "kind"].into_iter().find_map(|key| Some((key, not_text(map.get(key)?)?)));
            let version = map.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
            match wrong {
                None if version.matches('/').count() > 1 => {
                    Err(Unreadable::Text(format!("unexpected GroupVersion string: {version}")))
                }
                Some((key, got)) => Err(Unreadable::Text(format!(
                    "couldn't get version/kind; json parse error: json: cannot unmarshal {got} into Go struct field .{key} of \
                     type string"
                ))),
                None => Ok(Value::Object(map)),
            }
        }
        other => {
            let got = not_text(&other).unwrap_or("string");
            Err(Unreadable::Text(format!(
                "couldn't get version/kind; json parse error: json: cannot unmarshal {got} into Go value of type struct {{ \
                 APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"
            )))
        }
    }
}

/// What a value is, unless it is a text or absent.
fn not_text(value: &Value) -> Option<&'static str> {
    match value {
        Value::Null | Value::String(_) => None,
        Value::Bool(_) => Some("bool"),
        Value::Number(_) => Some("number"),
        Value::Array(_) => Some("array"),
        Value::Object(_) => Some("object"),
    }
}

/// The beginning of a body as errors show it: as text if it looks like JSON, in hexadecimal otherwise.
fn excerpt(body: &[u8]) -> String {
    const SHOWN: usize = 30;
    let (start, more) = if body.len() > SHOWN { (&body[..SHOWN], " ...") } else { (body, "") };
    if body.is_empty() {
        return "<empty>".to_owned();
    }
    let text = if body.starts_with(b"{") {
        String::from_utf8_lossy(start).into_owned()
    } else {
        start.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    format!("{text}{more}")
}

/// Reads YAML of an intent.
pub(super) fn yaml(body: &[u8]) -> Result<Value, Status> {
    let why = |why: &str| Status::bad_request(format!("error decoding YAML: {why}"));
    let value = yaml_value(body).map_err(|error| why(&format!("error converting YAML to JSON: yaml: {error}")))?;
    match value {
        Value::Object(_) => Ok(value),
        Value::Null => Ok(Value::Object(serde_json::Map::new())),
        other => {
            let got = not_text(&other).unwrap_or("string");
            Err(why(&format!(
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {got} into Go value of type \
                 map[string]interface {{}}"
            )))
        }
    }
}

/// The first document. Of a key that occurs twice the last one counts.
fn yaml_value(body: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|_| "control characters are not allowed".to_owned())?;
    let first = text.find("\n---").filter(|_| !text.trim_start().starts_with("---")).map_or(text, |end| &text[..=end]);
    if first.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_saphyr::from_str_with_options(first, yaml_options(Twice::LastCounts)).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        yaml_fault(first, line)
    })
}

/// What Go's parser says of a text that ours could not read either; of the first line it does not say the number.
fn yaml_fault(text: &str, line: u64) -> String {
    if let Some(at) = text.lines().position(|line| line.starts_with('\t')) {
        return format!("line {}: found a tab character that violates indentation", at + 1);
    }
    let place = if line > 1 { format!("line {line}: ") } else { String::new() };
    format!("{place}mapping values are not allowed in this context")
}

fn yaml_options(twice: Twice) -> serde_saphyr::Options {
    use serde_saphyr::options::DuplicateKeyPolicy::{Error, LastWins};
    let duplicate_keys = if twice == Twice::Refused { Error } else { LastWins };
    serde_saphyr::options! { duplicate_keys: duplicate_keys, with_snippet: false }
}

/// Checks that an object is of the kind, in the namespace and of the name that the path says, and fills in what it leaves
/// out. `name` is `None` where the path names no object.
///
/// # Errors
/// 400 naming both sides.
pub(super) fn agree(resource: &Resource<'_>, object: &mut Value, name: Option<&str>) -> Result<(), Status> {
    of_kind(resource, object)?;
    if let Some(why) = mistyped(&resource.kind, object) {
        let (kind, version) = (&resource.kind.kind, &resource.kind.version);
        return Err(Status::bad_request(format!("{kind} in version {version:?} cannot be handled as a {kind}: {why}")));
    }
    located(resource, object, name)
}

/// The first value of a type that its field does not have.
pub(super) fn mistyped(kind: &ResourceKind, object: &Value) -> Option<String> {
    match kind.origin {
        Origin::Custom => decode::mistyped_metadata(kind, object),
        _ => decode::mistyped(kind, object),
    }
}

fn of_kind(resource: &Resource<'_>, object: &mut Value) -> Result<(), Status> {
    let kind = &resource.kind;
    let (version, name) = (kind.api_version(), kind.kind.as_str());
    let given = |key: &str| object[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let (given_version, given_name) = (given("apiVersion"), given("kind"));
    object["apiVersion"] = version.as_str().into();
    object["kind"] = name.into();
    let (shown_version, shown_name) = (given_version.unwrap_or(version.clone()), given_name.unwrap_or(name.to_owned()));
    if shown_version == version && shown_name == name {
        return Ok(());
    }
    if kind.origin == Origin::Custom {
        return Err(if shown_version != version {
            Status::bad_request(format!(
                "the API version in the data ({shown_version}) does not match the expected API version ({version})"
            ))
        } else {
            let error = FieldError::invalid("kind", &shown_name.as_str().into(), &format!("must be {name}"));
            let named = object["metadata"]["name"].as_str().unwrap_or_default();
            Status::invalid(&kind.group, &shown_name, named, &[error])
        });
    }
    let short = shown_version.rsplit('/').next().unwrap_or_default().to_owned();
    let why = not_convertible(resource, &shown_version, &shown_name);
    Err(Status::bad_request(format!("{shown_name} in version {short:?} cannot be handled as a {name}: {why}")))
}

/// Why an object of one kind cannot be taken as one of another.
pub(super) fn not_convertible(resource: &Resource<'_>, version: &str, kind: &str) -> String {
    let (group, short) = version.rsplit_once('/').unwrap_or(("", version));
    let known =
        resource.server.registry.kinds().kind(&Kind::new(group, short, kind.trim_end_matches("List"))).is_some();
    if known {
        let package = |group: &str| match group.split('.').next().unwrap_or_default() {
            "" => "core".to_owned(),
            first => first.to_owned(),
        };
        let wanted = format!("{}.{}", package(&resource.kind.group), resource.kind.kind);
        format!("converting ({short}.{kind}) to ({wanted}): unknown conversion")
    } else {
        not_registered(version, kind)
    }
}

/// That nothing of a kind is known.
pub(super) fn not_registered(version: &str, kind: &str) -> String {
    format!("no kind {kind:?} is registered for version {version:?} in scheme \"pkg/runtime/scheme.go:111\"")
}

/// Checks name and namespace against the path, and fills in what the object leaves out.
///
/// # Errors
/// 400 naming both sides.
pub(super) fn located(resource: &Resource<'_>, object: &mut Value, name: Option<&str>) -> Result<(), Status> {
    if !object["metadata"].is_object() {
        object["metadata"] = Value::Object(serde_json::Map::new());
    }
    let metadata = &mut object["metadata"];
    if let Some(name) = name {
        match metadata["name"].as_str() {
            Some(given) if given == name => {}
            None | Some("") => {
                return Err(Status::bad_request(format!(
                    "the name of the object ({name} based on URL) was undeterminable: name must be provided"
                )));
            }
            Some(given) => {
                let why = format!("the name of the object ({given}) does not match the name on the URL ({name})");
                return Err(Status::bad_request(why));
            }
        }
    }
    match &resource.namespace {
        Some(namespace) => expect(metadata, "namespace", namespace, |_, _| {
            "the namespace of the provided object does not match the namespace sent on the request".into()
        }),
        None => {
            metadata.as_object_mut().map(|m| m.remove("namespace"));
            Ok(())
        }
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
