//! Environment variables of containers.

use crate::builtin::rules::at::{At, Errors};
use crate::builtin::rules::texts;
use crate::meta::names;

/// Where a value can come from.
const SOURCES: [&str; 5] = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];

pub(super) fn variables(list: &At<'_>, errors: &mut Errors) {
    for variable in list.items() {
        variable.child("name").named(texts::variable, errors);
        let from = variable.child("valueFrom");
        if from.is_set() {
            value_from(&from, !variable.child("value").text().is_empty(), errors);
        }
    }
}

fn value_from(from: &At<'_>, has_value: bool, errors: &mut Errors) {
    let given: Vec<At<'_>> = SOURCES.iter().map(|source| from.child(source)).filter(At::is_set).collect();
    given.iter().for_each(|source| self::source(source, errors));
    let why = match given.len() {
        0 => "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        _ if has_value => "may not be specified when `value` is not empty",
        1 => return,
        _ => "may not have more than one field specified at a time",
    };
    errors.push(from.invalid_value("", why));
}

fn source(source: &At<'_>, errors: &mut Errors) {
    let needed = match source.path.rsplit('.').next().unwrap_or_default() {
        "fieldRef" => "fieldPath",
        "resourceFieldRef" => "resource",
        "configMapKeyRef" | "secretKeyRef" => {
            let (name, key) = (source.child("name"), source.child("key"));
            name.judged(names::subdomain(name.text()), errors);
            key.named(|key| texts::config_key(key).into_iter().next(), errors);
            return;
        }
        _ => return,
    };
    if source.child(needed).text().is_empty() {
        errors.push(source.child(needed).required(""));
    }
}

/// Whole ConfigMaps and Secrets.
pub(super) fn sources(list: &At<'_>, errors: &mut Errors) {
    for source in list.items() {
        let prefix = source.child("prefix");
        prefix.judged(texts::variable(prefix.text()), errors);
        let given: Vec<At<'_>> =
            ["configMapRef", "secretRef"].iter().map(|field| source.child(field)).filter(At::is_set).collect();
        given.iter().for_each(|given| given.child("name").named(names::subdomain, errors));
        match given.len() {
            0 => errors.push(list.invalid_value("", "must specify one of: `configMapRef` or `secretRef`")),
            1 => {}
            _ => errors.push(list.invalid_value("", "may not have more than one field specified at a time")),
        }
    }
}
