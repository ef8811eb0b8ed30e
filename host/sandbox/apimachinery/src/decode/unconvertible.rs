//! The result of a strategic merge patch is not decoded from text, so that a wrong type has words of its own.

use serde_json::Value;

use crate::builtin;
use crate::go;
use crate::kind::ResourceKind;
use crate::schema::{Additional, Schema, Type};

/// The first value in an object of a built-in kind that cannot be put into its field.
pub fn unconvertible(kind: &ResourceKind, object: &Value) -> Option<String> {
    node(&kind.schema, object)
}

fn node(schema: &Schema, value: &Value) -> Option<String> {
    if let Some(why) = builtin::mistyped(schema, value) {
        return Some(why);
    }
    let schema = builtin::resolved(schema, value);
    if value.is_null() || schema.int_or_string || (schema.preserve_unknown && schema.type_.is_none()) {
        return None;
    }
    match (schema.type_?, value) {
        (Type::Object, Value::Object(map)) => {
            map.iter().find_map(|(name, member)| schema.member(name).and_then(|schema| node(schema, member)))
        }
        (Type::Array, Value::Array(items)) => {
            let schema = schema.items.as_ref()?;
            items.iter().find_map(|item| node(schema, item))
        }
        (Type::String, Value::String(_)) | (Type::Boolean, Value::Bool(_)) => None,
        (wanted @ Type::Integer, Value::Number(number)) if number.as_f64().is_some_and(|n| n.fract() != 0.0) => {
            Some(format!("cannot convert {} to {}", go::type_name(value), scalar(schema, wanted)))
        }
        (Type::Integer | Type::Number, Value::Number(_)) => None,
        (Type::Object, _) if matches!(schema.additional, Additional::Schema(_)) => {
            Some(format!("cannot restore map from {}", kind(value)))
        }
        (Type::Object, _) => Some(format!("cannot restore struct from: {}", kind(value))),
        (Type::Array, _) => Some(format!("cannot restore slice from {}", kind(value))),
        // To Go a number can become a text, but nothing else can become what it is not.
        (wanted @ Type::String, Value::Number(number)) if !number.is_f64() => {
            Some(format!("cannot convert {} to {}", go::type_name(value), scalar(schema, wanted)))
        }
        (wanted, _) => Some(format!("unrecognized type: {}", scalar(schema, wanted))),
    }
}

/// Go's word for what holds a value.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "map",
        Value::Array(_) => "slice",
        other => go::type_name(other),
    }
}

fn scalar(schema: &Schema, wanted: Type) -> String {
    match wanted {
        Type::Boolean => "bool".to_owned(),
        Type::Integer => schema.format.clone().unwrap_or_else(|| "int32".to_owned()),
        Type::Number => "float64".to_owned(),
        _ => "string".to_owned(),
    }
}
