//! Whom a change wakes: exactly those it concerns.

use backplane_core::declaration::Wake;
use backplane_core::{Kind, Selector};
use backplane_store::Watch;
use serde_json::{Value, json};

use crate::setup::{Setup, declaration, done, options};
use crate::support::{Fake, pair, read, secret, thing, until};

fn owned_by(fake: &Fake, kind: &Kind, name: &str) -> Value {
    let uid = fake.get(kind, name).expect("owner")["metadata"]["uid"].clone();
    let owner = json!({"apiVersion": kind.api_version(), "kind": kind.kind, "name": name, "uid": uid});
    json!({"metadata": {"ownerReferences": [owner]}})
}

/// Runs a controller with one read, makes a change, and gives the looks that followed it.
async fn woken(kind: Kind, wake: Wake, prepare: impl Fn(&Fake), change: impl Fn(&Fake)) -> Vec<String> {
    let fake = Fake::new();
    for name in ["a", "b", "c"] {
        fake.put(&thing(), name, json!({}));
    }
    prepare(&fake);
    let s = Setup::run(&fake, declaration(vec![read(kind.clone(), "", vec![wake])]), options(), |_| done());
    s.outcome("done", 3).await;
    for name in ["a", "b", "c"] {
        s.reason(name, "Reconciled", "Succeeded").await;
    }
    change(&fake);
    // What comes later in the same watch has been seen, so the change has been; and what comes after that in the
    // controller's feed has been worked on.
    fake.put(&kind, "later", json!({}));
    let watch = Watch { kind, selector: Selector::default() };
    let reader = s.store.reader(&watch).expect("declared");
    until("the later one", || reader.get(Some("n"), "later").is_some()).await;
    fake.put(&thing(), "last", json!({}));
    until("the last", || s.asked().iter().any(|a| a.starts_with("last"))).await;
    let mut woken: Vec<_> = s.asked().into_iter().skip(3).filter(|a| !a.starts_with("last")).collect();
    woken.sort();
    woken
}

#[tokio::test]
async fn a_child_wakes_its_owner() {
    let change = |fake: &Fake| fake.put(&pair(), "child", owned_by(fake, &thing(), "b"));
    assert_eq!(woken(pair(), Wake::Owners(thing()), |_| {}, change).await, ["b related Pair.g n/child"]);
}

#[tokio::test]
async fn a_child_that_changes_hands_wakes_both_owners() {
    let prepare = |fake: &Fake| fake.put(&pair(), "child", owned_by(fake, &thing(), "a"));
    let change = |fake: &Fake| fake.put(&pair(), "child", owned_by(fake, &thing(), "c"));
    let expected = ["a related Pair.g n/child", "c related Pair.g n/child"];
    assert_eq!(woken(pair(), Wake::Owners(thing()), prepare, change).await, expected);
}

#[tokio::test]
async fn a_parent_wakes_its_dependents() {
    let prepare = |fake: &Fake| {
        fake.put(&pair(), "parent", json!({}));
        fake.put(&thing(), "a", owned_by(fake, &pair(), "parent"));
        fake.put(&thing(), "c", owned_by(fake, &pair(), "parent"));
    };
    let change = |fake: &Fake| fake.put(&pair(), "parent", json!({"spec": 2}));
    let expected = ["a related Pair.g n/parent", "c related Pair.g n/parent"];
    assert_eq!(woken(pair(), Wake::Dependents(thing()), prepare, change).await, expected);
}

#[tokio::test]
async fn a_named_object_wakes_those_that_name_it_in_the_same_namespace() {
    let prepare = |fake: &Fake| {
        fake.put(&thing(), "a", json!({"spec": {"secretName": "s1"}}));
        fake.put(&thing(), "b", json!({"spec": {"secretName": "s2"}}));
    };
    let wake = || Wake::Reference(thing(), ".spec.secretName".parse().expect("path"));
    let change = |fake: &Fake| fake.put(&secret(), "s1", json!({"data": {}}));
    assert_eq!(woken(secret(), wake(), prepare, change).await, ["a related Secret n/s1"]);
    let elsewhere = |fake: &Fake| fake.put(&secret(), "s1", json!({"metadata": {"namespace": "other"}}));
    assert_eq!(woken(secret(), wake(), prepare, elsewhere).await, [""; 0]);
}

#[tokio::test]
async fn a_label_leads_from_the_changed_object_or_to_it() {
    let labelled = |name: &str| json!({"metadata": {"labels": {"thing": name}}});
    let change = |fake: &Fake| fake.put(&pair(), "p", labelled("c"));
    let wake = Wake::Label(thing(), "thing".into());
    assert_eq!(woken(pair(), wake, |_| {}, change).await, ["c related Pair.g n/p"]);

    let prepare = |fake: &Fake| fake.put(&thing(), "b", json!({"metadata": {"labels": {"pair": "p"}}}));
    let change = |fake: &Fake| fake.put(&pair(), "p", json!({}));
    let wake = Wake::Labelled(thing(), "pair".into());
    assert_eq!(woken(pair(), wake, prepare, change).await, ["b related Pair.g n/p"]);
}

#[tokio::test]
async fn what_names_nothing_that_exists_wakes_nobody() {
    let change = |fake: &Fake| fake.put(&pair(), "p", json!({"metadata": {"labels": {"thing": "absent"}}}));
    let wake = Wake::Label(thing(), "thing".into());
    assert_eq!(woken(pair(), wake, |_| {}, change).await, [""; 0]);
}
