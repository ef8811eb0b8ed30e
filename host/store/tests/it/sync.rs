//! How the cache follows the server, whatever happens in between.

use std::sync::Arc;

use crate::support::{Fake, options, permissions, reference, secret, thing, until};
use backplane_core::ports::{Query, ReadError, Reads};
use backplane_store::{Demand, Options, Snapshot, Source, State, Store, Watch};
use serde_json::json;

fn names(reads: &dyn Reads, query: &Query) -> Vec<String> {
    let objects = reads.list(&thing(), query).expect("synchronised");
    let parse = |bytes: &Arc<[u8]>| serde_json::from_slice::<serde_json::Value>(bytes).expect("json");
    objects.iter().map(|o| parse(o)["metadata"]["name"].as_str().expect("name").to_owned()).collect()
}

fn things() -> Watch {
    Watch { kind: thing(), selector: backplane_core::Selector::default() }
}

fn demand() -> Demand {
    Demand { watch: things(), paths: vec![], labels: vec![] }
}

#[tokio::test]
async fn a_kind_is_listed_and_followed_by_stream_or_in_pages() {
    for refuse_streaming in [false, true] {
        let fake = Fake::new();
        fake.world().refuse_streaming = refuse_streaming;
        (0..7).for_each(|i| fake.put(&thing(), &format!("t{i}"), json!({"spec": i})));
        let store = fake.store();
        let view = store.view(Arc::new(permissions()));
        assert!(matches!(view.get(&reference(&thing(), "t1")), Err(ReadError::NotReady(_))), "before the first sync");
        view.settled().await;
        assert_eq!(names(&view, &Query::default()).len(), 7);
        let pages = fake.requests("GET", "limit=3").iter().filter(|r| r.path.contains("things")).count();
        assert_eq!(pages, if refuse_streaming { 3 } else { 0 });

        fake.put(&thing(), "new", json!({}));
        fake.world().remove(&thing(), Some("n"), "t0");
        until("followed", || names(&view, &Query::default()).last().is_some_and(|n| n == "t6")).await;
        until("removed", || view.get(&reference(&thing(), "t0")).expect("ready").is_none()).await;
        let bytes = view.get(&reference(&thing(), "new")).expect("ready").expect("there");
        let object: serde_json::Value = serde_json::from_slice(&bytes).expect("json");
        assert_eq!((object["kind"].as_str(), object["metadata"].get("managedFields")), (Some("Thing"), None));
        store.shutdown().await;
    }
}

#[tokio::test]
async fn many_readers_share_one_watch_and_the_last_one_ends_it() {
    let fake = Fake::new();
    let store = fake.store();
    let views: Vec<_> = (0..10).map(|_| store.view(Arc::new(permissions()))).collect();
    for view in &views {
        view.settled().await;
    }
    assert_eq!(fake.requests("GET", "/apis/g/v1/things?watch").len(), 1);
    assert_eq!(store.costs().len(), 2);
    drop(views);
    until("watches closed", || fake.world().watchers() == 0).await;
    assert!(store.costs().is_empty());
}

#[tokio::test]
async fn only_what_the_selector_matches_is_asked_for_and_seen() {
    let fake = Fake::new();
    fake.put(&secret(), "yes", json!({"metadata": {"labels": {"use": "yes"}}}));
    fake.put(&secret(), "no", json!({}));
    let store = fake.store();
    let view = store.view(Arc::new(permissions()));
    view.settled().await;
    assert!(view.get(&reference(&secret(), "yes")).expect("ready").is_some());
    assert!(view.get(&reference(&secret(), "no")).expect("ready").is_none());
    assert!(fake.requests("GET", "/api/v1/secrets").iter().all(|r| r.path.contains("labelSelector=use%3Dyes")));
    fake.put(&secret(), "yes", json!({"metadata": {"labels": {"use": "no"}}}));
    until("left the selector", || view.get(&reference(&secret(), "yes")).expect("ready").is_none()).await;
}

#[tokio::test]
async fn a_closed_stream_is_resumed_from_its_last_version() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({}));
    let store = fake.store();
    let view = store.view(Arc::new(permissions()));
    view.settled().await;
    let version = {
        let mut world = fake.world();
        world.version += 10;
        let version = world.version;
        world.say(&crate::support::bookmark(version));
        version
    };
    fake.world().close_watches();
    until("resumed", || !fake.requests("GET", &format!("resourceVersion={version}")).is_empty()).await;
    fake.put(&thing(), "b", json!({}));
    until("followed", || names(&view, &Query::default()) == ["a", "b"]).await;
    assert_eq!(store.counters().relists.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_version_that_is_too_old_leads_to_a_list_that_emits_only_true_differences() {
    let fake = Fake::new();
    for name in ["same", "changed", "gone"] {
        fake.put(&thing(), name, json!({"spec": 1}));
    }
    let store = fake.store();
    let _declared = store.declare("test", &[demand()]);
    store.synced(&[things()]).await;
    let changes = store.subscribe(&[(things(), Snapshot::Without)]);
    {
        let mut world = fake.world();
        world.hold();
        world.close_watches();
        world.put(&thing(), crate::support::with(&thing(), "changed", json!({"spec": 2})));
        world.put(&thing(), crate::support::with(&thing(), "new", json!({})));
        world.remove(&thing(), Some("n"), "gone");
        world.compacted = world.version;
    }
    let mut seen = Vec::new();
    for _ in 0..3 {
        let change = changes.next().await;
        seen.push(format!("{} {}{}", change.key.name, u8::from(change.old.is_some()), u8::from(change.new.is_some())));
    }
    seen.sort();
    assert_eq!(seen, ["changed 11", "gone 10", "new 01"]);
    assert!(changes.try_next().is_none(), "nothing about what stayed the same");
}

#[tokio::test]
async fn a_kind_that_appears_later_is_picked_up_and_one_that_disappears_goes_away() {
    let fake = Fake::new();
    fake.world().serve(&thing(), false);
    let store = fake.store();
    let view = store.view(Arc::new(permissions()));
    view.settled().await;
    let reader = store.reader(&things()).expect("declared");
    assert!(matches!(reader.state(), State::Unavailable(_)));
    assert!(matches!(view.list(&thing(), &Query::default()), Err(ReadError::NotReady(_))));

    let changes = store.subscribe(&[(things(), Snapshot::With)]);
    fake.world().serve(&thing(), true);
    fake.put(&thing(), "a", json!({}));
    let change = changes.next().await;
    assert_eq!((change.key.name.as_str(), change.source), ("a", Source::Loaded));
    until("listed", || reader.state() == State::Synced).await;

    fake.world().serve(&thing(), false);
    until("gone", || matches!(view.list(&thing(), &Query::default()), Err(ReadError::NotReady(_)))).await;
    let change = changes.next().await;
    assert_eq!((change.key.name.as_str(), change.new.is_none()), ("a", true));
    fake.world().serve(&thing(), true);
    until("back, and empty", || view.list(&thing(), &Query::default()).is_ok_and(|l| l.is_empty())).await;
}

#[tokio::test]
async fn a_server_that_fails_is_asked_again_at_a_bounded_rate() {
    let fake = Fake::new();
    fake.world().refuse_streaming = true;
    fake.world().fail = [(500, ""), (503, ""), (429, ""), (403, "Forbidden")].into();
    let store = fake.store();
    let _declared = store.declare("test", &[demand()]);
    store.synced(&[things()]).await;
    assert_eq!(fake.requests("GET", "/things?limit").len(), 5, "one request for each failure, and the one that worked");
}

#[tokio::test]
async fn a_kind_that_is_refused_after_its_first_list_is_not_answered_until_it_is_given_back() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({"spec": 1}));
    let grace = std::time::Duration::from_millis(30);
    let store = Store::new(fake.client(), Options { refusal_grace: grace, ..options() });
    let view = store.view(Arc::new(permissions()));
    view.settled().await;
    let changes = store.subscribe(&[(things(), Snapshot::Without)]);
    {
        let mut world = fake.world();
        let refusals = || std::iter::repeat_n((403, "Forbidden"), 1000).collect();
        (world.fail, world.fail_watch) = (refusals(), refusals());
        world.close_watches();
    }
    until("refused", || matches!(view.get(&reference(&thing(), "a")), Err(ReadError::NotReady(_)))).await;
    assert!(
        matches!(store.reader(&things()).expect("declared").state(), State::Unavailable(why) if why.contains("403"))
    );
    fake.put(&thing(), "a", json!({"spec": 2}));
    fake.put(&thing(), "b", json!({}));
    {
        let mut world = fake.world();
        (world.fail, world.fail_watch) = Default::default();
    }
    until("given back", || names_if_ready(&view).as_deref() == Some(&["a".to_owned(), "b".to_owned()])).await;
    let told = [changes.next().await, changes.next().await].map(|c| (c.key.name, c.old.is_some(), c.source));
    assert_eq!(told, [("a".into(), true, Source::Watch), ("b".into(), false, Source::Watch)], "true differences");
    assert!(changes.try_next().is_none());
}

fn names_if_ready(reads: &dyn Reads) -> Option<Vec<String>> {
    reads.list(&thing(), &Query::default()).is_ok().then(|| names(reads, &Query::default()))
}

#[tokio::test]
async fn a_single_refusal_interrupts_nobody() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({}));
    let store = fake.store();
    let view = store.view(Arc::new(permissions()));
    view.settled().await;
    let reader = store.reader(&things()).expect("declared");
    {
        let mut world = fake.world();
        world.fail_watch = [(403, "Forbidden"), (403, "Forbidden")].into();
        world.close_watches();
    }
    until("opened again", || {
        assert_eq!(reader.state(), State::Synced);
        let mut world = fake.world();
        world.fail_watch.is_empty() && world.watchers() == 2
    })
    .await;
}

#[tokio::test]
async fn a_broken_line_or_an_error_event_costs_nothing_but_a_new_watch() {
    let fake = Fake::new();
    fake.put(&thing(), "a", json!({}));
    let store = fake.store();
    let view = store.view(Arc::new(permissions()));
    view.settled().await;
    for line in [
        json!("not an event"),
        json!({"type": "ERROR", "object": {"kind": "Status", "code": 500, "reason": "InternalError"}}),
        json!({"type": "NEW", "object": {}}),
        json!({"type": "ADDED", "object": {"no": "metadata"}}),
    ] {
        fake.world().say(&line);
    }
    fake.put(&thing(), "b", json!({}));
    until("followed", || names(&view, &Query::default()) == ["a", "b"]).await;
}

#[tokio::test]
async fn queries_are_answered_in_order_whatever_index_they_use() {
    let fake = Fake::new();
    for i in 0..100 {
        let extra = json!({"metadata": {"namespace": format!("n{}", i % 2), "labels": {"app": format!("a{}", i % 10)},
            "ownerReferences": [{"apiVersion": "g/v1", "kind": "Thing", "name": "o", "uid": format!("o{}", i % 5)}]}});
        fake.put(&thing(), &format!("t{i:02}"), extra);
    }
    let store = fake.store();
    let view = store.view(Arc::new(permissions()));
    view.settled().await;
    let query = |namespace: &str, selector: &str, owner: &str| Query {
        namespace: (!namespace.is_empty()).then(|| namespace.into()),
        selector: selector.parse().expect("selector"),
        owner_uid: (!owner.is_empty()).then(|| owner.into()),
    };
    assert_eq!(names(&view, &query("n1", "", "")).len(), 50);
    assert_eq!(names(&view, &query("", "", "o3")).len(), 20);
    let expected: Vec<String> = (0..10).map(|i| format!("t{i}3")).collect();
    assert_eq!(names(&view, &query("", "app=a3", "")), expected);
    assert_eq!(names(&view, &query("n1", "app=a3", "o3")), expected);
    assert_eq!(names(&view, &query("n0", "app=a3", "")), [""; 0]);
    assert_eq!(names(&view, &query("n1", "app in (a1,a3),app!=a1", "")), expected);
    fake.put(&thing(), "t13", json!({"metadata": {"namespace": "n1", "labels": {"app": "other"}}}));
    until("the label index follows", || names(&view, &query("", "app=a3", "")).len() == 9).await;
}
