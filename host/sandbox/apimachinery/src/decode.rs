//! What is wrong with the text of a body, in the words of the decoder that the real server uses.
//!
//! Go's decoder speaks of bytes ([`syntax_error`]), of fields that occur twice ([`duplicates`]) and of Go's types
//! ([`mistyped`]); clients print these sentences and people search for them.

mod base64;
mod go_types;
mod merged;
mod scan;
mod times;
mod unconvertible;

use serde_json::Value;

use crate::builtin;
use crate::kind::ResourceKind;
use crate::quantity::Quantity;
use crate::schema::{Additional, Schema, Type};
pub use base64::base64;
use go_types::{below, in_package};
pub use merged::merged;
pub use scan::{duplicates, fields, syntax_error};
pub use unconvertible::unconvertible;

/// The first value in an object of a built-in kind that is of another type than its field, as the decoder says it.
pub fn mistyped(kind: &ResourceKind, object: &Value) -> Option<String> {
    let at = Place { owner: kind.kind.clone(), path: String::new() };
    members(&kind.schema, object, &at)
}

/// As [`mistyped`] for the metadata of an object of a custom kind; of such an object nothing else has a Go type.
pub fn mistyped_metadata(kind: &ResourceKind, object: &Value) -> Option<String> {
    let schema = kind.schema.properties.get("metadata")?;
    let at = Place { owner: "ObjectMeta".to_owned(), path: String::new() };
    members(schema, object.get("metadata")?, &at)
}

/// Where in an object: the Go struct, and the path of the field from the root, without indices.
struct Place {
    owner: String,
    path: String,
}

impl Place {
    fn field(&self, name: &str, schema: &Schema) -> Self {
        let within = schema.go.as_ref().and_then(|go| go.within.as_deref());
        let steps = [Some(self.path.as_str()).filter(|path| !path.is_empty()), within, Some(name)];
        Self { owner: self.owner.clone(), path: steps.into_iter().flatten().collect::<Vec<_>>().join(".") }
    }

    /// The struct that a field of this one holds.
    fn holds(&self, name: &str, schema: &Schema) -> String {
        named(schema).map_or_else(|| below(&self.owner, name), str::to_owned)
    }

    fn error(&self, value: &Value, wanted: &str) -> String {
        let got = match value {
            Value::Null => "null".to_owned(),
            Value::Bool(_) => "bool".to_owned(),
            Value::Number(number) if wanted.starts_with("int") => format!("number {number}"),
            Value::Number(_) => "number".to_owned(),
            Value::String(_) => "string".to_owned(),
            Value::Array(_) => "array".to_owned(),
            Value::Object(_) => "object".to_owned(),
        };
        format!("json: cannot unmarshal {got} into Go struct field {}.{} of type {wanted}", self.owner, self.path)
    }
}

fn members(schema: &Schema, value: &Value, at: &Place) -> Option<String> {
    let map = value.as_object()?;
    map.iter().find_map(|(name, member)| {
        let property = schema.properties.get(name)?;
        node(property, member, &at.field(name, property), name)
    })
}

fn node(schema: &Schema, value: &Value, at: &Place, name: &str) -> Option<String> {
    if let Some(why) = builtin::mistyped(schema, value) {
        return Some(why);
    }
    let schema = builtin::resolved(schema, value);
    if value.is_null() || (schema.preserve_unknown && schema.type_.is_none()) {
        return None;
    }
    if schema.int_or_string {
        let quantity = schema.format.as_deref() == Some("quantity");
        if quantity && let Some(why) = quantity_error(value) {
            return Some(why);
        }
        let wrong = !quantity && !value.is_string() && !value.is_number();
        return wrong.then(|| at.error(value, "int32").replace("number ", "number"));
    }
    match (schema.type_?, value) {
        (Type::Object, Value::Object(map)) => match &schema.additional {
            Additional::Schema(each) => map.values().find_map(|member| node(each, member, at, name)),
            _ => members(schema, value, &Place { owner: at.holds(name, schema), path: at.path.clone() }),
        },
        // Bytes may come one by one.
        (Type::String, Value::Array(items)) if schema.format.as_deref() == Some("byte") => {
            let wrong = items.iter().find(|item| item.as_u64().is_none_or(|byte| byte > 255));
            wrong.map(|item| at.error(item, "uint8"))
        }
        (Type::Array, Value::Array(items)) => {
            let schema = schema.items.as_ref()?;
            items.iter().find_map(|item| node(schema, item, at, name))
        }
        (Type::String, Value::String(text)) => match schema.format.as_deref() {
            Some("date-time") => times::wrong(text, name),
            Some("byte") => base64(text).err(),
            _ => None,
        },
        (Type::Boolean, Value::Bool(_)) | (Type::Number, Value::Number(_)) => None,
        (Type::Integer, Value::Number(number)) => {
            let fits =
                number.as_i64().is_some_and(|n| schema.format.as_deref() == Some("int64") || i32::try_from(n).is_ok());
            (!fits).then(|| at.error(value, go_type(schema, at, name).as_str()))
        }
        _ => Some(at.error(value, go_type(schema, at, name).as_str())),
    }
}

/// The name that the schema gives the type.
fn named(schema: &Schema) -> Option<&str> {
    schema.go.as_ref().and_then(|go| go.name.as_deref())
}

/// Quantities have words of their own.
fn quantity_error(value: &Value) -> Option<String> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.trim().parse::<Quantity>().err().map(|error| error.to_string())
}

/// The Go type of a field.
fn go_type(schema: &Schema, at: &Place, name: &str) -> String {
    match schema.type_ {
        Some(Type::String) if schema.format.as_deref() == Some("byte") => "[]uint8".to_owned(),
        Some(Type::String) if name == "uid" => "types.UID".to_owned(),
        Some(Type::String) => named(schema).map_or_else(|| "string".to_owned(), in_package),
        Some(Type::Boolean) => "bool".to_owned(),
        Some(Type::Integer) => schema.format.clone().unwrap_or_else(|| "int32".to_owned()),
        Some(Type::Number) => "float64".to_owned(),
        Some(Type::Array) if named(schema).is_some() => named(schema).map(in_package).unwrap_or_default(),
        Some(Type::Array) => match &schema.items {
            Some(items) => format!("[]{}", go_type(items, at, name)),
            None => "[]interface {}".to_owned(),
        },
        Some(Type::Object) => match &schema.additional {
            Additional::Schema(_) if named(schema).is_some() => named(schema).map(in_package).unwrap_or_default(),
            Additional::Schema(each) => format!("map[string]{}", go_type(each, at, name)),
            _ => in_package(&at.holds(name, schema)),
        },
        None => named(schema).map_or_else(|| "interface {}".to_owned(), in_package),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_of_a_wrong_type_is_named_by_its_go_struct() {
        let kinds = crate::builtin::kinds();
        let kind = |name: &str| kinds.iter().find(|kind| kind.kind == name).unwrap();
        let cases = [
            ("ConfigMap", json!({"data": {"x": 1}}), "number into Go struct field ConfigMap.data of type string"),
            ("ConfigMap", json!({"data": "x"}), "string into Go struct field ConfigMap.data of type map[string]string"),
            (
                "ConfigMap",
                json!({"metadata": "x"}),
                "string into Go struct field ConfigMap.metadata of type v1.ObjectMeta",
            ),
            (
                "ConfigMap",
                json!({"metadata": {"ownerReferences": {}}}),
                "object into Go struct field ObjectMeta.metadata.ownerReferences of type []v1.OwnerReference",
            ),
            (
                "Deployment",
                json!({"spec": {"replicas": 1.5}}),
                "number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
            ),
            (
                "Pod",
                json!({"spec": {"containers": [{"image": 1}]}}),
                "number into Go struct field Container.spec.containers.image of type string",
            ),
        ];
        for (name, object, expected) in cases {
            let expected = format!("json: cannot unmarshal {expected}");
            assert_eq!(mistyped(kind(name), &object), Some(expected), "{name} {object}");
        }
        assert_eq!(mistyped(kind("ConfigMap"), &json!({"data": {"x": "1"}, "metadata": null})), None);
    }
}
