//! Rules of Events. The same rules speak of both faces of an Event, in the words of `v1`.
//!
//! Source: `pkg/apis/core/validation/events.go`.

use serde_json::Value;

use super::at::{At, Errors};
use super::texts::IMMUTABLE;
use crate::field::FieldError;
use crate::meta::names;

/// What may not change, seen from `events.k8s.io`: name in `v1`, name there.
const FIXED: [(&str, &str); 12] = [
    ("involvedObject", "regarding"),
    ("reason", "reason"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("type", "type"),
    ("eventTime", "eventTime"),
    ("action", "action"),
    ("related", "related"),
    ("reportingInstance", "reportingInstance"),
];

/// What an Event of `events.k8s.io` may not have: only those of `v1` count.
const UNSET: [(&str, &str); 4] = [
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("source", "deprecatedSource"),
];

/// Rules of an Event of the core group.
pub(super) fn core(object: &At<'_>, errors: &mut Errors) {
    Event { object, about: "involvedObject", reporter: "reportingComponent", message: "message" }.check(errors);
}

/// Rules of an Event of `events.k8s.io`, which are stricter.
pub(super) fn modern(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    Event { object, about: "regarding", reporter: "reportingController", message: "note" }.check(errors);
    match old {
        None => {
            series(object, errors);
            created(object, errors);
        }
        Some(old) => {
            if object.child("series").value != old.child("series").value {
                series(object, errors);
            }
            changed(object, old, errors);
        }
    }
}

/// An Event with the names that some of its fields have.
struct Event<'a> {
    object: &'a At<'a>,
    about: &'static str,
    reporter: &'static str,
    message: &'static str,
}

impl Event<'_> {
    fn check(&self, errors: &mut Errors) {
        if self.object.child("eventTime").is_set() {
            self.namespace_of_new(errors);
            self.reporter(errors);
            self.texts(errors);
        } else {
            self.namespace_of_old(errors);
        }
    }

    fn namespaces(&self) -> (&str, &str) {
        let own = self.object.below(&["metadata", "namespace"]).text();
        (own, self.object.below(&[self.about, "namespace"]).text())
    }

    /// An Event is where its object is; one about an object of the cluster is in `default`.
    fn namespace_of_old(&self, errors: &mut Errors) {
        let (own, about) = self.namespaces();
        let place = if about.is_empty() { "default" } else { about };
        if own != place {
            errors.push(misplaced(about));
        }
    }

    fn namespace_of_new(&self, errors: &mut Errors) {
        let (own, about) = self.namespaces();
        if about.is_empty() && !["default", "kube-system"].contains(&own) {
            errors.push(misplaced(about));
        }
    }

    fn reporter(&self, errors: &mut Errors) {
        let reporter = self.object.child(self.reporter);
        if reporter.text().is_empty() {
            errors.push(reporter.required(""));
        }
        reporter.judged(names::qualified(reporter.text()), errors);
    }

    fn texts(&self, errors: &mut Errors) {
        for (field, limit) in [("reportingInstance", 128), ("action", 128), ("reason", 128)] {
            let text = self.object.child(field);
            if text.text().is_empty() {
                errors.push(text.required(""));
            }
            too_long(text.text(), field, limit, errors);
        }
        too_long(self.object.child(self.message).text(), "message", 1024, errors);
    }
}

fn misplaced(namespace: &str) -> FieldError {
    FieldError::invalid("involvedObject.namespace", &namespace.into(), "does not match event.namespace")
}

fn too_long(text: &str, field: &str, limit: usize, errors: &mut Errors) {
    if text.len() > limit {
        errors.push(FieldError::invalid(field, &"".into(), &format!("can have at most {limit} characters")));
    }
}

fn series(object: &At<'_>, errors: &mut Errors) {
    let series = object.child("series");
    if !series.is_set() {
        return;
    }
    if series.child("count").number() < 2 {
        errors.push(series.child("count").invalid_value("", "should be at least 2"));
    }
    if !series.child("lastObservedTime").is_set() {
        errors.push(series.child("lastObservedTime").required(""));
    }
}

fn created(object: &At<'_>, errors: &mut Errors) {
    let (time, class) = (object.child("eventTime"), object.child("type"));
    if !time.is_set() {
        errors.push(time.required(""));
    }
    if !["Normal", "Warning"].contains(&class.text()) {
        errors.push(class.invalid_value("", &format!("has invalid value: {}", class.text())));
    }
    let is_set = |value: &Value| match value {
        Value::Object(map) => !map.is_empty(),
        other => !other.is_null() && other != 0,
    };
    for (core, modern) in UNSET {
        if is_set(object.child(modern).value) {
            errors.push(FieldError::invalid(core, &"".into(), "needs to be unset"));
        }
    }
}

fn changed(object: &At<'_>, old: &At<'_>, errors: &mut Errors) {
    for (core, modern) in FIXED.into_iter().chain([("reportingController", "reportingController")]) {
        let new = At { value: object.child(modern).value, path: core.to_owned() };
        new.fixed(&old.child(modern), IMMUTABLE, errors);
    }
}
