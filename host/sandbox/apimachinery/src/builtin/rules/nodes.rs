//! Rules of Nodes and Namespaces.

use super::at::{At, Errors};
use super::texts;
use crate::builtin::inner;
use crate::field::{FieldError, FieldReason};
use crate::meta::{UNKNOWN_FINALIZER, is_finalizer, names};

/// Effects of a taint, in the order in which errors name them.
pub(super) const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

pub(super) fn node(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let spec = object.child("spec");
    // The real server names the taints as if they were metadata.
    let taints = At { value: spec.child("taints").value, path: "metadata.taints".into() };
    self::taints(&taints.items(), errors);
    ranges(&spec.child("podCIDRs"), errors);
    if let Some(old) = old.map(|old| old.child("spec")) {
        kept(&spec, &old, "podCIDRs", "podCIDR", errors);
        kept(&spec, &old, "providerID", "providerID", errors);
        // What makes a new Node wrong makes a changed one wrong, and is named twice.
        self::taints(&taints.items(), errors);
    }
}

/// A range of addresses, or one of each family.
fn ranges(ranges: &At<'_>, errors: &mut Errors) {
    let items = ranges.items();
    let before = errors.len();
    items.iter().for_each(|range| range.judged(texts::range(range.text()), errors));
    let of_new_family = items.iter().filter(|range| range.text().contains(':')).count();
    if errors.len() == before && items.len() > 1 && (items.len(), of_new_family) != (2, 1) {
        errors.push(ranges.invalid("may specify no more than one CIDR for each IP family"));
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
            let (shown, why) = (inner::shown("Taint", taint.value), "taints must be unique by key and effect pair");
            errors.push(FieldError::with_text(FieldReason::Duplicate, &taint.path, &shown, why));
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

pub(super) fn namespace(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let finalizers = object.below(&["spec", "finalizers"]);
    for name in finalizers.items().iter().map(At::text) {
        let standard = (!is_finalizer(name)).then(|| UNKNOWN_FINALIZER.to_owned());
        let wrong = names::qualified(name).into_iter().chain(standard);
        errors.extend(wrong.map(|why| finalizers.invalid_value(name, &why)));
    }
    phase(object, old, errors);
}

/// A namespace is Terminating exactly while it is being deleted.
fn phase(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
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
