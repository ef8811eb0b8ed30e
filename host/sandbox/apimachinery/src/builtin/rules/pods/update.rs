//! What may change in a Pod that exists: little but its images.

use serde_json::Value;

use super::placement;
use crate::builtin::rules::at::{At, Errors};

/// Parts of a spec that have rules of their own.
const FREE: [&str; 3] = ["tolerations", "activeDeadlineSeconds", "schedulingGates"];

pub(super) fn check(spec: &At<'_>, old: &At<'_>, errors: &mut Errors) {
    for list in ["containers", "initContainers"] {
        let containers = spec.child(list);
        if containers.len() != old.child(list).len() {
            errors.push(containers.forbidden("pod updates may not add or remove containers"));
            return;
        }
        images(&containers, errors);
    }
    if deadline(&spec.child("activeDeadlineSeconds"), &old.child("activeDeadlineSeconds"), errors).is_err() {
        return;
    }
    tolerations(&spec.child("tolerations"), &old.child("tolerations"), errors);
    gates(&spec.child("schedulingGates"), &old.child("schedulingGates"), errors);
    if fixed_part(spec) != fixed_part(old) {
        let why = "pod updates may not change fields other than `spec.containers[*].image`,\
                   `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing \
                   tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
        errors.push(spec.forbidden(why));
    }
}

/// Said once more, because images are what changes.
fn images(containers: &At<'_>, errors: &mut Errors) {
    for image in containers.items().iter().map(|container| container.child("image")) {
        if image.text().is_empty() {
            errors.push(image.required(""));
        }
        if image.text().trim() != image.text() {
            errors.push(image.invalid("must not have leading or trailing whitespace"));
        }
    }
}

/// A deadline can be set and moved forward. The error says that nothing else is judged.
fn deadline(new: &At<'_>, old: &At<'_>, errors: &mut Errors) -> Result<(), ()> {
    let why = match (new.is_set(), old.is_set()) {
        (true, _) if !(0..=i64::from(i32::MAX)).contains(&new.number()) => {
            format!("must be between 0 and {}, inclusive", i32::MAX)
        }
        (true, true) if old.number() < new.number() => "must be less than or equal to previous value".to_owned(),
        (false, true) => {
            errors.push(new.invalid("must not update from a positive integer to nil value"));
            return Ok(());
        }
        _ => return Ok(()),
    };
    errors.push(new.invalid(&why));
    Err(())
}

/// Tolerations can be added; of those that are there only the time can change.
fn tolerations(new: &At<'_>, old: &At<'_>, errors: &mut Errors) {
    const FIXED: [&str; 4] = ["key", "operator", "value", "effect"];
    let items = new.items();
    let kept = |old: &At<'_>| items.iter().any(|new| FIXED.iter().all(|f| new.child(f).text() == old.child(f).text()));
    if old.items().iter().all(kept) {
        placement::tolerations(new, errors);
    } else {
        errors.push(new.forbidden("existing toleration can not be modified except its tolerationSeconds"));
    }
}

/// Gates can only be opened.
fn gates(new: &At<'_>, old: &At<'_>, errors: &mut Errors) {
    let known = old.items();
    for name in new.items().iter().map(|gate| gate.child("name")) {
        if !known.iter().any(|old| old.child("name").text() == name.text()) {
            let why = format!("only deletion is allowed, but found new scheduling gate '{}'", name.text());
            errors.push(name.forbidden(&why));
        }
    }
}

/// What may not change.
fn fixed_part(spec: &At<'_>) -> Value {
    let mut fixed = spec.value.clone();
    for list in ["containers", "initContainers"] {
        for container in fixed[list].as_array_mut().into_iter().flatten() {
            container["image"] = Value::Null;
        }
    }
    if let Some(map) = fixed.as_object_mut() {
        map.retain(|name, value| !value.is_null() && !FREE.contains(&name.as_str()));
    }
    fixed
}
