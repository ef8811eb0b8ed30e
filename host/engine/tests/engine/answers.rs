//! What crosses the boundary, in both directions.

use std::sync::Arc;
use std::time::Duration;

use backplane_core::condition::{EventType, Status};
use backplane_core::declaration::{Verb, Write};
use backplane_core::grant::Permissions;
use backplane_core::machines::{Bootstrap, MachineError, MachinePhase, MachineRequest, Machines};
use backplane_core::reconcile::Reconciler;
use backplane_core::{CallError, Declaration, Grant, ObjectRef};
use backplane_engine::Context;

use crate::support::{Fake, ask, kind, limited, load, over, slot, wish};

#[tokio::test]
async fn a_reconcile_reads_lists_and_writes_through_the_ports() {
    let store = Fake::with(&[
        (wish("mirror").object, r#"{"metadata": {"uid": "u-1"}, "spec": {"child": "c"}}"#),
        (ObjectRef::new(kind("Child"), Some("demo"), "a"), "{}"),
        (ObjectRef::new(kind("Child"), Some("demo"), "b"), "{}"),
    ]);
    let slot = slot(load("echo"), over(&store));
    let message = ask(&slot, "mirror").await.expect("answer");
    let applied = r#"apply {"kind":"Child","metadata":{"name":"c"}}"#;
    assert_eq!(message, format!("children 2, reconciled true, applied {applied}"));
    assert_eq!(*store.written.lock().expect("lock"), [applied]);
    let query = store.queries.lock().expect("lock").pop().expect("query");
    assert_eq!((query.namespace.as_deref(), query.owner_uid.as_deref()), (Some("demo"), Some("u-1")));
    assert_eq!(query.selector.to_string(), "app=echo");
}

#[tokio::test]
async fn the_request_and_the_whole_response_arrive() {
    let slot = slot(load("echo"), Context::nothing("echo"));
    let response = slot.reconcile(&wish("hello")).await.expect("answer");
    assert_eq!(response.conditions[0].status, Status::True);
    assert_eq!((response.events[0].kind, response.events[0].reason.as_str()), (EventType::Normal, "Seen"));
    assert_eq!(ask(&slot, "hello").await.expect("answer"), "hello changed 2");
}

#[tokio::test]
async fn a_status_is_returned_by_who_may_apply_it() {
    let slot_of = |permissions: Permissions| {
        slot(load("echo"), Context { permissions: Arc::new(permissions), ..Context::nothing("echo") })
    };
    let nobody = slot_of(Permissions::new(Declaration::default(), Grant::default()));
    let response = nobody.reconcile(&wish("status")).await.expect("answer");
    assert_eq!(response.status, None);
    assert!(ask(&nobody, "status").await.expect("answer").contains("StatusError::Denied"));

    let writes = vec![Write { kind: kind("Wish"), verbs: vec![Verb::ApplyStatus] }];
    let somebody = slot_of(Permissions::new(Declaration { writes, ..Declaration::default() }, Grant::default()));
    let response = somebody.reconcile(&wish("status")).await.expect("answer");
    assert_eq!(response.status.as_deref(), Some(&br#"{"ready":true}"#[..]));
    let said = ask(&somebody, "status").await.expect("answer");
    assert!(said.starts_with("Err(StatusError::Invalid(") && said.ends_with("Ok(())"), "{said}");
    assert_eq!(somebody.reconcile(&wish("hello")).await.expect("answer").status, None, "not the one of another call");
}

#[tokio::test]
async fn every_kind_of_write_and_its_failure_reaches_the_other_side() {
    let store = Fake::with(&[]);
    let slot = slot(load("echo"), over(&store));
    let message = ask(&slot, "writes").await.expect("answer");
    let expected = [
        "apply a",
        "WriteError::Throttled(1500)",
        r#"WriteError::Other("the API server could not be asked: connection refused")"#,
        "patch Wish.demo.example.org demo/writes Merge([112])",
        "Ok(())",
    ];
    assert_eq!(message, expected.join(" | "));
    let written = store.written.lock().expect("lock");
    assert_eq!(written[0], "event Wish.demo.example.org demo/writes R m");
    assert!(written.iter().any(|w| w.contains(r#"uid: Some("u")"#) && w.contains("Foreground")), "{written:?}");
}

#[tokio::test]
async fn a_denied_read_and_an_unreadable_selector_are_told_to_the_guest() {
    let slot = slot(load("echo"), over(&Fake::with(&[])));
    let message = ask(&slot, "denied").await.expect("answer");
    assert!(message.contains("read of Unheard.demo.example.org is not declared by the plugin"), "{message}");
    assert!(message.contains("label selector"), "{message}");
}

#[tokio::test]
async fn settings_are_those_of_the_context() {
    let context = Context { settings: Arc::from(&br#"{"region":"zrh"}"#[..]), ..Context::nothing("echo") };
    assert_eq!(ask(&slot(load("echo"), context), "settings").await.expect("answer"), r#"{"region":"zrh"}"#);
}

#[tokio::test]
async fn a_guest_has_clocks_and_random_numbers_and_no_environment() {
    let slot = slot(load("echo"), Context::nothing("echo"));
    let message = ask(&slot, "surroundings").await.expect("answer");
    assert_eq!(message, "variables 0, arguments 0, clock true, random true");
}

#[tokio::test]
async fn a_provider_answers_for_a_machine() {
    let slot = slot(load("echo"), Context::nothing("echo"));
    let mut request =
        MachineRequest { object: Arc::from(&b"object"[..]), machine: None, cluster: None, bootstrap: None };
    let refused = slot.ensure(&request).await.expect("answer");
    assert_eq!(refused, Err(MachineError::Throttled(Duration::from_millis(1_500))));
    request.bootstrap = Some(Bootstrap { data: b"#cloud-config".to_vec(), format: "cloud-config".into() });
    let running = slot.ensure(&request).await.expect("answer").expect("state");
    assert_eq!((running.phase, running.message.as_str()), (MachinePhase::Running, "13 bytes, cloud-config"));
    assert_eq!(running.poll_after, Some(Duration::from_secs(2)));
    assert_eq!(slot.observe(&request).await.expect("answer").expect("state").message, "object");
    assert_eq!(slot.delete(&request).await.expect("answer").expect("state").phase, MachinePhase::Gone);
}

#[tokio::test]
async fn a_call_that_a_plugin_does_not_export_says_so() {
    let slot = slot(load("rude"), limited("rude", Default::default()));
    let request = MachineRequest { object: Arc::from(&b""[..]), machine: None, cluster: None, bootstrap: None };
    let error = slot.observe(&request).await.expect_err("no machines");
    assert!(matches!(error, CallError::NotExported { interface: "backplane:provider/machines", .. }), "{error}");
}
