//! Reads the members of a request object: lenient about how a number or a reference is written, strict about its range.

use serde_json::{Map, Value};

use crate::error::ApiError;

/// An object of a request.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(crate) fn of(value: &'a Value) -> Result<Self, ApiError> {
        value.as_object().map(Self).ok_or_else(|| ApiError::malformed("An object is expected"))
    }

    /// The member, if it is present and not null.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Whether the member was sent at all; null counts.
    pub(crate) fn sent(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ApiError::validation(name, "A string is expected")),
        }
    }

    pub(crate) fn required_text(&self, name: &str) -> Result<&'a str, ApiError> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| ApiError::required(name))
    }

    pub(crate) fn one_of(&self, name: &str, choices: &[&str]) -> Result<Option<&'a str>, ApiError> {
        match self.text(name)? {
            Some(text) if !choices.contains(&text) => {
                Err(ApiError::validation(name, format!("Should be one of {}", choices.join(", "))))
            }
            other => Ok(other),
        }
    }

    /// A whole number; digits in a string count as well.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let number = match value {
            Value::String(text) => text.parse().ok(),
            other => other.as_i64().or_else(|| other.as_f64().filter(|f| f.fract() == 0.0).map(|f| f as i64)),
        };
        number.map(Some).ok_or_else(|| ApiError::validation(name, "An integer is expected"))
    }

    pub(crate) fn required_in(&self, name: &str, least: u64, most: u64) -> Result<u64, ApiError> {
        let number = self.integer(name)?.ok_or_else(|| ApiError::required(name))?;
        in_range(name, number, least, most)
    }

    pub(crate) fn optional_in(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, ApiError> {
        self.integer(name)?.map(|number| in_range(name, number, least, most)).transpose()
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(ApiError::validation(name, "A boolean is expected")),
        }
    }

    /// A list; null counts as an empty one.
    pub(crate) fn list(&self, name: &str) -> Result<Option<&'a [Value]>, ApiError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(&[])),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(ApiError::validation(name, "A list is expected")),
        }
    }

    /// The uuid of a referenced object: a bare string, a link, or an object with `uuid`.
    pub(crate) fn reference(&self, name: &str) -> Result<Option<String>, ApiError> {
        self.get(name).map(|value| reference(name, value)).transpose()
    }

    pub(crate) fn references(&self, name: &str) -> Result<Option<Vec<String>>, ApiError> {
        let items = self.list(name)?;
        items.map(|items| items.iter().map(|item| reference(name, item)).collect()).transpose()
    }

    /// The `meta` dictionary: short keys, values that are strings.
    pub(crate) fn meta(&self) -> Result<Option<Map<String, Value>>, ApiError> {
        let Some(value) = self.0.get("meta") else { return Ok(None) };
        let meta = match value {
            Value::Null => return Ok(Some(Map::new())),
            Value::Object(meta) => meta,
            _ => return Err(ApiError::validation("meta", "A dictionary is expected")),
        };
        for (key, value) in meta {
            if key.chars().count() > 32 {
                return Err(ApiError::validation("meta", "Keys may have 32 characters at most"));
            }
            if !value.is_string() {
                return Err(ApiError::validation("meta", "Values should be strings"));
            }
        }
        Ok(Some(meta.clone()))
    }
}

fn in_range(name: &str, number: i64, least: u64, most: u64) -> Result<u64, ApiError> {
    let number = u64::try_from(number).ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| ApiError::validation(name, format!("Should be between {least} and {most}")))
}

fn reference(name: &str, value: &Value) -> Result<String, ApiError> {
    let text = match value {
        Value::String(text) => Some(text.as_str()),
        Value::Object(object) => object.get("uuid").or_else(|| object.get("resource_uri")).and_then(Value::as_str),
        _ => None,
    };
    let text = text.ok_or_else(|| ApiError::validation(name, "A uuid is expected"))?;
    Ok(text.trim_end_matches('/').rsplit('/').next().unwrap_or(text).to_owned())
}

/// The objects of a create request: an envelope, a bare list, or a bare object.
pub(crate) fn objects(body: &Value) -> Result<Vec<&Value>, ApiError> {
    match body {
        Value::Array(items) => Ok(items.iter().collect()),
        Value::Object(object) => match object.get("objects") {
            Some(Value::Array(items)) => Ok(items.iter().collect()),
            Some(_) => Err(ApiError::validation("objects", "A list is expected")),
            None => Ok(vec![body]),
        },
        _ => Err(ApiError::malformed("An object is expected")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_reference_is_read_in_every_spelling() {
        let cases = [
            ("bare", json!("a-1")),
            ("object", json!({"uuid": "a-1"})),
            ("link", json!({"uuid": "a-1", "resource_uri": "/api/2.0/drives/a-1/"})),
            ("address only", json!({"resource_uri": "/api/2.0/drives/a-1/"})),
        ];
        for (name, value) in cases {
            let object = json!({"drive": value});
            let fields = Fields::of(&object).unwrap();
            assert_eq!(fields.reference("drive"), Ok(Some("a-1".to_owned())), "{name}");
        }
    }

    #[test]
    fn a_create_body_is_read_in_every_envelope() {
        let one = json!({"name": "a"});
        for body in [json!({"objects": [one]}), json!([one]), one.clone()] {
            assert_eq!(objects(&body).unwrap(), vec![&one]);
        }
        assert!(objects(&json!("text")).is_err());
    }

    #[test]
    fn meta_must_be_short_keys_and_strings() {
        let cases = [
            ("strings", json!({"meta": {"a": "b"}}), true),
            ("number", json!({"meta": {"a": 1}}), false),
            ("long key", json!({"meta": {"k".repeat(33): "b"}}), false),
            ("not a dictionary", json!({"meta": []}), false),
        ];
        for (name, value, accepted) in cases {
            assert_eq!(Fields::of(&value).unwrap().meta().is_ok(), accepted, "{name}");
        }
    }
}
