use serde_json::{Value, json};

use super::FakeCluster;
use crate::cluster::DeleteOptions;
use crate::kinds::{ConfigMap, Deployment};
use crate::{Error, Key, Kind, Obj, Object, Query};

const CONFIG: Kind = ConfigMap::KIND;

fn config(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "n"}, "data": data})
}

fn read(fake: &FakeCluster, name: &str) -> Obj<ConfigMap> {
    fake.cluster().get(&Key::new("n", name)).expect("read").expect("there")
}

#[test]
fn an_apply_removes_what_the_last_one_said_and_nothing_else() {
    let fake = FakeCluster::new();
    fake.put(config("a", json!({"theirs": "1"})));
    let cluster = fake.cluster();
    cluster.apply(&config("a", json!({"ours": "1", "gone": "1"}))).expect("apply");
    cluster.apply(&config("a", json!({"ours": "2"}))).expect("apply");
    assert_eq!(read(&fake, "a").data, [("ours".into(), "2".into()), ("theirs".into(), "1".into())].into());
}

#[test]
fn an_apply_without_change_is_no_write() {
    let fake = FakeCluster::new();
    for _ in 0..2 {
        fake.cluster().apply(&config("a", json!({"k": "1"}))).expect("apply");
    }
    assert_eq!(fake.take_writes(), ["apply ConfigMap n/a"]);
}

#[test]
fn a_deleted_object_stays_until_its_finalizers_are_gone() {
    let fake = FakeCluster::new();
    let target = fake.put(config("a", json!({})));
    let cluster = fake.cluster();
    cluster.add_finalizer(&read(&fake, "a"), "example.org/x").expect("added");
    cluster.delete(&target).expect("deleted");
    let object = read(&fake, "a");
    assert!(object.is_deleting());
    cluster.remove_finalizer(&object, "example.org/x").expect("removed");
    assert_eq!(fake.object(&CONFIG, &Key::new("n", "a")), None);
}

#[test]
fn a_finalizer_is_not_written_over_somebody_elses_change() {
    let fake = FakeCluster::new();
    fake.put(config("a", json!({})));
    let old = read(&fake, "a");
    fake.put(config("a", json!({"k": "changed"})));
    let error = fake.cluster().add_finalizer(&old, "example.org/x").expect_err("conflict");
    assert!(matches!(error, Error::Conflict(_)), "{error}");
}

#[test]
fn lists_select_by_namespace_labels_and_owner() {
    let fake = FakeCluster::new();
    fake.put(config("parent", json!({})));
    let parent = read(&fake, "parent");
    for (name, labels) in [("a", json!({"tier": "web"})), ("b", json!({"tier": "db", "old": "yes"}))] {
        let mut child = config(name, json!({}));
        child["metadata"]["labels"] = labels;
        child["metadata"]["ownerReferences"] = json!([parent.owner_reference()]);
        fake.put(child);
    }
    let cases = [
        ("all", Query::all(), vec!["a", "b", "parent"]),
        ("owned", Query::owned_by(&parent), vec!["a", "b"]),
        ("label", Query::all().labels("tier=web"), vec!["a"]),
        ("set", Query::all().labels("tier in (web, db),!old"), vec!["a"]),
        ("not", Query::all().labels("tier notin (web)"), vec!["b", "parent"]),
        ("elsewhere", Query::in_namespace("m"), vec![]),
    ];
    for (name, query, expected) in cases {
        let found: Vec<_> = fake.cluster().list::<ConfigMap>(&query).expect(name);
        assert_eq!(found.iter().map(Obj::name).collect::<Vec<_>>(), expected, "{name}");
    }
}

#[test]
fn preconditions_of_a_delete_are_kept() {
    let fake = FakeCluster::new();
    let target = fake.put(config("a", json!({})));
    let other = DeleteOptions { uid: Some("another".into()), ..DeleteOptions::default() };
    assert!(matches!(fake.cluster().delete_with(&target, &other), Err(Error::Conflict(_))));
    assert!(fake.object(&CONFIG, &Key::new("n", "a")).is_some());
}

#[test]
fn a_kind_that_is_not_listed_yet_is_looked_for_again() {
    let fake = FakeCluster::new();
    fake.not_ready(Deployment::KIND);
    let error = fake.cluster().get::<Deployment>(&Key::new("n", "a")).expect_err("not ready");
    assert!(matches!(error.outcome(), crate::Outcome::RequeueAfter(_)), "{:?}", error.outcome());
}

#[test]
fn a_status_is_applied_only_to_what_exists() {
    let fake = FakeCluster::new();
    let target = CONFIG.at(&Key::new("n", "a"));
    assert!(matches!(fake.cluster().apply_status(&target, &json!({"ready": true})), Err(Error::NotFound(_))));
    fake.put(config("a", json!({})));
    fake.cluster().apply_status(&target, &json!({"ready": true})).expect("applied");
    assert_eq!(fake.object(&CONFIG, &Key::new("n", "a")).expect("there")["status"], json!({"ready": true}));
}
