//! Rules of Nodes and Namespaces.

use super::at::{At, Errors};
use super::texts;
use crate::field::FieldError;
use crate::meta::names;

/// Effects of a taint, in the order in which errors name them.
pub(super) const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

pub(super) fn node(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let spec = object.child("spec");
    if let Some(old) = old.map(|old| old.child("spec")) {
        kept(&spec, &old, "podCIDRs", "podCIDR", errors);
        kept(&spec, &old, "providerID", "providerID", errors);
    }
    // The real server judges the taints of a changed Node twice, and names them as if they were metadata.
    let list = At { value: spec.child("taints").value, path: "metadata.taints".into() };
    for _ in 0..=usize::from(old.is_some()) {
        taints(&list.items(), errors);
    }
    if old.is_none() {
        for range in spec.child("podCIDRs").items() {
            range.judged(texts::range(range.text()), errors);
        }
    }
}

/// What was set once stays.
fn kept(spec: &At<'_>, old: &At<'_>, field: &str, shown: &str, errors: &mut Errors) {
    let (new, old) = (spec.child(field), old.child(field));
    let was_set = old.len() > 0 || !old.text().is_empty();
    if was_set && new.value != old.value {
        errors.push(new.forbidden(&format!("node updates may not change {shown} except from \"\" to valid")));
    }
}

fn taints(taints: &[At<'_>], errors: &mut Errors) {
    for (i, taint) in taints.iter().enumerate() {
        self::taint(taint, errors);
        let same = |other: &At<'_>| ["key", "effect"].iter().all(|f| other.child(f).text() == taint.child(f).text());
        if taints[..i].iter().any(same) {
            errors.push(taint.duplicate());
        }
    }
}

fn taint(at: &At<'_>, errors: &mut Errors) {
    let (key, value) = (at.child("key"), at.child("value"));
    key.judged(names::qualified(key.text()), errors);
    let why = names::label_value(value.text());
    value.judged((!why.is_empty()).then(|| why.join(";")), errors);
    at.child("effect").one_of(&EFFECTS, errors);
}

/// A namespace is Terminating exactly while it is being deleted.
pub(super) fn namespace(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let (status, phase) = (object.child("status"), object.below(&["status", "phase"]));
    if old.is_none_or(|old| old.child("status").value == status.value) {
        return;
    }
    let (wanted, when) = match object.below(&["metadata", "deletionTimestamp"]).is_set() {
        true => ("Terminating", "not empty"),
        false => ("Active", "empty"),
    };
    if phase.text() != wanted {
        let why = format!("may only be '{wanted}' if `deletionTimestamp` is {when}");
        errors.push(FieldError::invalid("status.Phase", &phase.text().into(), &why));
    }
}
