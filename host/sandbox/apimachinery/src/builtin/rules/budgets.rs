//! Rules of PodDisruptionBudgets.

use serde_json::Value;

use super::at::{At, Errors};
use super::texts;
use crate::field::{FieldError, FieldReason};

pub(super) fn budget(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let spec = object.child("spec");
    let (least, most) = (spec.child("minAvailable"), spec.child("maxUnavailable"));
    if least.is_set() && most.is_set() {
        let why = "minAvailable and maxUnavailable cannot be both set";
        errors.push(FieldError::with_text(FieldReason::Invalid, &spec.path, &shown(&spec), why));
    }
    for amount in [least, most].iter().filter(|amount| amount.is_set()) {
        texts::count_or_percent(amount, errors);
        if texts::percent(amount.text()).is_some_and(|percent| percent > 100) {
            errors.push(amount.invalid("must not be greater than 100%"));
        }
    }
    texts::selector(&spec.child("selector"), errors);
    spec.child("unhealthyPodEvictionPolicy").one_of_if_set(&["AlwaysAllow", "IfHealthyBudget"], errors);
    if old.is_some() {
        for count in ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] {
            object.child("status").child(count).not_negative(errors);
        }
    }
}

/// The spec in the order and with the names that it has in Go.
fn shown(spec: &At<'_>) -> String {
    let fields = [
        ("MinAvailable", "minAvailable"),
        ("Selector", "selector"),
        ("MaxUnavailable", "maxUnavailable"),
        ("UnhealthyPodEvictionPolicy", "unhealthyPodEvictionPolicy"),
    ];
    let value = |field: &str| spec.value.get(field).unwrap_or(&Value::Null);
    let fields = fields.map(|(name, field)| format!("\"{name}\":{}", value(field)));
    format!("{{{}}}", fields.join(","))
}
