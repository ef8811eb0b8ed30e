//! A controller of things whose reconciler is a closure.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use backplane_core::CallError;
use backplane_core::declaration::{Declaration, Read, Verb, Write};
use backplane_core::grant::{Grant, Permissions};
use backplane_core::ports::Writes;
use backplane_core::reconcile::{Outcome, Reconciler, Request, Response};
use backplane_reconcile::{Controller, Handle, Options};
use backplane_store::{Identity, Store};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::{Fake, thing, until};

pub(crate) type Answer = Result<Response, CallError>;

/// Answers with a closure and remembers what it was asked.
pub(crate) struct Closure<F> {
    answer: F,
    asked: Arc<Mutex<Vec<Request>>>,
}

#[async_trait]
impl<F: Fn(&Request) -> Answer + Send + Sync> Reconciler for Closure<F> {
    async fn reconcile(&self, request: &Request) -> Answer {
        self.asked.lock().expect("asked").push(request.clone());
        tokio::task::yield_now().await;
        (self.answer)(request)
    }
}

/// A running controller.
pub(crate) struct Setup {
    pub(crate) fake: Fake,
    pub(crate) store: Store,
    pub(crate) handle: Handle,
    pub(crate) options: Options,
    asked: Arc<Mutex<Vec<Request>>>,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

pub(crate) fn options() -> Options {
    Options { backoff_min: Duration::from_millis(5), seed: 1, ..Options::default() }
}

pub(crate) fn declaration(reads: Vec<Read>) -> Declaration {
    Declaration {
        name: "p".into(),
        reconciles: vec![thing()],
        reads,
        writes: vec![Write { kind: thing(), verbs: vec![Verb::Apply, Verb::ApplyStatus] }],
        ..Declaration::default()
    }
}

pub(crate) fn done() -> Answer {
    Ok(Outcome::Done.into())
}

impl Setup {
    pub(crate) fn run(
        fake: &Fake,
        declaration: Declaration,
        options: Options,
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let asked: Arc<Mutex<Vec<Request>>> = Arc::default();
        Self::run_reconciler(fake, declaration, options, Arc::new(Closure { answer, asked: Arc::clone(&asked) }), asked)
    }

    pub(crate) fn run_reconciler(
        fake: &Fake,
        declaration: Declaration,
        options: Options,
        reconciler: Arc<dyn Reconciler>,
        asked: Arc<Mutex<Vec<Request>>>,
    ) -> Self {
        let (store, cancel, tasks) = (fake.store(), CancellationToken::new(), TaskTracker::new());
        let permissions = Arc::new(Permissions::new(declaration, Grant::default()));
        let writer: Arc<dyn Writes> = Arc::new(store.writer(Identity::new("p", "sys"), Arc::clone(&permissions)));
        let controller = Controller::new("p", store.clone(), permissions, reconciler, writer, options.clone());
        let handle = controller.handle();
        tasks.spawn(controller.run(cancel.clone()));
        Self { fake: fake.clone(), store, handle, options, asked, cancel, tasks }
    }

    /// What the reconciler was asked so far, as `name reason`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("asked").iter().map(|r| format!("{} {}", r.object.name, r.reason)).collect()
    }

    pub(crate) async fn asked_at_least(&self, times: usize) {
        until("asked", || self.asked().len() >= times).await;
    }

    pub(crate) async fn outcome(&self, label: &'static str, times: u64) {
        until(label, || self.options.metrics.outcomes("p", label) >= times).await;
    }

    /// The condition of this type that a thing has.
    pub(crate) fn condition(&self, name: &str, kind: &str) -> Option<Value> {
        let object = self.fake.get(&thing(), name)?;
        object["status"]["conditions"].as_array()?.iter().find(|c| c["type"] == kind).cloned()
    }

    /// Waits until a thing has a condition with this reason.
    pub(crate) async fn reason(&self, name: &str, kind: &str, reason: &str) -> Value {
        until(reason, || self.condition(name, kind).is_some_and(|c| c["reason"] == reason)).await;
        self.condition(name, kind).expect("just seen")
    }

    /// Messages of the warnings recorded so far.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let kind = backplane_core::Kind::new("", "v1", "Event");
        let events = self.fake.world().all(&kind, &backplane_core::Selector::default());
        events.iter().map(|e| e["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    pub(crate) async fn stop(&self) {
        self.cancel.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
