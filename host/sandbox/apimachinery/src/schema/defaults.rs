//! Defaulting: absent fields get their defaults, forbidden nulls leave.
//!
//! Source: `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting`.

use serde_json::{Map, Value};

use super::{Additional, Schema};

pub(super) fn apply(schema: &Schema, value: &mut Value) {
    match value {
        Value::Object(map) => object(schema, map),
        Value::Array(items) => {
            let Some(item_schema) = &schema.items else { return };
            for item in items {
                replace_null(item_schema, item);
                apply(item_schema, item);
            }
        }
        _ => {}
    }
}

fn object(schema: &Schema, map: &mut Map<String, Value>) {
    for (name, property) in &schema.properties {
        let Some(default) = &property.default else { continue };
        let absent = map.get(name).is_none_or(|v| v.is_null() && !property.nullable);
        if absent {
            map.insert(name.clone(), default.clone());
        }
    }
    map.retain(|name, value| {
        !value.is_null() || schema.properties.get(name).is_none_or(|property| keeps_null(property))
    });
    for (name, value) in map.iter_mut() {
        if let Some(property) = schema.properties.get(name) {
            apply(property, value);
        } else if let Additional::Schema(additional) = &schema.additional {
            replace_null(additional, value);
            apply(additional, value);
        }
    }
}

/// Whether an explicit `null` is a value of its own. A node without a type takes anything, null included.
fn keeps_null(schema: &Schema) -> bool {
    schema.nullable || (schema.type_.is_none() && schema.preserve_unknown)
}

fn replace_null(schema: &Schema, value: &mut Value) {
    if value.is_null()
        && !schema.nullable
        && let Some(default) = &schema.default
    {
        *value = default.clone();
    }
}
