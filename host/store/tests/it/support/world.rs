//! Objects, versions, watchers and faults.

use std::collections::{BTreeMap, VecDeque};

use backplane_core::{Kind, Selector};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// One kind of resource.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) kind: Kind,
    pub(crate) plural: String,
    pub(crate) namespaced: bool,
    /// Whether discovery and paths know it.
    pub(crate) present: bool,
}

impl Served {
    pub(crate) fn new(kind: Kind, plural: &str, namespaced: bool) -> Self {
        Self { kind, plural: plural.into(), namespaced, present: true }
    }
}

/// A request that came in.
#[derive(Debug, Clone)]
pub(crate) struct Logged {
    pub(crate) method: String,
    pub(crate) path: String,
    pub user: Option<String>,
}

/// A line for a watcher; `None` ends the stream.
pub(crate) type Line = Option<String>;

struct Watcher {
    kind: Kind,
    selector: Selector,
    /// Hears nothing that is not newer.
    from: u64,
    lines: mpsc::UnboundedSender<Line>,
}

#[derive(Clone)]
struct Happened {
    version: u64,
    kind: Kind,
    before: Option<Value>,
    after: Option<Value>,
}

type Place = (Kind, Option<String>, String);

/// The state of the server.
pub(crate) struct World {
    pub(crate) served: Vec<Served>,
    pub(crate) version: u64,
    pub(crate) requests: Vec<Logged>,
    /// Answers given to the next requests that are no watches or discovery: status and reason.
    pub(crate) fail: VecDeque<(u16, &'static str)>,
    /// Answers given to the next watch requests.
    pub(crate) fail_watch: VecDeque<(u16, &'static str)>,
    /// So many of the next writes happen, and their answers are lost.
    pub(crate) lose_answers: u32,
    /// Lists in pages that have begun, as they were then, by version and kind.
    pub(crate) snapshots: BTreeMap<(u64, Kind), Vec<Value>>,
    /// Whether streaming lists are refused.
    pub(crate) refuse_streaming: bool,
    /// Watch requests from versions below this one are told that they are too old.
    pub(crate) compacted: u64,
    objects: BTreeMap<Place, Value>,
    history: Vec<Happened>,
    watchers: Vec<Watcher>,
    /// While held, watchers hear nothing.
    held: Option<Vec<Happened>>,
}

impl World {
    pub(crate) fn new(served: Vec<Served>) -> Self {
        Self {
            served,
            version: 1,
            requests: Vec::new(),
            fail: VecDeque::new(),
            fail_watch: VecDeque::new(),
            lose_answers: 0,
            snapshots: BTreeMap::new(),
            refuse_streaming: false,
            compacted: 0,
            objects: BTreeMap::new(),
            history: Vec::new(),
            watchers: Vec::new(),
            held: None,
        }
    }

    pub(crate) fn get(&self, kind: &Kind, namespace: Option<&str>, name: &str) -> Option<Value> {
        self.objects.get(&(kind.clone(), namespace.map(str::to_owned), name.to_owned())).cloned()
    }

    pub(crate) fn all(&self, kind: &Kind, selector: &Selector) -> Vec<Value> {
        let of_kind = self.objects.iter().filter(|((k, _, _), _)| k == kind).map(|(_, object)| object.clone());
        of_kind.filter(|object| selects(selector, object)).collect()
    }

    /// Creates or replaces; keeps uid and creation, counts the generation when the spec changes.
    pub(crate) fn put(&mut self, kind: &Kind, mut object: Value) -> Value {
        let place = place(kind, &object);
        let before = self.objects.get(&place).cloned();
        self.version += 1;
        let uid = before.as_ref().map_or(json!(format!("uid-{}", self.version)), |o| o["metadata"]["uid"].clone());
        let generation = before.as_ref().map_or(1, |o| {
            let known = o["metadata"]["generation"].as_i64().unwrap_or(1);
            if o["spec"] == object["spec"] { known } else { known + 1 }
        });
        object["metadata"]["uid"] = uid;
        object["metadata"]["generation"] = json!(generation);
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        object["metadata"]["managedFields"] = json!([{"manager": "somebody"}]);
        self.objects.insert(place, object.clone());
        self.happened(kind, before, Some(object.clone()));
        object
    }

    pub(crate) fn remove(&mut self, kind: &Kind, namespace: Option<&str>, name: &str) -> Option<Value> {
        let place = (kind.clone(), namespace.map(str::to_owned), name.to_owned());
        let before = self.objects.remove(&place)?;
        self.version += 1;
        self.happened(kind, Some(before.clone()), None);
        Some(before)
    }

    /// Keeps everything from watchers until [`World::release`].
    pub(crate) fn hold(&mut self) {
        self.held.get_or_insert_with(Vec::new);
    }

    pub(crate) fn release(&mut self) {
        for happened in self.held.take().into_iter().flatten() {
            self.tell(&happened);
        }
    }

    pub(crate) fn holds_nothing(&self) -> bool {
        self.held.as_ref().is_none_or(Vec::is_empty)
    }

    /// Whether an object has been there, and matching, at all times since a version.
    pub(crate) fn is_unbroken_since(&self, kind: &Kind, name: &str, version: u64, selector: &Selector) -> bool {
        let named = |object: &Option<Value>| object.as_ref().is_some_and(|o| o["metadata"]["name"] == name);
        let matching = |object: &Option<Value>| object.as_ref().is_some_and(|o| selects(selector, o));
        let of_it = |h: &&Happened| h.kind == *kind && (named(&h.before) || named(&h.after));
        let present = self.get(kind, Some("n"), name).is_some();
        present && self.history.iter().filter(of_it).filter(|h| h.version >= version).all(|h| matching(&h.after))
    }

    /// Ends all watches.
    pub(crate) fn close_watches(&mut self) {
        self.watchers.drain(..).for_each(|watcher| drop(watcher.lines.send(None)));
    }

    /// Sends a line to all watchers.
    pub(crate) fn say(&mut self, line: &Value) {
        self.watchers.retain(|watcher| watcher.lines.send(Some(line.to_string())).is_ok());
    }

    pub(crate) fn watchers(&mut self) -> usize {
        self.watchers.retain(|watcher| !watcher.lines.is_closed());
        self.watchers.len()
    }

    /// Stops or begins to serve a kind; its objects, watches and history go with it.
    pub(crate) fn serve(&mut self, kind: &Kind, present: bool) {
        self.served.iter_mut().filter(|s| s.kind == *kind).for_each(|s| s.present = present);
        if !present {
            self.version += 1;
            self.compacted = self.version;
            for (_, object) in self.objects.extract_if(.., |(k, _, _), _| k == kind) {
                let (version, kind) = (self.version, kind.clone());
                self.history.push(Happened { version, kind, before: Some(object), after: None });
            }
            self.close_watches();
        }
    }

    /// Begins a watch: with the present state, or from a version on.
    pub(crate) fn watch(
        &mut self,
        kind: &Kind,
        selector: Selector,
        from: Option<u64>,
    ) -> mpsc::UnboundedReceiver<Line> {
        let (lines, receiver) = mpsc::unbounded_channel();
        let watcher = Watcher { kind: kind.clone(), selector, from: from.unwrap_or(self.version), lines };
        match from {
            None => {
                for object in self.all(kind, &watcher.selector) {
                    drop(watcher.lines.send(Some(json!({"type": "ADDED", "object": object}).to_string())));
                }
                drop(watcher.lines.send(Some(bookmark(self.version, true).to_string())));
            }
            Some(version) => {
                let held: Vec<u64> = self.held.iter().flatten().map(|h| h.version).collect();
                let missed = self.history.iter().filter(|h| h.version > version && !held.contains(&h.version));
                missed.for_each(|happened| tell(&watcher, happened));
            }
        }
        self.watchers.push(watcher);
        receiver
    }

    fn happened(&mut self, kind: &Kind, before: Option<Value>, after: Option<Value>) {
        let happened = Happened { version: self.version, kind: kind.clone(), before, after };
        self.history.push(happened.clone());
        match &mut self.held {
            Some(held) => held.push(happened),
            None => self.tell(&happened),
        }
    }

    fn tell(&mut self, happened: &Happened) {
        self.watchers.iter().for_each(|watcher| tell(watcher, happened));
    }
}

pub(crate) fn bookmark(version: u64, end: bool) -> Value {
    let annotations = if end { json!({"k8s.io/initial-events-end": "true"}) } else { json!({}) };
    let metadata = json!({"resourceVersion": version.to_string(), "annotations": annotations});
    json!({"type": "BOOKMARK", "object": {"kind": "Thing", "apiVersion": "g/v1", "metadata": metadata}})
}

fn tell(watcher: &Watcher, happened: &Happened) {
    if watcher.kind != happened.kind || happened.version <= watcher.from {
        return;
    }
    let matching = |object: &Option<Value>| object.clone().filter(|o| selects(&watcher.selector, o));
    let (word, object) = match (matching(&happened.before), matching(&happened.after)) {
        (None, None) => return,
        (None, Some(after)) => ("ADDED", after),
        (Some(_), Some(after)) => ("MODIFIED", after),
        (Some(mut before), None) => {
            before["metadata"]["resourceVersion"] = json!(happened.version.to_string());
            ("DELETED", before)
        }
    };
    drop(watcher.lines.send(Some(json!({"type": word, "object": object}).to_string())));
}

fn selects(selector: &Selector, object: &Value) -> bool {
    selector.matches(|key| object["metadata"]["labels"][key].as_str())
}

fn place(kind: &Kind, object: &Value) -> Place {
    let text = |member: &str| object["metadata"][member].as_str().map(str::to_owned);
    (kind.clone(), text("namespace"), text("name").expect("a name"))
}
