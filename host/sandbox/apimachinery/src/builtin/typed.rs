//! What becomes of an object on its way through Go's types: a `null` in a list or a map is an empty item, bytes are text, and
//! a field that is no pointer and says `omitempty` is left out when it is empty, zero or false.

use base64::Engine;
use serde_json::{Map, Value, json};

use super::json_schema;
use crate::kind::{Origin, ResourceKind};
use crate::schema::{Additional, Schema, Type};

/// Makes an object of a built-in kind what it is when it has been decoded.
pub(crate) fn typed(kind: &ResourceKind, object: &mut Value) {
    if let Value::Object(map) = object
        && kind.origin == Origin::Builtin
    {
        members(&kind.schema, map);
    }
}

fn members(schema: &Schema, map: &mut Map<String, Value>) {
    map.retain(|name, value| {
        schema.properties.get(name).is_none_or(|field| !(is_omitted(field) && is_zero(field, value)))
    });
    for (name, member) in map.iter_mut() {
        match (schema.properties.get(name), schema.member(name)) {
            (Some(field), _) => walk(field, member),
            (None, Some(each)) => {
                fill(each, member);
                walk(each, member);
            }
            (None, None) => {}
        }
    }
}

fn walk(schema: &Schema, value: &mut Value) {
    json_schema::settle(schema, value);
    let schema = json_schema::resolved(schema, value);
    match value {
        Value::Object(map) => members(schema, map),
        Value::Array(numbers) if is_bytes(schema) => *value = bytes(numbers).into(),
        Value::Array(items) => {
            for item in items {
                if let Some(schema) = &schema.items {
                    fill(schema, item);
                    walk(schema, item);
                }
            }
        }
        _ => {}
    }
}

fn fill(schema: &Schema, item: &mut Value) {
    let empty = match schema.type_ {
        None if schema.format.as_deref() == Some("quantity") => json!("0"),
        Some(Type::String) => json!(""),
        Some(Type::Integer) => json!(0),
        Some(Type::Boolean) => json!(false),
        Some(Type::Object) => json!({}),
        _ => return,
    };
    if item.is_null() {
        *item = empty;
    }
}

fn is_bytes(schema: &Schema) -> bool {
    schema.type_ == Some(Type::String) && schema.format.as_deref() == Some("byte")
}

/// Bytes may be sent one by one; they come back as text.
fn bytes(numbers: &[Value]) -> String {
    let bytes: Vec<u8> = numbers.iter().filter_map(|n| n.as_u64()?.try_into().ok()).collect();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn is_omitted(field: &Schema) -> bool {
    field.go.as_ref().is_some_and(|go| go.omitted)
}

fn is_zero(field: &Schema, value: &Value) -> bool {
    match value {
        Value::Null => true,
        // Nobody knows what it is.
        _ if field.type_.is_none() && field.preserve_unknown => false,
        Value::Bool(yes) => !yes,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty() && matches!(field.additional, Additional::Schema(_)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_list_is_something_empty_and_what_is_zero_by_default_is_left_out() {
        let kinds = crate::builtin::kinds();
        let pod = kinds.iter().find(|kind| kind.kind == "Pod").unwrap();
        let mut object = json!({"spec": {"hostNetwork": false, "hostname": "", "containers": [null, {"args": [null]}],
            "automountServiceAccountToken": false}});
        typed(pod, &mut object);
        assert_eq!(
            object,
            json!({"spec": {"containers": [{}, {"args": [""]}], "automountServiceAccountToken": false}})
        );
    }

    #[test]
    fn nothing_in_a_map_is_something_empty_and_bytes_are_text() {
        let kinds = crate::builtin::kinds();
        let secret = kinds.iter().find(|kind| kind.kind == "Secret").unwrap();
        let mut object = json!({"metadata": {"labels": {"a": null}}, "data": {"b": [104, 105], "c": null}});
        typed(secret, &mut object);
        assert_eq!(object, json!({"metadata": {"labels": {"a": ""}}, "data": {"b": "aGk=", "c": ""}}));
    }
}
