//! What a Job makes of failed Pods, when it has done enough, and when it replaces Pods.

use super::super::at::{At, Errors};
use super::{indexes, spec};
use crate::field::{FieldError, go_quote};
use crate::meta::names;

const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];
const OPERATORS: [&str; 2] = ["In", "NotIn"];
const STATUSES: [&str; 3] = ["False", "True", "Unknown"];
const RULES_MAX: usize = 20;
const CODES_MAX: usize = 255;
const INDEXES_MAX: usize = 64 * 1024;

pub(super) fn check(job: &At<'_>, errors: &mut Errors) {
    let (failure, success) = (job.child("podFailurePolicy"), job.child("successPolicy"));
    if failure.is_set() {
        self::failure(job, &failure.child("rules"), errors);
    }
    if success.is_set() && !spec::is_indexed(job) {
        errors.push(success.invalid_struct("SuccessPolicy", "requires indexed completion mode"));
    } else if success.is_set() {
        self::success(job, &success.child("rules"), errors);
    }
    let replacement = job.child("podReplacementPolicy");
    let allowed: &[&str] = if failure.is_set() { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] };
    if replacement.is_set() && !allowed.contains(&replacement.text()) {
        errors.push(replacement.not_supported(allowed));
    }
}

fn failure(job: &At<'_>, rules: &At<'_>, errors: &mut Errors) {
    not_too_many(rules, RULES_MAX, errors);
    let pods = job.below(&["template", "spec"]);
    let containers = ["containers", "initContainers"].into_iter().flat_map(|list| pods.child(list).items());
    let containers: Vec<&str> = containers.map(|container| container.child("name").text()).collect();
    for rule in rules.items() {
        action(job, &rule.child("action"), errors);
        let (codes, conditions) = (rule.child("onExitCodes"), rule.child("onPodConditions"));
        if codes.is_set() {
            exit_codes(&codes, &containers, errors);
        }
        not_too_many(&conditions, RULES_MAX, errors);
        conditions.items().iter().for_each(|pattern| condition(pattern, errors));
        match (codes.is_set(), conditions.len() > 0) {
            (true, true) => {
                errors.push(without_value(&rule, "specifying both OnExitCodes and OnPodConditions is not supported"))
            }
            (false, false) => {
                errors.push(without_value(&rule, "specifying one of OnExitCodes and OnPodConditions is required"))
            }
            _ => {}
        }
    }
}

fn without_value(at: &At<'_>, why: &str) -> FieldError {
    FieldError::invalid_as(&at.path, at.value, why)
}

fn not_too_many(list: &At<'_>, most: usize, errors: &mut Errors) {
    if list.len() > most {
        errors.push(FieldError::too_many(&list.path, list.len() as u64, most as u64));
    }
}

/// One of these, which the real server lists in brackets where none is given.
fn listed(at: &At<'_>, supported: &[&str], errors: &mut Errors) {
    if at.text().is_empty() {
        let all: Vec<String> = supported.iter().map(|word| go_quote(word)).collect();
        errors.push(at.required(&format!("valid values: [{}]", all.join(" "))));
    } else if !supported.contains(&at.text()) {
        errors.push(at.not_supported(supported));
    }
}

fn action(job: &At<'_>, action: &At<'_>, errors: &mut Errors) {
    listed(action, &ACTIONS, errors);
    if action.text() == "FailIndex" && !job.child("backoffLimitPerIndex").is_set() {
        errors.push(action.invalid("requires the backoffLimitPerIndex to be set"));
    }
}

fn condition(pattern: &At<'_>, errors: &mut Errors) {
    let type_ = pattern.child("type");
    type_.judged(names::qualified(type_.text()), errors);
    listed(&pattern.child("status"), &STATUSES, errors);
}

fn exit_codes(at: &At<'_>, containers: &[&str], errors: &mut Errors) {
    let (operator, name, values) = (at.child("operator"), at.child("containerName"), at.child("values"));
    listed(&operator, &OPERATORS, errors);
    if name.is_set() && !containers.contains(&name.text()) {
        errors.push(name.invalid("must be one of the container or initContainer names in the pod template"));
    }
    if values.len() == 0 {
        errors.push(values.invalid("at least one value is required"));
    }
    not_too_many(&values, CODES_MAX, errors);
    let codes = values.items();
    for (i, code) in codes.iter().enumerate() {
        if operator.text() == "In" && code.number() == 0 {
            errors.push(code.invalid("must not be 0 for the In operator"));
        }
        if codes[..i].iter().any(|other| other.number() == code.number()) {
            errors.push(code.duplicate());
        }
    }
    if codes.windows(2).any(|pair| pair[0].number() > pair[1].number()) {
        errors.push(values.invalid("must be ordered"));
    }
}

fn success(job: &At<'_>, rules: &At<'_>, errors: &mut Errors) {
    if rules.len() == 0 {
        errors.push(rules.required("at least one rules must be specified when the successPolicy is specified"));
    }
    not_too_many(rules, RULES_MAX, errors);
    rules.items().iter().for_each(|rule| enough(rule, job.child("completions").number(), errors));
}

fn enough(rule: &At<'_>, completions: i64, errors: &mut Errors) {
    let (indexes, count) = (rule.child("succeededIndexes"), rule.child("succeededCount"));
    if !indexes.is_set() && !count.is_set() {
        errors.push(rule.required("at least one of succeededCount or succeededIndexes must be specified"));
    }
    if indexes.text().len() > INDEXES_MAX {
        errors.push(FieldError::too_long(&indexes.path, INDEXES_MAX as u64));
    }
    let named = indexes::count(indexes.text(), completions);
    if let Err(why) = &named {
        errors.push(indexes.invalid(&format!("error parsing succeededIndexes: {why}")));
    }
    count.not_negative(errors);
    if count.number() > completions {
        let why = format!("must be less than or equal to {completions} (the number of specified completions)");
        errors.push(count.invalid(&why));
    }
    let named = named.unwrap_or_default();
    if indexes.is_set() && count.number() > named {
        errors.push(count.invalid(&format!(
            "must be less than or equal to {named} (the number of indexes in the specified succeededIndexes field)"
        )));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn found(job: &Value) -> Vec<String> {
        let mut errors = Vec::new();
        check(&At::root(job), &mut errors);
        errors.into_iter().map(|error| format!("{}: {}", error.field, error.message)).collect()
    }

    #[test]
    fn a_rule_about_failure_names_exit_codes_or_conditions() {
        let rule = |rule: Value| json!({"podFailurePolicy": {"rules": [rule]}, "podReplacementPolicy": "Failed"});
        let codes = |values: Value| json!({"action": "FailJob", "onExitCodes": {"operator": "In", "values": values}});
        assert_eq!(found(&rule(codes(json!([1, 2])))), Vec::<String>::new());
        assert_eq!(
            found(&rule(json!({"action": "Ignore"}))),
            ["podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required"]
        );
        assert_eq!(found(&rule(codes(json!([2, 0, 2])))).len(), 3);
    }

    #[test]
    fn only_an_indexed_job_can_have_done_enough() {
        let job = |mode: &str| {
            json!({"completionMode": mode, "completions": 3, "successPolicy": {"rules": [
            {"succeededIndexes": "0-1", "succeededCount": 3}]}})
        };
        assert_eq!(found(&job("Indexed")).len(), 1);
        assert!(found(&job("NonIndexed"))[0].ends_with("requires indexed completion mode"));
    }
}
