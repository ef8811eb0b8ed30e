//! Everything that may be wrong with a definition, in the order in which the real server says it.
//!
//! ```text
//!   metadata.name ─> group, scope ─> each version ─> versions together ─> names ─> what versions share ─> conversion ─> status
//! ```
//!
//! What all versions say alike (with one version: everything) is judged once, as if it stood above the versions.

mod conversion;
mod names;
mod parts;
mod selectable;

use serde_json::Value;

use super::shown::{self, Own};
use super::{Names, flag, text};
use crate::field::FieldError;
use crate::meta::names as syntax;
use parts::Part;

/// Everything wrong with a definition; `old` is what it changes. One that is only read answers for no `status`.
pub(super) fn definition(crd: &Value, old: Option<&Value>, status: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if old.is_none() {
        name(crd, &mut errors);
    }
    identity(crd, &mut errors);
    versions(crd, &mut errors);
    names::check(crd, &mut errors);
    for part in Part::ALL.into_iter().filter(|part| part.is_shared(crd)) {
        part.check(crd, 0, &format!("spec.{}", part.above()), &mut errors);
    }
    conversion::check(crd, old, &mut errors);
    if let Some(old) = old {
        fixed(crd, old, &mut errors);
    }
    if let Some(status) = status {
        stored_versions(crd, status, &mut errors);
    }
    approval(crd, old, &mut errors);
    if crd.pointer("/spec/preserveUnknownFields") == Some(&Value::Bool(true)) {
        let why =
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
        errors.push(FieldError::invalid("spec.preserveUnknownFields", &true.into(), why));
    }
    errors
}

/// Everything wrong with a status that is written by itself.
pub(super) fn status(crd: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    names::all(&Names::accepted(crd), "status.acceptedNames", &mut errors);
    errors
}

fn name(crd: &Value, errors: &mut Vec<FieldError>) {
    let name = text(crd, "/metadata/name");
    if name != format!("{}.{}", text(crd, "/spec/names/plural"), text(crd, "/spec/group")) {
        let why = r#"must be spec.names.plural+"."+spec.group"#;
        errors.push(FieldError::invalid("metadata.name", &name.into(), why));
    }
}

fn identity(crd: &Value, errors: &mut Vec<FieldError>) {
    let group = text(crd, "/spec/group");
    if group.is_empty() {
        errors.push(FieldError::required("spec.group", ""));
    } else if let Some(why) = syntax::subdomain(group) {
        errors.push(FieldError::invalid("spec.group", &group.into(), &why));
    } else if !group.contains('.') {
        errors.push(FieldError::invalid("spec.group", &group.into(), "should be a domain with at least one dot"));
    }
    match text(crd, "/spec/scope") {
        "" => errors.push(FieldError::required("spec.scope", "")),
        "Cluster" | "Namespaced" => {}
        other => errors.push(FieldError::not_supported("spec.scope", &other.into(), &["Cluster", "Namespaced"])),
    }
}

/// The versions of a definition.
fn all(crd: &Value) -> &[Value] {
    crd.pointer("/spec/versions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn versions(crd: &Value, errors: &mut Vec<FieldError>) {
    for (i, version) in all(crd).iter().enumerate() {
        if version.pointer("/schema/openAPIV3Schema").is_none_or(Value::is_null) {
            errors.push(FieldError::required(&format!("spec.versions[{i}].schema.openAPIV3Schema"), ""));
        }
    }
    let old_field = crd.pointer("/spec/preserveUnknownFields") == Some(&Value::Bool(true));
    if old_field && all(crd).iter().any(|version| has_default(&version["schema"]["openAPIV3Schema"])) {
        let why = "must be false in order to use defaults in the schema";
        errors.push(FieldError::invalid("spec.preserveUnknownFields", &true.into(), why));
    }
    for (i, version) in all(crd).iter().enumerate() {
        label(&format!("spec.versions[{i}].name"), text(version, "/name"), errors);
        deprecation(version, &format!("spec.versions[{i}]"), errors);
        for part in Part::ALL.into_iter().filter(|part| !part.is_shared(crd)) {
            part.check(crd, i, &format!("spec.versions[{i}].{}", part.key()), errors);
        }
    }
    together(crd, errors);
    // The first version stands above the others, too.
    if let Some(name) = all(crd).first().map(|first| text(first, "/name")).filter(|name| !name.is_empty()) {
        label("spec.version", name, errors);
    }
}

fn together(crd: &Value, errors: &mut Vec<FieldError>) {
    let names: Vec<&str> = all(crd).iter().map(|version| text(version, "/name")).collect();
    let mut wrong = |why: &str| errors.push(FieldError::invalid_shown("spec.versions", &summary(crd), why));
    if (1..names.len()).any(|i| names[..i].contains(&names[i])) {
        wrong("must contain unique version names");
    }
    if all(crd).iter().filter(|version| flag(version, "storage")).count() != 1 {
        wrong("must have exactly one version marked as storage version");
    }
}

fn label(field: &str, name: &str, errors: &mut Vec<FieldError>) {
    if let Some(why) = syntax::label_1035(name) {
        errors.push(FieldError::invalid(field, &name.into(), &why));
    }
}

fn deprecation(version: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let Some(warning) = version.get("deprecationWarning").and_then(Value::as_str) else { return };
    let mut wrong = |why: &str| {
        errors.push(FieldError::invalid(&format!("{path}.deprecationWarning"), &warning.into(), why));
    };
    if !flag(version, "deprecated") {
        return wrong("can only be set for deprecated versions");
    }
    if warning.len() > 256 {
        wrong("must be <= 256 characters long");
    }
    if warning.is_empty() {
        wrong("must not be an empty string");
    }
    let unprintable = |c: char| c.is_control() || (c.is_whitespace() && c != ' ');
    if let Some(at) = warning.find(unprintable) {
        wrong(&format!("must only contain printable UTF-8 characters; non-printable character found at index {at}"));
    }
}

/// Whether a schema has a default at any depth.
fn has_default(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => {
            map.get("default").is_some_and(|default| !default.is_null())
                || map
                    .iter()
                    .filter(|(key, _)| !["default", "example", "enum"].contains(&key.as_str()))
                    .any(|(_, v)| has_default(v))
        }
        Value::Array(items) => items.iter().any(has_default),
        _ => false,
    }
}

/// The versions as the real server quotes them.
fn summary(crd: &Value) -> String {
    let Some(versions) = crd.pointer("/spec/versions").and_then(Value::as_array) else { return "null".to_owned() };
    let own = |part: Part| !part.is_shared(crd);
    let own = Own {
        schema: own(Part::Schema),
        subresources: own(Part::Subresources),
        columns: own(Part::Columns),
        selectable: own(Part::Selectable),
    };
    let each: Vec<String> = versions.iter().map(|version| shown::version(version, &own)).collect();
    format!("[{}]", each.join(","))
}

/// What may not change: the names that paths are made of, and once the definition is served what objects are.
fn fixed(crd: &Value, old: &Value, errors: &mut Vec<FieldError>) {
    let fields: &[&str] = match is_established(old) {
        true => &["/spec/scope", "/spec/names/kind", "/spec/group", "/spec/names/plural"],
        false => &["/spec/group", "/spec/names/plural"],
    };
    for pointer in fields.iter().filter(|pointer| text(crd, pointer) != text(old, pointer)) {
        let field = pointer[1..].replace('/', ".");
        errors.push(FieldError::invalid(&field, &text(crd, pointer).into(), "field is immutable"));
    }
}

fn is_established(crd: &Value) -> bool {
    let conditions = crd.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    conditions.into_iter().any(|one| one["type"] == "Established" && one["status"] == "True")
}

/// Versions in which objects may be stored stay, and the one in which they are stored is among them.
fn stored_versions(crd: &Value, status: &Value, errors: &mut Vec<FieldError>) {
    let field = "status.storedVersions";
    let stored = super::texts(status, "/storedVersions");
    if stored.is_empty() {
        let why = "must have at least one stored version";
        errors.push(FieldError::invalid(field, &Value::Null, why));
        return;
    }
    let known = |name: &str| all(crd).iter().any(|version| text(version, "/name") == name);
    for version in all(crd).iter().filter(|version| flag(version, "storage")) {
        let name = text(version, "/name");
        if !stored.iter().any(|known| known == name) {
            let why = format!("must have the storage version {name}");
            errors.push(FieldError::invalid(field, &stored.clone().into(), &why));
        }
    }
    for (i, name) in stored.iter().enumerate().filter(|(_, name)| !known(name)) {
        let why = format!(
            "missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until a \
             storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions"
        );
        errors.push(FieldError::invalid(&format!("{field}[{i}]"), &name.as_str().into(), &why));
    }
}

/// Groups of Kubernetes itself are for those who have asked.
fn approval(crd: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let given = |crd: &Value| crd.pointer("/metadata/annotations/api-approved.kubernetes.io").cloned();
    let group = text(crd, "/spec/group");
    let protected = |suffix: &str| group == suffix || group.ends_with(&format!(".{suffix}"));
    let is_protected = protected("k8s.io") || protected("kubernetes.io");
    if is_protected && given(crd).is_none() && old.is_none_or(|old| given(old).is_some()) {
        let why = "protected groups must have approval annotation \"api-approved.kubernetes.io\", see https://github.com/kubernetes/enhancements/pull/1111";
        errors.push(FieldError::required("metadata.annotations[api-approved.kubernetes.io]", why));
    }
}

#[cfg(test)]
mod tests;
