//! What may change in a Pod that exists: little but its images.

use serde_json::Value;

use crate::builtin::rules::at::{At, Errors};

/// Parts of a spec that have rules of their own, or none.
const FREE: [&str; 4] = ["tolerations", "activeDeadlineSeconds", "terminationGracePeriodSeconds", "schedulingGates"];

pub(super) fn check(spec: &At<'_>, old: &At<'_>, errors: &mut Errors) {
    for list in ["containers", "initContainers"] {
        if spec.child(list).len() != old.child(list).len() {
            errors.push(spec.child(list).forbidden("pod updates may not add or remove containers"));
            return;
        }
    }
    if fixed_part(spec) != fixed_part(old) {
        let why = "pod updates may not change fields other than `spec.containers[*].image`,\
                   `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing \
                   tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
        errors.push(spec.forbidden(why));
    }
}

fn fixed_part(spec: &At<'_>) -> Value {
    let mut spec = spec.value.clone();
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            container["image"] = Value::Null;
            container["imagePullPolicy"] = Value::Null;
        }
    }
    if let Some(map) = spec.as_object_mut() {
        map.retain(|name, value| !value.is_null() && !FREE.contains(&name.as_str()));
    }
    spec
}
