//! Rules of Deployments, ReplicaSets, StatefulSets and DaemonSets.

use serde_json::Value;

use super::at::{At, Errors};
use super::pods::{self, Template};
use super::texts::{self, IMMUTABLE};
use crate::field::{FieldError, FieldReason, supported_values};
use crate::select::{label_selector, labels_match};

const NOT_ABOVE: &str = "cannot be greater than status.replicas";

/// Rules of a kind of the `apps` group.
pub(super) fn workload(kind: &str, object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let spec = object.child("spec");
    match kind {
        "Deployment" => deployment(&spec, errors),
        "ReplicaSet" => replica_set(&spec, errors),
        "StatefulSet" => stateful_set(&spec, errors),
        _ => daemon_set(&spec, old, errors),
    }
    let Some(old) = old else { return };
    match kind {
        "StatefulSet" => stateful_set_update(&spec, &old.child("spec"), errors),
        "DaemonSet" => {}
        _ => spec.child("selector").fixed(&old.child("spec").child("selector"), IMMUTABLE, errors),
    }
    let status = object.child("status");
    if status.value != old.child("status").value && kind != "DaemonSet" {
        counts(kind, &status, errors);
    }
}

fn deployment(spec: &At<'_>, errors: &mut Errors) {
    spec.child("replicas").not_negative(errors);
    selected(spec, "deployment", errors);
    deployment_strategy(&spec.child("strategy"), errors);
    let (ready, deadline) = (spec.child("minReadySeconds"), spec.child("progressDeadlineSeconds"));
    ready.not_negative(errors);
    spec.child("revisionHistoryLimit").not_negative(errors);
    deadline.not_negative(errors);
    if deadline.is_set() && deadline.number() <= ready.number() {
        errors.push(deadline.invalid("must be greater than minReadySeconds"));
    }
}

fn replica_set(spec: &At<'_>, errors: &mut Errors) {
    spec.child("replicas").not_negative(errors);
    spec.child("minReadySeconds").not_negative(errors);
    selected(spec, "deployment", errors);
}

fn stateful_set(spec: &At<'_>, errors: &mut Errors) {
    let policy = spec.child("podManagementPolicy");
    if !["OrderedReady", "Parallel"].contains(&policy.text()) {
        errors.push(policy.invalid("must be 'OrderedReady' or 'Parallel'"));
    }
    let strategy = spec.child("updateStrategy");
    if !["RollingUpdate", "OnDelete"].contains(&strategy.child("type").text()) {
        let shown = shown_strategy(&strategy);
        let why = "must be 'RollingUpdate' or 'OnDelete'";
        errors.push(FieldError::with_text(FieldReason::Invalid, &strategy.path, &shown, why));
    }
    spec.below(&["updateStrategy", "rollingUpdate", "partition"]).not_negative(errors);
    spec.child("replicas").not_negative(errors);
    spec.child("minReadySeconds").not_negative(errors);
    selected(spec, "statefulset", errors);
}

fn daemon_set(spec: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    if let Some(old) = old {
        spec.child("selector").fixed(&old.below(&["spec", "selector"]), IMMUTABLE, errors);
    }
    selected(spec, "daemonset", errors);
    spec.child("minReadySeconds").not_negative(errors);
    daemon_set_strategy(&spec.child("updateStrategy"), errors);
    spec.child("revisionHistoryLimit").not_negative(errors);
}

/// The selector, and the template whose labels it must match.
fn selected(spec: &At<'_>, kind: &str, errors: &mut Errors) {
    let (selector, template) = (spec.child("selector"), spec.child("template"));
    if selector.is_set() {
        texts::selector(&selector, errors);
        if selector.child("matchLabels").len() + selector.child("matchExpressions").len() == 0 {
            errors.push(selector.invalid(&format!("empty selector is invalid for {kind}")));
        }
    } else if kind != "daemonset" {
        errors.push(selector.required(""));
    }
    if !texts::is_readable(selector.value) {
        errors.push(selector.invalid("invalid label selector"));
        return;
    }
    // A selector that is not there selects nothing.
    if !selector.is_set() || !labels_match(&label_selector(selector.value), template.value) {
        let why = "`selector` does not match template `labels`";
        errors.push(template.below(&["metadata", "labels"]).invalid(why));
    }
    let claimed = spec.child("volumeClaimTemplates").items();
    let claimed = claimed.iter().map(|claim| claim.below(&["metadata", "name"]).text()).collect();
    pods::template(&template, Template { claimed }, errors);
    lasting(&template.child("spec"), kind, errors);
}

/// Pods of these kinds are always started again.
fn lasting(spec: &At<'_>, kind: &str, errors: &mut Errors) {
    let policy = spec.child("restartPolicy");
    if !policy.text().is_empty() && policy.text() != "Always" {
        errors.push(policy.not_supported(&["Always"]));
    }
    let owner = match kind {
        "deployment" => "ReplicaSet",
        "statefulset" => "StatefulSet",
        _ => "DaemonSet",
    };
    let deadline = spec.child("activeDeadlineSeconds");
    if deadline.is_set() {
        errors.push(deadline.forbidden(&format!("activeDeadlineSeconds in {owner} is not Supported")));
    }
}

fn deployment_strategy(strategy: &At<'_>, errors: &mut Errors) {
    let rolling = strategy.child("rollingUpdate");
    match strategy.child("type").text() {
        "Recreate" if rolling.is_set() => {
            errors.push(rolling.forbidden("may not be specified when strategy `type` is 'Recreate'"));
        }
        "Recreate" => {}
        "RollingUpdate" => {
            let unavailable = step(&rolling, errors);
            if amount(&unavailable) == 0 && amount(&rolling.child("maxSurge")) == 0 {
                errors.push(unavailable.invalid("may not be 0 when `maxSurge` is 0"));
            }
            not_above_all(&unavailable, errors);
        }
        _ => errors.push(no_such_strategy(strategy, &["Recreate", "RollingUpdate"])),
    }
}

fn daemon_set_strategy(strategy: &At<'_>, errors: &mut Errors) {
    let rolling = strategy.child("rollingUpdate");
    match strategy.child("type").text() {
        "OnDelete" => {}
        "RollingUpdate" => {
            let (unavailable, surge) = (step(&rolling, errors), rolling.child("maxSurge"));
            not_above_all(&unavailable, errors);
            not_above_all(&surge, errors);
            match (amount(&unavailable), amount(&surge)) {
                (0, 0) => errors.push(unavailable.required("cannot be 0 when maxSurge is 0")),
                (0, _) | (_, 0) => {}
                _ => errors.push(surge.invalid("may not be set when maxUnavailable is non-zero")),
            }
        }
        _ => errors.push(no_such_strategy(strategy, &["RollingUpdate", "OnDelete"])),
    }
}

/// Checks both numbers of a rolling update; gives the first.
fn step<'a>(rolling: &At<'a>, errors: &mut Errors) -> At<'a> {
    let unavailable = rolling.child("maxUnavailable");
    texts::count_or_percent(&unavailable, errors);
    texts::count_or_percent(&rolling.child("maxSurge"), errors);
    unavailable
}

/// A number, or the number of a percentage.
fn amount(at: &At<'_>) -> i64 {
    match texts::percent(at.text()) {
        Some(percent) => i64::try_from(percent).unwrap_or(i64::MAX),
        // A text that is neither was said to be wrong; it counts as nothing.
        None => at.number(),
    }
}

fn not_above_all(at: &At<'_>, errors: &mut Errors) {
    if texts::percent(at.text()).is_some_and(|percent| percent > 100) {
        errors.push(at.invalid("must not be greater than 100%"));
    }
}

fn no_such_strategy(strategy: &At<'_>, supported: &[&str]) -> FieldError {
    let (shown, why) = (shown_strategy(strategy), supported_values(supported));
    FieldError::with_text(FieldReason::NotSupported, &strategy.path, &shown, &why)
}

fn shown_strategy(strategy: &At<'_>) -> String {
    let rolling = strategy.child("rollingUpdate");
    let part = |name: &str| if rolling.child(name).is_set() { rolling.child(name).value.clone() } else { 0.into() };
    let rolling = match rolling.is_set() {
        true => format!("{{\"MaxUnavailable\":{},\"MaxSurge\":{}}}", part("maxUnavailable"), part("maxSurge")),
        false => "null".to_owned(),
    };
    format!("{{\"Type\":{},\"RollingUpdate\":{rolling}}}", Value::from(strategy.child("type").text()))
}

/// Most of a StatefulSet is fixed: its Pods have names and volumes that depend on it.
fn stateful_set_update(spec: &At<'_>, old: &At<'_>, errors: &mut Errors) {
    const FREE: [&str; 7] = [
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    ];
    let fixed = |spec: &At<'_>| {
        let mut fixed = spec.value.as_object().cloned().unwrap_or_default();
        fixed.retain(|name, _| !FREE.contains(&name.as_str()));
        fixed
    };
    if fixed(spec) != fixed(old) {
        errors.push(spec.forbidden(
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', \
             'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        ));
    }
}

/// The numbers of a status.
fn counts(kind: &str, status: &At<'_>, errors: &mut Errors) {
    let fields: &[&str] = match kind {
        "Deployment" => &[
            "observedGeneration",
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
        ],
        "ReplicaSet" => {
            &["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"]
        }
        _ => &["replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"],
    };
    fields.iter().for_each(|field| status.child(field).not_negative(errors));
    let parts: &[&str] = match kind {
        "Deployment" => &["updatedReplicas", "readyReplicas", "availableReplicas"],
        "ReplicaSet" => &["fullyLabeledReplicas", "readyReplicas", "availableReplicas"],
        _ => &["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"],
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
    fn a_strategy_is_shown_as_go_writes_it() {
        let strategy = json!({"type": "X", "rollingUpdate": {"maxSurge": "1%"}});
        let shown = shown_strategy(&At::root(&strategy));
        assert_eq!(shown, r#"{"Type":"X","RollingUpdate":{"MaxUnavailable":0,"MaxSurge":"1%"}}"#);
    }
}
