//! What keeps a schema document from being taken: in the words and the order of the API server.
//!
//! ```text
//!   structural? ── yes ──> its defaults hold? ── yes ──> its rules compile?
//!        └─── in any case: nothing of OpenAPI that definitions may not use
//! ```
//!
//! Source: `k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation` and `pkg/apiserver/schema`.

mod defaults;
mod lists;
mod openapi;
mod structural;

use serde_json::Value;

use crate::field::FieldError;

/// Where a node stands, which decides what it must say of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// It describes the whole object.
    Root,
    /// It describes a field.
    Field,
    /// It describes the items of a list.
    Item,
}

/// Everything wrong with a schema that stands at `path` in its document.
pub(super) fn document(document: &Value, path: &str, level: Level) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let readable = !openapi::is_foreign(document);
    if readable {
        errors = structural::errors(document, path, level);
    }
    if readable && errors.is_empty() {
        errors = defaults::errors(document, path, level);
    }
    let rules = readable && errors.is_empty();
    errors.extend(openapi::errors(document, path, level, rules));
    if errors.is_empty() && !readable {
        // Nothing else keeps it from being read.
        errors.push(FieldError::invalid(path, &"".into(), "OpenAPIV3Schema 'schema' is not supported"));
    }
    errors
}

/// A member of a document that is a text.
fn text<'a>(document: &'a Value, key: &str) -> &'a str {
    document.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn flag(document: &Value, key: &str) -> bool {
    document.get(key) == Some(&Value::Bool(true))
}

/// Whether a member says anything.
fn says(document: &Value, key: &str) -> bool {
    document.get(key).is_some_and(|value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    })
}

fn members<'a>(document: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    document.get(key).and_then(Value::as_object).into_iter().flatten()
}

fn list<'a>(document: &'a Value, key: &str) -> &'a [Value] {
    document.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A member that is a schema itself.
fn schema<'a>(document: &'a Value, key: &str) -> Option<&'a Value> {
    document.get(key).filter(|value| value.is_object())
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn property(path: &str, name: &str) -> String {
    format!("{}[{name}]", below(path, "properties"))
}

fn nth(path: &str, key: &str, index: usize) -> String {
    format!("{}[{index}]", below(path, key))
}
