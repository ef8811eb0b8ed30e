//! What an object says about its reconcile.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use backplane_core::CallError;
use backplane_core::condition::{Condition, Event, EventType, Severity, Status};
use backplane_core::grant::{Grant, Permissions};
use backplane_core::ports::Writes;
use backplane_core::reconcile::{Outcome, Reconciler, Request, Response};
use backplane_reconcile::{Conditions, Options, StatusStyle};
use backplane_store::{Identity, Writer};
use serde_json::json;

use crate::setup::{Answer, Setup, declaration, done, options};
use crate::support::{Fake, thing, until, with};

fn refused(message: &str) -> Answer {
    Ok(Outcome::Refused { reason: "BadSpec".into(), message: message.into() }.into())
}

fn trap() -> Answer {
    Err(CallError::Trap { plugin: "p".into(), source: "at 0x1234 with a secret".into() })
}

#[tokio::test]
async fn conditions_are_written_once_with_the_generation_that_was_seen() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({"spec": 1, "status": {"conditions": [{"type": "Theirs", "status": "True"}]}}));
    let s = Setup::run(&fake, declaration(vec![]), options(), |_| {
        let conditions = vec![Condition::new("Ready", Status::False, "Waiting", "for the cloud")];
        Ok(Response { outcome: Outcome::AwaitChange, conditions, events: vec![], status: None })
    });
    let ready = s.reason("a", "Ready", "Waiting").await;
    assert_eq!((&ready["observedGeneration"], &ready["message"]), (&json!(1), &json!("for the cloud")));
    assert!(s.condition("a", "Theirs").is_some());
    s.handle.reload();
    s.outcome("await-change", 2).await;
    assert_eq!(fake.requests("PATCH", "/status").len(), 1, "nothing changed, nothing is written");
    fake.put(&thing(), "a", json!({"spec": 2, "status": fake.get(&thing(), "a").expect("a")["status"]}));
    until("the new generation", || s.condition("a", "Ready").is_some_and(|c| c["observedGeneration"] == 2)).await;
    assert_eq!(s.condition("a", "Ready").expect("ready")["lastTransitionTime"], ready["lastTransitionTime"]);
}

#[tokio::test]
async fn a_refusal_is_told_once_and_not_retried_until_the_object_changes() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({}));
    let s = Setup::run(&fake, declaration(vec![]), options(), |_| refused("spec.replicas is negative"));
    let condition = s.reason("a", "Reconciled", "BadSpec").await;
    assert_eq!((&condition["status"], &condition["message"]), (&json!("False"), &json!("spec.replicas is negative")));
    fake.put(&thing(), "marker", json!({}));
    s.reason("marker", "Reconciled", "BadSpec").await;
    assert_eq!(s.asked(), ["a loaded", "marker changed"], "no retry");
    s.handle.reload();
    s.outcome("refused", 4).await;
    fake.put(&thing(), "marker2", json!({}));
    until("recorded", || s.warnings().len() == 3).await;
    assert_eq!(s.warnings().len(), 3, "one for each object, none for the second look");
}

#[tokio::test]
async fn a_trap_is_told_in_one_sentence_without_what_the_guest_said() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({}));
    let s = Setup::run(&fake, declaration(vec![]), options(), |_| trap());
    let condition = s.reason("a", "Reconciled", "Trapped").await;
    assert_eq!(condition["message"], "plugin p trapped");
    until("recorded", || s.warnings() == ["plugin p trapped"]).await;
    fake.put(&thing(), "b", json!({}));
    s.reason("b", "Reconciled", "Trapped").await;
}

#[tokio::test]
async fn the_reconcilers_own_events_are_recorded() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({}));
    let s = Setup::run(&fake, declaration(vec![]), options(), |_| {
        let event = Event { kind: EventType::Normal, reason: "Bought".into(), message: "a server".into() };
        Ok(Response { outcome: Outcome::Done, conditions: vec![], events: vec![event], status: None })
    });
    until("recorded", || s.warnings() == ["a server"]).await;
}

#[tokio::test]
async fn each_kind_has_its_style_and_a_status_may_need_a_seed() {
    let fake = Fake::new();
    fake.put(&thing(), "new", json!({}));
    fake.put(&thing(), "old", json!({"status": {"ready": true}}));
    let conditions = Conditions::ClusterApiV1beta1(Severity::Warning);
    let style = StatusStyle { conditions, seed: Some(json!({"ready": false})) };
    let options = Options { styles: HashMap::from([(thing(), style)]), ..options() };
    let s = Setup::run(&fake, declaration(vec![]), options, |_| refused("no"));
    for (name, ready) in [("new", false), ("old", true)] {
        let condition = s.reason(name, "Reconciled", "BadSpec").await;
        assert_eq!(condition["severity"], "Warning");
        assert!(condition.get("observedGeneration").is_none());
        assert_eq!(fake.get(&thing(), name).expect("there")["status"]["ready"], ready, "{name}");
    }
}

#[tokio::test]
async fn a_kind_without_conditions_is_left_alone() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({}));
    let style = StatusStyle { conditions: Conditions::None, seed: None };
    let s = Setup::run(&fake, declaration(vec![]), Options { style, ..options() }, |_| trap());
    until("recorded", || s.warnings() == ["plugin p trapped"]).await;
    assert!(fake.requests("PATCH", "/status").is_empty());
}

#[tokio::test]
async fn a_conflict_is_resolved_from_the_fresh_object() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({}));
    let interfere = fake.clone();
    let looks = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&looks);
    let s = Setup::run(&fake, declaration(vec![]), options(), move |_| {
        if counter.fetch_add(1, Ordering::SeqCst) == 0 {
            // Somebody writes a condition of theirs that our cache does not know when we write ours.
            interfere.world().hold();
            interfere.put(&thing(), "a", json!({"status": {"conditions": [{"type": "Theirs", "status": "True"}]}}));
        }
        done()
    });
    until("the conflict", || !fake.requests("PATCH", "/status").is_empty()).await;
    fake.world().release();
    s.reason("a", "Reconciled", "Succeeded").await;
    assert!(s.condition("a", "Theirs").is_some());
}

#[tokio::test]
async fn a_status_that_cannot_be_written_is_tried_again() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({}));
    let failing = fake.clone();
    let s = Setup::run(&fake, declaration(vec![]), options(), move |request| {
        if request.attempt == 0 {
            failing.world().fail.push_back((500, "InternalError"));
        }
        done()
    });
    s.reason("a", "Reconciled", "Succeeded").await;
    assert_eq!(s.asked(), ["a loaded", "a retry"]);
}

/// A look that says so in the status.
fn returning(status: serde_json::Value) -> Answer {
    Ok(Response { status: Some(status.to_string().into_bytes()), ..Outcome::Done.into() })
}

#[tokio::test]
async fn a_returned_status_and_the_conditions_are_one_request_that_wakes_nobody() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({"status": {"theirs": 1, "old": true}}));
    let s = Setup::run(&fake, declaration(vec![]), options(), |_| returning(json!({"ready": true, "old": null})));
    s.reason("a", "Reconciled", "Succeeded").await;
    let status = fake.get(&thing(), "a").expect("there")["status"].clone();
    assert_eq!((&status["ready"], &status["theirs"], status.get("old")), (&json!(true), &json!(1), None));
    s.handle.reload();
    s.outcome("done", 2).await;
    fake.put(&thing(), "marker", json!({}));
    s.reason("marker", "Reconciled", "Succeeded").await;
    assert_eq!(fake.requests("PATCH", "/a/status").len(), 1, "said once");
    assert_eq!(s.asked(), ["a loaded", "a loaded", "marker changed"], "its own write woke nobody");
}

#[tokio::test]
async fn what_somebody_else_made_of_a_returned_status_is_repaired() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({}));
    let s = Setup::run(&fake, declaration(vec![]), options(), |_| returning(json!({"ready": true})));
    s.reason("a", "Reconciled", "Succeeded").await;
    let mut status = fake.get(&thing(), "a").expect("there")["status"].clone();
    status["ready"] = json!(false);
    fake.put(&thing(), "a", json!({"status": status}));
    until("repaired", || fake.get(&thing(), "a").expect("there")["status"]["ready"] == true).await;
}

#[tokio::test]
async fn a_returned_status_that_cannot_be_written_is_tried_again() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({}));
    let style = StatusStyle { conditions: Conditions::None, seed: None };
    let failing = fake.clone();
    let s = Setup::run(&fake, declaration(vec![]), Options { style, ..options() }, move |request| {
        if request.attempt == 0 {
            failing.world().fail.push_back((500, "InternalError"));
        }
        returning(json!({"ready": true}))
    });
    until("written", || fake.get(&thing(), "a").expect("there")["status"]["ready"] == true).await;
    assert_eq!(s.asked(), ["a loaded", "a retry"]);
    assert_eq!(
        fake.get(&thing(), "a").expect("there")["status"],
        json!({"ready": true}),
        "no conditions for this kind"
    );
}

/// Applies something at each look, and fails if that does.
#[derive(Default)]
struct Applying(OnceLock<Writer>);

#[async_trait]
impl Reconciler for Applying {
    async fn reconcile(&self, request: &Request) -> Answer {
        let intent = with(&thing(), &request.object.name, json!({"spec": "ours"})).to_string();
        let outcome = match self.0.get().expect("set before the first look").apply(intent.as_bytes()).await {
            Ok(_) => Outcome::Done,
            Err(error) => Outcome::Failed { message: error.to_string(), retry_after: None },
        };
        Ok(outcome.into())
    }
}

#[tokio::test]
async fn what_fails_with_the_api_server_costs_one_request_a_look_and_is_said_when_it_lasts() {
    for (code, why, message) in [
        (500, "InternalError", "the API server could not be asked"),
        (403, "Forbidden", "forbidden by the API server: "),
    ] {
        failing_with(code, why, message).await;
    }
}

async fn failing_with(code: u16, why: &'static str, message: &str) {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({}));
    let reconciler = Arc::new(Applying::default());
    let s = Setup::run_reconciler(&fake, declaration(vec![]), options(), Arc::clone(&reconciler) as _, Arc::default());
    let permissions = Arc::new(Permissions::new(declaration(vec![]), Grant::default()));
    assert!(reconciler.0.set(s.store.writer(Identity::new("p", "sys"), permissions)).is_ok());
    s.reason("a", "Reconciled", "Succeeded").await;
    let before = fake.requests("PATCH", "/a").len();
    fake.world().fail = std::iter::repeat_n((code, why), 4).collect();
    fake.put(&thing(), "a", json!({"spec": "theirs"}));
    let condition = s.reason("a", "Reconciled", "Failed").await;
    assert!(condition["message"].as_str().is_some_and(|said| said.starts_with(message)), "{condition}");
    let requests = &fake.requests("PATCH", "/a")[before..];
    let status = requests.iter().position(|request| request.path.contains("/status"));
    assert_eq!(status, Some(4), "three failures in silence, and the fourth with its condition");
    s.reason("a", "Reconciled", "Succeeded").await;
}
