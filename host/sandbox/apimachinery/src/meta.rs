//! Metadata: names, labels, annotations, and what happens to them on create, update and delete.
//!
//! Source: `k8s.io/apimachinery/pkg/api/validation` and `k8s.io/apiserver/pkg/registry/rest`.

mod check;
pub(crate) mod names;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::field::FieldError;
use crate::kind::{Origin, ResourceKind};

pub(crate) use check::{UNKNOWN_FINALIZER, is_finalizer, validate};

/// What a created object gets from the server.
#[derive(Debug, Clone)]
pub struct Birth<'a> {
    /// Fresh uid.
    pub uid: &'a str,
    /// Five random numbers for the suffix of a generated name.
    pub random: [u32; 5],
    /// Namespace of the request; `None` for cluster-scoped kinds.
    pub namespace: Option<&'a str>,
    /// Time of the request.
    pub now: Timestamp,
}

/// Makes metadata what it is in a new object: namespace, generated name, uid, creation time, generation; drops what only
/// the server may set, and the status if it is a subresource.
pub fn prepare_create(kind: &ResourceKind, object: &mut Value, birth: &Birth<'_>) {
    let Some(map) = object.as_object_mut() else { return };
    map.insert("apiVersion".into(), kind.api_version().into());
    map.insert("kind".into(), kind.kind.clone().into());
    if drops_status(kind) {
        map.remove("status");
    }
    let meta = meta_mut(map);
    for key in ["selfLink", "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        meta.remove(key);
    }
    match birth.namespace {
        Some(namespace) => meta.insert("namespace".into(), namespace.into()),
        None => meta.remove("namespace"),
    };
    generate_name(meta, birth.random);
    meta.insert("uid".into(), birth.uid.into());
    meta.insert("creationTimestamp".into(), time(birth.now).into());
    if counts_generation(kind) {
        meta.insert("generation".into(), 1.into());
    }
    crate::builtin::newborn(kind, map);
}

fn generate_name(meta: &mut Map<String, Value>, random: [u32; 5]) {
    let has = |key: &str| meta.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
    let (None, Some(base)) = (has("name"), has("generateName")) else { return };
    let base: String = base.chars().take(58).collect();
    meta.insert("name".into(), format!("{base}{}", name_suffix(random)).into());
}

/// Makes an updated main resource consistent with the stored object: keeps what only the server may set, keeps the
/// status if it is a subresource, counts `generation` when anything but metadata and status changed.
pub fn prepare_update(kind: &ResourceKind, object: &mut Value, old: &Value) {
    let Some(map) = object.as_object_mut() else { return };
    map.insert("apiVersion".into(), kind.api_version().into());
    map.insert("kind".into(), kind.kind.clone().into());
    if kind.subresources.status {
        keep(map, old, "status");
    }
    keep_server_fields(map, old);
    let changed = content(map, kind) != old.as_object().map(|o| content(o, kind)).unwrap_or_default();
    if changed && counts_generation(kind) {
        let generation = old.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0);
        meta_mut(map).insert("generation".into(), (generation + 1).into());
    }
}

/// Metadata that a write to the `status` subresource changes.
pub(crate) fn changed_with_status(kind: &ResourceKind) -> &'static [&'static str] {
    match (kind.origin, kind.group.as_str(), kind.kind.as_str()) {
        (Origin::Custom, ..) | (_, "storage.k8s.io", "VolumeAttachment") => &[],
        (_, "apps", "Deployment") => &["annotations"],
        _ => &["labels", "annotations"],
    }
}

/// As [`prepare_update`] for a write to the `status` subresource: only `status`, `managedFields` and what
/// `changed_with_status` names come from the new object.
pub fn prepare_status_update(kind: &ResourceKind, object: &mut Value, old: &Value) {
    let Some(map) = object.as_object_mut() else { return };
    let mut next = old.as_object().cloned().unwrap_or_default();
    match map.remove("status") {
        Some(status) => next.insert("status".into(), status),
        None => next.remove("status"),
    };
    let given = map.get("metadata").cloned().unwrap_or_default();
    let meta = meta_mut(&mut next);
    for key in ["managedFields", "resourceVersion"].iter().chain(changed_with_status(kind)) {
        match given.get(key) {
            Some(value) => meta.insert((*key).to_owned(), value.clone()),
            None => meta.remove(*key),
        };
    }
    *map = next;
}

/// Marks an object that has finalizers as being deleted. Already marked objects keep their time.
pub fn mark_deleted(object: &mut Value, grace_seconds: i64, now: Timestamp) {
    let Some(map) = object.as_object_mut() else { return };
    let meta = meta_mut(map);
    if meta.contains_key("deletionTimestamp") {
        return;
    }
    meta.insert("deletionTimestamp".into(), time(now).into());
    meta.insert("deletionGracePeriodSeconds".into(), grace_seconds.into());
    if let Some(generation) = meta.get("generation").and_then(Value::as_i64).filter(|g| *g > 0) {
        meta.insert("generation".into(), (generation + 1).into());
    }
}

/// What is wrong with a `PUT` that must name the version it replaces; custom resources must, and a few built-in ones.
pub fn require_version(kind: &ResourceKind, object: &Value) -> Option<FieldError> {
    let version = object.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default();
    let strict =
        ["Lease", "PodDisruptionBudget", "CustomResourceDefinition", "VolumeAttachment"].contains(&kind.kind.as_str());
    let strict = strict || kind.group == "admissionregistration.k8s.io";
    ((kind.origin == Origin::Custom || strict) && version.is_empty())
        .then(|| FieldError::invalid("metadata.resourceVersion", &json!(0), "must be specified for an update"))
}

/// Whether a `PUT` of an object that is not there creates it.
pub fn is_created_by_update(kind: &ResourceKind) -> bool {
    match kind.group.as_str() {
        "" => ["Endpoints", "Event", "LimitRange", "Service"].contains(&kind.kind.as_str()),
        "coordination.k8s.io" | "events.k8s.io" | "rbac.authorization.k8s.io" => kind.origin == Origin::Builtin,
        _ => false,
    }
}

/// The suffix of a generated name, from random numbers.
pub fn name_suffix(random: [u32; 5]) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    random.iter().map(|r| LETTERS[(r % LETTERS.len() as u32) as usize] as char).collect()
}

/// A time as Kubernetes writes it: `2024-01-02T03:04:05Z`.
pub fn time(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A node registers with its status; elsewhere the status of a new object is the server's.
fn drops_status(kind: &ResourceKind) -> bool {
    kind.subresources.status && !(kind.group.is_empty() && kind.kind == "Node")
}

/// Whether writes to the content of these objects are counted in `metadata.generation`.
fn counts_generation(kind: &ResourceKind) -> bool {
    let counted = [
        "Pod",
        "Deployment",
        "ReplicaSet",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "CronJob",
        "PodDisruptionBudget",
        "Ingress",
        "NetworkPolicy",
        "CustomResourceDefinition",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
        "EndpointSlice",
    ];
    kind.origin == Origin::Custom || counted.contains(&kind.kind.as_str())
}

fn keep_server_fields(map: &mut Map<String, Value>, old: &Value) {
    let old = old.get("metadata").cloned().unwrap_or_default();
    let meta = meta_mut(map);
    meta.remove("selfLink");
    // The client's own time of creation is of no interest to anybody.
    meta.remove("creationTimestamp");
    for key in ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "name", "namespace"] {
        if let Some(value) = old.get(key)
            && meta.get(key).is_none_or(|v| v.is_null() || v.as_str() == Some(""))
        {
            meta.insert(key.to_owned(), value.clone());
        }
    }
    match old.get("generation") {
        Some(generation) => meta.insert("generation".into(), generation.clone()),
        None => meta.remove("generation"),
    };
}

fn keep(map: &mut Map<String, Value>, old: &Value, key: &str) {
    match old.get(key) {
        Some(value) => map.insert(key.to_owned(), value.clone()),
        None => map.remove(key),
    };
}

/// What the generation counts: everything but metadata, and but the status if that is written apart.
fn content(map: &Map<String, Value>, kind: &ResourceKind) -> Map<String, Value> {
    let mut content = map.clone();
    content.retain(|key, _| {
        let apart = key == "status" && kind.subresources.status;
        !apart && !["metadata", "apiVersion", "kind"].contains(&key.as_str())
    });
    content
}

fn meta_mut(map: &mut Map<String, Value>) -> &mut Map<String, Value> {
    let meta = map.entry("metadata").or_insert_with(|| json!({}));
    if !meta.is_object() {
        *meta = json!({});
    }
    meta.as_object_mut().expect("metadata was just made an object")
}

#[cfg(test)]
mod tests;
