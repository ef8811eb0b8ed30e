//! Whether an intent fits the schema well enough to be merged. Bounds on values are judged later, on the whole object.

use serde_json::Value;

use super::path::Element;
use crate::builtin;
use crate::decode;
use crate::go;
use crate::kind::{Origin, ResourceKind};
use crate::schema::{Additional, ListType, Schema, Type};
use crate::status::Status;

/// Answers with the error of kube-apiserver if the intent has unknown fields, values of a wrong type, or list items that
/// cannot be told apart.
pub(crate) fn fits(kind: &ResourceKind, intent: &Value) -> Result<(), Status> {
    let text = |key: &str| intent.pointer(&format!("/metadata/{key}")).and_then(Value::as_str).unwrap_or_default();
    // The namespace is not yet known where the real server says this.
    let name = format!("/{}", text("name"));
    let group = if kind.group.is_empty() { "/" } else { "" };
    let gvk = format!("{group}{}, Kind={}", kind.api_version(), kind.kind);
    if let Some(errors) = faults(&kind.schema, intent) {
        return Err(Status::unclassified(format!("failed to create typed patch object ({name}; {gvk}): {errors}")));
    }
    // What has a Go type has to get there, too.
    match decode::unconvertible(kind, intent).filter(|_| kind.origin != Origin::Custom) {
        Some(why) => Err(Status::unclassified(format!(
            "failed to convert new object ({name}; {gvk}) to proper version: unable to convert unstructured object to {gvk}: \
             {why}"
        ))),
        None => Ok(()),
    }
}

/// Whether an object that was converted into another version has only fields of that version.
pub(super) fn declared(schema: &Schema, object: &Value) -> Result<(), Status> {
    faults(schema, object).map_or(Ok(()), |why| Err(Status::unclassified(why)))
}

fn faults(schema: &Schema, value: &Value) -> Option<String> {
    let mut errors = Vec::new();
    walk(Some(schema), value, "", &mut errors);
    match errors.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        many => Some(format!("errors:\n  {}", many.join("\n  "))),
    }
}

fn walk(schema: Option<&Schema>, value: &Value, path: &str, errors: &mut Vec<String>) {
    let Some(schema) = schema.map(|schema| builtin::resolved(schema, value)) else { return };
    if let Some(expected) = expected(schema, value) {
        errors.push(format!("{path}: expected {expected}, got {}", got(schema, value)));
        return;
    }
    match value {
        Value::Object(map) => {
            for (name, member) in map {
                let path = format!("{path}.{name}");
                match (schema.properties.get(name), &schema.additional) {
                    (Some(property), _) => walk(Some(property), member, &path, errors),
                    (None, Additional::Schema(additional)) => walk(Some(additional), member, &path, errors),
                    (None, Additional::Unsaid | Additional::Forbidden) if !schema.preserve_unknown => {
                        errors.push(format!("{path}: field not declared in schema"));
                    }
                    _ => {}
                }
            }
        }
        Value::Array(items) => list(schema, items, path, errors),
        _ => {}
    }
}

fn list(schema: &Schema, items: &[Value], path: &str, errors: &mut Vec<String>) {
    let mut seen = std::collections::BTreeSet::new();
    for (i, item) in items.iter().enumerate() {
        let element = match schema.list_type {
            Some(ListType::Set) => Element::valued(item),
            Some(ListType::Map) => match Element::keyed(schema, item) {
                Some(element) => element,
                None => {
                    let keys: Vec<String> =
                        schema.list_map_keys.iter().map(|key| crate::field::go_quote(key)).collect();
                    errors.push(format!(
                        "{path}: element {i}: associative list with keys has an element that omits all key fields [{}] \
                         (and doesn't have default values for any key fields)",
                        keys.join(" ")
                    ));
                    continue;
                }
            },
            _ => Element::Index(i),
        };
        walk(schema.items.as_deref(), item, &format!("{path}{element}"), errors);
        if !seen.insert(element.clone()) {
            errors.push(format!("{path}: duplicate entries for key {element}"));
        }
    }
}

/// What the schema wants instead, if the value is of another type.
fn expected(schema: &Schema, value: &Value) -> Option<&'static str> {
    if value.is_null() || schema.int_or_string {
        return None;
    }
    match (schema.type_?, value) {
        (Type::Object, Value::Object(_)) | (Type::Array, Value::Array(_)) | (Type::String, Value::String(_)) => None,
        (Type::Boolean, Value::Bool(_)) | (Type::Integer | Type::Number, Value::Number(_)) => None,
        (Type::Object, _) => Some("map"),
        (Type::Array, _) => Some("list"),
        (Type::String, _) => Some("string"),
        (Type::Boolean, _) => Some("boolean"),
        (Type::Integer | Type::Number, _) => Some("numeric (int or float)"),
    }
}

/// The value as Go prints the type that holds it.
fn got(schema: &Schema, value: &Value) -> String {
    match (schema.type_, value) {
        (Some(Type::Object | Type::Array), _) => format!("&{{{}}}", go::plain(value)),
        (Some(Type::String | Type::Boolean), _) => {
            format!("&value.valueUnstructured{{Value:{}}}", go::typed(value))
        }
        (_, Value::Object(_)) => "map".into(),
        (_, Value::Array(_)) => "list".into(),
        (_, Value::String(_)) => "string".into(),
        (_, Value::Bool(_)) => "boolean".into(),
        (_, Value::Number(_)) => "int".into(),
        (_, Value::Null) => "null".into(),
    }
}
