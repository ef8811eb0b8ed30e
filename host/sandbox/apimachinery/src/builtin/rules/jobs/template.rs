//! The Pods of a Job are what they were when it was made; before a suspended Job starts, they may be moved.

use serde_json::Value;

use super::super::at::{At, Errors};
use super::super::texts::IMMUTABLE;
use crate::builtin::inner;
use crate::field::{FieldError, FieldReason};

/// Where Pods may run, and how they are marked.
const FREE: [(&str, &str); 5] = [
    ("spec", "nodeSelector"),
    ("spec", "tolerations"),
    ("spec", "schedulingGates"),
    ("metadata", "annotations"),
    ("metadata", "labels"),
];

/// The part of an affinity that is to nodes.
const NODES: &str = "nodeAffinity";

/// The template in a changed Job.
pub(super) fn check(object: &At<'_>, old: &At<'_>, errors: &mut Errors) {
    let (template, former) = (object.below(&["spec", "template"]), old.below(&["spec", "template"]));
    let movable = old.below(&["spec", "suspend"]).value == true && !old.below(&["status", "startTime"]).is_set();
    let former = if movable { moved(template.value, former.value) } else { former.value.clone() };
    if *template.value != former {
        let shown = inner::template(template.value);
        errors.push(FieldError::with_text(FieldReason::Invalid, &template.path, &shown, IMMUTABLE));
    }
}

/// The former template, moved to where the new one is.
fn moved(template: &Value, former: &Value) -> Value {
    let mut moved = former.clone();
    for (part, field) in FREE {
        put(&mut moved, part, field, template[part].get(field).cloned());
    }
    let (affinity, former) = (template["spec"].get("affinity"), former["spec"].get("affinity"));
    put(&mut moved, "spec", "affinity", near(affinity, former));
    moved
}

/// The former affinity, to the nodes of the new one.
fn near(affinity: Option<&Value>, former: Option<&Value>) -> Option<Value> {
    let mut near = former.and_then(Value::as_object).cloned().unwrap_or_default();
    near.remove(NODES);
    if let Some(nodes) = affinity.and_then(|affinity| affinity.get(NODES)) {
        near.insert(NODES.to_owned(), nodes.clone());
    }
    (affinity.is_some() || !near.is_empty()).then(|| near.into())
}

fn put(object: &mut Value, part: &str, field: &str, value: Option<Value>) {
    let Some(map) = object.get_mut(part).and_then(Value::as_object_mut) else { return };
    match value {
        Some(value) => drop(map.insert(field.to_owned(), value)),
        None => drop(map.remove(field)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_job_that_waits_may_be_moved_but_not_changed() {
        let job = |suspend: bool, node: &str, image: &str| json!({"spec": {"suspend": suspend, "template": {"spec": {"nodeSelector": {"n": node}, "image": image}}}});
        let faults = |old: &Value, new: &Value| {
            let mut errors = Vec::new();
            check(&At::root(new), &At::root(old), &mut errors);
            errors.len()
        };
        assert_eq!(faults(&job(true, "a", "i"), &job(true, "b", "i")), 0);
        assert_eq!(faults(&job(true, "a", "i"), &job(true, "b", "j")), 1);
        assert_eq!(faults(&job(false, "a", "i"), &job(false, "b", "i")), 1);
    }
}
