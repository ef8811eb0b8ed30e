//! Rules of Deployments, ReplicaSets, StatefulSets and DaemonSets.

mod stateful;
mod status;
mod strategies;

use super::at::{At, Errors};
use super::pods::{self, Template};
use super::texts::{self, IMMUTABLE};
use crate::select::{label_selector, labels_match};

/// Rules of a kind of the `apps` group.
pub(super) fn workload(kind: &str, object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let spec = object.child("spec");
    let former = old.map(|old| old.child("spec"));
    match kind {
        "Deployment" => deployment(&spec, former.as_ref(), errors),
        "ReplicaSet" => replica_set(&spec, former.as_ref(), errors),
        "StatefulSet" => stateful::check(&spec, former.as_ref(), errors),
        _ => daemon_set(&spec, former.as_ref(), errors),
    }
    if let Some(old) = old.map(|old| old.child("status")) {
        status::check(kind, &object.child("status"), &old, errors);
    }
}

fn deployment(spec: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    spec.child("replicas").not_negative(errors);
    selector(spec, "deployment", errors);
    selected(spec, errors);
    strategies::of_deployment(&spec.child("strategy"), errors);
    let (ready, deadline) = (spec.child("minReadySeconds"), spec.child("progressDeadlineSeconds"));
    ready.not_negative(errors);
    spec.child("revisionHistoryLimit").not_negative(errors);
    deadline.not_negative(errors);
    if deadline.is_set() && deadline.number() <= ready.number() {
        errors.push(deadline.invalid("must be greater than minReadySeconds"));
    }
    fixed_selector(spec, old, errors);
}

fn replica_set(spec: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    spec.child("replicas").not_negative(errors);
    spec.child("minReadySeconds").not_negative(errors);
    // The real server says so, and means both.
    selector(spec, "deployment", errors);
    selected(spec, errors);
    fixed_selector(spec, old, errors);
}

fn daemon_set(spec: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    fixed_selector(spec, old, errors);
    let selector = spec.child("selector");
    texts::selector(&selector, errors);
    if texts::is_readable(selector.value) {
        matched(spec, errors);
    }
    if selector.is_set() {
        not_empty(&selector, "daemonset", errors);
    }
    let template = spec.child("template");
    pods::template(&template, Template::default(), errors);
    lasting(&template.child("spec"), "DaemonSet", errors);
    spec.child("minReadySeconds").not_negative(errors);
    strategies::of_daemon_set(&spec.child("updateStrategy"), errors);
    spec.child("revisionHistoryLimit").not_negative(errors);
}

fn fixed_selector(spec: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    if let Some(old) = old {
        spec.child("selector").fixed(&old.child("selector"), IMMUTABLE, errors);
    }
}

/// A selector that must be there, and select by something.
fn selector(spec: &At<'_>, kind: &str, errors: &mut Errors) {
    let selector = spec.child("selector");
    if selector.is_set() {
        texts::selector(&selector, errors);
        not_empty(&selector, kind, errors);
    } else {
        errors.push(selector.required(""));
    }
}

fn not_empty(selector: &At<'_>, kind: &str, errors: &mut Errors) {
    if selector.child("matchLabels").len() + selector.child("matchExpressions").len() == 0 {
        errors.push(selector.invalid(&format!("empty selector is invalid for {kind}")));
    }
}

/// The template of a ReplicaSet, whose Pods the selector must find.
fn selected(spec: &At<'_>, errors: &mut Errors) {
    let (selector, template) = (spec.child("selector"), spec.child("template"));
    if !texts::is_readable(selector.value) {
        errors.push(selector.invalid("invalid label selector"));
        return;
    }
    matched(spec, errors);
    pods::template(&template, Template::default(), errors);
    lasting(&template.child("spec"), "ReplicaSet", errors);
}

/// The labels of the template; a selector that is not there selects nothing.
fn matched(spec: &At<'_>, errors: &mut Errors) {
    let (selector, template) = (spec.child("selector"), spec.child("template"));
    if !selector.is_set() || !labels_match(&label_selector(selector.value), template.value) {
        let why = "`selector` does not match template `labels`";
        errors.push(template.below(&["metadata", "labels"]).invalid(why));
    }
}

/// Pods of these kinds are always started again.
fn lasting(spec: &At<'_>, owner: &str, errors: &mut Errors) {
    let policy = spec.child("restartPolicy");
    if policy.text() != "Always" {
        errors.push(policy.not_supported(&["Always"]));
    }
    let deadline = spec.child("activeDeadlineSeconds");
    if deadline.is_set() {
        errors.push(deadline.forbidden(&format!("activeDeadlineSeconds in {owner} is not Supported")));
    }
}
