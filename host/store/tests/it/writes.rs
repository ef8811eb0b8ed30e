//! What becomes of a plugin's writes, on the server and in the cache.

use std::sync::Arc;

use backplane_core::declaration::Verb;
use backplane_core::grant::{Grant, KindGrant, Permissions};
use backplane_core::ports::{DeleteOptions, ObjectBytes, Patch, Query, Reads, WriteError, Writes};
use backplane_store::{Identity, Options, Snapshot, Source, Store, View, Watch, Writer};
use serde_json::{Value, json};

use crate::support::{Fake, options, permissions, reference, secret, thing, until, with};

struct Setup {
    fake: Fake,
    store: Store,
    view: View,
    writer: Writer,
}

async fn setup() -> Setup {
    setup_with(options()).await
}

async fn setup_with(options: Options) -> Setup {
    let fake = Fake::new();
    let store = Store::new(fake.client(), options);
    let permissions = Arc::new(permissions());
    let view = store.view(Arc::clone(&permissions));
    let writer = store.writer(Identity::new("p", "backplane-system"), permissions);
    view.settled().await;
    Setup { fake, store, view, writer }
}

impl Setup {
    fn spec(&self, name: &str) -> Option<Value> {
        let bytes = self.view.get(&reference(&thing(), name)).expect("ready")?;
        Some(value(&bytes)["spec"].clone())
    }

    async fn apply(&self, name: &str, spec: u32) -> ObjectBytes {
        self.writer.apply(&intent(name, spec)).await.expect("applied")
    }

    fn applies(&self) -> usize {
        self.fake.requests("PATCH", "/things/").len()
    }

    fn suppressed(&self, verb: &'static str) -> u64 {
        self.store.counters().writes().get(&(verb, "suppressed")).copied().unwrap_or_default()
    }
}

fn value(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("json")
}

fn intent(name: &str, spec: u32) -> Vec<u8> {
    with(&thing(), name, json!({"spec": spec})).to_string().into_bytes()
}

fn status(name: &str, ready: bool) -> Vec<u8> {
    with(&thing(), name, json!({"status": {"ready": ready}})).to_string().into_bytes()
}

#[tokio::test]
async fn a_reader_sees_its_own_write_before_the_watch_does() {
    let s = setup().await;
    s.fake.world().hold();
    s.apply("a", 1).await;
    assert_eq!(s.spec("a"), Some(json!(1)));
    s.apply("a", 2).await;
    assert_eq!(s.spec("a"), Some(json!(2)));
    s.writer.delete(&reference(&thing(), "a"), &DeleteOptions::default()).await.expect("deleted");
    assert_eq!(s.spec("a"), None);
    s.apply("b", 3).await;

    // Everything that the watch had to say by then is old news.
    let watch = Watch { kind: thing(), selector: backplane_core::Selector::default() };
    let changes = s.store.subscribe(&[(watch, Snapshot::Without)]);
    s.fake.world().release();
    s.fake.put(&thing(), "marker", json!({}));
    let change = changes.next().await;
    assert_eq!((change.key.name.as_str(), change.source), ("marker", Source::Watch));
    assert_eq!((s.spec("a"), s.spec("b")), (None, Some(json!(3))));
}

#[tokio::test]
async fn without_write_through_a_reader_meets_the_past() {
    let s = setup_with(Options { write_through: false, ..options() }).await;
    s.fake.world().hold();
    s.apply("a", 1).await;
    assert_eq!(s.spec("a"), None, "which is why it is never switched off");
    s.fake.world().release();
    until("the watch says it", || s.spec("a") == Some(json!(1))).await;
}

#[tokio::test]
async fn own_writes_reach_subscribers_once() {
    let s = setup().await;
    let watch = Watch { kind: thing(), selector: backplane_core::Selector::default() };
    let changes = s.store.subscribe(&[(watch, Snapshot::Without)]);
    s.apply("a", 1).await;
    let change = changes.next().await;
    assert_eq!((change.source, change.old.is_none()), (Source::OwnWrite, true));
    s.fake.put(&thing(), "marker", json!({}));
    assert_eq!(changes.next().await.key.name, "marker", "the watch's own news of it changed nothing");
}

#[tokio::test]
async fn the_same_intent_costs_one_request_until_somebody_touches_the_object() {
    let s = setup().await;
    s.apply("a", 1).await;
    let again = s.apply("a", 1).await;
    assert_eq!((s.applies(), s.suppressed("apply"), value(&again)["spec"].clone()), (1, 1, json!(1)));

    // Others change the status all the time; an apply of the main resource cannot reach it.
    let mut touched = s.fake.get(&thing(), "a").expect("there");
    touched["status"] = json!({"by": "others"});
    s.fake.world().put(&thing(), touched.clone());
    until("seen", || {
        s.view.get(&reference(&thing(), "a")).expect("ready").is_some_and(|b| value(&b)["status"].is_object())
    })
    .await;
    s.apply("a", 1).await;
    assert_eq!(s.applies(), 1);

    touched["spec"] = json!(99);
    s.fake.world().put(&thing(), touched);
    until("seen", || s.spec("a") == Some(json!(99))).await;
    s.apply("a", 1).await;
    assert_eq!((s.applies(), s.spec("a")), (2, Some(json!(1))), "repaired");

    s.apply("a", 2).await;
    assert_eq!((s.applies(), s.spec("a")), (3, Some(json!(2))), "another intent");
}

#[tokio::test]
async fn an_unchanged_status_costs_one_request_even_when_the_spec_moves() {
    let s = setup().await;
    s.apply("a", 1).await;
    s.writer.apply_status(&status("a", true)).await.expect("applied");
    s.apply("a", 2).await;
    s.writer.apply_status(&status("a", true)).await.expect("applied");
    assert_eq!((s.fake.requests("PATCH", "/status").len(), s.suppressed("apply-status")), (1, 1));
    s.writer.apply_status(&status("a", false)).await.expect("applied");
    assert_eq!(s.fake.requests("PATCH", "/status").len(), 2);
    assert!(matches!(s.writer.apply_status(&status("absent", true)).await, Err(WriteError::NotFound(_))));
}

#[tokio::test]
async fn a_recreated_object_is_not_taken_for_the_old_one() {
    let s = setup().await;
    s.apply("a", 1).await;
    s.fake.world().remove(&thing(), Some("n"), "a");
    s.fake.put(&thing(), "a", json!({"spec": 1}));
    let uid = s.fake.get(&thing(), "a").expect("there")["metadata"]["uid"].clone();
    let seen =
        || s.view.get(&reference(&thing(), "a")).expect("ready").is_some_and(|b| value(&b)["metadata"]["uid"] == uid);
    until("seen", seen).await;
    s.apply("a", 1).await;
    assert_eq!(s.applies(), 2);
}

#[tokio::test]
async fn writes_carry_the_plugins_name() {
    let s = setup().await;
    s.apply("a", 1).await;
    let requests = s.fake.requests("PATCH", "/things/a?fieldManager=backplane-p&force=true");
    assert_eq!(requests[0].user.as_deref(), Some("system:serviceaccount:backplane-system:backplane-p"));
    let plain = s.store.writer(Identity::without_impersonation("p"), Arc::new(permissions()));
    plain.apply(&intent("b", 1)).await.expect("applied");
    assert_eq!(s.fake.requests("PATCH", "/things/b")[0].user, None);
}

#[tokio::test]
async fn what_is_not_permitted_is_not_asked() {
    let s = setup().await;
    let declaration = permissions().declaration().clone();
    let grant =
        Grant { kinds: KindGrant::Only(vec!["Secret".into()]), namespaces: Some(vec!["n".into()]), ..Grant::default() };
    let writer = s.store.writer(Identity::new("p", "x"), Arc::new(Permissions::new(declaration, grant)));
    let elsewhere =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "m"}}).to_string();
    let undeclared = json!({"apiVersion": "g/v1", "kind": "Plain", "metadata": {"name": "a"}}).to_string();
    let before = s.fake.world().requests.len();
    for (name, result) in [
        ("ungranted kind", writer.apply(&intent("a", 1)).await),
        ("ungranted namespace", writer.create(elsewhere.as_bytes()).await),
        ("undeclared kind", writer.apply(undeclared.as_bytes()).await),
        ("status of a kind not reconciled", writer.patch(&reference(&thing(), "a"), &Patch::MergeStatus(b"{}")).await),
    ] {
        assert!(matches!(result, Err(WriteError::Denied(_))), "{name}");
    }
    let deleted = writer.delete(&reference(&thing(), "a"), &DeleteOptions::default()).await;
    assert!(matches!(deleted, Err(WriteError::Denied(_))));
    assert_eq!(s.fake.world().requests.len(), before);
    assert_eq!(s.store.counters().writes()[&("apply", "denied")], 2);
}

#[tokio::test]
async fn a_grant_of_namespaces_hides_the_others() {
    let s = setup().await;
    for namespace in ["n", "m"] {
        s.fake.put(&thing(), "a", json!({"metadata": {"namespace": namespace}}));
    }
    until("both are cached", || s.view.list(&thing(), &Query::default()).expect("ready").len() == 2).await;
    let grant = Grant { namespaces: Some(vec!["m".into()]), ..Grant::default() };
    let narrow = s.store.view(Arc::new(Permissions::new(permissions().declaration().clone(), grant)));
    assert_eq!(narrow.list(&thing(), &Query::default()).expect("ready").len(), 1);
    assert!(narrow.get(&reference(&thing(), "a")).is_err(), "namespace n");
}

#[tokio::test]
async fn create_patch_and_delete_answer_as_the_server_does() {
    let s = setup().await;
    let a = reference(&thing(), "a");
    s.writer.create(&intent("a", 1)).await.expect("created");
    assert!(matches!(s.writer.create(&intent("a", 1)).await, Err(WriteError::AlreadyExists(_))));
    let generated =
        json!({"apiVersion": "g/v1", "kind": "Thing", "metadata": {"generateName": "x-", "namespace": "n"}});
    let made = s.writer.create(generated.to_string().as_bytes()).await.expect("created");
    assert!(value(&made)["metadata"]["name"].as_str().is_some_and(|name| name.starts_with("x-")));

    s.writer.patch(&a, &Patch::Merge(br#"{"spec": 5}"#)).await.expect("patched");
    assert_eq!(s.spec("a"), Some(json!(5)));
    let stale = br#"{"metadata": {"resourceVersion": "1"}, "spec": 6}"#;
    assert!(matches!(s.writer.patch(&a, &Patch::Merge(stale)).await, Err(WriteError::Conflict(_))));

    let other = DeleteOptions { uid: Some("other".into()), ..DeleteOptions::default() };
    assert!(matches!(s.writer.delete(&a, &other).await, Err(WriteError::Conflict(_))));
    s.writer.patch(&a, &Patch::Merge(br#"{"metadata": {"finalizers": ["f"]}}"#)).await.expect("patched");
    s.writer.delete(&a, &DeleteOptions::default()).await.expect("deleted");
    let going = s.view.get(&a).expect("ready").expect("held by its finalizer");
    assert!(value(&going)["metadata"]["deletionTimestamp"].is_string());
    s.writer.delete(&reference(&thing(), "absent"), &DeleteOptions::default()).await.expect("an absent object is fine");
}

#[tokio::test]
async fn a_creation_whose_answer_was_lost_is_not_made_twice() {
    let s = setup().await;
    let intent = json!({"apiVersion": "g/v1", "kind": "Thing", "metadata": {"generateName": "x-", "namespace": "n"}});
    let intent = intent.to_string().into_bytes();
    let there = |s: &Setup| s.fake.world().all(&thing(), &backplane_core::Selector::default()).len();
    s.fake.world().hold();
    s.fake.world().lose_answers = 2;
    for _ in 0..2 {
        let error = s.writer.create(&intent).await.expect_err("the answer is lost");
        assert!(matches!(error, WriteError::Other(_)), "{error:?}");
    }
    let made = s.writer.create(&intent).await.expect("found again");
    assert_eq!(there(&s), 1, "three tries, one object");
    let name = value(&made)["metadata"]["name"].as_str().expect("a name").to_owned();
    assert!(s.view.get(&reference(&thing(), &name)).expect("ready").is_some(), "and the cache has it at once");
    s.writer.create(&intent).await.expect("another one");
    assert_eq!(there(&s), 2, "who asks again after an answer gets another");
}

#[tokio::test]
async fn a_doubt_ends_when_the_watch_brings_the_object() {
    let s = setup().await;
    let intent = json!({"apiVersion": "g/v1", "kind": "Thing", "metadata": {"generateName": "x-", "namespace": "n"}});
    let intent = intent.to_string().into_bytes();
    s.fake.world().lose_answers = 1;
    s.writer.create(&intent).await.expect_err("the answer is lost");
    let all = || s.view.list(&thing(), &Query::default()).expect("ready").len();
    until("the watch brings it", || all() == 1).await;
    s.writer.create(&intent).await.expect("a reader who saw it and wants another gets it");
    assert_eq!(all(), 2);
}

#[tokio::test]
async fn an_own_write_that_leaves_the_selector_leaves_the_cache() {
    let s = setup().await;
    let labelled =
        |value: &str| with(&secret(), "a", json!({"metadata": {"labels": {"use": value}}})).to_string().into_bytes();
    let a = reference(&secret(), "a");
    s.fake.world().hold();
    s.writer.apply(&labelled("yes")).await.expect("applied");
    assert!(s.view.get(&a).expect("ready").is_some());
    s.writer.apply(&labelled("no")).await.expect("applied");
    assert!(s.view.get(&a).expect("ready").is_none());
    s.fake.world().release();
    s.fake.put(&secret(), "marker", json!({"metadata": {"labels": {"use": "yes"}}}));
    until("followed", || s.view.get(&reference(&secret(), "marker")).expect("ready").is_some()).await;
    assert!(s.view.get(&a).expect("ready").is_none());
}

#[tokio::test]
async fn refusals_keep_their_meaning() {
    let s = setup().await;
    type Is = fn(&WriteError) -> bool;
    let cases: [(u16, &'static str, Is); 5] = [
        (403, "Forbidden", |e| matches!(e, WriteError::Forbidden(_))),
        (409, "Conflict", |e| matches!(e, WriteError::Conflict(_))),
        (422, "Invalid", |e| matches!(e, WriteError::Invalid(_))),
        (429, "TooManyRequests", |e| matches!(e, WriteError::Throttled(pause) if pause.as_secs() == 1)),
        (500, "InternalError", |e| matches!(e, WriteError::Other(_))),
    ];
    for (code, reason, is) in cases {
        s.fake.world().fail.push_back((code, reason));
        let error = s.writer.apply(&intent("a", 1)).await.expect_err(reason);
        assert!(is(&error), "{code}: {error:?}");
    }
    let nowhere = json!({"apiVersion": "g/v1", "kind": "Thing", "metadata": {"name": "a"}}).to_string();
    assert!(matches!(s.writer.apply(nowhere.as_bytes()).await, Err(WriteError::Invalid(_))), "no namespace");
}

#[tokio::test]
async fn conditions_may_be_written_for_the_kinds_that_are_reconciled() {
    let s = setup().await;
    s.apply("a", 1).await;
    let mut declaration = permissions().declaration().clone();
    declaration.writes.clear();
    declaration.reconciles = vec![thing()];
    let permissions = Permissions::new(declaration, Grant::default());
    assert!(permissions.write(&thing(), Some("n"), Verb::ApplyStatus).is_err());
    let host = s.store.writer(Identity::new("p", "x"), Arc::new(permissions));
    let patched = host.patch(&reference(&thing(), "a"), &Patch::MergeStatus(br#"{"status": {"x": 1}}"#)).await;
    assert_eq!(value(&patched.expect("patched"))["status"]["x"], 1);
}
