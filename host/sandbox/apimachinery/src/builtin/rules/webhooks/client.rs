//! Where a webhook is: at a URL, or behind a Service.
//!
//! Source: `k8s.io/apiserver/pkg/util/webhook/validation.go`.

use super::url;
use crate::builtin::rules::at::{At, Errors};
use crate::builtin::rules::texts;
use crate::meta::names;

pub(in crate::builtin::rules) fn config(at: &At<'_>, errors: &mut Errors) {
    let (url, service) = (at.child("url"), at.child("service"));
    match (url.is_set(), service.is_set()) {
        (true, false) => url::check(&url, errors),
        (false, true) => reference(&service, errors),
        _ => errors.push(at.required("exactly one of url or service is required")),
    }
}

fn reference(at: &At<'_>, errors: &mut Errors) {
    // The real server takes the name for the namespace, and the other way round.
    for (missing, told) in [("namespace", "name"), ("name", "namespace")] {
        if at.child(missing).text().is_empty() {
            errors.push(at.child(told).required(""));
        }
    }
    let port = at.child("port");
    if let Some(why) = texts::port(port.number()) {
        errors.push(port.invalid_value(port.number(), &format!("port is not valid: {why}")));
    }
    path(&at.child("path"), errors);
}

/// A path whose every segment is a name.
fn path(at: &At<'_>, errors: &mut Errors) {
    let text = at.text();
    if text.is_empty() || text == "/" {
        return;
    }
    if text == "//" {
        errors.push(at.invalid("segment[0] may not be empty"));
        return;
    }
    if !text.starts_with('/') {
        errors.push(at.invalid("must start with a '/'"));
    }
    // Whatever it starts with is not looked at again.
    let rest: String = text.chars().skip(1).collect();
    for (i, segment) in rest.strip_suffix('/').unwrap_or(&rest).split('/').enumerate() {
        match segment {
            "" => errors.push(at.invalid(&format!("segment[{i}] may not be empty"))),
            name => {
                errors.extend(names::subdomain(name).map(|why| at.invalid(&format!("segment[{i}]: {why}"))));
            }
        }
    }
}
