//! The spec of a Job, or of the Jobs that a CronJob makes.

use super::super::at::{At, Errors};
use super::super::pods::{self, Template};
use super::policies;
use crate::field::FieldError;
use crate::meta::names;

/// Numbers that must not be negative.
const COUNTS: [&str; 7] = [
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
];

/// As many indexes as the status of a Job has room for, and as many as it can count exactly.
const MOST: i64 = 100_000;
const MOST_OF_MANY: i64 = 10_000;
const MANAGER_MAX: usize = 63;

/// Whether its Pods have numbers.
pub(super) fn is_indexed(spec: &At<'_>) -> bool {
    spec.child("completionMode").text() == "Indexed"
}

pub(super) fn check(spec: &At<'_>, errors: &mut Errors) {
    COUNTS.iter().for_each(|field| spec.child(field).not_negative(errors));
    let per_index = spec.child("backoffLimitPerIndex");
    if spec.child("maxFailedIndexes").is_set() && !per_index.is_set() {
        errors.push(per_index.required("when maxFailedIndexes is specified"));
    }
    manager(&spec.child("managedBy"), errors);
    let mode = spec.child("completionMode");
    match mode.text() {
        "Indexed" => indexed(spec, errors),
        "NonIndexed" => unindexed(spec, errors),
        _ if !mode.is_set() => unindexed(spec, errors),
        _ => errors.push(mode.not_supported(&["NonIndexed", "Indexed"])),
    }
    policies::check(spec, errors);
    pods::template(&spec.child("template"), Template::default(), errors);
    restart(spec, errors);
}

fn restart(spec: &At<'_>, errors: &mut Errors) {
    let policy = spec.below(&["template", "spec", "restartPolicy"]);
    match policy.text() {
        "" | "Always" => errors.push(policy.required("valid values: \"OnFailure\", \"Never\"")),
        "OnFailure" if spec.child("podFailurePolicy").is_set() => {
            errors.push(policy.invalid("only \"Never\" is supported when podFailurePolicy is specified"));
        }
        "OnFailure" | "Never" => {}
        _ => errors.push(policy.not_supported(&["OnFailure", "Never"])),
    }
}

/// A controller is named by a domain and a path.
fn manager(manager: &At<'_>, errors: &mut Errors) {
    match manager.text().split_once('/') {
        _ if !manager.is_set() => {}
        _ if manager.text().is_empty() => errors.push(manager.required("")),
        Some((domain, path)) if !domain.is_empty() && !path.is_empty() => {
            errors.extend(names::subdomain(domain).map(|why| manager.invalid_value(domain, &why)));
        }
        _ => errors.push(manager.invalid("must be a domain-prefixed path (such as \"acme.io/foo\")")),
    }
    if manager.text().len() > MANAGER_MAX {
        errors.push(FieldError::too_long(&manager.path, MANAGER_MAX as u64));
    }
}

fn unindexed(spec: &At<'_>, errors: &mut Errors) {
    for field in ["backoffLimitPerIndex", "maxFailedIndexes"] {
        if spec.child(field).is_set() {
            errors.push(spec.child(field).invalid("requires indexed completion mode"));
        }
    }
}

fn indexed(spec: &At<'_>, errors: &mut Errors) {
    let (completions, parallelism) = (spec.child("completions"), spec.child("parallelism"));
    let failed = spec.child("maxFailedIndexes");
    if !completions.is_set() {
        errors.push(completions.required("when completion mode is Indexed"));
    }
    if parallelism.number() > MOST {
        let why = format!("must be less than or equal to {MOST} when completion mode is Indexed");
        errors.push(parallelism.invalid(&why));
    }
    if completions.is_set() && failed.number() > completions.number() {
        errors.push(failed.invalid("must be less than or equal to completions"));
    }
    if failed.number() > MOST {
        errors.push(failed.invalid(&format!("must be less than or equal to {MOST}")));
    }
    if completions.number() > MOST && spec.child("backoffLimitPerIndex").is_set() {
        if !failed.is_set() {
            errors.push(failed.required(&format!("must be specified when completions is above {MOST}")));
        }
        for number in [parallelism, failed].iter().filter(|number| number.number() > MOST_OF_MANY) {
            let why = format!(
                "must be less than or equal to {MOST_OF_MANY} when completions are above {MOST} and used with backoff \
                 limit per index"
            );
            errors.push(number.invalid(&why));
        }
    }
}
