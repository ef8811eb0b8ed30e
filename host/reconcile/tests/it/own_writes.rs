//! Invariant 11: a reconcile never acts on a state older than its own last write.
//!
//! A controller over the store keeps one pair for each thing, while the watch lags, breaks off and is too old at any
//! moment, and others change what it works on. Every read of every look is held against the versions that its own
//! writes, the host's conditions included, were answered with. Switching write-through off shows what it is for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use backplane_core::condition::Event;
use backplane_core::declaration::{Declaration, Verb, Wake, Write};
use backplane_core::grant::{Grant, Permissions};
use backplane_core::ports::{DeleteOptions, ObjectBytes, Patch, Reads, WriteError, Writes};
use backplane_core::reconcile::{Outcome, Reconciler, Request};
use backplane_core::{CallError, ObjectRef};
use backplane_reconcile::Controller;
use backplane_store::{Entry, Identity, Options as StoreOptions, Store, View, Writer};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::setup::{Answer, done, options};
use crate::support::{self, Fake, pair, read, reference, thing, with};

const NAMES: u8 = 3;

/// What others do, and what happens to the watch.
#[derive(Debug, Clone)]
enum Step {
    Wish { name: u8, spec: u8 },
    Meddle { name: u8 },
    Remove { name: u8 },
    Hold,
    Release,
    Close,
    Compact,
    Pause(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..NAMES, 0..4_u8).prop_map(|(name, spec)| Step::Wish { name, spec }),
        3 => (0..NAMES).prop_map(|name| Step::Meddle { name }),
        2 => (0..NAMES).prop_map(|name| Step::Remove { name }),
        3 => Just(Step::Hold),
        3 => Just(Step::Release),
        1 => Just(Step::Close),
        1 => Just(Step::Compact),
        6 => (1..150_u8).prop_map(Step::Pause),
    ]
}

/// The versions that own writes were answered with.
#[derive(Clone, Default)]
struct Own(Arc<Mutex<BTreeMap<ObjectRef, u64>>>);

impl Own {
    fn wrote(&self, object: &[u8]) {
        let value: Value = serde_json::from_slice(object).expect("json");
        let kind = if value["kind"] == "Pair" { pair() } else { thing() };
        let object = reference(&kind, value["metadata"]["name"].as_str().expect("a name"));
        let version: u64 = value["metadata"]["resourceVersion"].as_str().expect("a version").parse().expect("a number");
        let mut own = self.0.lock().expect("own");
        let known = own.entry(object).or_default();
        *known = version.max(*known);
    }

    fn of(&self, object: &ObjectRef) -> u64 {
        self.0.lock().expect("own").get(object).copied().unwrap_or_default()
    }
}

/// A plugin's writes, with a note of every answer.
struct Noted {
    writer: Writer,
    own: Own,
}

impl Noted {
    fn note(&self, result: Result<ObjectBytes, WriteError>) -> Result<ObjectBytes, WriteError> {
        result.inspect(|object| self.own.wrote(object))
    }
}

#[async_trait]
impl Writes for Noted {
    async fn apply(&self, object: &[u8]) -> Result<ObjectBytes, WriteError> {
        self.note(self.writer.apply(object).await)
    }

    async fn apply_status(&self, object: &[u8]) -> Result<ObjectBytes, WriteError> {
        self.note(self.writer.apply_status(object).await)
    }

    async fn create(&self, object: &[u8]) -> Result<ObjectBytes, WriteError> {
        self.note(self.writer.create(object).await)
    }

    async fn patch(&self, object: &ObjectRef, patch: &Patch<'_>) -> Result<ObjectBytes, WriteError> {
        self.note(self.writer.patch(object, patch).await)
    }

    async fn delete(&self, object: &ObjectRef, options: &DeleteOptions) -> Result<(), WriteError> {
        self.writer.delete(object, options).await
    }

    async fn event(&self, object: &ObjectRef, event: &Event) {
        self.writer.event(object, event).await;
    }
}

/// Makes each thing's pair say what the thing says.
struct Mirror {
    fake: Fake,
    view: View,
    writes: Arc<Noted>,
    violations: Arc<Mutex<Vec<String>>>,
}

impl Mirror {
    /// Reads, and notes when what is read is older than what was written.
    fn read(&self, object: &ObjectRef) -> Option<Value> {
        let own = self.writes.own.of(object);
        let Ok(found) = self.view.get(object) else { return None };
        let version = found.as_ref().map(|bytes| Entry::parse(&object.kind, bytes).expect("an object").version());
        let all = backplane_core::Selector::default();
        let is_old = match version {
            Some(version) => version < own,
            None => own > 0 && self.fake.world().is_unbroken_since(&object.kind, &object.name, own, &all),
        };
        if is_old {
            self.violations.lock().expect("violations").push(format!("{object} read at {version:?}, written at {own}"));
        }
        found.map(|bytes| serde_json::from_slice(&bytes).expect("json"))
    }
}

#[async_trait]
impl Reconciler for Mirror {
    async fn reconcile(&self, request: &Request) -> Answer {
        let Some(wish) = self.read(&request.object) else { return done() };
        self.read(&reference(&pair(), &request.object.name));
        let owner = json!({"apiVersion": "g/v1", "kind": "Thing", "name": request.object.name,
            "uid": wish["metadata"]["uid"]});
        let child = json!({"metadata": {"ownerReferences": [owner]}, "spec": wish["spec"]});
        let child = with(&pair(), &request.object.name, child);
        let status = with(&thing(), &request.object.name, json!({"status": {"seen": wish["spec"]}}));
        let failed = |error: WriteError| Outcome::Failed { message: error.to_string(), retry_after: None };
        for result in [
            self.writes.apply(child.to_string().as_bytes()).await,
            self.writes.apply_status(status.to_string().as_bytes()).await,
        ] {
            if let Err(error) = result {
                return Ok::<_, CallError>(failed(error).into());
            }
        }
        done()
    }
}

fn permissions() -> Arc<Permissions> {
    let declaration = Declaration {
        name: "p".into(),
        reconciles: vec![thing()],
        reads: vec![read(pair(), "", vec![Wake::Owners(thing())])],
        writes: vec![
            Write { kind: thing(), verbs: vec![Verb::ApplyStatus] },
            Write { kind: pair(), verbs: vec![Verb::Apply] },
        ],
        ..Declaration::default()
    };
    Arc::new(Permissions::new(declaration, Grant::default()))
}

struct Stage {
    fake: Fake,
    violations: Arc<Mutex<Vec<String>>>,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl Stage {
    fn new(write_through: bool) -> Self {
        let fake = Fake::new();
        let store = Store::new(fake.client(), StoreOptions { write_through, ..support::options() });
        let writer = store.writer(Identity::new("p", "sys"), permissions());
        let (writes, violations) = (Arc::new(Noted { writer, own: Own::default() }), Arc::default());
        let view = store.view(permissions());
        let mirror = Mirror { fake: fake.clone(), view, writes: writes.clone(), violations: Arc::clone(&violations) };
        let controller = Controller::new("p", store, permissions(), Arc::new(mirror), writes, options());
        let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(controller.run(cancel.clone()));
        Self { fake, violations, cancel, tasks }
    }

    async fn step(&self, step: &Step) {
        let mut world = self.fake.world();
        match *step {
            Step::Wish { name, spec } => {
                let known = world.get(&thing(), Some("n"), &named(name));
                world.put(&thing(), wish(known, name, spec));
            }
            Step::Meddle { name } => drop(world.put(&pair(), with(&pair(), &named(name), json!({"spec": "theirs"})))),
            Step::Remove { name } => drop(world.remove(&thing(), Some("n"), &named(name))),
            Step::Hold => world.hold(),
            Step::Release => world.release(),
            Step::Close => world.close_watches(),
            Step::Compact => {
                world.close_watches();
                world.compacted = world.version;
            }
            Step::Pause(ms) => {
                drop(world);
                tokio::time::sleep(Duration::from_millis(ms.into())).await;
            }
        }
    }

    fn holds(&self) -> Result<(), TestCaseError> {
        let violations = self.violations.lock().expect("violations");
        prop_assert!(violations.is_empty(), "{}", violations.join("; "));
        Ok(())
    }

    async fn settle(&self) {
        self.fake.world().release();
        // More than any pause of store and queue in this test.
        tokio::time::sleep(Duration::from_secs(120)).await;
    }

    fn has_converged(&self) -> Result<(), TestCaseError> {
        let world = self.fake.world();
        for wish in world.all(&thing(), &backplane_core::Selector::default()) {
            let name = wish["metadata"]["name"].as_str().expect("a name");
            let child = world.get(&pair(), Some("n"), name).unwrap_or_default();
            prop_assert_eq!(&child["spec"], &wish["spec"], "the pair of {}", name);
            prop_assert_eq!(&wish["status"]["seen"], &wish["spec"], "the status of {}", name);
        }
        Ok(())
    }
}

fn named(name: u8) -> String {
    format!("o{name}")
}

/// Somebody changes the spec and leaves the status alone.
fn wish(known: Option<Value>, name: u8, spec: u8) -> Value {
    let mut object = known.unwrap_or_else(|| with(&thing(), &named(name), json!({})));
    object["spec"] = json!(spec);
    object
}

async fn play(steps: &[Step], write_through: bool) -> Result<(), TestCaseError> {
    let stage = Stage::new(write_through);
    for step in steps {
        stage.step(step).await;
    }
    stage.settle().await;
    stage.holds()?;
    stage.has_converged()?;
    stage.cancel.cancel();
    stage.tasks.close();
    stage.tasks.wait().await;
    Ok(())
}

/// Many more in the long run.
fn cases() -> u32 {
    if std::env::var_os("BACKPLANE_LONG").is_some() { 10_000 } else { 200 }
}

fn run(write_through: bool) -> Result<(), TestError<Vec<Step>>> {
    let config = Config { cases: cases(), failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&prop::collection::vec(step(), 1..60), |steps| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(play(&steps, write_through))
    })
}

#[test]
fn no_look_meets_a_state_older_than_its_own_last_write_however_the_watch_lags() {
    run(true).expect("holds");
}

#[test]
fn with_write_through_switched_off_a_look_meets_the_past() {
    let TestError::Fail(reason, _) = run(false).expect_err("a violation") else { panic!("no violation") };
    assert!(reason.message().contains("written at"), "{reason}");
}
