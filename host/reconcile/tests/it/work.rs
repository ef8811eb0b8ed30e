//! When and how often objects are looked at.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use backplane_core::CallError;
use backplane_core::reconcile::{Outcome, Reconciler, Request};
use backplane_reconcile::Options;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::setup::{Answer, Setup, declaration, done, options};
use crate::support::{Fake, thing, until};

#[tokio::test]
async fn every_object_is_looked_at_once_at_first_and_then_when_it_changes() {
    let fake = Fake::new();
    for name in ["a", "b"] {
        fake.put(&thing(), name, json!({}));
    }
    let s = Setup::run(&fake, declaration(vec![]), options(), |_| done());
    s.outcome("done", 2).await;
    let mut asked = s.asked();
    asked.sort();
    assert_eq!(asked, ["a loaded", "b loaded"]);
    s.reason("b", "Reconciled", "Succeeded").await;
    s.reason("a", "Reconciled", "Succeeded").await;
    fake.put(&thing(), "a", json!({"spec": 2}));
    s.asked_at_least(3).await;
    assert_eq!(s.asked()[2], "a changed", "and not because of the host's own conditions");
    fake.world().remove(&thing(), Some("n"), "b");
    until("gone", || s.asked().last().is_some_and(|last| last == "b changed")).await;
}

#[tokio::test]
async fn a_replaced_plugin_looks_at_everything_again() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({}));
    let s = Setup::run(&fake, declaration(vec![]), options(), |_| done());
    s.outcome("done", 1).await;
    s.handle.reload();
    s.outcome("done", 2).await;
    assert_eq!(s.asked()[1], "a loaded");
}

#[tokio::test]
async fn a_failure_is_retried_until_it_succeeds_and_counts_its_attempts() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({}));
    let attempts: Arc<std::sync::Mutex<Vec<u32>>> = Arc::default();
    let seen = Arc::clone(&attempts);
    let s = Setup::run(&fake, declaration(vec![]), options(), move |request| {
        seen.lock().expect("seen").push(request.attempt);
        if request.attempt < 3 {
            return Ok(Outcome::Failed { message: "not yet".into(), retry_after: None }.into());
        }
        done()
    });
    s.outcome("done", 1).await;
    assert_eq!(*attempts.lock().expect("seen"), [0, 1, 2, 3]);
    s.reason("a", "Reconciled", "Succeeded").await;
    assert!(s.warnings().is_empty(), "failures that go away are no events");
}

#[tokio::test]
async fn an_object_asks_to_be_looked_at_again() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({}));
    let options = Options { requeue_min: Duration::from_millis(1), ..options() };
    let s = Setup::run(&fake, declaration(vec![]), options, |_| Ok(Outcome::RequeueAfter(Duration::ZERO).into()));
    s.outcome("requeue", 3).await;
    assert_eq!(s.asked()[1], "a timer");
}

#[tokio::test]
async fn a_panic_costs_one_object_its_look_and_nobody_else_theirs() {
    let fake = Fake::new();
    fake.put(&thing(), "bad", json!({}));
    let s = Setup::run(&fake, declaration(vec![]), options(), |request| {
        assert_ne!(request.object.name, "bad", "with a secret");
        done()
    });
    s.outcome("host", 1).await;
    fake.put(&thing(), "good", json!({}));
    s.reason("good", "Reconciled", "Succeeded").await;
    let condition = s.reason("bad", "Reconciled", "HostFailed").await;
    assert_eq!(condition["message"], "the host could not call plugin p");
    assert!(!condition.to_string().contains("secret"));
}

/// Lets calls through one by one and counts how many are inside.
struct Gate {
    inside: AtomicUsize,
    most: AtomicUsize,
    twice: AtomicU32,
    objects: std::sync::Mutex<std::collections::HashSet<String>>,
    open: Semaphore,
}

impl Gate {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            inside: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            twice: AtomicU32::new(0),
            objects: std::sync::Mutex::default(),
            open: Semaphore::new(0),
        })
    }
}

#[async_trait]
impl Reconciler for Gate {
    async fn reconcile(&self, request: &Request) -> Answer {
        let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(inside, Ordering::SeqCst);
        if !self.objects.lock().expect("objects").insert(request.object.name.clone()) {
            self.twice.fetch_add(1, Ordering::SeqCst);
        }
        self.open.acquire().await.map_err(|e| CallError::Host { plugin: "p".into(), source: e.into() })?.forget();
        self.objects.lock().expect("objects").remove(&request.object.name);
        self.inside.fetch_sub(1, Ordering::SeqCst);
        done()
    }
}

#[tokio::test]
async fn no_more_run_than_there_are_workers_and_no_object_runs_twice_at_once() {
    let fake = Fake::new();
    (0..6).for_each(|i| fake.put(&thing(), &format!("t{i}"), json!({})));
    let gate = Gate::new();
    let options = Options { workers: 3, ..options() };
    let s = Setup::run_reconciler(&fake, declaration(vec![]), options, Arc::clone(&gate) as _, Arc::default());
    until("three are inside", || gate.inside.load(Ordering::SeqCst) == 3).await;
    (0..6).for_each(|i| fake.put(&thing(), &format!("t{i}"), json!({"spec": "changed"})));
    gate.open.add_permits(100);
    s.outcome("done", 6).await;
    until("all out", || gate.inside.load(Ordering::SeqCst) == 0).await;
    assert_eq!((gate.most.load(Ordering::SeqCst), gate.twice.load(Ordering::SeqCst)), (3, 0));
}

#[tokio::test]
async fn the_end_waits_for_running_calls_and_takes_no_new_ones() {
    let fake = Fake::new();
    (0..4).for_each(|i| fake.put(&thing(), &format!("t{i}"), json!({})));
    let gate = Gate::new();
    let options = Options { workers: 2, ..options() };
    let s = Setup::run_reconciler(&fake, declaration(vec![]), options, Arc::clone(&gate) as _, Arc::default());
    until("two are inside", || gate.inside.load(Ordering::SeqCst) == 2).await;
    let (stopped, ()) = tokio::join!(s.stop(), async {
        tokio::task::yield_now().await;
        gate.open.add_permits(100);
    });
    assert_eq!(stopped, ());
    assert_eq!(s.options.metrics.outcomes("p", "done"), 2, "the two that were running, to their end");
}

#[tokio::test]
async fn a_call_that_does_not_end_is_cut_off() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({}));
    let gate = Gate::new();
    let options = Options { drain: Duration::from_millis(20), ..options() };
    let s = Setup::run_reconciler(&fake, declaration(vec![]), options, Arc::clone(&gate) as _, Arc::default());
    until("inside", || gate.inside.load(Ordering::SeqCst) == 1).await;
    s.stop().await;
    assert_eq!(s.options.metrics.outcomes("p", "done"), 0);
}

#[tokio::test(start_paused = true)]
async fn when_the_api_server_answers_again_nobody_waits_out_a_back_off_that_grew_with_its_silence() {
    let fake = Fake::new();
    (0..20).for_each(|i| fake.put(&thing(), &format!("t{i}"), json!({})));
    let options = Options { backoff_max: Duration::from_secs(300), ..options() };
    let s = Setup::run(&fake, declaration(vec![]), options, |_| done());
    s.outcome("done", 20).await;
    // The condition that the host writes after each look fails from now on.
    fake.world().fail = std::iter::repeat_n((500, "InternalError"), 100_000).collect();
    (0..20).for_each(|i| fake.put(&thing(), &format!("t{i}"), json!({"spec": 2})));
    tokio::time::sleep(Duration::from_secs(200)).await;
    fake.world().fail.clear();
    fake.put(&thing(), "awaited", json!({}));
    tokio::time::sleep(Duration::from_secs(3)).await;
    for i in 0..20 {
        let condition = s.condition(&format!("t{i}"), "Reconciled").expect("a condition");
        assert_eq!(condition["observedGeneration"], 2, "t{i}");
    }
}
