//! Rules of the numbers that controllers report.

use super::super::at::{At, Errors};

const NOT_ABOVE: &str = "cannot be greater than status.replicas";

/// What must hold of a changed status.
pub(super) fn check(kind: &str, status: &At<'_>, old: &At<'_>, errors: &mut Errors) {
    if status.value == old.value {
        return;
    }
    numbers(kind).iter().for_each(|field| status.child(field).not_negative(errors));
    parts(kind, status, errors);
    let (count, last) = (status.child("collisionCount"), old.child("collisionCount"));
    if kind != "ReplicaSet" && last.is_set() && (!count.is_set() || count.number() < last.number()) {
        errors.push(count.invalid_value(count.number(), "cannot be decremented"));
    }
}

fn numbers(kind: &str) -> &'static [&'static str] {
    match kind {
        "Deployment" => &[
            "observedGeneration",
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
            "terminatingReplicas",
            "collisionCount",
        ],
        "ReplicaSet" => &[
            "replicas",
            "fullyLabeledReplicas",
            "readyReplicas",
            "availableReplicas",
            "observedGeneration",
            "terminatingReplicas",
        ],
        "StatefulSet" => &[
            "replicas",
            "readyReplicas",
            "currentReplicas",
            "updatedReplicas",
            "availableReplicas",
            "observedGeneration",
            "collisionCount",
        ],
        _ => &[
            "currentNumberScheduled",
            "numberMisscheduled",
            "desiredNumberScheduled",
            "numberReady",
            "observedGeneration",
            "updatedNumberScheduled",
            "numberAvailable",
            "numberUnavailable",
            "collisionCount",
        ],
    }
}

/// Numbers of Pods that are counted among others.
fn parts(kind: &str, status: &At<'_>, errors: &mut Errors) {
    let parts: &[&str] = match kind {
        "Deployment" => &["updatedReplicas", "readyReplicas", "availableReplicas"],
        "ReplicaSet" => &["fullyLabeledReplicas", "readyReplicas", "availableReplicas"],
        "StatefulSet" => &["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"],
        _ => return,
    };
    let number = |field: &str| status.child(field).number();
    for part in parts.iter().filter(|part| number(part) > number("replicas")) {
        errors.push(status.child(part).invalid_value(number(part), NOT_ABOVE));
    }
    if number("availableReplicas") > number("readyReplicas") {
        let why = match kind {
            "StatefulSet" => "cannot be greater than status.readyReplicas",
            _ => "cannot be greater than readyReplicas",
        };
        errors.push(status.child("availableReplicas").invalid_value(number("availableReplicas"), why));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn collisions_are_never_taken_back() {
        let found = |new, old| {
            let mut errors = Vec::new();
            check("Deployment", &At::root(&new), &At::root(&old), &mut errors);
            errors.len()
        };
        assert_eq!(found(json!({"collisionCount": 1}), json!({"collisionCount": 2})), 1);
        assert_eq!(found(json!({"replicas": 1}), json!({"collisionCount": 2})), 1);
        assert_eq!(found(json!({"collisionCount": 2}), json!({})), 0);
    }
}
