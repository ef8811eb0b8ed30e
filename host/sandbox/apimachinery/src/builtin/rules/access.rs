//! Rules of roles and their bindings.

use serde_json::Value;

use super::at::{At, Errors};
use super::texts;
use crate::kind::Scope;
use crate::meta::names;

const GROUP: &str = "rbac.authorization.k8s.io";

pub(super) fn role(object: &At<'_>, scope: Scope, errors: &mut Errors) {
    for rule in object.child("rules").items() {
        policy_rule(&rule, scope, errors);
    }
    let aggregation = object.child("aggregationRule");
    let selectors = aggregation.child("clusterRoleSelectors");
    if aggregation.is_set() && selectors.len() == 0 {
        errors.push(selectors.required("at least one clusterRoleSelector required if aggregationRule is non-nil"));
    }
    for selector in selectors.items() {
        texts::selector(&selector, errors);
        if !texts::is_readable(selector.value) {
            errors.push(selector.invalid_value(Value::Null, "invalid label selector."));
        }
    }
}

fn policy_rule(rule: &At<'_>, scope: Scope, errors: &mut Errors) {
    let empty = |field: &str| rule.child(field).len() == 0;
    if empty("verbs") {
        errors.push(rule.child("verbs").required("verbs must contain at least one value"));
    }
    let paths = rule.child("nonResourceURLs");
    if paths.len() > 0 {
        if scope == Scope::Namespaced {
            errors.push(paths.invalid("namespaced rules cannot apply to non-resource URLs"));
        }
        if !["apiGroups", "resources", "resourceNames"].into_iter().all(empty) {
            errors.push(paths.invalid("rules cannot apply to both regular resources and non-resource URLs"));
        }
        return;
    }
    if empty("apiGroups") {
        errors.push(rule.child("apiGroups").required("resource rules must supply at least one api group"));
    }
    if empty("resources") {
        errors.push(rule.child("resources").required("resource rules must supply at least one resource"));
    }
}

pub(super) fn binding(object: &At<'_>, old: Option<&At<'_>>, scope: Scope, errors: &mut Errors) {
    let reference = object.child("roleRef");
    let (group, kind, name) = (reference.child("apiGroup"), reference.child("kind"), reference.child("name"));
    if group.text() != GROUP {
        errors.push(group.not_supported(&[GROUP]));
    }
    let kinds: &[&str] = if scope == Scope::Namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if !kinds.contains(&kind.text()) {
        errors.push(kind.not_supported(kinds));
    }
    name.named(names::path_segment, errors);
    for subject in object.child("subjects").items() {
        self::subject(&subject, scope, errors);
    }
    if old.is_some_and(|old| old.child("roleRef").value != reference.value) {
        errors.push(reference.invalid_struct("RoleRef", "cannot change roleRef"));
    }
}

fn subject(at: &At<'_>, scope: Scope, errors: &mut Errors) {
    let (group, kind, name) = (at.child("apiGroup"), at.child("kind"), at.child("name"));
    if name.text().is_empty() {
        errors.push(name.required(""));
    }
    match kind.text() {
        "ServiceAccount" => {
            if !name.text().is_empty() {
                name.judged(names::subdomain(name.text()), errors);
            }
            if !group.text().is_empty() {
                errors.push(group.not_supported(&[""]));
            }
            if scope == Scope::Cluster && at.child("namespace").text().is_empty() {
                errors.push(at.child("namespace").required(""));
            }
        }
        "User" | "Group" if group.text() != GROUP => errors.push(group.not_supported(&[GROUP])),
        "User" | "Group" => {}
        _ => errors.push(kind.not_supported(&["ServiceAccount", "User", "Group"])),
    }
}
