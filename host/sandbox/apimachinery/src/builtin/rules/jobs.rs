//! Rules of Jobs and CronJobs.
//!
//! Source: `k8s.io/kubernetes/pkg/apis/batch/validation`.

mod generated;
mod indexes;
mod policies;
mod schedule;
mod spec;
mod template;

use super::at::{At, Errors};
use super::texts::{self, IMMUTABLE};
use crate::meta::names;
use crate::select::{label_selector, labels_match};

pub(super) fn job(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let spec = object.child("spec");
    generated::check(object, old, errors);
    selecting(&spec, errors);
    hostname(object, errors);
    if let Some(old) = old {
        // The real server judges a changed spec once by itself and once as a change.
        selecting(&spec, errors);
        changed(object, old, errors);
    }
}

/// A spec whose selector is there by now.
fn selecting(spec: &At<'_>, errors: &mut Errors) {
    spec::check(spec, errors);
    let (selector, template) = (spec.child("selector"), spec.child("template"));
    if selector.is_set() {
        texts::selector(&selector, errors);
    } else {
        errors.push(selector.required(""));
    }
    let matches = selector.is_set() && labels_match(&label_selector(selector.value), template.value);
    if texts::is_readable(selector.value) && !matches {
        let why = "`selector` does not match template `labels`";
        errors.push(template.below(&["metadata", "labels"]).invalid(why));
    }
}

/// The Pods of an indexed Job are named after it and their number.
fn hostname(object: &At<'_>, errors: &mut Errors) {
    let (spec, name) = (object.child("spec"), object.below(&["metadata", "name"]));
    let completions = spec.child("completions").number();
    if spec::is_indexed(&spec) && completions > 0 {
        let last = format!("{}-{}", name.text(), completions - 1);
        if names::label(&last).is_some() {
            errors.push(name.invalid(&format!("will not able to create pod with invalid DNS label: {last}")));
        }
    }
}

fn changed(object: &At<'_>, old: &At<'_>, errors: &mut Errors) {
    let (spec, former) = (object.child("spec"), old.child("spec"));
    completions(&spec, &former, errors);
    spec.child("selector").fixed(&former.child("selector"), IMMUTABLE, errors);
    template::check(object, old, errors);
    let plain = |field: &str, errors: &mut Errors| spec.child(field).fixed(&former.child(field), IMMUTABLE, errors);
    let policy = |field: &str, type_: &str, errors: &mut Errors| {
        if spec.child(field).value != former.child(field).value {
            errors.push(spec.child(field).invalid_struct(type_, IMMUTABLE));
        }
    };
    plain("completionMode", errors);
    policy("podFailurePolicy", "PodFailurePolicy", errors);
    plain("backoffLimitPerIndex", errors);
    plain("managedBy", errors);
    policy("successPolicy", "SuccessPolicy", errors);
}

/// Only an indexed Job may change how much it does, and then it does all at once.
fn completions(spec: &At<'_>, old: &At<'_>, errors: &mut Errors) {
    let completions = spec.child("completions");
    if !spec::is_indexed(spec) {
        completions.fixed(&old.child("completions"), IMMUTABLE, errors);
    } else if completions.is_set()
        && completions.value != old.child("completions").value
        && completions.number() != spec.child("parallelism").number()
    {
        errors.push(completions.invalid("can only be modified in tandem with spec.parallelism"));
    }
}

pub(super) fn cron_job(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let spec = object.child("spec");
    let old = old.map(|old| old.child("spec"));
    schedule::check(&spec, old.as_ref(), errors);
    spec.child("startingDeadlineSeconds").not_negative(errors);
    if old.is_none_or(|old| old.child("timeZone").value != spec.child("timeZone").value) {
        schedule::zone(&spec.child("timeZone"), errors);
    }
    spec.child("concurrencyPolicy").one_of(&["Allow", "Forbid", "Replace"], errors);
    let template = spec.below(&["jobTemplate", "spec"]);
    spec::check(&template, errors);
    unselected(&template, errors);
    spec.child("successfulJobsHistoryLimit").not_negative(errors);
    spec.child("failedJobsHistoryLimit").not_negative(errors);
}

/// The Jobs that are made select their own Pods.
fn unselected(spec: &At<'_>, errors: &mut Errors) {
    let (selector, manual) = (spec.child("selector"), spec.child("manualSelector"));
    if selector.is_set() {
        errors.push(selector.invalid("`selector` will be auto-generated"));
    }
    if manual.value == true {
        errors.push(crate::field::FieldError::not_supported(&manual.path, manual.value, &["nil", "false"]));
    }
}
