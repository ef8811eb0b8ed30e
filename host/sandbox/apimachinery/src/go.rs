//! Values as Go prints them, which is how they stand in messages of the real server.

use serde_json::Value;

use crate::field::go_quote;

/// As `%v` prints a value.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let members: Vec<String> = map.iter().map(|(name, member)| format!("{name}:{}", plain(member))).collect();
            format!("map[{}]", members.join(" "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(" ")),
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".into(),
        other => other.to_string(),
    }
}

/// As `%#v` prints a value.
pub(crate) fn typed(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let members = map.iter().map(|(name, member)| format!("{}:{}", go_quote(name), typed(member)));
            format!("map[string]interface {{}}{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            format!("[]interface {{}}{{{}}}", items.iter().map(typed).collect::<Vec<_>>().join(", "))
        }
        Value::String(text) => go_quote(text),
        Value::Null => "<nil>".into(),
        other => other.to_string(),
    }
}

/// As `%T` names the type that holds a value.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_printed_as_go_prints_it() {
        let value = json!({"b": [1, "x", null], "a": {"c": true}});
        assert_eq!(plain(&value), "map[a:map[c:true] b:[1 x <nil>]]");
        let expected =
            "map[string]interface {}{\"a\":map[string]interface {}{\"c\":true}, \"b\":[]interface {}{1, \"x\", <nil>}}";
        assert_eq!(typed(&value), expected);
    }
}
