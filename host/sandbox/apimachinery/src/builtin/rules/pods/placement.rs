//! Which nodes a Pod tolerates, and how Pods spread over them.

use super::affinity;
use crate::builtin::rules::at::{At, Errors};
use crate::builtin::rules::nodes::EFFECTS;
use crate::builtin::rules::texts;
use crate::field::FieldError;
use crate::meta::names;

const POLICIES: [&str; 2] = ["Honor", "Ignore"];

pub(super) fn spread(constraints: &At<'_>, errors: &mut Errors) {
    let items = constraints.items();
    for (i, constraint) in items.iter().enumerate() {
        let (skew, key) = (constraint.child("maxSkew"), constraint.child("topologyKey"));
        if skew.number() <= 0 {
            errors.push(skew.invalid_value(skew.number(), "must be greater than zero"));
        }
        if key.text().is_empty() {
            errors.push(key.required("can not be empty"));
        }
        let when = constraint.child("whenUnsatisfiable");
        if !["DoNotSchedule", "ScheduleAnyway"].contains(&when.text()) {
            errors.push(when.not_supported(&["DoNotSchedule", "ScheduleAnyway"]));
        }
        errors.extend(repeated(constraint, &items[i + 1..]));
        domains(constraint, errors);
        affinity::label_keys(constraint, errors);
        texts::selector(&constraint.child("labelSelector"), errors);
    }
}

/// One constraint for each topology and urgency.
fn repeated(constraint: &At<'_>, others: &[At<'_>]) -> Option<FieldError> {
    let fields = ["topologyKey", "whenUnsatisfiable"];
    let same = |other: &At<'_>| fields.iter().all(|f| other.child(f).text() == constraint.child(f).text());
    let [key, when] = fields.map(|field| constraint.child(field).text());
    let at = constraint.child("{topologyKey, whenUnsatisfiable}");
    others.iter().any(same).then(|| FieldError::duplicate(&at.path, &format!("{{{key}, {when}}}").into()))
}

fn domains(constraint: &At<'_>, errors: &mut Errors) {
    let (least, when) = (constraint.child("minDomains"), constraint.child("whenUnsatisfiable"));
    if least.is_set() && least.number() <= 0 {
        errors.push(least.invalid("must be greater than zero"));
    }
    if least.is_set() && when.text() != "DoNotSchedule" {
        let why = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {}", when.text());
        errors.push(least.invalid(&why));
    }
    for policy in ["nodeAffinityPolicy", "nodeTaintsPolicy"].map(|field| constraint.child(field)) {
        if policy.is_set() && !POLICIES.contains(&policy.text()) {
            errors.push(policy.not_supported(&POLICIES));
        }
    }
}

pub(super) fn tolerations(list: &At<'_>, errors: &mut Errors) {
    list.items().iter().for_each(|at| toleration(at, errors));
}

fn toleration(at: &At<'_>, errors: &mut Errors) {
    let [key, operator, value, effect] = ["key", "operator", "value", "effect"].map(|field| at.child(field));
    if !key.text().is_empty() {
        key.judged(names::qualified(key.text()), errors);
    } else if operator.text() != "Exists" {
        let why = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
        errors.push(operator.invalid_value(operator.text(), why));
    }
    if at.child("tolerationSeconds").is_set() && effect.text() != "NoExecute" {
        let why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        errors.push(effect.invalid_value(effect.text(), why));
    }
    match operator.text() {
        "" | "Equal" => {
            let why = names::label_value(value.text()).join(";");
            let wrong = (!why.is_empty()).then(|| operator.invalid_value(value.text(), &why));
            errors.extend(wrong);
        }
        // The real server shows the value where it names the operator.
        "Exists" if !value.text().is_empty() => {
            errors.push(operator.invalid_value(value.text(), "value must be empty when `operator` is 'Exists'"));
        }
        "Exists" => {}
        "Lt" | "Gt" => errors.push(operator.not_supported(&["Equal", "Exists", "Lt", "Gt"])),
        _ => errors.push(operator.not_supported(&["Equal", "Exists"])),
    }
    if !effect.text().is_empty() {
        effect.one_of(&EFFECTS, errors);
    }
}
