//! Lists that are sets or maps, and maps that are atomic: what their schemas must say.

use serde_json::Value;

use super::{below, flag, list, property, says, schema, text};
use crate::field::FieldError;
use crate::kind::crd::shown_items;

const LIST_TYPE: &str = "x-kubernetes-list-type";
const MAP_TYPE: &str = "x-kubernetes-map-type";
const KEYS: &str = "x-kubernetes-list-map-keys";

pub(super) fn errors(document: &Value, path: &str, errors: &mut Vec<FieldError>) {
    of_type(document, path, MAP_TYPE, "object", errors);
    known(document, path, MAP_TYPE, &["atomic", "granular"], errors);
    of_type(document, path, LIST_TYPE, "array", errors);
    set_items(document, path, errors);
    known(document, path, LIST_TYPE, &["atomic", "set", "map"], errors);
    let kind = text(document, LIST_TYPE);
    if says(document, KEYS) && kind != "map" {
        let (field, why) = (below(path, LIST_TYPE), "must be map if x-kubernetes-list-map-keys is non-empty");
        errors.push(match document.get(LIST_TYPE) {
            None | Some(Value::Null) => FieldError::required(&field, why),
            Some(kind) => FieldError::invalid(&field, kind, why),
        });
    }
    if kind == "map" {
        map(document, path, errors);
    }
    if ["map", "set"].contains(&kind) {
        not_nullable(document, path, kind, errors);
    }
}

fn of_type(document: &Value, path: &str, key: &str, wanted: &str, errors: &mut Vec<FieldError>) {
    let (found, field) = (text(document, "type"), below(path, "type"));
    if document.get(key).is_some() && found != wanted {
        let why = format!("must be {wanted} if {key} is specified");
        errors.push(match found {
            "" => FieldError::required(&field, &why),
            _ => FieldError::invalid(&field, &found.into(), &why),
        });
    }
}

fn known(document: &Value, path: &str, key: &str, names: &[&str], errors: &mut Vec<FieldError>) {
    if let Some(name) = document.get(key).and_then(Value::as_str).filter(|name| !names.contains(name)) {
        errors.push(FieldError::not_supported(&below(path, key), &name.into(), names));
    }
}

/// The items of a set are compared whole.
fn set_items(document: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let is_set = text(document, LIST_TYPE) == "set" && text(document, "type") == "array";
    let Some(items) = schema(document, "items").filter(|_| is_set) else { return };
    let (key, whole) = match text(items, "type") {
        "array" => (LIST_TYPE, ["", "atomic"].contains(&text(items, LIST_TYPE))),
        "object" => (MAP_TYPE, text(items, MAP_TYPE) == "atomic"),
        _ => return,
    };
    if !whole {
        let shown = items.get(LIST_TYPE).unwrap_or(&Value::Null);
        let why = "must be atomic as item of a list with x-kubernetes-list-type=set";
        errors.push(FieldError::invalid(&below(&below(path, "items"), key), shown, why));
    }
}

fn map(document: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let (field, keys) = (below(path, KEYS), list(document, KEYS));
    if keys.is_empty() {
        errors.push(FieldError::required(&field, "must not be empty if x-kubernetes-list-type is map"));
    }
    let under = below(path, "items");
    let Some(items) = schema(document, "items") else {
        errors.push(match document.get("items") {
            None => FieldError::required(&under, "must have a schema if x-kubernetes-list-type is map"),
            Some(other) => {
                let why = "must only have a single schema if x-kubernetes-list-type is map";
                FieldError::invalid_shown(&under, &shown_items(other), why)
            }
        });
        return;
    };
    if text(items, "type") != "object" {
        let why = "must be object if parent array's x-kubernetes-list-type is map";
        errors.push(FieldError::invalid(&below(&under, "type"), &text(items, "type").into(), why));
        return;
    }
    for (i, key) in keys.iter().enumerate() {
        let shown = Value::Array(keys.to_vec());
        let name = key.as_str().unwrap_or_default();
        match items.get("properties").and_then(|properties| properties.get(name)) {
            None => errors.push(FieldError::invalid(&field, &shown, "entries must all be names of item properties")),
            Some(member) if ["array", "object"].contains(&text(member, "type")) => {
                let why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                errors.push(FieldError::invalid(&below(&property(&under, name), "type"), &"object".into(), why));
            }
            Some(_) => {}
        }
        if keys[..i].contains(key) {
            errors.push(FieldError::invalid(&field, &shown, "must not contain duplicate entries"));
        }
    }
}

/// An item, and what tells it from the others, is always there.
fn not_nullable(document: &Value, path: &str, kind: &str, errors: &mut Vec<FieldError>) {
    let Some(items) = schema(document, "items") else { return };
    let under = below(path, "items");
    if flag(items, "nullable") {
        let why = format!("cannot be nullable when x-kubernetes-list-type is {kind}");
        errors.push(FieldError::forbidden(&below(&under, "nullable"), &why));
    }
    for key in list(document, KEYS).iter().filter(|_| kind == "map") {
        let name = key.as_str().unwrap_or_default();
        let Some(member) = items.get("properties").and_then(|properties| properties.get(name)) else { continue };
        let at = property(&under, name);
        if !list(items, "required").contains(key) && !says_default(member) {
            let why = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required \
                       property";
            errors.push(FieldError::required(&below(&at, "default"), why));
        }
        if flag(member, "nullable") {
            let why = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            errors.push(FieldError::forbidden(&below(&at, "nullable"), why));
        }
    }
}

fn says_default(member: &Value) -> bool {
    member.get("default").is_some_and(|default| !default.is_null())
}
