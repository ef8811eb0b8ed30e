//! Rules of webhook configurations.
//!
//! Source: `pkg/apis/admissionregistration/validation`.

mod client;
mod resources;
mod url;

use super::at::{At, Errors};
use super::texts;
use crate::field::FieldError;
use crate::meta::names;
use crate::schema::expression_fault;
pub(super) use client::config as client_config;

/// Versions of reviews that are understood here.
const REVIEWS: [&str; 2] = ["v1", "v1beta1"];
const SIDE_EFFECTS: [&str; 2] = ["None", "NoneOnDryRun"];
/// Conditions that a webhook may have.
const CONDITIONS: usize = 64;

pub(super) fn configuration(object: &At<'_>, errors: &mut Errors) {
    let webhooks = object.child("webhooks").items();
    let names: Vec<&str> = webhooks.iter().map(|webhook| webhook.child("name").text()).collect();
    for (i, at) in webhooks.iter().enumerate() {
        webhook(at, errors);
        review_versions(&at.child("admissionReviewVersions"), errors);
        if !names[i].is_empty() && names[..i].contains(&names[i]) {
            errors.push(at.child("name").duplicate());
        }
    }
}

fn webhook(at: &At<'_>, errors: &mut Errors) {
    qualified(&at.child("name"), errors);
    for rule in at.child("rules").items() {
        resources::rule(&rule, errors);
    }
    optional(&at.child("failurePolicy"), &["Fail", "Ignore"], errors);
    optional(&at.child("matchPolicy"), &["Equivalent", "Exact"], errors);
    side_effects(&at.child("sideEffects"), errors);
    let timeout = at.child("timeoutSeconds");
    if timeout.is_set() && !(1..=30).contains(&timeout.number()) {
        errors.push(timeout.invalid("the timeout value must be between 1 and 30 seconds"));
    }
    texts::selector(&at.child("namespaceSelector"), errors);
    texts::selector(&at.child("objectSelector"), errors);
    optional(&at.child("reinvocationPolicy"), &["IfNeeded", "Never"], errors);
    client_config(&at.child("clientConfig"), errors);
    conditions(&at.child("matchConditions"), errors);
}

/// A name with at least three segments.
fn qualified(at: &At<'_>, errors: &mut Errors) {
    let dots = at.text().matches('.').count();
    let segments =
        || (dots < 2).then(|| "should be a domain with at least three segments separated by dots".to_owned());
    at.named(|name| names::subdomain(name).or_else(segments), errors);
}

/// A text that is one of these, if it is there.
pub(super) fn optional(at: &At<'_>, supported: &[&str], errors: &mut Errors) {
    if at.is_set() && !supported.contains(&at.text()) {
        errors.push(at.not_supported(supported));
    }
}

fn side_effects(at: &At<'_>, errors: &mut Errors) {
    if !at.is_set() {
        errors.push(at.required(&format!("must specify one of {}", SIDE_EFFECTS.join(", "))));
    }
    optional(at, &SIDE_EFFECTS, errors);
}

fn review_versions(at: &At<'_>, errors: &mut Errors) {
    if at.len() == 0 {
        errors.push(at.required(&format!("must specify one of {}", REVIEWS.join(", "))));
    } else {
        understood(at, errors);
    }
}

/// Versions of which no two are the same and one is understood.
pub(super) fn understood(at: &At<'_>, errors: &mut Errors) {
    let versions = at.items();
    let names: Vec<&str> = versions.iter().map(At::text).collect();
    for (i, version) in versions.iter().enumerate() {
        match names[..i].contains(&names[i]) {
            true => errors.push(version.invalid("duplicate version")),
            false => version.judged(names::label_1035(names[i]), errors),
        }
    }
    if !names.iter().any(|name| REVIEWS.contains(name)) {
        errors.push(at.invalid(&format!("must include at least one of {}", REVIEWS.join(", "))));
    }
}

fn conditions(at: &At<'_>, errors: &mut Errors) {
    let conditions = at.items();
    if conditions.len() > CONDITIONS {
        errors.push(FieldError::too_many(&at.path, conditions.len() as u64, CONDITIONS as u64));
    }
    let names: Vec<&str> = conditions.iter().map(|condition| condition.child("name").text()).collect();
    for (i, condition) in conditions.iter().enumerate() {
        expression(&condition.child("expression"), errors);
        let name = condition.child("name");
        match names[i] {
            "" => errors.push(name.required("")),
            known => name.judged(names::qualified(known), errors),
        }
        if !names[i].is_empty() && names[..i].contains(&names[i]) {
            errors.push(name.duplicate());
        }
    }
}

fn expression(at: &At<'_>, errors: &mut Errors) {
    let text = at.text().trim();
    if text.is_empty() {
        errors.push(at.required(""));
    } else if let Some(why) = expression_fault(text) {
        errors.push(at.invalid_value(text, &format!("compilation failed: {why}")));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn judged(pointer: &str, value: Value) -> Vec<String> {
        let mut object = json!({"webhooks": [{"name": "a.example.org", "sideEffects": "None",
            "clientConfig": {"service": {"name": "s", "namespace": "n", "path": "/p", "port": 443}},
            "rules": [{"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["v1"], "resources": ["pods/*"]}],
            "admissionReviewVersions": ["v1"]}]});
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        object.pointer_mut(&format!("/webhooks/0{parent}")).expect(pointer)[name] = value;
        let mut errors = Vec::new();
        configuration(&At::root(&object), &mut errors);
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_webhook_is_taken_or_refused_with_the_field() {
        assert_eq!(judged("/name", json!("a.example.org")), [""; 0]);
        let cases = [
            (
                "/name",
                json!("a.b"),
                "name: Invalid value: \"a.b\": should be a domain with at least three segments separated by dots",
            ),
            (
                "/timeoutSeconds",
                json!(0),
                "timeoutSeconds: Invalid value: 0: the timeout value must be between 1 and 30 seconds",
            ),
            (
                "/sideEffects",
                json!("Some"),
                "sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"NoneOnDryRun\"",
            ),
            ("/clientConfig", json!({}), "clientConfig: Required value: exactly one of url or service is required"),
            // The real server mistakes the one for the other.
            ("/clientConfig/service/name", json!(""), "clientConfig.service.namespace: Required value"),
            (
                "/admissionReviewVersions",
                json!(["v2"]),
                "admissionReviewVersions: Invalid value: [\"v2\"]: must include at least one of v1, v1beta1",
            ),
        ];
        for (pointer, value, expected) in cases {
            assert_eq!(judged(pointer, value), [format!("webhooks[0].{expected}")]);
        }
    }
}
