//! The whole store against a server that does everything at once: any interleaving of watch events, lists and own writes,
//! with closed streams, ERROR events, 410, refusals, lost answers and kinds that come and go.
//!
//! What must hold: a reader never meets a state older than its own last write; subscribers are told of true differences
//! and of nothing else; in the end cache and subscribers agree with the server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backplane_core::Kind;
use backplane_core::ports::{DeleteOptions, Query, Reads, Writes};
use backplane_store::{Identity, Options, Snapshot, Store, Subscription, View, Watch, Writer};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use serde_json::{Value, json};

use crate::support::{Fake, bookmark, options, permissions, reference, secret, thing, with};

const NAMES: u8 = 3;

/// Something that happens to the server, between it and us, or by us.
#[derive(Debug, Clone)]
enum Step {
    Put {
        name: u8,
        of: Which,
    },
    Remove {
        name: u8,
        of: Which,
    },
    OwnApply {
        name: u8,
        of: Which,
    },
    OwnDelete {
        name: u8,
    },
    Hold,
    Release,
    Close,
    Compact,
    Error(u16),
    Bookmark,
    RefuseLists(u16),
    RefuseWatches(u16),
    LoseAnswer,
    Streaming(bool),
    Serve(bool),
    /// Lets tasks run a little way.
    Yield(u8),
    /// Lets tasks run until they wait, and time pass.
    Pause(u8),
}

/// A thing, or a secret within or without the selector.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Which {
    Thing,
    Matching,
    Other,
}

impl Which {
    fn kind(self) -> Kind {
        if self == Self::Thing { thing() } else { secret() }
    }

    fn object(self, name: u8, spec: usize) -> Value {
        let label = if self == Self::Other { "no" } else { "yes" };
        with(&self.kind(), &format!("o{name}"), json!({"spec": spec, "metadata": {"labels": {"use": label}}}))
    }
}

fn step() -> impl Strategy<Value = Step> {
    let which = || prop_oneof![3 => Just(Which::Thing), 2 => Just(Which::Matching), 1 => Just(Which::Other)];
    let code = || prop_oneof![Just(403_u16), Just(429), Just(500), Just(503), Just(410)];
    prop_oneof![
        6 => (0..NAMES, which()).prop_map(|(name, of)| Step::Put { name, of }),
        3 => (0..NAMES, which()).prop_map(|(name, of)| Step::Remove { name, of }),
        6 => (0..NAMES, which()).prop_map(|(name, of)| Step::OwnApply { name, of }),
        2 => (0..NAMES).prop_map(|name| Step::OwnDelete { name }),
        2 => Just(Step::Hold),
        2 => Just(Step::Release),
        2 => Just(Step::Close),
        2 => Just(Step::Compact),
        1 => prop_oneof![Just(410_u16), Just(500), Just(504)].prop_map(Step::Error),
        1 => Just(Step::Bookmark),
        1 => code().prop_map(Step::RefuseLists),
        1 => code().prop_map(Step::RefuseWatches),
        1 => Just(Step::LoseAnswer),
        1 => any::<bool>().prop_map(Step::Streaming),
        1 => any::<bool>().prop_map(Step::Serve),
        6 => (1..12_u8).prop_map(Step::Yield),
        3 => (1..200_u8).prop_map(Step::Pause),
    ]
}

type Key = (Kind, String);

struct Stage {
    fake: Fake,
    store: Store,
    view: View,
    writer: Writer,
    changes: Subscription,
    /// What the subscriber knows, by version.
    told: BTreeMap<Key, u64>,
    /// Versions of the last own writes that were answered.
    own: BTreeMap<Key, u64>,
    spec: usize,
}

impl Stage {
    async fn new(options: Options) -> Self {
        let fake = Fake::new();
        let store = Store::new(fake.client(), options);
        let permissions = Arc::new(permissions());
        let view = store.view(Arc::clone(&permissions));
        let writer = store.writer(Identity::new("p", "sys"), permissions);
        let changes = store.subscribe(&watches().map(|watch| (watch, Snapshot::With)));
        Self { fake, store, view, writer, changes, told: BTreeMap::new(), own: BTreeMap::new(), spec: 0 }
    }

    async fn step(&mut self, step: &Step) {
        self.spec += 1;
        match *step {
            Step::Put { name, of } => {
                if self.is_served(&of.kind()) {
                    self.fake.world().put(&of.kind(), of.object(name, self.spec));
                }
            }
            Step::Remove { name, of } => {
                self.fake.world().remove(&of.kind(), Some("n"), &format!("o{name}"));
            }
            Step::OwnApply { name, of } => self.apply(name, of).await,
            Step::OwnDelete { name } => self.delete(name).await,
            Step::Yield(times) => {
                for _ in 0..times {
                    tokio::task::yield_now().await;
                }
            }
            Step::Pause(ms) => tokio::time::sleep(Duration::from_millis(ms.into())).await,
            ref other => self.trouble(other),
        }
    }

    fn trouble(&self, step: &Step) {
        let mut world = self.fake.world();
        let version = world.version;
        match *step {
            Step::Hold => world.hold(),
            Step::Release => world.release(),
            Step::Close => world.close_watches(),
            Step::Compact => {
                world.close_watches();
                world.compacted = version;
            }
            Step::Error(code) => world.say(&error_event(code)),
            Step::Bookmark if world.holds_nothing() => world.say(&bookmark(version)),
            Step::RefuseLists(code) => world.fail.push_back((code, "Refused")),
            Step::RefuseWatches(code) => world.fail_watch.push_back((code, "Refused")),
            Step::LoseAnswer => world.lose_answers += 1,
            Step::Streaming(offered) => world.refuse_streaming = !offered,
            Step::Serve(present) => world.serve(&thing(), present),
            _ => {}
        }
    }

    fn is_served(&self, kind: &Kind) -> bool {
        self.fake.world().served.iter().any(|served| served.kind == *kind && served.present)
    }

    async fn apply(&mut self, name: u8, of: Which) {
        let intent = of.object(name, self.spec).to_string();
        if let Ok(answer) = self.writer.apply(intent.as_bytes()).await {
            self.own.insert((of.kind(), format!("o{name}")), version_of(&answer));
        }
    }

    async fn delete(&mut self, name: u8) {
        let object = reference(&thing(), &format!("o{name}"));
        if self.writer.delete(&object, &DeleteOptions::default()).await.is_ok() {
            self.own.remove(&(thing(), object.name));
        }
    }

    /// What must hold for a reader at any time.
    fn readers_see_their_own_writes(&self) -> Result<(), TestCaseError> {
        for ((kind, name), own) in &self.own {
            let Ok(found) = self.view.get(&reference(kind, name)) else { continue };
            match found.map(|bytes| version_of(&bytes)) {
                Some(version) => prop_assert!(version >= *own, "{name} read at {version}, written by us at {own}"),
                None => prop_assert!(!self.is_there_since(kind, name, *own), "{name} is missing, written at {own}"),
            }
        }
        Ok(())
    }

    /// Whether the object has been there, and within the selector, ever since this version.
    fn is_there_since(&self, kind: &Kind, name: &str, version: u64) -> bool {
        self.fake.world().is_unbroken_since(kind, name, version, &selector_of(kind))
    }

    /// Takes what the subscriber is told; each change begins where the last one ended, and is one.
    fn hear(&mut self) -> Result<(), TestCaseError> {
        while let Some(change) = self.changes.try_next() {
            let key = ((*change.kind).clone(), change.key.name.clone());
            let (old, new) = (change.old.map(|e| e.version()), change.new.map(|e| e.version()));
            prop_assert_eq!(self.told.get(&key).copied(), old, "{} was told before", key.1);
            prop_assert_ne!(old, new, "{} did not change", key.1);
            match new {
                Some(version) => self.told.insert(key, version),
                None => self.told.remove(&key),
            };
        }
        Ok(())
    }

    /// Ends all trouble and waits until nothing happens any more.
    async fn settle(&mut self) {
        {
            let mut world = self.fake.world();
            world.release();
            world.serve(&thing(), true);
            world.fail.clear();
            world.fail_watch.clear();
            world.lose_answers = 0;
        }
        // More than any pause of the store in this test.
        tokio::time::sleep(Duration::from_secs(120)).await;
    }

    fn cached(&self, kind: &Kind) -> Option<BTreeMap<String, u64>> {
        let objects = self.view.list(kind, &Query::default()).ok()?;
        Some(objects.iter().map(|bytes| (name_of(bytes), version_of(bytes))).collect())
    }

    fn on_server(&self, kind: &Kind) -> BTreeMap<String, u64> {
        let objects = self.fake.world().all(kind, &selector_of(kind));
        let bytes = objects.iter().map(|object| object.to_string().into_bytes());
        bytes.map(|bytes| (name_of(&bytes), version_of(&bytes))).collect()
    }

    fn agrees(&self) -> Result<(), TestCaseError> {
        for kind in [thing(), secret()] {
            let server = self.on_server(&kind);
            let cached = self.cached(&kind);
            prop_assert_eq!(cached.as_ref(), Some(&server), "the cache of {}", kind);
            let told = self.told.iter().filter(|((k, _), _)| *k == kind);
            let told: BTreeMap<_, _> = told.map(|((_, name), version)| (name.clone(), *version)).collect();
            prop_assert_eq!(told, server, "what subscribers know of {}", kind);
        }
        Ok(())
    }
}

fn watches() -> [Watch; 2] {
    [thing(), secret()].map(|kind| Watch { selector: selector_of(&kind), kind })
}

fn selector_of(kind: &Kind) -> backplane_core::Selector {
    let text = if *kind == secret() { "use=yes" } else { "" };
    text.parse().expect("selector")
}

fn error_event(code: u16) -> Value {
    json!({"type": "ERROR", "object": {"kind": "Status", "code": code, "reason": "Told"}})
}

fn metadata(object: &[u8]) -> Value {
    serde_json::from_slice::<Value>(object).expect("json")["metadata"].take()
}

fn version_of(object: &[u8]) -> u64 {
    metadata(object)["resourceVersion"].as_str().expect("a version").parse().expect("a number")
}

fn name_of(object: &[u8]) -> String {
    metadata(object)["name"].as_str().expect("a name").into()
}

async fn play(steps: &[Step], write_through: bool) -> Result<(), TestCaseError> {
    let mut stage = Stage::new(Options { write_through, ..options() }).await;
    for step in steps {
        stage.step(step).await;
        stage.readers_see_their_own_writes()?;
        stage.hear()?;
    }
    stage.settle().await;
    stage.hear()?;
    stage.agrees()?;
    stage.store.shutdown().await;
    Ok(())
}

/// Many more in the long run.
fn cases() -> u32 {
    if std::env::var_os("BACKPLANE_LONG").is_some() { 20_000 } else { 400 }
}

fn run(cases: u32, write_through: bool) -> Result<(), TestError<Vec<Step>>> {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&prop::collection::vec(step(), 1..80), |steps| {
        // Time passes only when everybody waits: pauses cost nothing, and a run can be repeated.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(play(&steps, write_through))
    })
}

#[test]
fn whatever_happens_in_whatever_order_the_store_ends_equal_to_the_server_and_tells_true_differences_only() {
    run(cases(), true).expect("holds");
}

#[test]
fn with_write_through_switched_off_the_same_property_fails() {
    run(cases(), false).expect_err("a reader meets a state older than its own write");
}
