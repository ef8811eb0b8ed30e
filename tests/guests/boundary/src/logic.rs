//! What is compared: read an object of 4.4 KB into a typed struct, list its children, apply one intent.
//!
//! Compiled twice: into the guest, where the doors are imports, and into the benchmark, where they are the ports themselves.
//! It is written as plugins are: owned strings, the fields that it needs and no others.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The doors, whatever they are made of.
pub(crate) trait Doors {
    /// The object's bytes.
    fn get(&self, name: &str) -> impl AsRef<[u8]>;
    /// The objects that name this uid as their owner.
    fn children(&self, uid: &str) -> Vec<impl AsRef<[u8]>>;
    /// Applies an intent; answers the length of the object as it is now.
    fn apply(&self, intent: &[u8]) -> usize;
}

#[derive(Deserialize)]
struct Subject {
    metadata: Metadata,
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    namespace: String,
    uid: String,
    resource_version: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Spec {
    containers: Vec<Container>,
}

#[derive(Deserialize)]
struct Container {
    name: String,
    image: String,
}

#[derive(Deserialize)]
struct Child {
    metadata: ChildMetadata,
    #[serde(default)]
    status: ChildStatus,
}

#[derive(Deserialize)]
struct ChildMetadata {
    name: String,
}

#[derive(Default, Deserialize)]
struct ChildStatus {
    #[serde(default)]
    ready: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Intent<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: IntentMetadata<'a>,
    data: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct IntentMetadata<'a> {
    name: &'a str,
    namespace: &'a str,
    labels: &'a BTreeMap<String, String>,
}

/// One look at the object; answers a number that depends on everything read.
pub(crate) fn reconcile(doors: &impl Doors, name: &str) -> usize {
    let bytes = doors.get(name);
    let Ok(subject) = serde_json::from_slice::<Subject>(bytes.as_ref()) else { return 0 };
    let Subject { metadata, spec } = subject;
    let children = doors.children(&metadata.uid);
    let children: Vec<Child> =
        children.iter().filter_map(|child| serde_json::from_slice(child.as_ref()).ok()).collect();
    let ready = children.iter().filter(|child| child.status.ready).count();
    let images = spec.containers.into_iter().map(|container| (container.name, container.image));
    let seen = children.into_iter().map(|child| (child.metadata.name, metadata.resource_version.clone()));
    let intent = Intent {
        api_version: "v1",
        kind: "ConfigMap",
        metadata: IntentMetadata { name: &metadata.name, namespace: &metadata.namespace, labels: &metadata.labels },
        data: images.chain(seen).collect(),
    };
    let Ok(intent) = serde_json::to_vec(&intent) else { return 0 };
    ready + doors.apply(&intent)
}
