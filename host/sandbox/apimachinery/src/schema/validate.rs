//! Validation of values against a schema, with the messages of the API server.
//!
//! The order of checks and the choice among the failures of `anyOf` and `oneOf` follow
//! `k8s.io/kube-openapi/pkg/validation/validate`, because both show in what users read.

mod junctors;
mod scalars;

use serde_json::{Map, Value};

use super::{Additional, ListType, Schema, Type, formats, lists, rules};
use crate::field::{FieldError, FieldReason};

pub(super) fn bounds(schema: &Schema, value: &Value, old: Option<&Value>) -> Vec<FieldError> {
    node(schema, value, old, "").errors
}

pub(super) fn invariants(schema: &Schema, value: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    lists::duplicates(schema, value, old, "", errors);
    if errors.iter().any(blocks_rules) {
        if rules::any(schema) {
            errors.push(FieldError::invalid("", &Value::Null, UNCHECKED));
        }
    } else {
        rules::check(schema, value, old, "", errors);
    }
}

const UNCHECKED: &str = "some validation rules were not checked because the object was invalid; correct the existing errors to \
                         complete validation";

/// Errors after which a rule could stumble over the value.
fn blocks_rules(error: &FieldError) -> bool {
    use FieldReason::{NotSupported, Required, TooLong, TooMany, TypeInvalid};
    matches!(error.kind, NotSupported | Required | TooLong | TooMany | TypeInvalid)
}

/// What a check found. `matches` counts the checks that held; among failed alternatives the one with most is reported.
#[derive(Default)]
struct Outcome {
    errors: Vec<FieldError>,
    matches: usize,
}

impl Outcome {
    fn merge(&mut self, other: Self) {
        self.errors.extend(other.errors);
        self.matches += other.matches;
    }

    fn fail(&mut self, error: FieldError) {
        self.errors.push(error);
    }
}

fn node(schema: &Schema, value: &Value, old: Option<&Value>, path: &str) -> Outcome {
    // Ratcheting: what was stored and did not change is not judged again.
    if old == Some(value) {
        return Outcome { errors: Vec::new(), matches: 1 };
    }
    let mut out = type_check(schema, value, path);
    if value.is_null() {
        return out;
    }
    out.merge(junctors::check(schema, value, old, path));
    match value {
        Value::String(text) => {
            out.merge(scalars::string(schema, text, value, path));
            if let Some(format) = &schema.format
                && !formats::holds(format, text)
            {
                let what = format!("{path} in body must be of type {format}: {}", crate::field::go_quote(text));
                out.fail(FieldError::type_invalid(path, value, &what));
            }
        }
        Value::Number(number) => out.merge(scalars::number(schema, number, value, path)),
        Value::Array(items) => out.merge(array(schema, items, old, path)),
        _ => {}
    }
    out.merge(scalars::enumeration(schema, value, path));
    if let Value::Object(map) = value {
        out.merge(object(schema, map, old, path));
    }
    out.matches += 1;
    out
}

fn type_check(schema: &Schema, value: &Value, path: &str) -> Outcome {
    let found = json_type(value);
    let wanted = if schema.int_or_string { Some("integer,string") } else { schema.type_.map(Type::name) };
    let fits = match (wanted, value) {
        (None, _) => true,
        (Some(_), Value::Null) => schema.nullable,
        (Some("integer,string"), _) => found == "integer" || found == "string",
        (Some("number"), Value::Number(_)) => true,
        (Some(wanted), _) => wanted == found,
    };
    let mut out = Outcome::default();
    if fits {
        out.matches += 1;
    } else {
        let wanted = wanted.unwrap_or_default();
        let what = format!("{path} in body must be of type {wanted}: \"{found}\"");
        out.fail(FieldError::type_invalid(path, &found.into(), &what));
    }
    out
}

/// JSON type of a value; a number without fraction is an integer.
pub(super) fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Number(n) if n.is_f64() && n.as_f64().is_some_and(|f| f.fract() != 0.0) => "number",
        Value::Number(_) => "integer",
    }
}

impl Type {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
        }
    }
}

fn array(schema: &Schema, items: &[Value], old: Option<&Value>, path: &str) -> Outcome {
    let mut out = Outcome::default();
    if let Some(item_schema) = &schema.items {
        for (i, item) in items.iter().enumerate() {
            let old_item = old.and_then(|o| old_item(schema, item, o));
            out.merge(node(item_schema, item, old_item, &format!("{path}[{i}]")));
        }
    }
    let Some(limits) = &schema.limits else { return out };
    let count = items.len() as u64;
    if let Some(min) = limits.min_items.filter(|min| count < *min) {
        let what = format!("{path} in body should have at least {min} items");
        out.fail(FieldError::invalid(path, &count.into(), &what));
    }
    if let Some(max) = limits.max_items.filter(|max| count > *max) {
        out.fail(FieldError::too_many(path, count, max));
    }
    out
}

/// The item of the old list that is the same item, if the list says how to tell.
fn old_item<'a>(schema: &Schema, item: &Value, old: &'a Value) -> Option<&'a Value> {
    let list = old.as_array()?;
    match schema.list_type {
        Some(ListType::Map) => list.iter().find(|o| lists::same_key(schema, o, item)),
        Some(ListType::Set) => list.iter().find(|o| *o == item),
        _ => None,
    }
}

fn object(schema: &Schema, map: &Map<String, Value>, old: Option<&Value>, path: &str) -> Outcome {
    let mut out = Outcome::default();
    if let Some(error) = count_properties(schema, map.len() as u64, path) {
        out.fail(error);
        return out;
    }
    let at = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for (name, value) in map {
        let old = old.and_then(|o| o.get(name));
        if let Some(property) = schema.properties.get(name) {
            out.merge(node(property, value, old, &at(name)));
        } else if let Additional::Schema(additional) = &schema.additional {
            out.merge(node(additional, value, old, &at(name)));
        } else if matches!(schema.additional, Additional::Forbidden) {
            let what = format!("{} in body is a forbidden property", at(name));
            out.fail(FieldError::invalid(path, &name.as_str().into(), &what));
        }
    }
    for name in schema.required.iter().filter(|name| !map.contains_key(*name)) {
        out.fail(FieldError::required(&at(name), ""));
    }
    if schema.embedded_resource {
        for name in ["apiVersion", "kind"] {
            match map.get(name).map(|value| value.as_str().unwrap_or("?")) {
                None if !schema.required.iter().any(|needed| needed == name) => {
                    out.fail(FieldError::required(&at(name), ""))
                }
                Some("") => out.fail(FieldError::invalid(&at(name), &"".into(), "must not be empty")),
                _ => {}
            }
        }
    }
    out
}

fn count_properties(schema: &Schema, count: u64, path: &str) -> Option<FieldError> {
    let limits = schema.limits.as_ref()?;
    let what = match (limits.min_properties, limits.max_properties) {
        (Some(min), _) if count < min => format!("{path} in body should have at least {min} properties"),
        (_, Some(max)) if count > max => return Some(FieldError::too_many(path, count, max)),
        _ => return None,
    };
    Some(FieldError::invalid(path, &count.into(), &what))
}
