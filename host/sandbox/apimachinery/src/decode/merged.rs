//! JSON in which a field may occur twice, as Go's decoder reads it into its types: maps are filled on, the rest is replaced.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads a text; `None` if it is no JSON.
pub fn merged(text: &[u8]) -> Option<Value> {
    serde_json::from_slice::<Merged>(text).ok().map(|merged| merged.0)
}

struct Merged(Value);

impl<'de> Deserialize<'de> for Merged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Merged(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Merged(member))) = members.next_entry::<String, Merged>()? {
            match map.get_mut(&name) {
                Some(known) => fill(known, member),
                None => drop(map.insert(name, member)),
            }
        }
        Ok(map.into())
    }
}

fn fill(known: &mut Value, more: Value) {
    match (known, more) {
        (Value::Object(known), Value::Object(more)) => {
            for (name, member) in more {
                match known.get_mut(&name) {
                    Some(known) => fill(known, member),
                    None => drop(known.insert(name, member)),
                }
            }
        }
        (known, more) => *known = more,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_map_that_occurs_twice_is_filled_on() {
        let text = br#"{"a":{"x":"1","x":"2","n":null},"a":{"y":[1,-2,2.5,true]},"b":1,"b":"2"}"#;
        let expected = json!({"a": {"x": "2", "n": null, "y": [1, -2, 2.5, true]}, "b": "2"});
        assert_eq!(merged(text), Some(expected));
        assert_eq!(merged(b"{"), None);
    }
}
