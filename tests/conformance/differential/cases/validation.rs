//! Field validation: unknown and doubled fields under the three levels.

use http::Method;
use serde_json::{Value, json};

use super::super::case::*;
use super::{MAPS, map, path, table};

const LEVELS: [&str; 5] = ["Ignore", "Warn", "Strict", "", "Nonsense"];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for level in LEVELS {
        let q = format!("?fieldValidation={level}");
        let name = if level.is_empty() { "unset" } else { level };
        cases.extend(table(&format!("validation/{name} config map"), bodies(), |body| {
            vec![raw(Method::POST, &format!("{MAPS}{q}"), "application/json", body)]
        }));
        cases.push(case(&format!("validation/{name} patches"), patches(&q)));
        cases.push(case(&format!("validation/{name} kinds"), kinds(&q)));
        cases.push(case(&format!("validation/{name} yaml"), yaml(&q)));
    }
    cases
}

fn bodies() -> Vec<(&'static str, &'static str)> {
    vec![
        ("unknown field", r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"nonsense":1}"#),
        (
            "two unknown fields",
            r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","odd":{"x":1}},"z":1,"b":[]}"#,
        ),
        (
            "doubled field",
            r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"1","x":"2"},"data":{"y":"3"}}"#,
        ),
        ("doubled metadata", r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","name":"b"}}"#),
        (
            "both",
            r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","name":"a"},"nonsense":1,"nonsense":2}"#,
        ),
        ("other case", r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"Data":{"x":"1"}}"#),
    ]
}

fn patches(q: &str) -> Vec<Step> {
    let a = format!("{MAPS}/a{q}");
    vec![
        post(MAPS, map("a", json!({"x": "1"}))),
        merge(&a, json!({"nonsense": 1})),
        merge(&a, json!({"metadata": {"nonsense": 1}, "data": {"y": "1"}})),
        json_patch(&a, json!([{"op": "add", "path": "/nonsense", "value": 1}])),
        strategic(&a, json!({"nonsense": 1})),
        apply(&a, "m", json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "nonsense": 1})),
        raw(Method::PATCH, &a, "application/merge-patch+json", r#"{"data":{"y":"1","y":"2"}}"#),
        raw(Method::PATCH, &a, "application/strategic-merge-patch+json", r#"{"data":{"y":"1","y":"2"}}"#),
        raw(
            Method::PATCH,
            &a,
            "application/json-patch+json",
            r#"[{"op":"add","path":"/data/z","value":"1","value":"2","odd":1}]"#,
        ),
        raw(
            Method::PATCH,
            &format!("{a}&fieldManager=m"),
            "application/apply-patch+yaml",
            "apiVersion: v1\nkind: ConfigMap\ndata:\n  q: \"1\"\n  q: \"2\"\n",
        ),
        put(&a, json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "nonsense": 1})),
        get(&path(MAPS, "a")),
    ]
}

fn kinds(q: &str) -> Vec<Step> {
    let pod =
        |spec: Value| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "p-"}, "spec": spec});
    vec![
        post(
            &format!("/api/v1/namespaces/{{ns}}/pods{q}"),
            pod(
                json!({"containers": [{"name": "c", "image": "i", "nonsense": 1, "env": [{"name": "A", "odd": 2}]}], "nonsense": true}),
            ),
        ),
        post(
            &format!("/apis/apps/v1/namespaces/{{ns}}/deployments{q}"),
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {
            "selector": {"matchLabels": {"app": "x"}}, "template": {"metadata": {"labels": {"app": "x"}, "odd": 1}, "spec": {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80, "odd": 1}]}]}}}, "status": {"odd": 1}}),
        ),
        post(
            &format!("/api/v1/namespaces/{{ns}}/services{q}"),
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 80, "odd": 1}], "odd": {}}}),
        ),
        post(
            &format!("/apis/coordination.k8s.io/v1/namespaces/{{ns}}/leases{q}"),
            json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}, "spec": {"odd": 1}}),
        ),
        post(
            &format!("/api/v1/namespaces/{{ns}}/secrets{q}"),
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "x", "uid": "y", "odd": 1}]}}),
        ),
    ]
}

fn yaml(q: &str) -> Vec<Step> {
    let send = |text: &str| raw(Method::POST, &format!("{MAPS}{q}"), "application/yaml", text);
    vec![
        send("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  name: b\ndata:\n  x: \"1\"\n"),
        send("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\nnonsense: 1\n"),
        send("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: d\ndata:\n  x: \"1\"\n  x: \"2\"\n"),
    ]
}
