//! Defaults must hold against their own schema, and have no fields that it does not know.

use serde_json::Value;

use super::{Level, below, members, property, schema, text};
use crate::field::FieldError;
use crate::schema::Schema;
use crate::schema::validate::json_type;

pub(super) fn errors(document: &Value, path: &str, level: Level) -> Vec<FieldError> {
    let mut found = Vec::new();
    node(document, path, level, &mut found);
    found
}

fn node(document: &Value, path: &str, level: Level, errors: &mut Vec<FieldError>) {
    if let Some(default) = document.get("default").filter(|default| !default.is_null()) {
        holds(document, default, &below(path, "default"), level, errors);
    }
    if let Some(items) = schema(document, "items") {
        node(items, &below(path, "items"), Level::Item, errors);
    }
    for (name, member) in members(document, "properties") {
        node(member, &property(path, name), Level::Field, errors);
    }
}

fn holds(document: &Value, default: &Value, field: &str, level: Level, errors: &mut Vec<FieldError>) {
    let mut schema = Schema::trusted(document);
    // The whole object says what it is.
    schema.embedded_resource |= level == Level::Root;
    if !schema.prune(&mut default.clone()).is_empty() {
        errors.push(FieldError::invalid(field, default, "must not have unknown fields"));
    }
    // A type that there is not has no values.
    let (wanted, found) = (text(document, "type"), json_type(default));
    if !wanted.is_empty() && schema.type_.is_none() {
        let why = format!(" in body must be of type {wanted}: \"{found}\"");
        errors.push(FieldError::type_invalid(field, &found.into(), &why));
    }
    errors.extend(schema.validate(default, None).into_iter().map(|error| error.below(field)));
}
