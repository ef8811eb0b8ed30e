//! Probes, and what runs at the beginning and end of a container.

use crate::builtin::rules::at::{At, Errors};
use crate::builtin::rules::texts;

/// Kinds of handlers, in the order in which they are looked at.
const HANDLERS: [&str; 5] = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];

/// `grace` is how long the Pod has to end.
pub(super) fn check(container: &At<'_>, grace: i64, errors: &mut Errors) {
    let lifecycle = container.child("lifecycle");
    for hook in ["postStart", "preStop"].map(|name| lifecycle.child(name)) {
        if hook.is_set() {
            handler(&hook, grace, errors);
        }
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let probe = container.child(name);
        if probe.is_set() {
            self::probe(&probe, name, grace, errors);
        }
    }
}

fn probe(probe: &At<'_>, name: &str, grace: i64, errors: &mut Errors) {
    handler(probe, grace, errors);
    for field in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
        probe.child(field).not_negative(errors);
    }
    let grace = probe.child("terminationGracePeriodSeconds");
    if grace.is_set() && grace.number() <= 0 {
        errors.push(grace.invalid("must be greater than 0"));
    }
    let successes = probe.child("successThreshold");
    if name == "readinessProbe" && grace.is_set() {
        errors.push(grace.invalid("must not be set for readinessProbes"));
    } else if name != "readinessProbe" && successes.number() != 1 {
        errors.push(successes.invalid("must be 1"));
    }
}

/// Exactly one handler.
fn handler(at: &At<'_>, grace: i64, errors: &mut Errors) {
    let given: Vec<At<'_>> = HANDLERS.iter().map(|name| at.child(name)).filter(At::is_set).collect();
    let Some((first, others)) = given.split_first() else {
        errors.push(at.required("must specify a handler type"));
        return;
    };
    action(first, grace, errors);
    errors.extend(others.iter().map(|other| other.forbidden("may not specify more than 1 handler type")));
}

fn action(at: &At<'_>, grace: i64, errors: &mut Errors) {
    match at.path.rsplit('.').next().unwrap_or_default() {
        "exec" if at.child("command").len() == 0 => errors.push(at.child("command").required("")),
        "httpGet" => {
            if at.child("path").text().is_empty() {
                errors.push(at.child("path").required(""));
            }
            texts::port_or_name(&at.child("port"), errors);
            let scheme = at.child("scheme");
            if !["HTTP", "HTTPS"].contains(&scheme.text()) {
                errors.push(scheme.not_supported(&["HTTP", "HTTPS"]));
            }
            headers(&at.child("httpHeaders"), errors);
        }
        "tcpSocket" => texts::port_or_name(&at.child("port"), errors),
        "grpc" => {
            let port = at.child("port");
            errors.extend(texts::port(port.number()).map(|why| port.invalid_value(port.number(), &why)));
        }
        "sleep" => {
            let seconds = at.child("seconds").number();
            if !(0..=grace).contains(&seconds) {
                let why = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
                errors.push(at.invalid_value(seconds, &why));
            }
        }
        _ => {}
    }
}

/// Names of headers; the real server names the list where it means the item.
fn headers(list: &At<'_>, errors: &mut Errors) {
    let plain = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    for header in list.items() {
        let name = header.child("name").text();
        if !plain(name) {
            let why = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex \
                       used for validation is '[-A-Za-z0-9]+')";
            errors.push(list.invalid_value(name, why));
        }
    }
}
