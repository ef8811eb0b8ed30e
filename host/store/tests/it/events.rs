//! Events: one object per series, counted, and never in the way.

use std::sync::Arc;

use backplane_core::condition::{Event, EventType};
use backplane_core::ports::Writes;
use backplane_core::{Kind, ObjectRef};
use backplane_store::{Identity, Store};
use serde_json::json;

use crate::support::{Fake, options, pair, permissions, reference, thing, until};

fn event(message: &str) -> Event {
    Event { kind: EventType::Warning, reason: "Broken".into(), message: message.into() }
}

fn events(fake: &Fake) -> Vec<serde_json::Value> {
    fake.world().all(&Kind::new("", "v1", "Event"), &backplane_core::Selector::default())
}

#[tokio::test]
async fn repetitions_are_counted_on_one_event() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({}));
    let store = Store::new(fake.client(), options());
    let view = store.view(Arc::new(permissions()));
    view.settled().await;
    let writer = store.writer(Identity::new("p", "sys"), Arc::new(permissions()));
    for _ in 0..5 {
        writer.event(&reference(&thing(), "a"), &event("the same")).await;
    }
    writer.event(&reference(&thing(), "a"), &event("another")).await;
    // Counts are written at powers of two and otherwise every ten seconds: 1, 2 and 4 of the five.
    until("recorded", || events(&fake).len() == 2 && fake.requests("PATCH", "/events/").len() == 2).await;
    let recorded = events(&fake);
    let same = recorded.iter().find(|e| e["message"] == "the same").expect("recorded");
    assert_eq!((&same["count"], &same["type"], &same["reason"]), (&json!(4), &json!("Warning"), &json!("Broken")));
    assert_eq!(same["reportingComponent"], "backplane-p");
    let uid = fake.get(&thing(), "a").expect("there")["metadata"]["uid"].clone();
    assert_eq!((&same["involvedObject"]["uid"], &same["metadata"]["namespace"]), (&uid, &json!("n")));
    assert!(same["metadata"]["name"].as_str().is_some_and(|name| name.starts_with("a.")));
    let user = fake.requests("POST", "/events")[0].user.clone();
    assert_eq!(user.as_deref(), Some("system:serviceaccount:sys:backplane-p"));
}

#[tokio::test]
async fn an_event_that_cannot_be_recorded_is_only_counted() {
    let fake = Fake::new();
    let store = Store::new(fake.client(), options());
    let writer = store.writer(Identity::new("p", "sys"), Arc::new(permissions()));
    fake.world().fail.push_back((500, "InternalError"));
    writer.event(&reference(&thing(), "a"), &event("lost")).await;
    let lost = || store.counters().events_lost.load(std::sync::atomic::Ordering::Relaxed);
    until("counted", || lost() == 1).await;
    assert_eq!(store.counters().writes()[&("event", "refused")], 1);

    writer.event(&reference(&pair(), "a"), &event("not ours to speak of")).await;
    let cluster_scoped = ObjectRef::new(thing(), None, "b");
    writer.event(&cluster_scoped, &event("in default")).await;
    until("recorded", || events(&fake).len() == 1).await;
    assert_eq!(events(&fake)[0]["metadata"]["namespace"], "default");
}

#[tokio::test]
async fn events_that_wait_are_sent_before_the_end() {
    let fake = Fake::new();
    let store = Store::new(fake.client(), options());
    let writer = store.writer(Identity::new("p", "sys"), Arc::new(permissions()));
    for i in 0..50 {
        writer.event(&reference(&thing(), "a"), &event(&i.to_string())).await;
    }
    store.shutdown().await;
    assert_eq!(events(&fake).len(), 50);
}
