//! One stored object: the bytes that clients get, and the few fields that the server itself needs.

use backplane_core::object::ObjectKey;
use bytes::Bytes;
use serde_json::Value;

use super::GroupResource;

/// One object at one revision.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) resource: GroupResource,
    pub(crate) key: ObjectKey,
    pub(crate) revision: u64,
    /// The version it was written in.
    pub(crate) api_version: Box<str>,
    pub(crate) kind: Box<str>,
    pub(crate) uid: Box<str>,
    /// Sorted by key.
    pub(crate) labels: Vec<(Box<str>, Box<str>)>,
    pub(crate) owners: Vec<Owner>,
    pub(crate) finalizers: Vec<Box<str>>,
    /// Whether it has a deletion timestamp.
    pub(crate) deleting: bool,
    /// The whole object as JSON.
    pub(crate) bytes: Bytes,
}

/// One owner reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) api_version: Box<str>,
    pub(crate) kind: Box<str>,
    pub(crate) name: Box<str>,
    pub(crate) uid: Box<str>,
    /// `blockOwnerDeletion`.
    pub(crate) blocks: bool,
}

impl Stored {
    /// Reads the fields that the server needs and keeps the rest as bytes.
    pub(crate) fn new(resource: GroupResource, revision: u64, object: &Value) -> Self {
        let metadata = &object["metadata"];
        let namespace = metadata["namespace"].as_str().filter(|n| !n.is_empty()).map(str::to_owned);
        Self {
            resource,
            key: ObjectKey { namespace, name: text(&metadata["name"]).into() },
            revision,
            api_version: text(&object["apiVersion"]).into(),
            kind: text(&object["kind"]).into(),
            uid: text(&metadata["uid"]).into(),
            labels: labels(&metadata["labels"]),
            owners: items(&metadata["ownerReferences"]).map(owner).collect(),
            finalizers: items(&metadata["finalizers"]).map(|f| text(f).into()).collect(),
            deleting: metadata["deletionTimestamp"].is_string(),
            bytes: Bytes::from(object.to_string()),
        }
    }

    /// The whole object.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("the store wrote these bytes from a JSON value")
    }

    /// The value of a label.
    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        let at = self.labels.binary_search_by(|(k, _)| (**k).cmp(key)).ok()?;
        Some(&self.labels[at].1)
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn labels(value: &Value) -> Vec<(Box<str>, Box<str>)> {
    let mut labels: Vec<_> =
        value.as_object().into_iter().flatten().map(|(k, v)| (k.as_str().into(), text(v).into())).collect();
    labels.sort();
    labels
}

fn owner(reference: &Value) -> Owner {
    Owner {
        api_version: text(&reference["apiVersion"]).into(),
        kind: text(&reference["kind"]).into(),
        name: text(&reference["name"]).into(),
        uid: text(&reference["uid"]).into(),
        blocks: reference["blockOwnerDeletion"].as_bool().unwrap_or(false),
    }
}
