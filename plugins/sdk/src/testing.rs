//! Doors in memory, for unit tests of plugins. Only in native builds.
//!
//! ```
//! use backplane_sdk::prelude::*;
//! use backplane_sdk::testing::FakeCluster;
//!
//! let fake = FakeCluster::new();
//! fake.put(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "n"}, "data": {"k": "v"}}));
//! let cluster = fake.cluster();
//! let found = cluster.get::<ConfigMap>(&Key::new("n", "a")).unwrap().unwrap();
//! assert_eq!(found.data["k"], "v");
//! ```
//!
//! Stands for the host's store and writer. Leaves out: permissions, schemas, defaults, garbage collection, and field owners
//! beyond this one plugin's (an apply removes what the last apply said and this one does not; lists are replaced whole).

mod backend;
mod merge;
mod selector;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::error::Error;
use crate::outcome::Event;
use crate::refs::{Key, Kind, ObjectRef};

/// A cluster in memory. Clones share their content.
#[derive(Clone, Default)]
pub struct FakeCluster {
    state: Rc<RefCell<State>>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<ObjectRef, Value>,
    /// What was applied last, by object and subresource, so that the next apply can take it back.
    intents: BTreeMap<(ObjectRef, Part), Value>,
    events: Vec<(ObjectRef, Event)>,
    writes: Vec<String>,
    not_ready: BTreeSet<Kind>,
    reconciled: BTreeSet<(String, String)>,
    failures: Vec<Error>,
    version: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Main,
    Status,
}

impl FakeCluster {
    /// An empty cluster.
    pub fn new() -> Self {
        Self::default()
    }

    /// The door that a plugin gets.
    pub fn cluster(&self) -> Cluster {
        Cluster::new(self.clone())
    }

    /// Puts an object in place as somebody else would, status included; uid and versions are given if absent.
    pub fn put(&self, object: Value) -> ObjectRef {
        let target = target(&object);
        let mut state = self.state.borrow_mut();
        let previous = state.objects.get(&target).cloned();
        state.store(&target, object, previous.as_ref());
        target
    }

    /// The object as it is now.
    pub fn object(&self, kind: &Kind, key: &Key) -> Option<Value> {
        self.state.borrow().objects.get(&kind.at(key)).cloned()
    }

    /// All objects, ordered by kind, namespace and name.
    pub fn objects(&self) -> Vec<ObjectRef> {
        self.state.borrow().objects.keys().cloned().collect()
    }

    /// Takes an object away, finalizers or not.
    pub fn remove(&self, object: &ObjectRef) {
        self.state.borrow_mut().objects.remove(object);
    }

    /// Asks for an object's deletion as somebody else would: it stays while it has finalizers.
    pub fn ask_to_delete(&self, object: &ObjectRef) {
        self.state.borrow_mut().delete(object);
    }

    /// Events recorded through `emit`.
    pub fn events(&self) -> Vec<(ObjectRef, Event)> {
        self.state.borrow().events.clone()
    }

    /// Writes that changed something, as `verb Kind ns/name`, in order; then forgets them.
    pub fn take_writes(&self) -> Vec<String> {
        std::mem::take(&mut self.state.borrow_mut().writes)
    }

    /// A kind is not listed yet.
    pub fn not_ready(&self, kind: Kind) {
        self.state.borrow_mut().not_ready.insert(kind);
    }

    /// Somebody reconciles a kind.
    pub fn reconciled(&self, kind: &Kind) {
        self.state.borrow_mut().reconciled.insert((kind.group.to_string(), kind.kind.to_string()));
    }

    /// The next write fails like this; said several times, the writes after it too.
    pub fn fail_next_write(&self, error: Error) {
        self.state.borrow_mut().failures.push(error);
    }
}

impl State {
    /// Stores an object with uid, versions and generation as an API server would give them; nothing if nothing changed.
    fn store(&mut self, target: &ObjectRef, mut object: Value, previous: Option<&Value>) -> bool {
        if previous == Some(&object) {
            return false;
        }
        self.version += 1;
        let generation = previous.and_then(|object| object["metadata"]["generation"].as_i64()).unwrap_or(0);
        let spec_changed = previous.is_none_or(|previous| previous.get("spec") != object.get("spec"));
        let metadata = &mut object["metadata"];
        if metadata.get("uid").is_none() {
            metadata["uid"] = json!(format!("uid-{}", self.version));
        }
        if metadata.get("generation").is_none() || previous.is_some() {
            metadata["generation"] = json!(generation + i64::from(spec_changed));
        }
        metadata["resourceVersion"] = json!(self.version.to_string());
        let leaving = metadata.get("deletionTimestamp").is_some() && no_finalizers(metadata);
        match leaving {
            true => drop(self.objects.remove(target)),
            false => drop(self.objects.insert(target.clone(), object)),
        }
        true
    }

    fn delete(&mut self, target: &ObjectRef) {
        let Some(mut object) = self.objects.get(target).cloned() else { return };
        if no_finalizers(&object["metadata"]) {
            self.objects.remove(target);
        } else if object["metadata"].get("deletionTimestamp").is_none() {
            let previous = object.clone();
            object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
            self.store(target, object, Some(&previous));
        }
    }

    /// The failure that the test asked for, in order.
    fn failure(&mut self) -> Result<(), Error> {
        if self.failures.is_empty() { Ok(()) } else { Err(self.failures.remove(0)) }
    }
}

fn no_finalizers(metadata: &Value) -> bool {
    metadata.get("finalizers").and_then(Value::as_array).is_none_or(Vec::is_empty)
}

/// Which object a JSON text is about.
fn target(object: &Value) -> ObjectRef {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    ObjectRef {
        kind: Kind::parse(&text(&object["apiVersion"]), &text(&object["kind"])),
        namespace: object["metadata"]["namespace"].as_str().map(Into::into),
        name: text(&object["metadata"]["name"]),
    }
}

#[cfg(test)]
mod tests;
