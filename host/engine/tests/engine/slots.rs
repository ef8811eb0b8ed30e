//! Instances between calls, and generations that follow each other.

use std::sync::Arc;
use std::time::Duration;

use backplane_core::CallError;
use backplane_engine::{Context, Generation, Limits};

use crate::support::{Fake, ask, limited, load, over, slot, until};

async fn counts(limits: Limits, calls: usize) -> Vec<String> {
    let slot = slot(load("echo"), limited("echo", limits));
    let mut seen = Vec::new();
    for _ in 0..calls {
        seen.push(ask(&slot, "counts").await.expect("answer"));
    }
    seen
}

#[tokio::test]
async fn a_warm_instance_serves_call_after_call_until_it_is_recycled() {
    let limits = Limits { recycle_after_calls: 3, ..Limits::default() };
    assert_eq!(counts(limits, 5).await, ["1", "2", "3", "1", "2"]);
}

#[tokio::test]
async fn without_warm_instances_every_call_starts_anew() {
    let limits = Limits { warm_instances: 0, ..Limits::default() };
    assert_eq!(counts(limits, 3).await, ["1", "1", "1"]);
}

#[tokio::test]
async fn a_prepared_generation_has_its_first_instance_before_its_first_call() {
    let generation = Generation::new(load("echo"), Context::nothing("echo")).expect("generation");
    generation.prepare().await.expect("prepared");
    let slot = backplane_engine::Slot::new(generation);
    assert_eq!(slot.metrics().instances_live, 1);
    ask(&slot, "hello").await.expect("answer");
    assert_eq!(slot.metrics().instances_created, 1);
}

#[tokio::test]
async fn a_call_in_flight_finishes_on_the_generation_it_began_on() {
    let store = Fake::stuck();
    let slot = Arc::new(slot(load("echo"), over(&store)));
    let old_call = tokio::spawn({
        let slot = Arc::clone(&slot);
        async move { ask(&slot, "waits").await }
    });
    until("the call", || slot.metrics().instances_live == 1).await;

    let next = Context { settings: Arc::from(&br#"{"next":true}"#[..]), ..Context::nothing("echo") };
    let old = slot.exchange(Generation::new(load("echo"), next).expect("generation"));
    assert_eq!(ask(&slot, "settings").await.expect("answer"), r#"{"next":true}"#);
    assert_eq!(old.drain(Duration::ZERO).await, 1);

    store.gate.add_permits(1);
    assert_eq!(old_call.await.expect("task").expect("answer"), "false");
    assert_eq!(old.drain(Duration::from_secs(10)).await, 0);
    drop(old);
    let metrics = slot.metrics();
    assert_eq!((metrics.calls_ok, metrics.instances_live), (2, 1));
}

#[tokio::test]
async fn a_call_that_waits_for_a_retired_generation_is_served_by_the_next_one() {
    let store = Fake::stuck();
    let mut context = over(&store);
    context.limits.max_instances = 1;
    let slot = Arc::new(slot(load("echo"), context));
    let ask_in_task = |name: &'static str| {
        let slot = Arc::clone(&slot);
        tokio::spawn(async move { ask(&slot, name).await })
    };
    let busy = ask_in_task("waits");
    until("the first call", || slot.metrics().instances_live == 1).await;
    let waiting = ask_in_task("settings");
    tokio::task::yield_now().await;

    let next = Context { settings: Arc::from(&br#"{"next":true}"#[..]), ..Context::nothing("echo") };
    let old = slot.exchange(Generation::new(load("echo"), next).expect("generation"));
    old.drain(Duration::ZERO).await;
    assert_eq!(waiting.await.expect("task").expect("answer"), r#"{"next":true}"#);
    store.gate.add_permits(1);
    busy.await.expect("task").expect("answer");
}

#[tokio::test]
async fn a_slot_whose_plugin_is_being_stopped_takes_no_calls() {
    let slot = slot(load("echo"), Context::nothing("echo"));
    assert_eq!(slot.generation().drain(Duration::from_secs(10)).await, 0);
    let error = ask(&slot, "hello").await.expect_err("stopped");
    assert!(matches!(error, CallError::Host { .. }), "{error}");
}
