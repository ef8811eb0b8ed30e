//! What is compared: read an object of some 4 KB into a typed struct, list its children, apply one intent.
//!
//! Compiled twice: into the guest, where the doors are imports, and into the benchmark, where they are the ports themselves.

use serde::{Deserialize, Serialize};

/// The doors, whatever they are made of.
pub(crate) trait Doors {
    /// The object's bytes.
    fn get(&self, name: &str) -> impl AsRef<[u8]>;
    /// How many objects name this uid as their owner.
    fn children(&self, uid: &str) -> usize;
    /// Applies an intent; answers the length of the object as it is now.
    fn apply(&self, intent: &[u8]) -> usize;
}

/// The fields of a Pod-like object that the logic needs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subject<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow)]
    spec: Spec<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    name: &'a str,
    namespace: &'a str,
    uid: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow)]
    containers: Vec<Container<'a>>,
}

#[derive(Deserialize)]
struct Container<'a> {
    name: &'a str,
    image: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Intent<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: IntentMetadata<'a>,
    data: IntentData<'a>,
}

#[derive(Serialize)]
struct IntentMetadata<'a> {
    name: &'a str,
    namespace: &'a str,
}

#[derive(Serialize)]
struct IntentData<'a> {
    images: String,
    first: &'a str,
}

/// One look at the object; answers a number that depends on everything read.
pub(crate) fn reconcile(doors: &impl Doors, name: &str) -> usize {
    let bytes = doors.get(name);
    let Ok(subject) = serde_json::from_slice::<Subject<'_>>(bytes.as_ref()) else { return 0 };
    let children = doors.children(subject.metadata.uid);
    let images: Vec<&str> = subject.spec.containers.iter().map(|container| container.image).collect();
    let intent = Intent {
        api_version: "v1",
        kind: "ConfigMap",
        metadata: IntentMetadata { name: subject.metadata.name, namespace: subject.metadata.namespace },
        data: IntentData { images: images.join(","), first: subject.spec.containers.first().map_or("", |c| c.name) },
    };
    let Ok(intent) = serde_json::to_vec(&intent) else { return 0 };
    children + doors.apply(&intent)
}
