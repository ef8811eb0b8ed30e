//! Whether an intent fits the schema well enough to be merged. Bounds on values are judged later, on the whole object.

use serde_json::Value;

use super::path::Element;
use crate::kind::ResourceKind;
use crate::schema::{Additional, ListType, Schema, Type};
use crate::status::Status;

/// Answers with the error of kube-apiserver if the intent has unknown fields, values of a wrong type, or list items that
/// cannot be told apart.
pub(crate) fn fits(kind: &ResourceKind, intent: &Value) -> Result<(), Status> {
    let mut errors = Vec::new();
    walk(Some(&kind.schema), intent, "", &mut errors);
    let errors = match errors.as_slice() {
        [] => return Ok(()),
        [one] => one.clone(),
        many => format!("errors:\n  {}", many.join("\n  ")),
    };
    let text = |key: &str| intent.pointer(&format!("/metadata/{key}")).and_then(Value::as_str).unwrap_or_default();
    let name = match text("namespace") {
        "" => format!("/{}", text("name")),
        namespace => format!("{namespace}/{}", text("name")),
    };
    let gvk = format!("{}, Kind={}", kind.api_version(), kind.kind);
    Err(Status::unclassified(format!("failed to create typed patch object ({name}; {gvk}): {errors}")))
}

fn walk(schema: Option<&Schema>, value: &Value, path: &str, errors: &mut Vec<String>) {
    let Some(schema) = schema else { return };
    if let Some(expected) = expected(schema, value) {
        errors.push(format!("{path}: expected {expected}, got {}", got(value)));
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
                    let missing = schema.list_map_keys.iter().find(|key| item.get(key.as_str()).is_none());
                    let key = missing.map(String::as_str).unwrap_or_default();
                    errors.push(format!(
                        "{path}: element {i}: associative list with keys has an element that omits key field {key:?} \
                         (and doesn't have default value)"
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

fn got(value: &Value) -> String {
    match value {
        Value::Object(_) => "map".into(),
        Value::Array(_) => "list".into(),
        Value::String(_) => "string".into(),
        Value::Bool(_) => "boolean".into(),
        Value::Number(_) => "int".into(),
        Value::Null => "null".into(),
    }
}
