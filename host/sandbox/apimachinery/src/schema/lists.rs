//! Lists that are sets or maps: an item may occur once.
//!
//! Source: `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype`.

use serde_json::{Map, Value};

use super::{ListType, Schema};
use crate::field::FieldError;

/// Reports items that occur twice in a list of type `set` or `map`, at every depth.
pub(super) fn duplicates(
    schema: &Schema,
    value: &Value,
    old: Option<&Value>,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    if old == Some(value) {
        return;
    }
    match value {
        Value::Object(map) => {
            for (name, member) in map {
                if let Some(property) = schema.member(name) {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    duplicates(property, member, old.and_then(|o| o.get(name)), &path, errors);
                }
            }
        }
        Value::Array(items) => {
            in_list(schema, items, path, errors);
            let Some(item_schema) = &schema.items else { return };
            for (i, item) in items.iter().enumerate() {
                duplicates(item_schema, item, None, &format!("{path}[{i}]"), errors);
            }
        }
        _ => {}
    }
}

fn in_list(schema: &Schema, items: &[Value], path: &str, errors: &mut Vec<FieldError>) {
    let key = |item: &Value| match schema.list_type {
        Some(ListType::Set) => Some(item.clone()),
        Some(ListType::Map) => Some(Value::Object(keys(schema, item))),
        _ => None,
    };
    // Each repeated value is named once, at its second place.
    let mut seen: Vec<(Value, bool)> = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let Some(key) = key(item) else { return };
        match seen.iter_mut().find(|(known, _)| *known == key) {
            Some((_, reported)) if *reported => {}
            Some((_, reported)) => {
                errors.push(FieldError::duplicate(&format!("{path}[{i}]"), &key));
                *reported = true;
            }
            None => seen.push((key, false)),
        }
    }
}

/// The members of an item that identify it in a list of type `map`; an absent key with a default has its default.
pub(crate) fn keys(schema: &Schema, item: &Value) -> Map<String, Value> {
    let mut keys = Map::new();
    for name in &schema.list_map_keys {
        let default = || schema.items.as_ref()?.properties.get(name)?.default.as_ref();
        if let Some(value) = item.get(name).or_else(default) {
            keys.insert(name.clone(), value.clone());
        }
    }
    keys
}

pub(crate) fn same_key(schema: &Schema, a: &Value, b: &Value) -> bool {
    keys(schema, a) == keys(schema, b)
}
