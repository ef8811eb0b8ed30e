//! One step of a path to a field, as `fieldsV1` spells it.

use std::fmt;

use serde_json::Value;

use crate::schema::{Schema, Type, list_keys};

/// A member by name, an item by its keys, by its value, or by its place. Keys and values are kept as their JSON text, which
/// is how they are written and compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Element {
    Field(String),
    Key(String),
    Value(String),
    Index(usize),
}

impl Element {
    /// Reads `f:name`, `k:{...}`, `v:...` or `i:0`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (tag, rest) = text.split_once(':')?;
        let json = || serde_json::from_str::<Value>(rest).ok();
        match tag {
            "f" => Some(Self::Field(rest.to_owned())),
            "k" => Some(Self::Key(canonical(&json()?))),
            "v" => Some(Self::Value(canonical(&json()?))),
            "i" => rest.parse().ok().map(Self::Index),
            _ => None,
        }
    }

    /// As `fieldsV1` spells it.
    pub(crate) fn spelled(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(json) => format!("k:{json}"),
            Self::Value(json) => format!("v:{json}"),
            Self::Index(index) => format!("i:{index}"),
        }
    }

    /// The item of a list of type `map`; `None` if it lacks all keys. One that has some of them is another item.
    pub(crate) fn keyed(schema: &Schema, item: &Value) -> Option<Self> {
        let mut keys = list_keys(schema, item);
        // Lists with a merge key are those of built-in kinds: what Go's types hold is never absent, but empty.
        for name in schema.list_map_keys.iter().filter(|_| schema.patch.is_some() && item.is_object()) {
            if let Some(property) = schema.items.as_ref().and_then(|items| items.properties.get(name)) {
                keys.entry(name.clone()).or_insert_with(|| empty(property));
            }
        }
        (!keys.is_empty()).then(|| Self::Key(canonical(&Value::Object(keys))))
    }

    /// The item of a set.
    pub(crate) fn valued(item: &Value) -> Self {
        Self::Value(canonical(item))
    }
}

fn empty(schema: &Schema) -> Value {
    match schema.type_ {
        Some(Type::Integer | Type::Number) => 0.into(),
        Some(Type::Boolean) => false.into(),
        _ => "".into(),
    }
}

/// JSON with sorted members, whatever order the map type keeps.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut members: Vec<(&String, &Value)> = map.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            let members = members.iter().map(|(name, v)| format!("{}:{}", Value::from(name.as_str()), canonical(v)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

impl fmt::Display for Element {
    /// As conflicts show it: `.name`, `[name="x"]`, `[="x"]`, `[0]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Value(json) => write!(f, "[={json}]"),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Key(json) => {
                let keys: Value = serde_json::from_str(json).unwrap_or_default();
                let keys = keys.as_object().into_iter().flatten().map(|(k, v)| format!("{k}={v}"));
                write!(f, "[{}]", keys.collect::<Vec<_>>().join(","))
            }
        }
    }
}
