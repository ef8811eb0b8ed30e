//! Paths inside volumes and the modes of files there.

use crate::builtin::rules::at::{At, Errors};
use crate::field::FieldError;

/// A path that leads down from where it begins. `at` is where the error is told.
pub(super) fn below(at: &At<'_>, path: &str, errors: &mut Errors) {
    if path.starts_with('/') {
        errors.push(at.invalid_value(path, "must be a relative path"));
    }
    errors.extend(backsteps(at, path));
}

/// As [`below`]; a name that begins with two points is the kubelet's own.
pub(super) fn file(at: &At<'_>, errors: &mut Errors) {
    below(at, at.text(), errors);
    if at.text().starts_with("..") && !at.text().starts_with("../") {
        errors.push(at.invalid_value(at.text(), "must not start with '..'"));
    }
}

pub(super) fn backsteps(at: &At<'_>, path: &str) -> Option<FieldError> {
    path.split('/').any(|part| part == "..").then(|| at.invalid_value(path, "must not contain '..'"))
}

/// The permissions of a file.
pub(super) fn mode(at: &At<'_>, errors: &mut Errors) {
    if at.is_set() && !(0..=0o777).contains(&at.number()) {
        errors.push(at.invalid("must be a number between 0 and 0777 (octal), both inclusive"));
    }
}
