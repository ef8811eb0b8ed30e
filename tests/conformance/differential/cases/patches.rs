//! The patch types: JSON patch, merge patch, strategic merge patch.

use http::Method;
use serde_json::{Value, json};

use super::super::case::*;
use super::{MAPS, map, path};

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/{ns}/deployments";
const PODS: &str = "/api/v1/namespaces/{ns}/pods";
const SERVICES: &str = "/api/v1/namespaces/{ns}/services";

pub(super) fn cases() -> Vec<Case> {
    let a = path(MAPS, "a");
    vec![
        case(
            "patches/json",
            vec![
                post(MAPS, map("a", json!({"x": "1", "y": "2"}))),
                json_patch(&a, json!([{"op": "add", "path": "/data/z", "value": "3"}])),
                json_patch(&a, json!([{"op": "replace", "path": "/data/x", "value": "9"}])),
                json_patch(&a, json!([{"op": "remove", "path": "/data/y"}])),
                json_patch(&a, json!([{"op": "move", "from": "/data/z", "path": "/data/w"}])),
                json_patch(&a, json!([{"op": "copy", "from": "/data/w", "path": "/data/v"}])),
                json_patch(&a, json!([{"op": "test", "path": "/data/v", "value": "3"}])),
                json_patch(&a, json!([{"op": "test", "path": "/data/v", "value": "4"}])),
                json_patch(&a, json!([{"op": "remove", "path": "/data/none"}])),
                json_patch(&a, json!([{"op": "replace", "path": "/data/none", "value": "1"}])),
                json_patch(&a, json!([{"op": "add", "path": "/none/none", "value": "1"}])),
                json_patch(&a, json!([{"op": "jump", "path": "/data/v", "value": "4"}])),
                json_patch(&a, json!([{"path": "/data/v", "value": "4"}])),
                json_patch(&a, json!([{"op": "add", "path": "/data/v", "value": 4}])),
                json_patch(&a, json!([{"op": "add", "path": "/data", "value": "x"}])),
                json_patch(&a, json!({"op": "add"})),
                json_patch(&a, json!([])),
                json_patch(&a, json!([{"op": "add", "path": "/metadata/labels", "value": {"a~b/c": "d"}}])),
                json_patch(&a, json!([{"op": "add", "path": "/metadata/labels", "value": {"a": "d"}}])),
                json_patch(&a, json!([{"op": "add", "path": "/metadata/labels/x~1y", "value": "d"}])),
                json_patch(&a, json!([{"op": "remove", "path": "/metadata/labels/x~1y"}])),
                json_patch(&path(MAPS, "none"), json!([{"op": "remove", "path": "/data/none"}])),
                raw(Method::PATCH, &a, "application/json-patch+json", "nonsense"),
                raw(Method::PATCH, &a, "application/json-patch+json", ""),
            ],
        ),
        case(
            "patches/merge",
            vec![
                post(MAPS, map("a", json!({"x": "1", "y": "2"}))).capture("rv", "/metadata/resourceVersion"),
                merge(&a, json!({"data": {"x": "9", "y": null, "z": "3"}})),
                merge(&a, json!({"data": {"x": "9"}})),
                merge(&a, json!({"metadata": {"labels": {"a": "b"}}})),
                merge(&a, json!({"metadata": {"labels": null, "annotations": {"c": "d"}}})),
                merge(&a, json!({"metadata": {"resourceVersion": "{rv}"}, "data": {"x": "1"}})),
                merge(&a, json!({"metadata": {"resourceVersion": "0"}, "data": {"x": "1"}})),
                merge(&a, json!({"data": null})),
                merge(&a, json!({"kind": "Secret"})),
                merge(&a, json!({"apiVersion": "v2"})),
                merge(&a, json!([])),
                merge(&a, json!("x")),
                merge(&a, json!({"data": {"x": 1}})),
                merge(&a, json!({"data": "x"})),
                merge(&a, json!({"data": {"bad key": "1"}})),
                merge(&path(MAPS, "none"), json!({"data": {"x": "9"}})),
                raw(Method::PATCH, &a, "application/merge-patch+json", "nonsense"),
                raw(Method::PATCH, &a, "application/merge-patch+json", "{\"data\": {\"x\": \"1\", \"x\": \"2\"}}"),
                raw(Method::PATCH, &a, "application/merge-patch+json", ""),
            ],
        ),
        case(
            "patches/strategic",
            vec![
                post(MAPS, map("a", json!({"x": "1", "y": "2"}))),
                strategic(&a, json!({"data": {"x": "9", "y": null}})),
                strategic(&a, json!({"data": {"$patch": "replace", "z": "1"}})),
                strategic(&a, json!({"data": {"$patch": "delete"}})),
                strategic(&a, json!({"data": {"$patch": "nonsense"}})),
                strategic(&a, json!({"$retainKeys": ["data"], "data": {"q": "1"}})),
                strategic(&a, json!({"metadata": {"finalizers": ["example.org/a"]}})),
                strategic(&a, json!({"metadata": {"finalizers": ["example.org/b"]}})),
                strategic(&a, json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.org/a"]}})),
                strategic(&a, json!({"metadata": {"finalizers": null}})),
                strategic(&a, json!({"data": {"x": 1}})),
                strategic(&a, json!("x")),
                raw(Method::PATCH, &a, "application/strategic-merge-patch+json", "nonsense"),
                raw(Method::PATCH, &a, "application/strategic-merge-patch+json", ""),
            ],
        ),
        case(
            "patches/strategic lists of a deployment",
            vec![
                post(DEPLOYMENTS, deployment("d")),
                strategic(&path(DEPLOYMENTS, "d"), pods(json!({"containers": [{"name": "one", "image": "x:2"}]}))),
                strategic(&path(DEPLOYMENTS, "d"), pods(json!({"containers": [{"name": "two", "image": "y:1"}]}))),
                strategic(&path(DEPLOYMENTS, "d"), pods(json!({"containers": [{"name": "one", "$patch": "delete"}]}))),
                strategic(
                    &path(DEPLOYMENTS, "d"),
                    pods(
                        json!({"containers": [{"name": "two", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}]}),
                    ),
                ),
                strategic(
                    &path(DEPLOYMENTS, "d"),
                    pods(json!({"containers": [{"name": "two", "env": [{"name": "A", "value": "3"}], "args": ["x"]}]})),
                ),
                strategic(
                    &path(DEPLOYMENTS, "d"),
                    pods(
                        json!({"$setElementOrder/containers": [{"name": "three"}, {"name": "two"}], "containers": [{"name": "three", "image": "z"}]}),
                    ),
                ),
                strategic(
                    &path(DEPLOYMENTS, "d"),
                    pods(json!({"containers": [{"$patch": "replace"}, {"name": "only", "image": "o"}]})),
                ),
                strategic(
                    &path(DEPLOYMENTS, "d"),
                    json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}),
                ),
                strategic(&path(DEPLOYMENTS, "d"), pods(json!({"tolerations": [{"key": "a", "operator": "Exists"}]}))),
                strategic(&path(DEPLOYMENTS, "d"), pods(json!({"tolerations": [{"key": "b", "operator": "Exists"}]}))),
                strategic(&path(DEPLOYMENTS, "d"), pods(json!({"volumes": [{"name": "v", "emptyDir": {}}]}))),
                strategic(
                    &path(DEPLOYMENTS, "d"),
                    pods(json!({"volumes": [{"name": "v", "emptyDir": null, "configMap": {"name": "c"}}]})),
                ),
                strategic(
                    &path(DEPLOYMENTS, "d"),
                    pods(
                        json!({"volumes": [{"name": "v", "$retainKeys": ["name", "secret"], "secret": {"secretName": "c"}}]}),
                    ),
                ),
                strategic(&path(DEPLOYMENTS, "d"), pods(json!({"containers": [{"image": "no name"}]}))),
                merge(&path(DEPLOYMENTS, "d"), json!({"spec": {"selector": {"matchLabels": {"app": "other"}}}})),
                merge(&path(DEPLOYMENTS, "d"), json!({"spec": {"replicas": 3}})),
                merge(&path(DEPLOYMENTS, "d"), json!({"spec": {"replicas": -3}})),
                merge(&path(DEPLOYMENTS, "d"), json!({"spec": {"replicas": null}})),
                merge(&path(DEPLOYMENTS, "d"), json!({"spec": {"template": {"metadata": {"labels": {"app": "z"}}}}})),
            ],
        ),
        case(
            "patches/strategic ports of a service",
            vec![
                post(
                    SERVICES,
                    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
                    "spec": {"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]}}),
                ),
                strategic(&path(SERVICES, "s"), json!({"spec": {"ports": [{"port": 80, "targetPort": 8080}]}})),
                strategic(&path(SERVICES, "s"), json!({"spec": {"ports": [{"port": 81, "$patch": "delete"}]}})),
                strategic(&path(SERVICES, "s"), json!({"spec": {"selector": {"x": "y"}}})),
                strategic(&path(SERVICES, "s"), json!({"spec": {"type": "NodePort"}})),
                strategic(&path(SERVICES, "s"), json!({"spec": {"type": "ClusterIP"}})),
            ],
        ),
        case(
            "patches/a pod",
            vec![
                post(
                    PODS,
                    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
                    "spec": {"containers": [{"name": "c", "image": "i:1"}]}}),
                ),
                strategic(&path(PODS, "p"), json!({"spec": {"containers": [{"name": "c", "image": "i:2"}]}})),
                strategic(&path(PODS, "p"), json!({"spec": {"containers": [{"name": "d", "image": "i:2"}]}})),
                merge(&path(PODS, "p"), json!({"spec": {"nodeName": "n"}})),
                merge(&path(PODS, "p"), json!({"spec": {"restartPolicy": "Never"}})),
                merge(&path(PODS, "p"), json!({"status": {"phase": "Running"}})),
                merge(&path(PODS, "p/status"), json!({"status": {"phase": "Running"}})),
                strategic(
                    &path(PODS, "p/status"),
                    json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}),
                ),
                strategic(
                    &path(PODS, "p/status"),
                    json!({"status": {"conditions": [{"type": "Other", "status": "False"}]}}),
                ),
                json_patch(
                    &path(PODS, "p/status"),
                    json!([{"op": "replace", "path": "/status/phase", "value": "Failed"}]),
                ),
            ],
        ),
        case(
            "patches/unknown types",
            vec![
                post(MAPS, map("a", json!({}))),
                raw(Method::PATCH, &a, "application/json", "{}"),
                raw(Method::PATCH, &a, "text/plain", "{}"),
                raw(Method::PATCH, &a, "", "{}"),
                raw(Method::PATCH, &a, "application/merge-patch+json; charset=utf-8", "{}"),
                step_without_media(&a),
                raw(Method::PATCH, MAPS, "application/merge-patch+json", "{}"),
            ],
        ),
    ]
}

fn step_without_media(path: &str) -> Step {
    let mut step = merge(path, json!({}));
    step.headers.clear();
    step
}

fn pods(spec: Value) -> Value {
    json!({"spec": {"template": {"spec": spec}}})
}

fn deployment(name: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {
        "selector": {"matchLabels": {"app": "x"}},
        "template": {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "one", "image": "x:1"}]}}}})
}
