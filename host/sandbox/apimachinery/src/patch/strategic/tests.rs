use serde_json::{Value, json};

use crate::kind::builtin;
use crate::patch::strategic_merge_patch;

fn patched(kind: &str, object: &Value, patch: Value) -> Result<Value, String> {
    let kind = builtin().into_iter().find(|k| k.kind == kind).expect("kind");
    strategic_merge_patch(object, &patch, &kind.schema).map_err(|status| status.to_string())
}

#[test]
fn every_directive_does_what_kubectl_expects() {
    let pod = json!({"spec": {
        "containers": [{"name": "a", "image": "a:1", "args": ["x", "y"]}, {"name": "b", "image": "b:1"}],
        "nodeSelector": {"x": "1", "y": "2"},
        "volumes": [{"name": "v", "emptyDir": {}}],
    }});
    let containers = |patch: Value| patched("Pod", &pod, json!({"spec": {"containers": patch}})).expect("patched");
    let shown = |object: Value| {
        let list = object["spec"]["containers"].as_array().cloned().unwrap_or_default();
        let text =
            |c: &Value| format!("{}={}", c["name"].as_str().unwrap_or_default(), c["image"].as_str().unwrap_or("-"));
        list.iter().map(text).collect::<Vec<_>>().join(" ")
    };
    let cases = [
        ("merge by key", json!([{"name": "b", "image": "b:2"}]), "a=a:1 b=b:2"),
        ("new items come first", json!([{"name": "c", "image": "c:1"}]), "c=c:1 a=a:1 b=b:1"),
        ("delete", json!([{"name": "a", "$patch": "delete"}]), "b=b:1"),
        ("replace", json!([{"$patch": "replace"}, {"name": "z", "image": "z:1"}]), "z=z:1"),
        ("null removes", json!([{"name": "a", "image": null}]), "a=- b=b:1"),
    ];
    for (name, patch, expected) in cases {
        assert_eq!(shown(containers(patch)), expected, "{name}");
    }
    let args = containers(json!([{"name": "a", "args": ["z"]}]));
    assert_eq!(args["spec"]["containers"][0]["args"], json!(["z"]), "lists without key are replaced");
    let ordered =
        patched("Pod", &pod, json!({"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}}));
    assert_eq!(shown(ordered.expect("patched")), "b=b:1 a=a:1");
    let replaced = patched("Pod", &pod, json!({"spec": {"nodeSelector": {"$patch": "replace", "z": "3"}}}));
    assert_eq!(replaced.expect("patched")["spec"]["nodeSelector"], json!({"z": "3"}));
    let volume = json!([{"name": "v", "$retainKeys": ["name", "secret"], "secret": {"secretName": "s"}}]);
    let retained = patched("Pod", &pod, json!({"spec": {"volumes": volume}})).expect("patched");
    assert_eq!(retained["spec"]["volumes"], json!([{"name": "v", "secret": {"secretName": "s"}}]));
}

#[test]
fn a_list_of_plain_values_merges_as_a_set() {
    let object = json!({"metadata": {"finalizers": ["a", "b"]}});
    let cases = [
        (json!({"finalizers": ["c"]}), json!(["c", "a", "b"])),
        (json!({"$deleteFromPrimitiveList/finalizers": ["a"]}), json!(["b"])),
        (json!({"$setElementOrder/finalizers": ["b", "a"]}), json!(["b", "a"])),
        (json!({"$deleteFromPrimitiveList/finalizers": ["a"], "$setElementOrder/finalizers": ["b"]}), json!(["b"])),
    ];
    for (patch, expected) in cases {
        let result = patched("Secret", &object, json!({"metadata": patch})).expect("patched");
        assert_eq!(result["metadata"]["finalizers"], expected, "{patch}");
    }
}

#[test]
fn a_condition_merges_by_type() {
    let node = json!({"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "x"}, {"type": "Disk", "status": "True"}]}});
    let patch = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    let result = patched("Node", &node, patch).expect("patched");
    let expected = json!([{"type": "Ready", "status": "True", "reason": "x"}, {"type": "Disk", "status": "True"}]);
    assert_eq!(result["status"]["conditions"], expected);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let pod = json!({"spec": {"containers": [{"name": "a"}]}});
    let cases = [
        (json!({"spec": {"containers": [{"image": "x"}]}}), "does not contain declared merge key: name"),
        (json!({"spec": {"$patch": "explode"}}), "unknown patch type: 'explode'"),
        (json!({"spec": {"$retainKeys": ["a"], "b": 1}}), "does not list the patched key b"),
    ];
    for (patch, expected) in cases {
        let error = patched("Pod", &pod, patch).expect_err(expected);
        assert!(error.contains(expected), "{error}");
    }
}
