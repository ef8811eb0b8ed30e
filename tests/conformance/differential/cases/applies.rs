//! Server-side apply: ownership, conflicts, force, shared lists, hand-over.

use http::Method;
use serde_json::{Value, json};

use super::super::case::*;
use super::{MAPS, map, path, table};

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/{ns}/deployments";
const SERVICES: &str = "/api/v1/namespaces/{ns}/services";

pub(super) fn cases() -> Vec<Case> {
    let a = path(MAPS, "a");
    let force = format!("{a}?force=true");
    let mut cases = vec![
        case(
            "applies/create update remove",
            vec![
                apply(&a, "one", map("a", json!({"x": "1", "y": "2"}))),
                apply(&a, "one", map("a", json!({"x": "1", "y": "2"}))),
                apply(&a, "one", map("a", json!({"x": "2"}))),
                apply(&a, "one", json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})),
            ],
        ),
        case(
            "applies/conflict force and sharing",
            vec![
                apply(&a, "one", map("a", json!({"x": "1", "y": "1"}))),
                apply(&a, "two", map("a", json!({"x": "2"}))),
                apply(&a, "two", map("a", json!({"x": "2", "y": "2"}))),
                apply(&a, "two", map("a", json!({"x": "1"}))),
                apply(&a, "one", map("a", json!({"y": "1"}))),
                apply(&a, "two", map("a", json!({"x": "3"}))),
                apply(&force, "one", map("a", json!({"x": "4"}))),
                apply(&a, "two", map("a", json!({}))),
                apply(&a, "three", map("a", json!({"x": "5", "z": "1"}))),
                apply(&format!("{a}?force=false"), "three", map("a", json!({"x": "5"}))),
            ],
        ),
        case(
            "applies/conflict with an update",
            vec![
                post(&format!("{MAPS}?fieldManager=creator"), map("a", json!({"x": "1"}))),
                apply(&a, "one", map("a", json!({"x": "2"}))),
                apply(&force, "one", map("a", json!({"x": "2"}))),
                merge(&format!("{a}?fieldManager=patcher"), json!({"data": {"x": "3", "q": "1"}})),
                apply(&a, "one", map("a", json!({"x": "2"}))),
                apply(&a, "one", map("a", json!({"x": "3"}))),
                put(&format!("{a}?fieldManager=putter"), map("a", json!({"x": "3", "r": "1"}))),
                apply(&a, "one", map("a", json!({"r": "2", "x": "7"}))),
            ],
        ),
        case(
            "applies/hand over from update to apply",
            vec![
                post(&format!("{MAPS}?fieldManager=m"), map("a", json!({"x": "1"}))),
                apply(&a, "m", map("a", json!({"x": "1"}))),
                apply(&a, "m", map("a", json!({"x": "2"}))),
                apply(&force, "m", map("a", json!({"x": "2"}))),
                apply(&a, "m", map("a", json!({}))),
                json_patch(&a, json!([{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}])),
                apply(&a, "n", map("a", json!({"y": "2"}))),
            ],
        ),
        case(
            "applies/metadata",
            vec![
                apply(&a, "one", meta(json!({"name": "a", "labels": {"a": "1", "b": "1"}, "annotations": {"c": "1"}}))),
                apply(&a, "two", meta(json!({"name": "a", "labels": {"a": "2"}}))),
                apply(&a, "two", meta(json!({"name": "a", "labels": {"d": "2"}, "finalizers": ["e.org/x"]}))),
                apply(&a, "one", meta(json!({"name": "a", "labels": {"a": "1"}, "finalizers": ["e.org/y"]}))),
                apply(&a, "two", meta(json!({"name": "a"}))),
                apply(&a, "one", meta(json!({"name": "a", "finalizers": []}))),
            ],
        ),
        case(
            "applies/what it needs",
            vec![
                raw(Method::PATCH, &a, "application/apply-patch+yaml", &map("a", json!({})).to_string()),
                raw(
                    Method::PATCH,
                    &format!("{a}?fieldManager="),
                    "application/apply-patch+yaml",
                    &map("a", json!({})).to_string(),
                ),
                apply(&a, &"m".repeat(129), map("a", json!({}))),
                apply(&a, "one", json!({"kind": "ConfigMap", "metadata": {"name": "a"}})),
                apply(&a, "one", json!({"apiVersion": "v1", "metadata": {"name": "a"}})),
                apply(&a, "one", json!({"apiVersion": "v1", "kind": "ConfigMap"})),
                apply(&a, "one", map("b", json!({}))),
                apply(&a, "one", meta(json!({"name": "a", "namespace": "other"}))),
                apply(&a, "one", meta(json!({"name": "a", "managedFields": [{"manager": "x"}]}))),
                apply(&a, "one", meta(json!({"name": "a", "resourceVersion": "1"}))),
                apply(&a, "one", meta(json!({"name": "a", "uid": "11111111-2222-3333-4444-555555555555"}))),
                apply(
                    &path(MAPS, "new"),
                    "one",
                    meta(json!({"name": "new", "uid": "11111111-2222-3333-4444-555555555555"})),
                ),
                apply(&path(MAPS, "new"), "one", meta(json!({"name": "new", "resourceVersion": "5"}))),
                apply(&a, "one", json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}})),
                apply(&a, "one", json!({"apiVersion": "v2", "kind": "ConfigMap", "metadata": {"name": "a"}})),
                apply(&a, "one", json!([])),
                raw(Method::PATCH, &format!("{a}?fieldManager=one"), "application/apply-patch+yaml", ""),
                raw(Method::PATCH, &format!("{a}?fieldManager=one"), "application/apply-patch+yaml", "a: b: c"),
                raw(Method::PATCH, &format!("{a}?fieldManager=one"), "application/apply-patch+yaml", "just text"),
                raw(
                    Method::PATCH,
                    &format!("{a}?fieldManager=one&force=maybe"),
                    "application/apply-patch+yaml",
                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
                ),
                raw(
                    Method::PATCH,
                    &format!("{a}?fieldManager=one"),
                    "application/apply-patch+yaml",
                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  z: \"1\"\n",
                ),
                apply(&path(MAPS, "Bad_Name"), "one", map("Bad_Name", json!({}))),
                merge(&format!("{a}?force=true"), json!({"data": {"x": "1"}})),
                post(&format!("{MAPS}?force=true"), map("c", json!({}))),
                post(&format!("{MAPS}?fieldManager={}", "m".repeat(129)), map("d", json!({}))),
                post(&format!("{MAPS}?fieldManager=a%0Ab"), map("e", json!({}))),
            ],
        ),
        case(
            "applies/lists of a deployment",
            vec![
                apply(
                    &path(DEPLOYMENTS, "d"),
                    "one",
                    deployment(json!([{"name": "a", "image": "x:1", "env": [{"name": "E", "value": "1"}]}]), json!({})),
                ),
                apply(&path(DEPLOYMENTS, "d"), "two", containers(json!([{"name": "b", "image": "y:1"}]))),
                apply(
                    &path(DEPLOYMENTS, "d"),
                    "two",
                    containers(json!([{"name": "b", "image": "y:1"}, {"name": "a", "image": "z:1"}])),
                ),
                apply(
                    &path(DEPLOYMENTS, "d"),
                    "two",
                    containers(
                        json!([{"name": "b", "image": "y:1"}, {"name": "a", "env": [{"name": "E", "value": "2"}, {"name": "F", "value": "2"}]}]),
                    ),
                ),
                apply(
                    &path(DEPLOYMENTS, "d"),
                    "two",
                    containers(json!([{"name": "a", "env": [{"name": "F", "value": "2"}]}])),
                ),
                apply(&path(DEPLOYMENTS, "d"), "two", containers(json!([]))),
                apply(&path(DEPLOYMENTS, "d"), "two", containers(json!([{"name": "a", "args": ["x"]}]))),
                apply(&path(DEPLOYMENTS, "d"), "three", containers(json!([{"name": "a", "args": ["y"]}]))),
                apply(
                    &path(DEPLOYMENTS, "d"),
                    "three",
                    containers(json!([{"name": "a", "ports": [{"containerPort": 80}]}])),
                ),
                apply(
                    &path(DEPLOYMENTS, "d"),
                    "four",
                    containers(json!([{"name": "a", "ports": [{"containerPort": 80, "protocol": "UDP"}]}])),
                ),
                apply(&path(DEPLOYMENTS, "d"), "four", containers(json!([{"name": "a"}, {"name": "a"}]))),
                apply(&path(DEPLOYMENTS, "d"), "four", containers(json!([{"image": "no name"}]))),
                apply(&path(DEPLOYMENTS, "d"), "four", only(json!({"replicas": 3}))),
                apply(&path(DEPLOYMENTS, "d"), "one", only(json!({"replicas": 4}))),
                apply(&path(DEPLOYMENTS, "d"), "four", only(json!({}))),
                apply(&path(DEPLOYMENTS, "d"), "four", only(json!({"unknown": 3}))),
                apply(
                    &format!("{}?fieldValidation=Strict", path(DEPLOYMENTS, "d")),
                    "four",
                    only(json!({"unknown": 3})),
                ),
                apply(&path(DEPLOYMENTS, "d"), "four", only(json!({"replicas": "three"}))),
            ],
        ),
        case(
            "applies/scale and its owner",
            vec![
                apply(
                    &path(DEPLOYMENTS, "d"),
                    "one",
                    deployment(json!([{"name": "a", "image": "x:1"}]), json!({"replicas": 2})),
                ),
                merge(
                    &format!("{}/scale?fieldManager=scaler", path(DEPLOYMENTS, "d")),
                    json!({"spec": {"replicas": 5}}),
                ),
                get(&path(DEPLOYMENTS, "d")),
                apply(
                    &path(DEPLOYMENTS, "d"),
                    "one",
                    deployment(json!([{"name": "a", "image": "x:1"}]), json!({"replicas": 2})),
                ),
                apply(&path(DEPLOYMENTS, "d"), "one", deployment(json!([{"name": "a", "image": "x:1"}]), json!({}))),
                get(&format!("{}/scale", path(DEPLOYMENTS, "d"))),
            ],
        ),
        case(
            "applies/status",
            vec![
                apply(&path(DEPLOYMENTS, "d"), "one", deployment(json!([{"name": "a", "image": "x:1"}]), json!({}))),
                apply(
                    &format!("{}/status", path(DEPLOYMENTS, "d")),
                    "two",
                    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "status": {"replicas": 1, "conditions": [{"type": "A", "status": "True"}]}}),
                ),
                apply(
                    &format!("{}/status", path(DEPLOYMENTS, "d")),
                    "three",
                    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "status": {"conditions": [{"type": "B", "status": "True"}]}}),
                ),
                apply(
                    &format!("{}/status", path(DEPLOYMENTS, "d")),
                    "three",
                    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "status": {"conditions": [{"type": "A", "status": "False"}]}}),
                ),
                apply(
                    &path(DEPLOYMENTS, "d"),
                    "four",
                    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "status": {"replicas": 7}}),
                ),
                apply(
                    &format!("{}/status", path(DEPLOYMENTS, "none")),
                    "two",
                    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "none"}, "status": {"replicas": 1}}),
                ),
            ],
        ),
        case(
            "applies/ports of a service",
            vec![
                apply(
                    &path(SERVICES, "s"),
                    "one",
                    service(json!({"ports": [{"port": 80, "name": "a"}], "selector": {"a": "b"}})),
                ),
                apply(
                    &path(SERVICES, "s"),
                    "two",
                    service(json!({"ports": [{"port": 81, "name": "b", "protocol": "TCP"}]})),
                ),
                apply(
                    &path(SERVICES, "s"),
                    "two",
                    service(json!({"ports": [{"port": 80, "name": "c", "protocol": "TCP"}]})),
                ),
                apply(&path(SERVICES, "s"), "two", service(json!({"selector": {"c": "d"}}))),
                apply(&path(SERVICES, "s"), "one", service(json!({"ports": [{"port": 80, "name": "a"}]}))),
            ],
        ),
        case(
            "applies/default manager",
            vec![
                post(MAPS, map("a", json!({"x": "1"}))).header("user-agent", "kubectl/v1.35 (linux)"),
                merge(&a, json!({"data": {"y": "1"}})).header("user-agent", "other"),
                merge(&a, json!({"data": {"z": "1"}})).header("user-agent", "x y/2"),
                json_patch(&a, json!([{"op": "remove", "path": "/data/x"}])).header("user-agent", "third/1"),
                post(&format!("{MAPS}?fieldManager=named"), map("b", json!({"x": "1"}))),
            ],
        ),
    ];
    cases.extend(table("applies/values of", values(), |data| {
        let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data});
        vec![apply(&path(MAPS, "a"), "one", body)]
    }));
    cases
}

fn values() -> Vec<(&'static str, Value)> {
    vec![
        ("a number", json!({"x": 1})),
        ("a null", json!({"x": null})),
        ("null data", Value::Null),
        ("a list", json!(["x"])),
        ("nested", json!({"x": {"y": "z"}})),
        ("a flag", json!({"x": true})),
        ("a text", json!("x")),
    ]
}

fn meta(metadata: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
}

fn service(spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec})
}

fn only(spec: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec})
}

fn containers(containers: Value) -> Value {
    only(json!({"template": {"spec": {"containers": containers}}}))
}

fn deployment(containers: Value, more: Value) -> Value {
    let mut spec = json!({"selector": {"matchLabels": {"app": "x"}},
        "template": {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": containers}}});
    if let (Some(spec), Some(more)) = (spec.as_object_mut(), more.as_object()) {
        spec.extend(more.clone());
    }
    only(spec)
}
