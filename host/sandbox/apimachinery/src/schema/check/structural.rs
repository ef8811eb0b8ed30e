//! Structural schemas: every field has one type, said in one place; `anyOf` and its kin only bound values.

use serde_json::Value;

use super::{Level, below, flag, list, members, nth, property, says, schema, text};
use crate::field::FieldError;

pub(super) fn errors(document: &Value, path: &str, level: Level) -> Vec<FieldError> {
    let mut found = Vec::new();
    node(document, path, level, &mut found);
    complete(document, document, path, path, &mut found);
    // The real server sorts these by their text, too: it finds them in the order of a map.
    found.sort_by_key(ToString::to_string);
    found
}

fn node(document: &Value, path: &str, level: Level, errors: &mut Vec<FieldError>) {
    if text(document, "type") == "array" && schema(document, "items").is_none() {
        errors.push(FieldError::required(&below(path, "items"), "must be specified"));
    }
    if let Some(items) = schema(document, "items") {
        node(items, &below(path, "items"), Level::Item, errors);
    }
    for (name, member) in members(document, "properties") {
        node(member, &property(path, name), Level::Field, errors);
    }
    additional(document, path, level, errors);
    extensions(document, path, errors);
    bounds(document, path, int_or_string(document), errors);
    the_type(document, path, level, errors);
    identity(document, path, level, errors);
}

fn additional(document: &Value, path: &str, level: Level, errors: &mut Vec<FieldError>) {
    let field = below(path, "additionalProperties");
    if !says(document, "additionalProperties") && schema(document, "additionalProperties").is_none() {
        return;
    }
    if level == Level::Root {
        errors.push(FieldError::forbidden(&field, "must not be used at the root"));
    }
    if flag(document, "x-kubernetes-embedded-resource") {
        errors.push(FieldError::forbidden(&field, "must not be used if x-kubernetes-embedded-resource is set"));
    }
    if let Some(each) = schema(document, "additionalProperties") {
        node(each, &field, Level::Field, errors);
    }
}

fn extensions(document: &Value, path: &str, errors: &mut Vec<FieldError>) {
    if !flag(document, "x-kubernetes-int-or-string") {
        return;
    }
    for key in ["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] {
        if flag(document, key) {
            let why = "must be false if x-kubernetes-int-or-string is true";
            errors.push(FieldError::invalid(&below(path, key), &true.into(), why));
        }
    }
}

fn the_type(document: &Value, path: &str, level: Level, errors: &mut Vec<FieldError>) {
    let (name, field) = (text(document, "type"), below(path, "type"));
    let free = flag(document, "x-kubernetes-int-or-string") || flag(document, "x-kubernetes-preserve-unknown-fields");
    if flag(document, "x-kubernetes-embedded-resource") && name != "object" {
        let why = "must be object if x-kubernetes-embedded-resource is true";
        errors.push(match name {
            "" => FieldError::required(&field, why),
            _ => FieldError::invalid(&field, &name.into(), why),
        });
    } else if name.is_empty() && !free {
        let why = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        errors.push(FieldError::required(&field, why));
    }
    if level == Level::Root && !name.is_empty() && name != "object" {
        errors.push(FieldError::invalid(&field, &name.into(), "must be object at the root"));
    }
}

/// `apiVersion`, `kind` and `metadata` of a whole object are what they are everywhere.
fn identity(document: &Value, path: &str, level: Level, errors: &mut Vec<FieldError>) {
    let embedded = flag(document, "x-kubernetes-embedded-resource");
    let whole = level == Level::Root || embedded;
    for (name, wanted) in [("kind", "string"), ("apiVersion", "string"), ("metadata", "object")] {
        let Some(member) = document.pointer(&format!("/properties/{name}")).filter(|_| whole) else { continue };
        if text(member, "type") != wanted {
            let field = below(&property(path, name), "type");
            errors.push(FieldError::invalid(&field, &text(member, "type").into(), &format!("must be {wanted}")));
        }
    }
    let metadata = document.pointer("/properties/metadata").filter(|_| level == Level::Root);
    if metadata.is_some_and(|metadata| !only_names(metadata)) {
        let why = "must not specify anything other than name and generateName, but metadata is implicitly specified";
        errors.push(FieldError::forbidden(&property(path, "metadata"), why));
    }
    let empty = !says(document, "properties") && !flag(document, "x-kubernetes-preserve-unknown-fields");
    if embedded && empty {
        let why = "must not be empty if x-kubernetes-embedded-resource is true without \
                   x-kubernetes-preserve-unknown-fields";
        errors.push(FieldError::required(&below(path, "properties"), why));
    }
}

fn only_names(metadata: &Value) -> bool {
    const SILENT: [&str; 5] = ["type", "default", "properties", "externalDocs", "example"];
    let named = members(metadata, "properties").all(|(name, _)| name == "name" || name == "generateName");
    let keys: Vec<&String> = metadata.as_object().into_iter().flatten().map(|(key, _)| key).collect();
    let silent = |key: &str| SILENT.contains(&key) || !says(metadata, key) || metadata[key] == Value::Bool(false);
    named && keys.into_iter().all(|key| silent(key))
}

/// Whether the alternatives only repeat `x-kubernetes-int-or-string`.
fn int_or_string(document: &Value) -> Repeats {
    let both = |alternatives: &[Value]| {
        let types: Vec<&str> = alternatives.iter().map(|one| text(one, "type")).collect();
        types == ["integer", "string"] && alternatives.iter().all(|one| one.as_object().is_some_and(|o| o.len() == 1))
    };
    if both(list(document, "anyOf")) {
        Repeats::Here
    } else if list(document, "allOf").first().is_some_and(|first| both(list(first, "anyOf"))) {
        Repeats::InFirst
    } else {
        Repeats::No
    }
}

/// Where alternatives may name the two types of an integer or string.
#[derive(Clone, Copy, PartialEq)]
enum Repeats {
    No,
    Here,
    InFirst,
}

/// What only bounds values.
fn bounds(document: &Value, path: &str, repeats: Repeats, errors: &mut Vec<FieldError>) {
    if repeats != Repeats::Here {
        for (i, one) in list(document, "anyOf").iter().enumerate() {
            nested(one, &nth(path, "anyOf", i), Repeats::No, errors);
        }
    }
    for (i, one) in list(document, "allOf").iter().enumerate() {
        let skips = if i == 0 && repeats == Repeats::InFirst { Repeats::Here } else { Repeats::No };
        nested(one, &nth(path, "allOf", i), skips, errors);
    }
    for (i, one) in list(document, "oneOf").iter().enumerate() {
        nested(one, &nth(path, "oneOf", i), Repeats::No, errors);
    }
    if let Some(not) = schema(document, "not") {
        nested(not, &below(path, "not"), Repeats::No, errors);
    }
    let pattern = text(document, "pattern");
    if let Err(error) = regex::Regex::new(pattern) {
        let why = format!("must be a valid regular expression, but isn't: {error}");
        errors.push(FieldError::invalid(&below(path, "pattern"), &pattern.into(), &why));
    }
}

/// What stands below a junctor may bound values and name fields, but say nothing about their form.
fn nested(document: &Value, path: &str, repeats: Repeats, errors: &mut Vec<FieldError>) {
    const EMPTY: &str = "must be empty to be structural";
    const FALSE: &str = "must be false to be structural";
    const UNDEFINED: &str = "must be undefined to be structural";
    const FORM: [(&str, &str); 12] = [
        ("type", EMPTY),
        ("additionalProperties", UNDEFINED),
        ("default", UNDEFINED),
        ("title", EMPTY),
        ("description", EMPTY),
        ("nullable", FALSE),
        ("x-kubernetes-preserve-unknown-fields", FALSE),
        ("x-kubernetes-embedded-resource", FALSE),
        ("x-kubernetes-int-or-string", FALSE),
        ("x-kubernetes-list-map-keys", EMPTY),
        ("x-kubernetes-list-type", UNDEFINED),
        ("x-kubernetes-map-type", UNDEFINED),
    ];
    bounds(document, path, repeats, errors);
    if let Some(items) = schema(document, "items") {
        nested(items, &below(path, "items"), Repeats::No, errors);
    }
    for (name, member) in members(document, "properties") {
        nested(member, &property(path, name), Repeats::No, errors);
    }
    for (key, why) in FORM {
        if says(document, key) && document[key] != Value::Bool(false) {
            errors.push(FieldError::forbidden(&below(path, key), why));
        }
    }
    if says(document, "x-kubernetes-validations") {
        errors.push(FieldError::forbidden(&below(path, "x-kubernetes-validations"), EMPTY));
    }
    if document.pointer("/properties/metadata").is_some() {
        let why = "must not be specified in a nested context";
        errors.push(FieldError::forbidden(&property(path, "metadata"), why));
    }
}

/// What a junctor names must be named outside of it, too. `at` is where, `path` where the junctor's schema stands.
fn complete(bounding: &Value, form: &Value, at: &str, path: &str, errors: &mut Vec<FieldError>) {
    for key in ["allOf", "anyOf", "oneOf"] {
        for (i, one) in list(bounding, key).iter().enumerate() {
            complete_below(one, Some(form), at, &nth(path, key, i), errors);
        }
    }
    if let Some(not) = schema(bounding, "not") {
        complete_below(not, Some(form), at, &below(path, "not"), errors);
    }
}

fn complete_below(bounding: &Value, form: Option<&Value>, at: &str, path: &str, errors: &mut Vec<FieldError>) {
    let Some(form) = form else {
        errors.push(FieldError::required(at, &format!("because it is defined in {path}")));
        return;
    };
    complete(bounding, form, at, path, errors);
    if let Some(items) = schema(bounding, "items") {
        complete_below(items, schema(form, "items"), &below(at, "items"), &below(path, "items"), errors);
    }
    for (name, member) in members(bounding, "properties") {
        let known = form.get("properties").and_then(|properties| properties.get(name));
        complete_below(member, known, &property(at, name), &property(path, name), errors);
    }
}
