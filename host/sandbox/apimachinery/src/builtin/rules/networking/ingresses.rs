//! Rules of Ingresses.

use std::net::IpAddr;

use crate::builtin::rules::at::{At, Errors};
use crate::builtin::rules::texts;
use crate::field::FieldError;
use crate::meta::names;

const CLASS: &str = "kubernetes.io/ingress.class";
/// What a path that is compared as text cannot hold, and how it cannot end.
const SEQUENCES: [&str; 5] = ["//", "/./", "/../", "%2f", "%2F"];
const SUFFIXES: [&str; 2] = ["/..", "/."];

pub(crate) fn ingress(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let spec = object.child("spec");
    let (backend, rules) = (spec.child("defaultBackend"), spec.child("rules"));
    if rules.len() == 0 && !backend.is_set() {
        let why = "either `defaultBackend` or `rules` must be specified";
        errors.push(FieldError::invalid(&spec.path, rules.value, why));
    }
    if backend.is_set() {
        self::backend(&backend, errors);
    }
    for rule in rules.items() {
        self::rule(&rule, errors);
    }
    for certificate in spec.child("tls").items() {
        tls(&certificate, errors);
    }
    let class = spec.child("ingressClassName");
    if class.is_set() {
        class.judged(names::subdomain(class.text()), errors);
    }
    if old.is_none() {
        one_class(object, &class, errors);
    }
}

/// The class was once an annotation.
fn one_class(object: &At<'_>, class: &At<'_>, errors: &mut Errors) {
    let former = object.below(&["metadata", "annotations"]).child(CLASS);
    if former.is_set() && class.is_set() && former.text() != class.text() {
        let why = "must match `ingressClassName` when both are specified";
        errors.push(FieldError::invalid(&format!("annotations.{CLASS}"), former.value, why));
    }
}

fn rule(rule: &At<'_>, errors: &mut Errors) {
    let host = rule.child("host");
    if host.text().parse::<IpAddr>().is_ok() {
        errors.push(host.invalid("must be a DNS name, not an IP address"));
    }
    if !host.text().is_empty() {
        host.judged(self::host(host.text()), errors);
    }
    let http = rule.child("http");
    let paths = http.child("paths");
    if http.is_set() && paths.len() == 0 {
        errors.push(paths.required(""));
    }
    for path in paths.items() {
        self::path(&path, errors);
    }
}

/// What is wrong with a host, whose first part may be a star.
fn host(name: &str) -> Option<String> {
    if !name.contains('*') {
        return names::subdomain(name);
    }
    let good = name.strip_prefix("*.").is_some_and(|rest| names::subdomain(rest).is_none());
    (!good).then(|| {
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of \
         lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', \
         regex used for validation is \
         '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            .to_owned()
    })
}

fn path(at: &At<'_>, errors: &mut Errors) {
    let (path, kind) = (at.child("path"), at.child("pathType"));
    if !kind.is_set() {
        errors.push(kind.required("pathType must be specified"));
        return;
    }
    let relative = !path.text().starts_with('/');
    let absolute = || path.invalid_value(path.text(), "must be an absolute path");
    match kind.text() {
        "Exact" | "Prefix" => {
            errors.extend(relative.then(absolute));
            let held = SEQUENCES.iter().filter(|part| path.text().contains(**part));
            path.judged(held.map(|part| format!("must not contain '{part}'")), errors);
            let ends = SUFFIXES.iter().filter(|end| path.text().ends_with(**end));
            path.judged(ends.map(|end| format!("cannot end with '{end}'")), errors);
        }
        "ImplementationSpecific" => errors.extend((relative && !path.text().is_empty()).then(absolute)),
        _ => errors.push(kind.not_supported(&["Exact", "ImplementationSpecific", "Prefix"])),
    }
    backend(&at.child("backend"), errors);
}

fn backend(at: &At<'_>, errors: &mut Errors) {
    let (service, resource) = (at.child("service"), at.child("resource"));
    match (service.is_set(), resource.is_set()) {
        (true, true) => errors.push(at.invalid_value("", "cannot set both resource and service backends")),
        (true, false) => {
            service.child("name").named(names::label_1035, errors);
            service_port(at, &service.child("port"), errors);
        }
        (false, true) => reference(&resource, errors),
        (false, false) => errors.push(at.invalid_value("", "resource or service backend is required")),
    }
}

fn service_port(backend: &At<'_>, port: &At<'_>, errors: &mut Errors) {
    let (name, number) = (port.child("name"), port.child("number"));
    match (!name.text().is_empty(), number.number() != 0) {
        (true, true) => errors.push(backend.invalid_value("", "cannot set both port name & port number")),
        (true, false) => name.judged(texts::port_name(name.text()), errors),
        (false, true) => errors.extend(texts::port(number.number()).map(|why| number.invalid(&why))),
        (false, false) => errors.push(backend.required("port name or number is required")),
    }
}

fn reference(at: &At<'_>, errors: &mut Errors) {
    let group = at.child("apiGroup");
    if group.is_set() {
        group.judged(names::subdomain(group.text()), errors);
    }
    at.child("kind").named(names::path_segment, errors);
    at.child("name").named(names::path_segment, errors);
}

fn tls(at: &At<'_>, errors: &mut Errors) {
    for host in at.child("hosts").items() {
        host.judged(self::host(host.text()), errors);
    }
    let secret = at.child("secretName");
    if !secret.text().is_empty() {
        secret.judged(names::subdomain(secret.text()), errors);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_is_judged_by_its_type() {
        let cases = [
            ("Prefix", "/a", 0),
            ("Prefix", "", 1),
            ("Exact", "a", 1),
            ("Exact", "/a//b/.", 2),
            ("ImplementationSpecific", "", 0),
            ("ImplementationSpecific", "/a//b", 0),
            ("ImplementationSpecific", "a", 1),
            ("Other", "a", 1),
        ];
        for (kind, path, count) in cases {
            let backend = json!({"service": {"name": "s", "port": {"number": 80}}});
            let object = json!({"path": path, "pathType": kind, "backend": backend});
            let mut errors = Vec::new();
            self::path(&At::root(&object), &mut errors);
            assert_eq!(errors.len(), count, "{kind} {path} {errors:?}");
        }
    }

    #[test]
    fn only_the_first_part_of_a_host_may_be_a_star() {
        let cases = [("a.example.org", true), ("*.example.org", true), ("a.*.org", false), ("*", false), ("A", false)];
        for (name, good) in cases {
            assert_eq!(host(name).is_none(), good, "{name}");
        }
    }
}
