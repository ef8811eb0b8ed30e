//! What OpenAPI offers and definitions may not use, and what Kubernetes' own extensions ask for.

use serde_json::Value;

use super::{Level, below, flag, list, lists, members, nth, property, says, schema, text};
use crate::field::FieldError;
use crate::schema::path::{Keys, target};
use crate::schema::rules::{fault, types};

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
/// Never taken.
const FOREIGN: [&str; 6] = ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"];
/// What a rule may say is wrong with a value that it refuses.
const REASONS: [&str; 4] = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
/// Members of every object, which have one schema for all kinds.
const META: [&str; 3] = ["metadata", "kind", "apiVersion"];

/// Everything wrong; rules are only looked at in a schema that is good otherwise.
pub(super) fn errors(document: &Value, path: &str, level: Level, rules: bool) -> Vec<FieldError> {
    let mut checker = Checker { of_schema: Vec::new(), of_rules: Vec::new() };
    checker.node(document, path, &Place { level, rules, defaults: None, meta: false });
    checker.of_schema.append(&mut checker.of_rules);
    checker.of_schema
}

/// Whether a schema at any depth uses what no structural schema can be made of.
pub(super) fn is_foreign(document: &Value) -> bool {
    let own = FOREIGN.iter().any(|key| says(document, key))
        || says(document, "$schema")
        || document.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(false))
        || !list(document, "items").is_empty();
    let several = ["allOf", "anyOf", "oneOf"].into_iter().flat_map(|key| list(document, key));
    let single = ["items", "additionalProperties", "not"].into_iter().filter_map(|key| schema(document, key));
    own || members(document, "properties").map(|(_, member)| member).chain(several).chain(single).any(is_foreign)
}

struct Checker {
    of_schema: Vec<FieldError>,
    of_rules: Vec<FieldError>,
}

/// What holds for a node because of where it stands.
#[derive(Clone)]
struct Place {
    level: Level,
    /// Whether rules are compiled.
    rules: bool,
    /// Why there may be no defaults.
    defaults: Option<String>,
    /// Whether it is part of what says which object a value is.
    meta: bool,
}

impl Checker {
    fn node(&mut self, document: &Value, path: &str, place: &Place) {
        let before = self.of_schema.len();
        self.standard(document, path, place);
        self.children(document, path, place);
        if document.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(false)) {
            let field = below(path, "x-kubernetes-preserve-unknown-fields");
            self.of_schema.push(FieldError::invalid(&field, &false.into(), "must be true or undefined"));
        }
        lists::errors(document, path, &mut self.of_schema);
        self.rules(document, path);
        if place.rules && self.of_schema.len() == before {
            self.faults(document, path);
        }
    }

    fn standard(&mut self, document: &Value, path: &str, place: &Place) {
        let forbidden = |key: &str, why: &str| FieldError::forbidden(&below(path, key), why);
        let name = text(document, "type");
        if !name.is_empty() && !TYPES.contains(&name) {
            self.of_schema.push(FieldError::not_supported(&below(path, "type"), &name.into(), &TYPES));
        }
        if let Some(why) = place.defaults.as_ref().filter(|_| says(document, "default")) {
            self.of_schema.push(forbidden("default", &format!("must not be set {why}")));
        }
        let reference = |key: &str| key == "$ref" && document.get(key).is_some_and(Value::is_string);
        for key in FOREIGN.iter().filter(|key| says(document, key) || reference(key)) {
            self.of_schema.push(forbidden(key, &format!("{key} is not supported")));
        }
        if name == "null" {
            self.of_schema.push(forbidden("type", "type cannot be set to null, use nullable as an alternative"));
        }
        if !list(document, "items").is_empty() {
            self.of_schema.push(forbidden("items", "items must be a schema object and not an array"));
        }
        if place.meta && flag(document, "x-kubernetes-embedded-resource") {
            let why = "must not be used inside of resource meta";
            self.of_schema.push(forbidden("x-kubernetes-embedded-resource", why));
        }
        if flag(document, "uniqueItems") {
            let why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
            self.of_schema.push(forbidden("uniqueItems", why));
        }
        let additional = document.get("additionalProperties");
        if says(document, "properties") && additional.is_some_and(|a| a.is_object() || *a == Value::Bool(false)) {
            let why = "additionalProperties and properties are mutual exclusive";
            self.of_schema.push(forbidden("additionalProperties", why));
        }
    }

    fn children(&mut self, document: &Value, path: &str, place: &Place) {
        let inner = Place { level: Level::Field, ..place.clone() };
        if let Some(each) = schema(document, "additionalProperties") {
            let why = place.meta.then(|| "inside additionalProperties applying to object metadata".to_owned());
            let defaults = why.or_else(|| inner.defaults.clone());
            self.node(each, &below(path, "additionalProperties"), &Place { defaults, ..inner.clone() });
        }
        let (root, embedded) = (place.level == Level::Root, flag(document, "x-kubernetes-embedded-resource"));
        for (name, member) in members(document, "properties") {
            let of_meta = (root || embedded) && META.contains(&name.as_str());
            let why = (root && of_meta).then(|| format!("in top-level {name}"));
            let defaults = why.or_else(|| inner.defaults.clone());
            self.node(member, &property(path, name), &Place { defaults, meta: inner.meta || of_meta, ..inner.clone() });
        }
        let bounding = Place { rules: false, ..inner.clone() };
        if let Some(not) = schema(document, "not") {
            self.node(not, &below(path, "not"), &bounding);
        }
        for key in ["allOf", "oneOf", "anyOf"] {
            for (i, one) in list(document, key).iter().enumerate() {
                self.node(one, &nth(path, key, i), &bounding);
            }
        }
        if let Some(items) = schema(document, "items") {
            self.node(items, &below(path, "items"), &Place { level: Level::Item, ..inner });
        }
    }

    /// What must be said of each rule.
    fn rules(&mut self, document: &Value, path: &str) {
        for (i, rule) in list(document, "x-kubernetes-validations").iter().enumerate() {
            let at = nth(path, "x-kubernetes-validations", i);
            self.of_schema.extend(message(rule, &at));
            if is_blank(rule, "messageExpression") {
                let why = "messageExpression must be non-empty if specified";
                self.of_schema.push(FieldError::required(&below(&at, "messageExpression"), why));
            }
            let reason = rule.get("reason").and_then(Value::as_str);
            if let Some(reason) = reason.filter(|reason| !REASONS.contains(reason)) {
                self.of_schema.push(FieldError::not_supported(&below(&at, "reason"), &reason.into(), &REASONS));
            }
            self.field_path(rule, document, &below(&at, "fieldPath"));
        }
    }

    fn field_path(&mut self, rule: &Value, document: &Value, field: &str) {
        let place = text(rule, "fieldPath");
        let wrong = [
            (is_blank(rule, "fieldPath"), "must be non-empty if specified"),
            (is_broken(place), "must not contain line breaks"),
            (!place.is_empty() && target(place, document, Keys::Quoted).is_err(), "must be a valid path"),
        ];
        let wrong = wrong.iter().filter(|(wrong, _)| *wrong);
        self.of_schema.extend(wrong.map(|(_, why)| FieldError::invalid(field, &place.into(), why)));
    }

    /// Rules that cannot be compiled.
    fn faults(&mut self, document: &Value, path: &str) {
        for (i, rule) in list(document, "x-kubernetes-validations").iter().enumerate() {
            let own = text(rule, "rule");
            if let Some(why) = fault::of(own).or_else(|| types::mismatch(own, document)) {
                let field = below(&nth(path, "x-kubernetes-validations", i), "rule");
                let why = format!("compilation failed: {why}");
                self.of_rules.push(FieldError::invalid_shown(&field, &fault::shown(rule), &why));
            }
            let optional = rule.get("optionalOldSelf").filter(|optional| optional.is_boolean());
            if let Some(optional) = optional.filter(|_| !fault::looks_back(own)) {
                let field = below(&nth(path, "x-kubernetes-validations", i), "optionalOldSelf");
                let why = "may not be set if oldSelf is not used in rule";
                self.of_rules.push(FieldError::invalid(&field, optional, why));
            }
        }
    }
}

/// What is wrong with a rule and its message, which must be there and, if the rule is long, say it short.
fn message(rule: &Value, path: &str) -> Option<FieldError> {
    let (own, message) = (text(rule, "rule").trim(), text(rule, "message"));
    let field = below(path, "message");
    let invalid = |why: &str| Some(FieldError::invalid(&field, &message.into(), why));
    match message.trim() {
        _ if own.is_empty() => Some(FieldError::required(&below(path, "rule"), "rule is not specified")),
        "" if !message.is_empty() => invalid("must be non-empty if specified"),
        "" if is_broken(own) => {
            Some(FieldError::required(&field, "message must be specified if rule contains line breaks"))
        }
        said if is_broken(said) => invalid("must not contain line breaks"),
        _ => None,
    }
}

fn is_broken(text: &str) -> bool {
    text.contains(['\n', '\r'])
}

fn is_blank(rule: &Value, key: &str) -> bool {
    !text(rule, key).is_empty() && text(rule, key).trim().is_empty()
}
