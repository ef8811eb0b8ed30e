//! Defaults must hold against their own schema, and have no fields that it does not know.

use serde_json::Value;

use super::{below, members, property, schema};
use crate::field::FieldError;
use crate::schema::Schema;

pub(super) fn errors(document: &Value, path: &str) -> Vec<FieldError> {
    let mut found = Vec::new();
    node(document, path, &mut found);
    found
}

fn node(document: &Value, path: &str, errors: &mut Vec<FieldError>) {
    if let Some(default) = document.get("default").filter(|default| !default.is_null()) {
        holds(document, default, &below(path, "default"), errors);
    }
    if let Some(items) = schema(document, "items") {
        node(items, &below(path, "items"), errors);
    }
    for (name, member) in members(document, "properties") {
        node(member, &property(path, name), errors);
    }
}

fn holds(document: &Value, default: &Value, field: &str, errors: &mut Vec<FieldError>) {
    let schema = Schema::trusted(document);
    if !schema.prune(&mut default.clone()).is_empty() {
        errors.push(FieldError::invalid(field, default, "must not have unknown fields"));
    }
    errors.extend(schema.validate(default, None).into_iter().map(|error| error.below(field)));
}
