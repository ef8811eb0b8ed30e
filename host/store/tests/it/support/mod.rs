//! A small API server in memory, behind a `kube::Client` without a socket.
//!
//! It stands for kube-apiserver in the tests of this crate and of `reconcile`. It has versions, discovery, lists in
//! pages, watches with selectors, bookmarks and streaming lists, a status subresource, finalizers, conflicts, and
//! faults on demand. It leaves out everything else: apply is a deep merge without field ownership, nothing is
//! validated or defaulted.

mod http;
mod world;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use backplane_core::declaration::{Declaration, Read, Verb, Wake, Write};
use backplane_core::grant::{Grant, Permissions};
use backplane_core::{Kind, ObjectRef, Selector};
use backplane_store::{Options, Store};
use serde_json::{Value, json};

pub(crate) use world::{Logged, Served, World};

/// The server; clones are handles.
#[derive(Clone)]
pub(crate) struct Fake(Arc<Mutex<World>>);

impl Fake {
    /// Serves `Thing.g` (namespaced), `Pair.g` (namespaced), `Plain.g` (cluster-scoped) and core Secrets and Events.
    pub(crate) fn new() -> Self {
        let world = World::new(vec![
            Served::new(thing(), "things", true),
            Served::new(pair(), "pairs", true),
            Served::new(Kind::new("g", "v1", "Plain"), "plains", false),
            Served::new(secret(), "secrets", true),
            Served::new(Kind::new("", "v1", "Event"), "events", true),
        ]);
        Self(Arc::new(Mutex::new(world)))
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("no test panics while it holds the world")
    }

    pub(crate) fn client(&self) -> kube::Client {
        let fake = self.clone();
        kube::Client::new(tower::service_fn(move |request| http::serve(fake.clone(), request)), "default")
    }

    /// A store with short pauses.
    pub(crate) fn store(&self) -> Store {
        Store::new(self.client(), options())
    }

    /// Creates or replaces an object as somebody else would.
    pub(crate) fn put(&self, kind: &Kind, name: &str, extra: Value) {
        self.world().put(kind, with(kind, name, extra));
    }

    pub(crate) fn get(&self, kind: &Kind, name: &str) -> Option<Value> {
        self.world().get(kind, Some("n"), name)
    }

    /// Requests of this method whose path contains a text.
    pub(crate) fn requests(&self, method: &str, path: &str) -> Vec<Logged> {
        self.world().requests.iter().filter(|r| r.method == method && r.path.contains(path)).cloned().collect()
    }
}

pub(crate) fn options() -> Options {
    Options {
        page: 3,
        backoff_min: Duration::from_millis(5),
        backoff_max: Duration::from_millis(50),
        absent_pause: Duration::from_millis(20),
        seed: 1,
        ..Options::default()
    }
}

pub(crate) fn thing() -> Kind {
    Kind::new("g", "v1", "Thing")
}

pub(crate) fn pair() -> Kind {
    Kind::new("g", "v1", "Pair")
}

pub(crate) fn secret() -> Kind {
    Kind::new("", "v1", "Secret")
}

pub(crate) fn object(kind: &Kind, name: &str) -> Value {
    json!({"apiVersion": kind.api_version(), "kind": kind.kind, "metadata": {"name": name, "namespace": "n"}})
}

pub(crate) fn reference(kind: &Kind, name: &str) -> ObjectRef {
    ObjectRef::new(kind.clone(), Some("n"), name)
}

/// Reads things and secrets, and may do everything to things.
pub(crate) fn permissions() -> Permissions {
    let all = vec![Verb::Apply, Verb::ApplyStatus, Verb::Create, Verb::Patch, Verb::Delete];
    let declaration = Declaration {
        name: "p".into(),
        reads: vec![read(thing(), "", vec![]), read(secret(), "use=yes", vec![])],
        writes: vec![Write { kind: thing(), verbs: all.clone() }, Write { kind: secret(), verbs: all }],
        ..Declaration::default()
    };
    Permissions::new(declaration, Grant::default())
}

pub(crate) fn read(kind: Kind, selector: &str, wakes: Vec<Wake>) -> Read {
    let selector: Selector = selector.parse().expect("selector");
    Read { kind, selector, wakes }
}

/// Waits until something holds; the limit is only there to end a test that would hang.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let poll = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), poll).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// An object with more in it.
pub(crate) fn with(kind: &Kind, name: &str, extra: Value) -> Value {
    let mut object = object(kind, name);
    merge(&mut object, &extra);
    object
}

/// A bookmark that says how far a watch has come.
pub(crate) fn bookmark(version: u64) -> Value {
    world::bookmark(version, false)
}

/// RFC 7386.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let target = target.as_object_mut().expect("made an object");
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key).or_insert(Value::Null), value);
        }
    }
}
