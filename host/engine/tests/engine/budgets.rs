//! Guests that misbehave: each costs its own call and nothing else.

use std::time::{Duration, Instant};

use backplane_core::call::Budget;
use backplane_core::{CallError, ErrorChain};
use backplane_engine::{Limits, Slot, SlotMetrics};

use crate::support::{Fake, ask, limited, load, over, slot, until};

fn rude(limits: Limits) -> Slot {
    slot(load("rude"), limited("rude", limits))
}

/// The slot still serves, with a new instance.
async fn recovers(slot: &Slot) {
    let before = slot.metrics();
    assert_eq!(ask(slot, "fine").await.expect("answer"), "");
    let after = slot.metrics();
    assert_eq!(after.calls_ok, before.calls_ok + 1);
    assert_eq!(after.instances_created, before.instances_created + 1, "a broken instance was used again");
}

#[tokio::test]
async fn a_guest_that_traps_loses_its_instance_and_the_pool_recovers() {
    let slot = rude(Limits::default());
    for wish in ["panics", "exits", "recurses"] {
        let error = ask(&slot, wish).await.expect_err(wish);
        assert!(matches!(error, CallError::Trap { .. }), "{wish}: {error}");
        recovers(&slot).await;
        ask(&slot, "panics").await.expect_err("panics");
    }
    let SlotMetrics { calls_trap, calls_deadline, calls_limit, .. } = slot.metrics();
    assert_eq!((calls_trap, calls_deadline, calls_limit), (6, 0, 0));
}

#[tokio::test]
async fn a_trap_tells_what_and_where_but_nothing_that_the_guest_had_in_hand() {
    let error = ask(&rude(Limits::default()), "panics").await.expect_err("trap");
    let text = ErrorChain(&error).to_string();
    assert!(text.starts_with("plugin rude trapped: wasm trap: wasm `unreachable` instruction executed"), "{text}");
    assert!(text.contains("rude"), "{text}");
    assert!(!text.contains("secret"), "{text}");
    let text = ErrorChain(&ask(&rude(Limits::default()), "exits").await.expect_err("exit")).to_string();
    assert!(text.contains("exited with status"), "{text}");
}

#[tokio::test]
async fn a_guest_that_loops_is_interrupted_at_its_deadline_and_others_run_meanwhile() {
    let deadline = Duration::from_millis(300);
    let slot = rude(Limits { deadline, ..Limits::default() });
    let started = Instant::now();
    // One thread serves both: the second is answered only because the first yields.
    let (looped, fine) = tokio::join!(ask(&slot, "loops"), ask(&slot, "fine"));
    let error = looped.expect_err("deadline");
    assert!(matches!(error, CallError::Deadline { deadline: d, .. } if d == deadline), "{error}");
    assert_eq!(fine.expect("answer"), "");
    assert!(started.elapsed() >= deadline);
    assert_eq!(slot.metrics().calls_deadline, 1);
}

#[tokio::test]
async fn a_host_call_that_never_ends_is_bounded_by_the_same_deadline() {
    let mut context = over(&Fake::stuck());
    context.limits.deadline = Duration::from_millis(50);
    let slot = slot(load("echo"), context);
    let error = ask(&slot, "waits").await.expect_err("deadline");
    assert!(matches!(error, CallError::Deadline { .. }), "{error}");
    assert_eq!(slot.metrics().instances_live, 0);
    assert_eq!(ask(&slot, "hello").await.expect("answer"), "hello changed 2");
}

#[tokio::test]
async fn each_budget_ends_the_call_that_goes_beyond_it() {
    let cases = [
        ("grows", Budget::MemoryBytes, 16 << 20),
        ("calls", Budget::HostCalls, 1_000),
        ("writes", Budget::OutputBytes, 1 << 20),
        ("prints", Budget::OutputBytes, 1 << 20),
        ("answers", Budget::OutputBytes, 1 << 20),
    ];
    for (wish, expected, bound) in cases {
        let (memory_bytes, output_bytes) = (16 << 20, 1 << 20);
        // Printing makes many small calls, so only the guest that floods calls has few of them.
        let host_calls = if wish == "calls" { 1_000 } else { 1_000_000 };
        let slot = rude(Limits { memory_bytes, output_bytes, host_calls, ..Limits::default() });
        match ask(&slot, wish).await {
            Err(CallError::Limit { budget, limit, .. }) => assert_eq!((budget, limit), (expected, bound), "{wish}"),
            other => panic!("{wish}: {:?}", other.map(|message| message.len())),
        }
        recovers(&slot).await;
        assert_eq!(slot.metrics().calls_limit, 1, "{wish}");
    }
}

#[tokio::test]
async fn a_flood_of_log_lines_is_dropped_and_the_call_goes_on() {
    let slot = rude(Limits { log_bytes: 4_096, ..Limits::default() });
    assert_eq!(ask(&slot, "logs").await.expect("answer"), "");
    assert_eq!(slot.metrics().host_calls, 10_000);
}

#[tokio::test]
async fn memory_growth_is_counted_and_an_instance_that_grew_large_is_replaced() {
    let slot = rude(Limits { recycle_at_bytes: 8 << 20, ..Limits::default() });
    assert_eq!(ask(&slot, "fine").await.expect("answer"), "");
    assert_eq!(slot.metrics().memory_growths, 0);
    ask(&slot, "grows-a-little").await.expect("answer");
    assert!(slot.metrics().memory_growths > 0);
    assert_eq!(slot.metrics().instances_live, 0);
    recovers(&slot).await;
}

#[tokio::test]
async fn who_finds_every_instance_busy_is_told_so_after_a_wait() {
    let store = Fake::stuck();
    let mut context = over(&store);
    context.limits = Limits { max_instances: 1, wait_for_instance: Duration::from_millis(20), ..Limits::default() };
    let slot = std::sync::Arc::new(slot(load("echo"), context));
    let busy = tokio::spawn({
        let slot = std::sync::Arc::clone(&slot);
        async move { ask(&slot, "waits").await }
    });
    until("the first call", || slot.metrics().instances_live == 1).await;
    let error = ask(&slot, "hello").await.expect_err("saturated");
    assert!(matches!(error, CallError::Saturated { .. }), "{error}");
    store.gate.add_permits(1);
    assert_eq!(busy.await.expect("task").expect("answer"), "false");
    assert_eq!(slot.metrics().calls_saturated, 1);
}
