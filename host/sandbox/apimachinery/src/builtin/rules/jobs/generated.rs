//! The labels and the selector that the server itself gives a Job.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::at::{At, Errors};
use super::super::texts;
use crate::field::FieldError;
use crate::select::{label_selector, labels_match};

const UID: &str = "batch.kubernetes.io/controller-uid";
const NAME: &str = "batch.kubernetes.io/job-name";

/// What the author of a Job may have put in the place of what is generated.
pub(super) fn check(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let spec = object.child("spec");
    let selector = spec.child("selector");
    if spec.child("manualSelector").value == true || !selector.is_set() {
        return;
    }
    let of = |field: &str| object.below(&["metadata", field]).text();
    let (uid, name) = (of("uid"), of("name"));
    if uid.is_empty() {
        errors.push(FieldError::required("metadata.uid", ""));
    }
    // Jobs of old servers have the short labels only.
    let had =
        |key: &str| old.is_none_or(|old| old.below(&["spec", "template", "metadata", "labels"]).child(key).is_set());
    let both = had(UID) && had(NAME);
    let mut expected = vec![("controller-uid", uid), ("job-name", name)];
    if both {
        expected.extend([(UID, uid), (NAME, name)]);
    }
    let labels = spec.below(&["template", "metadata", "labels"]);
    expected.iter().for_each(|(key, value)| label(&labels, key, value, errors));
    let labels: BTreeMap<&str, &str> = expected.into_iter().collect();
    let pods = json!({"metadata": {"labels": labels}});
    if texts::is_readable(selector.value) && !labels_match(&label_selector(selector.value), &pods) {
        errors.push(selector.invalid("`selector` not auto-generated"));
    }
}

fn label(labels: &At<'_>, key: &str, expected: &str, errors: &mut Errors) {
    let place = At { value: labels.value, path: format!("{}[{key}]", labels.path) };
    let (given, why) = (labels.child(key), format!("must be '{expected}'"));
    if !given.is_set() {
        errors.push(place.required(&why));
    }
    if given.text() != expected {
        errors.push(place.invalid(&why));
    }
}
