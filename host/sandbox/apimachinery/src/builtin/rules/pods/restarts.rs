//! When a container is started again: after it ended, and after it was resized.

use crate::builtin::rules::at::{At, Errors};

const POLICIES: [&str; 3] = ["Always", "Never", "OnFailure"];
const OPERATORS: [&str; 2] = ["In", "NotIn"];
const RESIZED: [&str; 2] = ["cpu", "memory"];
const RESIZING: [&str; 2] = ["NotRequired", "RestartContainer"];

/// The policy of one container, and its exceptions.
pub(super) fn policy(container: &At<'_>, errors: &mut Errors) {
    let (policy, rules) = (container.child("restartPolicy"), container.child("restartPolicyRules"));
    if policy.is_set() && !POLICIES.contains(&policy.text()) {
        errors.push(policy.not_supported(&POLICIES));
    } else if !policy.is_set() && rules.len() > 0 {
        errors.push(policy.required("must specify restartPolicy when restart rules are used"));
    }
    rules.items().iter().for_each(|rule| self::rule(rule, errors));
}

/// A container that prepares the Pod and always starts again has no exceptions.
pub(super) fn preparing(container: &At<'_>, errors: &mut Errors) {
    let rules = container.child("restartPolicyRules");
    if container.child("restartPolicy").text() != "Always" {
        policy(container, errors);
    } else if rules.len() > 0 {
        errors
            .push(rules.forbidden("restartPolicyRules are not allowed for init containers with restart policy Always"));
    }
}

fn rule(rule: &At<'_>, errors: &mut Errors) {
    let (action, codes) = (rule.child("action"), rule.child("exitCodes"));
    if action.text() != "Restart" {
        errors.push(action.not_supported(&["Restart"]));
    }
    let operator = codes.child("operator");
    if !codes.is_set() {
        errors.push(codes.required("must be specified"));
    } else if !OPERATORS.contains(&operator.text()) {
        errors.push(operator.not_supported(&OPERATORS));
    }
}

/// What becomes of a container whose resources change. The real server names the list where it means the item.
pub(super) fn resizing(list: &At<'_>, once: bool, errors: &mut Errors) {
    let items = list.items();
    for (i, item) in items.iter().enumerate() {
        let at = |field: &str| At { value: item.child(field).value, path: list.path.clone() };
        let (resource, policy) = (at("resourceName"), at("restartPolicy"));
        if items[..i].iter().any(|other| other.child("resourceName").text() == resource.text()) {
            errors.push(At { path: item.path.clone(), ..resource.clone() }.duplicate());
        }
        resource.one_of(&RESIZED, errors);
        policy.one_of(&RESIZING, errors);
        if once && policy.text() != "NotRequired" {
            let why = "must be 'NotRequired' when `restartPolicy` is 'Never'";
            errors.push(policy.invalid_value(policy.text(), why));
        }
    }
}
