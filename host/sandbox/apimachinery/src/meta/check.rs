//! What may be wrong with metadata.

use serde_json::{Map, Value};

use super::names;
use crate::field::FieldError;
use crate::kind::{Origin, ResourceKind};

/// Total bytes of annotations that an object may carry.
const ANNOTATIONS_MAX: u64 = 256 * 1024;

/// Kinds whose update is checked by everything that a new object is checked by.
const CHECKED_ANEW: [&str; 13] = [
    "ConfigMap",
    "Job",
    "Namespace",
    "Node",
    "Secret",
    "Service",
    "ServiceAccount",
    "Pod",
    "PersistentVolume",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
];

/// Everything wrong with the metadata of an object; `old` is the stored object on update.
///
/// An update is judged for all kinds alike and then by its own kind, so that the real server finds most faults twice or more,
/// and names them as often.
pub(crate) fn validate(kind: &ResourceKind, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let empty = Map::new();
    let part = |object: &Value| object.get("metadata").and_then(Value::as_object).cloned();
    let meta = part(object).unwrap_or(empty);
    let anew = whole(kind, &meta);
    let Some(old) = old.and_then(part) else { return anew };
    let mut errors = common(kind, &meta, names::path_segment);
    let change = changed(&meta, &old);
    errors.extend(change.iter().cloned().chain(change.iter().cloned()));
    if kind.origin != Origin::Custom {
        known_finalizers(&meta, &mut errors);
    }
    if kind.origin != Origin::Custom && CHECKED_ANEW.contains(&kind.kind.as_str()) {
        errors.extend(anew);
    }
    errors
}

/// What is wrong with metadata by itself.
fn whole(kind: &ResourceKind, meta: &Map<String, Value>) -> Vec<FieldError> {
    let mut errors = common(kind, meta, name_rule(kind));
    if kind.origin != Origin::Custom {
        known_finalizers(meta, &mut errors);
    }
    errors
}

/// What may be wrong with the metadata of any kind; only the rule of names differs.
fn common(kind: &ResourceKind, meta: &Map<String, Value>, rule: Rule) -> Vec<FieldError> {
    let mut errors = Vec::new();
    name(meta, rule, &mut errors);
    namespace(kind, meta, &mut errors);
    labels(meta, &mut errors);
    annotations(meta, &mut errors);
    owners(meta, &mut errors);
    finalizers(meta, &mut errors);
    errors
}

/// What is wrong with metadata as a change of others.
fn changed(meta: &Map<String, Value>, old: &Map<String, Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    immutable(meta, old, &mut errors);
    labels(meta, &mut errors);
    annotations(meta, &mut errors);
    owners(meta, &mut errors);
    errors
}

fn text<'a>(meta: &'a Map<String, Value>, key: &str) -> &'a str {
    meta.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// What is wrong with a name.
type Rule = fn(&str) -> Option<String>;

fn name(meta: &Map<String, Value>, rule: Rule, errors: &mut Vec<FieldError>) {
    let (name, prefix) = (text(meta, "name"), text(meta, "generateName"));
    // What follows a prefix is checked with the name.
    let kept = prefix.trim_end_matches('-');
    if let Some(why) = (!kept.is_empty()).then(|| rule(kept)).flatten() {
        errors.push(FieldError::invalid("metadata.generateName", &prefix.into(), &why));
    }
    if name.is_empty() {
        errors.push(FieldError::required("metadata.name", "name or generateName is required"));
    } else if let Some(why) = rule(name) {
        errors.push(FieldError::invalid("metadata.name", &name.into(), &why));
    }
}

fn name_rule(kind: &ResourceKind) -> Rule {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Namespace") | ("apps", "StatefulSet") => names::label,
        ("", "Service") => names::label_1035,
        ("rbac.authorization.k8s.io", _) => names::path_segment,
        ("batch", "CronJob") => |name| {
            names::subdomain(name).or_else(|| (name.len() > 52).then(|| "must be no more than 52 characters".into()))
        },
        _ => names::subdomain,
    }
}

fn namespace(kind: &ResourceKind, meta: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    let field = "metadata.namespace";
    let namespace = text(meta, "namespace");
    match (kind.is_namespaced(), namespace) {
        (true, "") => errors.push(FieldError::required(field, "")),
        (false, "") => {}
        (false, _) => errors.push(FieldError::forbidden(field, "not allowed on this type")),
        (true, _) => {
            let wrong = names::label(namespace).map(|why| FieldError::invalid(field, &namespace.into(), &why));
            errors.extend(wrong);
        }
    }
}

fn entries<'a>(meta: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = (&'a String, &'a str)> {
    let map = meta.get(key).and_then(Value::as_object);
    map.into_iter().flatten().filter_map(|(k, v)| Some((k, v.as_str()?)))
}

fn labels(meta: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    for (key, value) in entries(meta, "labels") {
        let wrong = |shown: &str, why: String| FieldError::invalid("metadata.labels", &shown.into(), &why);
        let of_key = |why: String| why.replace("a qualified name must consist", "a valid label key must consist");
        errors.extend(names::qualified(key).into_iter().map(|why| wrong(key, of_key(why))));
        errors.extend(names::label_value(value).into_iter().map(|why| wrong(value, why)));
    }
}

fn annotations(meta: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    let field = "metadata.annotations";
    let mut size = 0;
    for (key, value) in entries(meta, "annotations") {
        size += (key.len() + value.len()) as u64;
        let why = names::qualified(&key.to_lowercase());
        errors.extend(why.into_iter().map(|why| FieldError::invalid(field, &key.as_str().into(), &why)));
    }
    if size > ANNOTATIONS_MAX {
        errors.push(FieldError::too_long(field, ANNOTATIONS_MAX));
    }
}

fn owners(meta: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    let list = meta.get("ownerReferences").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for owner in list {
        let text = |key: &str| owner.get(key).and_then(Value::as_str).unwrap_or_default();
        let version = text("apiVersion");
        let no_version = version.is_empty() || version.matches('/').count() > 1;
        let wrong = [
            ("apiVersion", version, no_version, "version must not be empty"),
            ("kind", text("kind"), text("kind").is_empty(), "must not be empty"),
            ("name", text("name"), text("name").is_empty(), "must not be empty"),
            ("uid", text("uid"), text("uid").is_empty(), "must not be empty"),
        ];
        for (key, value, _, why) in wrong.into_iter().filter(|(_, _, wrong, _)| *wrong) {
            errors.push(FieldError::invalid(&format!("metadata.ownerReferences.{key}"), &value.into(), why));
        }
        if (version, text("kind")) == ("v1", "Event") {
            let why = "/v1, Kind=Event is disallowed from being an owner";
            errors.push(FieldError::invalid("metadata.ownerReferences", owner, why));
        }
    }
    let mut controllers = list.iter().filter(|o| o.get("controller") == Some(&Value::Bool(true)));
    if let (Some(first), Some(second)) = (controllers.next(), controllers.next()) {
        let name = |o: &Value| {
            let part = |key: &str| o.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            format!("{}/{}", part("kind"), part("name"))
        };
        let why = format!(
            "Only one reference can have Controller set to true. Found \"true\" in references for {} and {}",
            name(first),
            name(second)
        );
        errors.push(FieldError::invalid_shown("metadata.ownerReferences", &shown(list), &why));
    }
}

/// Owners with their members in the order of the real server's type.
fn shown(list: &[Value]) -> String {
    const MEMBERS: [&str; 6] = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];
    let one = |owner: &Value| {
        let members = MEMBERS.iter().filter_map(|name| Some(format!("\"{name}\":{}", owner.get(name)?)));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    };
    format!("[{}]", list.iter().map(one).collect::<Vec<_>>().join(","))
}

fn strings<'a>(meta: &'a Map<String, Value>, key: &str) -> Vec<&'a str> {
    meta.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn finalizers(meta: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    let field = "metadata.finalizers";
    let list = strings(meta, "finalizers");
    for name in &list {
        let why = names::qualified(name);
        errors.extend(why.into_iter().map(|why| FieldError::invalid(field, &(*name).into(), &why)));
    }
    if list.contains(&"orphan") && list.contains(&"foregroundDeletion") {
        let why = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.push(FieldError::invalid(field, &list.into(), why));
    }
}

/// What is said of a finalizer that nobody can be asked about.
pub(crate) const UNKNOWN_FINALIZER: &str = "name is neither a standard finalizer name nor is it fully qualified";

/// Whether a finalizer is one of Kubernetes' own, or has a domain.
pub(crate) fn is_finalizer(name: &str) -> bool {
    name.contains('/') || ["orphan", "foregroundDeletion", "kubernetes"].contains(&name)
}

fn known_finalizers(meta: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    for (i, name) in strings(meta, "finalizers").into_iter().enumerate().filter(|(_, name)| !is_finalizer(name)) {
        errors.push(FieldError::invalid(&format!("metadata.finalizers[{i}]"), &name.into(), UNKNOWN_FINALIZER));
    }
}

fn immutable(meta: &Map<String, Value>, old: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    if old.contains_key("deletionTimestamp") {
        let known = strings(old, "finalizers");
        let added: Vec<String> = strings(meta, "finalizers")
            .into_iter()
            .filter(|name| !known.contains(name))
            .map(crate::field::go_quote)
            .collect();
        if !added.is_empty() {
            let why = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                added.join(", ")
            );
            errors.push(FieldError::forbidden("metadata.finalizers", &why));
        }
    }
    let fixed = ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"];
    for key in fixed {
        let value = meta.get(key).unwrap_or(&Value::Null);
        if value != old.get(key).unwrap_or(&Value::Null) {
            errors.push(FieldError::invalid(&format!("metadata.{key}"), value, "field is immutable"));
        }
    }
}
