//! Environment variables of containers.

use crate::builtin::rules::at::{At, Errors};
use crate::builtin::rules::texts;
use crate::meta::names;

/// Fields of a Pod that a variable can hold, sorted.
const OF_VARIABLES: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
/// Fields of a Pod that a file can hold, sorted.
pub(super) const OF_FILES: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
/// Fields that are known, though not everything can hold them.
const KNOWN: [&str; 3] = ["spec.restartPolicy", "spec.schedulerName", "status.phase"];
/// Resources of a container, sorted.
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

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
    match source.path.rsplit('.').next().unwrap_or_default() {
        "fieldRef" => field(source, &OF_VARIABLES, errors),
        "resourceFieldRef" => resource(source, Container::Own, errors),
        "configMapKeyRef" | "secretKeyRef" => {
            let (name, key) = (source.child("name"), source.child("key"));
            name.judged(names::subdomain(name.text()), errors);
            if key.text().is_empty() {
                errors.push(key.required(""));
            } else {
                key.judged(texts::config_key(key.text()), errors);
            }
        }
        _ => file(source, errors),
    }
}

/// A field of the Pod, one of those that can be held.
pub(super) fn field(at: &At<'_>, supported: &[&str], errors: &mut Errors) {
    let path = at.child("fieldPath");
    for needed in ["apiVersion", "fieldPath"].map(|field| at.child(field)) {
        if needed.text().is_empty() {
            errors.push(needed.required(""));
            return;
        }
    }
    if let Err(why) = convertible(at.child("apiVersion").text(), path.text()) {
        errors.push(path.invalid(&format!("error converting fieldPath: {why}")));
    } else if let Some((map, key)) = subscript(path.text()) {
        // Annotations are looked for in small letters.
        let key = if map == "metadata.annotations" { key.to_lowercase() } else { key.to_owned() };
        errors.extend(names::qualified(&key).iter().map(|why| at.invalid_value(key.as_str(), why)));
    } else if !supported.contains(&path.text()) && path.text() != "spec.host" {
        errors.push(path.not_supported(supported));
    }
}

/// Whether the version knows the field.
fn convertible(version: &str, path: &str) -> Result<(), String> {
    if version != "v1" {
        return Err(format!("unsupported pod version: {version}"));
    }
    match subscript(path) {
        Some(("metadata.annotations" | "metadata.labels", _)) => Ok(()),
        Some(_) => Err(format!("field label does not support subscript: {path}")),
        None if [&OF_VARIABLES[..], &OF_FILES, &KNOWN, &["spec.host"]].iter().any(|some| some.contains(&path)) => {
            Ok(())
        }
        None => Err(format!("field label not supported: {path}")),
    }
}

/// The map and the key of `map['key']`.
fn subscript(path: &str) -> Option<(&str, &str)> {
    path.strip_suffix("']")?.split_once("['").filter(|(map, _)| !map.is_empty())
}

/// Whose resources are meant.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Container {
    /// Those of the container itself.
    Own,
    /// Those of the container that is named.
    Named,
}

/// A resource of a container.
pub(super) fn resource(at: &At<'_>, whose: Container, errors: &mut Errors) {
    let (container, resource) = (at.child("containerName"), at.child("resource"));
    let pages = ["limits.hugepages-", "requests.hugepages-"].iter().any(|prefix| resource.text().starts_with(prefix));
    if whose == Container::Named && container.text().is_empty() {
        errors.push(container.required(""));
    } else if resource.text().is_empty() {
        errors.push(resource.required(""));
    } else if !RESOURCES.contains(&resource.text()) && !pages {
        errors.push(resource.not_supported(&RESOURCES));
    }
    divisor(&at.child("divisor"), resource.text(), errors);
}

/// Sizes in which memory can be counted.
const SIZES: [&str; 13] = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/// The unit in which a resource is counted; none is one.
fn divisor(at: &At<'_>, resource: &str, errors: &mut Errors) {
    let kind = match resource.split_once('.').map_or("", |(_, kind)| kind) {
        "cpu" => "cpu",
        "memory" => "memory",
        "ephemeral-storage" => "local ephemeral storage",
        pages if pages.starts_with("hugepages-") => "hugepages",
        _ => return,
    };
    let supported: &[&str] = if kind == "cpu" { &["1m", "1"] } else { &SIZES };
    if !["", "0"].contains(&at.text()) && !supported.contains(&at.text()) {
        let units = if kind == "cpu" { supported.join(" and ") } else { supported.join(", ") };
        let why = format!("only divisor's values {units} are supported with the {kind} resource");
        errors.push(at.invalid_value(resource, &why));
    }
}

/// A variable in a file in a volume.
fn file(at: &At<'_>, errors: &mut Errors) {
    at.child("key").named(texts::variable, errors);
    at.child("volumeName").named(names::label, errors);
    let path = at.child("path");
    if path.text().is_empty() {
        errors.push(path.required(""));
    }
    errors.extend(super::paths::backsteps(&path, path.text()));
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_one_that_the_version_knows_and_a_variable_can_hold() {
        let cases = [
            ("metadata.name", ""),
            ("metadata.labels['a']", ""),
            ("metadata.labels['']", "Invalid value: \"\": name part must be non-empty"),
            ("metadata.labels", "Unsupported value: \"metadata.labels\""),
            ("status.phase", "Unsupported value: \"status.phase\""),
            ("x", "Invalid value: \"x\": error converting fieldPath: field label not supported: x"),
            ("x['a']", "Invalid value: \"x['a']\": error converting fieldPath: field label does not support subscript"),
        ];
        for (path, expected) in cases {
            let reference = json!({"apiVersion": "v1", "fieldPath": path});
            let mut errors = Vec::new();
            field(&At::root(&reference), &OF_VARIABLES, &mut errors);
            let found = errors.first().map(|error| error.message.clone()).unwrap_or_default();
            assert!(found.starts_with(expected) && found.is_empty() == expected.is_empty(), "{path}: {found}");
        }
    }
}
