//! Rules of Jobs and CronJobs.

use super::at::{At, Errors};
use super::pods::{self, Template};
use super::texts::IMMUTABLE;

/// Numbers that must not be negative.
const COUNTS: [&str; 5] =
    ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"];

pub(super) fn job(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let spec = object.child("spec");
    job_spec(&spec, errors);
    if let Some(old) = old.map(|old| old.child("spec")) {
        for field in ["selector", "completionMode"] {
            spec.child(field).fixed(&old.child(field), IMMUTABLE, errors);
        }
    }
}

pub(super) fn cron_job(object: &At<'_>, errors: &mut Errors) {
    let spec = object.below(&["spec", "jobTemplate", "spec"]);
    if spec.child("template").is_set() {
        job_spec(&spec, errors);
    }
}

fn job_spec(spec: &At<'_>, errors: &mut Errors) {
    COUNTS.iter().for_each(|field| spec.child(field).not_negative(errors));
    let template = spec.child("template");
    pods::template(&template, Template::default(), errors);
    let policy = template.below(&["spec", "restartPolicy"]);
    match policy.text() {
        "" | "Always" => errors.push(policy.required("valid values: \"OnFailure\", \"Never\"")),
        "OnFailure" | "Never" => {}
        _ => errors.push(policy.not_supported(&["OnFailure", "Never"])),
    }
}
