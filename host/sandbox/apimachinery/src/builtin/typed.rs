//! What becomes of an object on its way through Go's types: a `null` in a list is an empty item, and a field that is no pointer
//! and says `omitempty` is left out when it is empty, zero or false.

use serde_json::{Map, Value, json};

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
    if let Additional::Schema(each) = &schema.additional {
        map.values_mut().for_each(|member| no_amount(each, member));
    }
    for (name, member) in map.iter_mut() {
        if let Additional::Schema(each) = &schema.additional {
            no_amount(each, member);
        }
        if let Some(schema) = schema.member(name) {
            walk(schema, member);
        }
    }
    map.retain(|name, value| !(is_zero(value) && schema.properties.get(name).is_some_and(|field| is_omitted(field))));
}

fn walk(schema: &Schema, value: &mut Value) {
    match value {
        Value::Object(map) => members(schema, map),
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

/// In a map of quantities, which are no pointers, `null` is none of it.
fn no_amount(each: &Schema, member: &mut Value) {
    if member.is_null() && each.format.as_deref() == Some("quantity") {
        *member = "0".into();
    }
}

fn fill(schema: &Schema, item: &mut Value) {
    let empty = match schema.type_ {
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

fn is_omitted(field: &Schema) -> bool {
    field.go.as_ref().is_some_and(|go| go.omitted)
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(yes) => !yes,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        _ => false,
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
}
