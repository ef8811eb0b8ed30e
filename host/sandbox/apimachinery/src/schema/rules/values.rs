//! JSON values as rules see them.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::schema::{Schema, Type};

/// A value under its schema: integers are `int`, numbers are `double`, names that are words of CEL are escaped.
pub(super) fn convert(schema: &Schema, value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(flag) => cel::Value::Bool(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(int) if schema.type_ != Some(Type::Number) => cel::Value::Int(int),
            _ => cel::Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => cel::Value::String(Arc::new(text.clone())),
        Value::Array(items) => {
            let free = Schema::default();
            let item_schema = schema.items.as_deref().unwrap_or(&free);
            cel::Value::List(Arc::new(items.iter().map(|item| convert(item_schema, item)).collect()))
        }
        Value::Object(map) => {
            let free = Schema::default();
            let members = map.iter().filter(|(_, member)| !member.is_null()).map(|(name, member)| {
                let declared = schema.properties.contains_key(name);
                let shown = if declared { escaped(name) } else { name.clone() };
                (shown, convert(schema.member(name).unwrap_or(&free), member))
            });
            cel::Value::from(members.collect::<HashMap<String, cel::Value>>())
        }
    }
}

fn escaped(name: &str) -> String {
    const WORDS: [&str; 20] = [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
    ];
    if WORDS.contains(&name) || name == "while" {
        return format!("__{name}__");
    }
    name.replace("__", "__underscores__").replace('.', "__dot__").replace('-', "__dash__").replace('/', "__slash__")
}
