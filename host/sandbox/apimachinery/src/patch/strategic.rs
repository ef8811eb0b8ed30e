//! Strategic merge patch: maps merge, lists merge by the key that the schema names, directives say the rest.
//!
//! Source: `k8s.io/apimachinery/pkg/util/strategicpatch`.

mod lists;

use serde_json::{Map, Value, json};

use crate::schema::Schema;

type Result<T> = std::result::Result<T, String>;

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const SET_ORDER: &str = "$setElementOrder/";

pub(super) fn merge(schema: Option<&Schema>, original: Value, patch: Value) -> Result<Value> {
    let (Value::Object(original), Value::Object(patch)) = (original, patch) else {
        return Err("a strategic merge patch is an object".to_owned());
    };
    maps(schema, original, patch).map(Value::Object)
}

/// How the schema says that a field is patched.
struct Field<'a> {
    schema: Option<&'a Schema>,
    merge_key: Option<&'a str>,
    merge: bool,
    replace: bool,
}

impl<'a> Field<'a> {
    fn of(parent: Option<&'a Schema>, name: &str) -> Self {
        let schema = parent.and_then(|s| s.member(name));
        let hints = schema.and_then(|s| s.patch.as_deref());
        Self {
            schema,
            merge_key: hints.and_then(|h| h.merge_key.as_deref()),
            merge: hints.is_some_and(|h| h.merge),
            replace: hints.is_some_and(|h| h.replace),
        }
    }
}

fn maps(
    schema: Option<&Schema>,
    mut original: Map<String, Value>,
    mut patch: Map<String, Value>,
) -> Result<Map<String, Value>> {
    if let Some(directive) = patch.remove(DIRECTIVE) {
        return match directive.as_str() {
            Some("replace") => Ok(patch),
            Some("delete") => Ok(Map::new()),
            _ => Err(unknown_directive(&directive, &patch)),
        };
    }
    retain_keys(&mut original, &mut patch)?;
    lists::set_order(schema, &mut original, &mut patch)?;
    for (name, value) in patch {
        if let Some(list) = name.strip_prefix(DELETE_FROM) {
            lists::delete_values(&mut original, list, &value);
        } else if value.is_null() {
            original.remove(&name);
        } else {
            let merged = member(schema, original.remove(&name), &name, value)?;
            original.insert(name, merged);
        }
    }
    Ok(original)
}

fn unknown_directive(directive: &Value, patch: &Map<String, Value>) -> String {
    format!("unknown patch type: '{}' in map: {}", directive.as_str().unwrap_or_default(), json!(patch))
}

fn member(parent: Option<&Schema>, original: Option<Value>, name: &str, patch: Value) -> Result<Value> {
    let field = Field::of(parent, name);
    match (original, patch) {
        (Some(Value::Object(original)), Value::Object(patch)) if !field.replace => {
            maps(field.schema, original, patch).map(Value::Object)
        }
        (Some(Value::Array(original)), Value::Array(patch)) if field.merge => {
            lists::merge(&field, original, patch).map(Value::Array)
        }
        (_, patch) => Ok(without_directives(patch).unwrap_or_else(|| json!({}))),
    }
}

/// `$retainKeys` lists the only members that stay.
fn retain_keys(original: &mut Map<String, Value>, patch: &mut Map<String, Value>) -> Result<()> {
    let Some(keys) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let Some(keys) = keys.as_array() else { return Err("invalid list of keys in $retainKeys".to_owned()) };
    let retained = |name: &str| keys.iter().any(|key| key.as_str() == Some(name));
    if let Some(name) = patch.iter().find(|(name, value)| !value.is_null() && !retained(name)).map(|(name, _)| name) {
        return Err(format!("{RETAIN_KEYS} directive of patch does not list the patched key {name}"));
    }
    original.retain(|name, _| retained(name));
    Ok(())
}

/// A value of the patch that meets nothing in the original: directives and nulls have nothing to act on.
fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(mut map) => {
            if map.remove(DIRECTIVE).as_ref().and_then(Value::as_str) == Some("delete") {
                return None;
            }
            let plain =
                |name: &str| name != RETAIN_KEYS && !name.starts_with(DELETE_FROM) && !name.starts_with(SET_ORDER);
            let kept = map.into_iter().filter(|(name, value)| plain(name) && !value.is_null());
            Some(Value::Object(kept.filter_map(|(name, v)| Some((name, without_directives(v)?))).collect()))
        }
        Value::Array(items) => Some(items.into_iter().filter_map(without_directives).collect()),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests;
