//! Ingresses and network policies.
//!
//! Source: `k8s.io/kubernetes/pkg/apis/networking`.

use serde_json::{Map, Value, json};

use crate::field::FieldError;

/// What an Ingress has to say.
pub(crate) fn ingress_rules(ingress: &Value, errors: &mut Vec<FieldError>) {
    let spec = &ingress["spec"];
    let rules = spec["rules"].as_array().is_some_and(|rules| !rules.is_empty());
    if !rules && !spec["defaultBackend"].is_object() {
        let why = "either `defaultBackend` or `rules` must be specified";
        errors.push(FieldError::invalid("spec", &Value::Null, why));
    }
}

/// The parts of a network policy that are always written.
pub(crate) fn fill_policy(policy: &mut Map<String, Value>) {
    let spec = policy.entry("spec").or_insert_with(|| json!({}));
    if let Some(spec) = spec.as_object_mut() {
        spec.entry("podSelector").or_insert_with(|| json!({}));
    }
}
