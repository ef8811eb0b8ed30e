use serde_json::{Value, json};

use super::*;
use crate::testing::{at, mk_widget, widget};

fn born(mut object: Value) -> Value {
    let birth = Birth { uid: "u-1", random: [0, 1, 2, 3, 4], namespace: Some("default"), now: at(0) };
    prepare_create(&widget(), &mut object, &birth);
    object
}

#[test]
fn a_new_object_gets_what_only_the_server_may_set() {
    let mut object = mk_widget(json!({"version": "v1"}));
    object["status"] = json!({"phase": "Ready"});
    object["metadata"]["generation"] = 7.into();
    object["metadata"]["resourceVersion"] = "12".into();
    let expected = json!({
        "name": "w", "namespace": "default", "uid": "u-1", "generation": 1, "creationTimestamp": "2023-11-14T22:13:20Z",
    });
    let object = born(object);
    assert_eq!(object["metadata"], expected);
    assert!(object.get("status").is_none());
}

#[test]
fn a_generated_name_ends_in_five_letters() {
    let mut object = mk_widget(json!({}));
    object["metadata"] = json!({"generateName": "w-"});
    assert_eq!(born(object)["metadata"]["name"], "w-bcdfg");
}

#[test]
fn the_generation_counts_changes_of_the_content_alone() {
    let old = born(mk_widget(json!({"version": "v1"})));
    type Case = (&'static str, fn(&mut Value), i64);
    let cases: [Case; 4] = [
        ("nothing", |_| {}, 1),
        ("labels", |o| o["metadata"]["labels"] = json!({"a": "b"}), 1),
        ("status", |o| o["status"] = json!({"phase": "x"}), 1),
        ("spec", |o| o["spec"]["version"] = "v2".into(), 2),
    ];
    for (name, change, generation) in cases {
        let mut new = old.clone();
        change(&mut new);
        prepare_update(&widget(), &mut new, &old);
        assert_eq!(new["metadata"]["generation"], generation, "{name}");
        assert!(new.get("status").is_none(), "{name}");
    }
}

#[test]
fn an_update_keeps_what_it_leaves_out_and_a_status_update_everything_else() {
    let mut old = born(mk_widget(json!({"version": "v1"})));
    old["status"] = json!({"phase": "a"});
    let mut new = mk_widget(json!({"version": "v2"}));
    prepare_update(&widget(), &mut new, &old);
    assert_eq!(new["metadata"]["uid"], "u-1");
    assert_eq!(new["status"], old["status"]);
    let mut new = mk_widget(json!({"version": "v3"}));
    new["status"] = json!({"phase": "b"});
    prepare_status_update(&widget(), &mut new, &old);
    assert_eq!((&new["spec"], &new["status"]), (&old["spec"], &json!({"phase": "b"})));
}

#[test]
fn an_object_is_marked_once() {
    let mut object = born(mk_widget(json!({"version": "v1"})));
    mark_deleted(&mut object, 0, at(5));
    assert_eq!(object["metadata"]["generation"], 2);
    let once = object.clone();
    mark_deleted(&mut object, 30, at(9));
    assert_eq!(object, once);
}

#[test]
fn wrong_metadata_is_refused_with_the_field() {
    let object = |meta: Value| {
        let mut object = born(mk_widget(json!({"version": "v1"})));
        for (key, value) in meta.as_object().cloned().unwrap_or_default() {
            object["metadata"][key] = value;
        }
        object
    };
    let cases = [
        (json!({"name": "Up"}), "metadata.name: Invalid value: \"Up\": a lowercase RFC 1123 subdomain"),
        (json!({"name": ""}), "metadata.name: Required value: name or generateName is required"),
        (json!({"labels": {"a b": "x"}}), "metadata.labels: Invalid value: \"a b\": name part must consist of"),
        (json!({"labels": {"a": "-"}}), "metadata.labels: Invalid value: \"-\": a valid label must be"),
        (
            json!({"annotations": {"/": "x"}}),
            "metadata.annotations: Invalid value: \"/\": prefix part must be non-empty",
        ),
        (
            json!({"annotations": {"a": "x".repeat(300_000)}}),
            "metadata.annotations: Too long: may not be more than 262144 bytes",
        ),
        (json!({"finalizers": ["a b"]}), "metadata.finalizers: Invalid value: \"a b\": name part"),
        (
            json!({"ownerReferences": [{"apiVersion": "v1", "kind": "", "name": "a", "uid": "b"}]}),
            "metadata.ownerReferences.kind: Invalid value: \"\": must not be empty",
        ),
    ];
    for (meta, expected) in cases {
        let errors = widget().validate(&object(meta), None);
        assert!(errors.iter().any(|e| e.to_string().starts_with(expected)), "{expected}: {errors:?}");
    }
    let old = object(json!({"deletionTimestamp": "2023-11-14T22:13:20Z", "finalizers": ["a/a"]}));
    let mut new = old.clone();
    new["metadata"]["finalizers"] = json!(["a/a", "b/b"]);
    let errors = widget().validate(&new, Some(&old));
    let expected = "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{\"b/b\"}";
    assert_eq!(errors[0].to_string(), expected);
}
