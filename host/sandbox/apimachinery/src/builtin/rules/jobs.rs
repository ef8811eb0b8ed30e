//! Rules of Jobs and CronJobs.

use super::at::{At, Errors};
use super::pods::{self, Template};
use super::texts::IMMUTABLE;

/// Numbers that must not be negative.
const COUNTS: [&str; 5] =
    ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"];

const NEVER_ALWAYS: &str = "valid values: \"OnFailure\", \"Never\"";

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
    let schedule = object.below(&["spec", "schedule"]);
    if schedule.text().is_empty() {
        errors.push(schedule.required(""));
    }
    let spec = object.below(&["spec", "jobTemplate", "spec"]);
    if spec.child("template").is_set() {
        return job_spec(&spec, errors);
    }
    // Go's types hold a template even so, with the defaults of one.
    let pods = spec.below(&["template", "spec"]);
    errors.push(pods.child("containers").required(""));
    errors.push(pods.child("restartPolicy").required(NEVER_ALWAYS));
}

fn job_spec(spec: &At<'_>, errors: &mut Errors) {
    COUNTS.iter().for_each(|field| spec.child(field).not_negative(errors));
    let template = spec.child("template");
    pods::template(&template, Template::default(), errors);
    let policy = template.below(&["spec", "restartPolicy"]);
    match policy.text() {
        "" | "Always" => errors.push(policy.required(NEVER_ALWAYS)),
        "OnFailure" | "Never" => {}
        _ => errors.push(policy.not_supported(&["OnFailure", "Never"])),
    }
}
