use serde_json::json;

use super::*;

fn configmaps() -> GroupResource {
    GroupResource::new("", "configmaps")
}

fn key(name: &str) -> ObjectKey {
    ObjectKey { namespace: Some("a".into()), name: name.into() }
}

fn object(name: &str, data: u32) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "a", "uid": name,
        "labels": {"x": "y"}, "ownerReferences": [{"uid": "owner"}]}, "data": {"n": data.to_string()}})
}

fn storage(history: usize) -> Storage {
    let storage = Storage::new(history);
    for name in ["a", "b"] {
        let namespace = json!({"kind": "Namespace", "metadata": {"name": name, "uid": format!("ns-{name}")}});
        storage.put(&GroupResource::new("", "namespaces"), None, namespace).unwrap();
    }
    storage
}

fn names(listing: &Listing) -> Vec<&str> {
    listing.objects.iter().map(|stored| stored.key.name.as_str()).collect()
}

#[test]
fn a_write_names_the_revision_it_replaces() {
    let storage = storage(10);
    let first = storage.put(&configmaps(), None, object("one", 1)).unwrap();
    assert_eq!(storage.put(&configmaps(), None, object("one", 2)).unwrap_err(), Stale);
    let second = storage.put(&configmaps(), Some(first.revision), object("one", 2)).unwrap();
    assert_eq!(storage.put(&configmaps(), Some(first.revision), object("one", 3)).unwrap_err(), Stale);
    assert_eq!(second.value()["metadata"]["resourceVersion"], second.revision.to_string());
    assert_eq!(storage.remove(&configmaps(), &key("one"), first.revision).unwrap_err(), Stale);
    storage.remove(&configmaps(), &key("one"), second.revision).unwrap();
    assert!(storage.get(&configmaps(), &key("one")).is_none());
}

#[test]
fn nothing_is_created_in_a_namespace_that_is_not_there() {
    let storage = storage(10);
    let mut homeless = object("one", 1);
    homeless["metadata"]["namespace"] = "c".into();
    assert_eq!(storage.put(&configmaps(), None, homeless).unwrap_err(), Stale);
}

#[test]
fn an_older_list_is_what_was_there_then() {
    let storage = storage(10);
    let one = storage.put(&configmaps(), None, object("one", 1)).unwrap();
    let two = storage.put(&configmaps(), None, object("two", 1)).unwrap();
    storage.put(&configmaps(), Some(one.revision), object("one", 2)).unwrap();
    storage.remove(&configmaps(), &key("two"), two.revision).unwrap();
    storage.put(&configmaps(), None, object("three", 1)).unwrap();
    let old = storage.list(&configmaps(), Some("a"), Some(two.revision)).unwrap();
    assert_eq!(names(&old), ["one", "two"]);
    assert_eq!(old.objects[0].value()["data"]["n"], "1");
    assert_eq!(names(&storage.list(&configmaps(), None, None).unwrap()), ["one", "three"]);
    assert!(storage.list(&configmaps(), Some("b"), None).unwrap().objects.is_empty());
}

#[test]
fn a_log_that_was_cut_says_how_far_it_reaches() {
    let storage = storage(2);
    let mut revision = None;
    for n in 0..5 {
        revision = Some(storage.put(&configmaps(), revision, object("one", n)).unwrap().revision);
    }
    let latest = revision.unwrap();
    assert_eq!(storage.changes(&configmaps(), latest - 2).unwrap().changes.len(), 2);
    assert_eq!(storage.changes(&configmaps(), latest - 3).unwrap_err(), TooOld { oldest: latest - 2 });
    assert_eq!(storage.list(&configmaps(), None, Some(1)).unwrap_err(), TooOld { oldest: latest - 2 });
}

#[test]
fn owners_and_uids_lead_to_objects_while_they_exist() {
    let storage = storage(10);
    let one = storage.put(&configmaps(), None, object("one", 1)).unwrap();
    assert_eq!(storage.dependents("owner").len(), 1);
    assert_eq!(storage.by_uid("one").unwrap().key, key("one"));
    assert_eq!(one.label("x"), Some("y"));
    storage.remove(&configmaps(), &key("one"), one.revision).unwrap();
    assert!(storage.dependents("owner").is_empty() && storage.by_uid("one").is_none());
}
