//! Requests that make no sense: methods, bodies, media types, paths.

use http::Method;
use serde_json::json;

use super::super::case::*;
use super::{MAPS, map, path, table};

const JSON: &str = "application/json";
const YAML: &str = "application/yaml";

pub(super) fn cases() -> Vec<Case> {
    let a = path(MAPS, "a");
    let mut cases = vec![case("bad/methods", methods(&a)), case("bad/paths", paths())];
    let bodies = vec![
        ("empty", (JSON, "")),
        ("blank", (JSON, "  ")),
        ("text", (JSON, "nonsense")),
        ("cut off", (JSON, "{\"kind\":\"ConfigMap\"")),
        ("trailing", (JSON, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}} x")),
        ("trailing comma", (JSON, "{\"kind\":\"ConfigMap\",}")),
        ("number", (JSON, "1")),
        ("list", (JSON, "[]")),
        ("null", (JSON, "null")),
        ("string", (JSON, "\"x\"")),
        ("single quotes", (JSON, "{'kind':'ConfigMap'}")),
        ("empty object", (JSON, "{}")),
        ("yaml as json", (JSON, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")),
        ("json as yaml", (YAML, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}")),
        ("bad yaml", (YAML, "a: b: c")),
        ("bad yaml indentation", (YAML, "apiVersion: v1\nkind: ConfigMap\n metadata:\n  name: a\n")),
        ("yaml tab", (YAML, "apiVersion: v1\n\tkind: ConfigMap\n")),
        ("yaml list", (YAML, "- a\n")),
        ("yaml text", (YAML, "text")),
        ("empty yaml", (YAML, "")),
        (
            "two yaml documents",
            (
                YAML,
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n",
            ),
        ),
        ("yaml types", (YAML, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: 1}\n")),
        ("plain text", ("text/plain", "{}")),
        ("form", ("application/x-www-form-urlencoded", "a=b")),
        ("xml", ("application/xml", "<a/>")),
        ("no media", ("", "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}")),
        (
            "charset",
            (
                "application/json; charset=utf-8",
                "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}",
            ),
        ),
        ("any media", ("*/*", "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}")),
        (
            "patch media",
            (
                "application/merge-patch+json",
                "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}",
            ),
        ),
        ("cbor", ("application/cbor", "x")),
        ("protobuf", ("application/vnd.kubernetes.protobuf", "x")),
        ("unknown kind", (JSON, "{\"apiVersion\":\"v1\",\"kind\":\"Nonsense\",\"metadata\":{\"name\":\"a\"}}")),
        ("unknown version", (JSON, "{\"apiVersion\":\"v9\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}")),
        ("unknown group", (JSON, "{\"apiVersion\":\"x/v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}")),
        ("bad version", (JSON, "{\"apiVersion\":\"a/b/c\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}")),
        ("another kind", (JSON, "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"a\"}}")),
        ("a list of kind", (JSON, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMapList\",\"items\":[]}")),
        (
            "kind in another case",
            (JSON, "{\"apiVersion\":\"v1\",\"kind\":\"configmap\",\"metadata\":{\"name\":\"a\"}}"),
        ),
        (
            "field in another case",
            (JSON, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"Metadata\":{\"name\":\"a\"}}"),
        ),
        ("kind is a number", (JSON, "{\"apiVersion\":\"v1\",\"kind\":1}")),
        ("metadata is text", (JSON, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":\"x\"}")),
        ("metadata is null", (JSON, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":null}")),
        ("name is a number", (JSON, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":1}}")),
        (
            "labels are a list",
            (JSON, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\",\"labels\":[]}}"),
        ),
        (
            "label is a number",
            (JSON, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\",\"labels\":{\"a\":1}}}"),
        ),
        (
            "annotation is a flag",
            (
                JSON,
                "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\",\"annotations\":{\"a\":true}}}",
            ),
        ),
        (
            "finalizers are text",
            (JSON, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\",\"finalizers\":\"x\"}}"),
        ),
        (
            "owners are an object",
            (
                JSON,
                "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\",\"ownerReferences\":{}}}",
            ),
        ),
        (
            "generation is text",
            (JSON, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\",\"generation\":\"1\"}}"),
        ),
        (
            "time is nonsense",
            (
                JSON,
                "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\",\"creationTimestamp\":\"x\"}}",
            ),
        ),
        (
            "data is text",
            (JSON, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"data\":\"x\"}"),
        ),
        (
            "data is a list",
            (JSON, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"data\":[\"x\"]}"),
        ),
        (
            "value is a number",
            (JSON, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"data\":{\"x\":1}}"),
        ),
        (
            "value is null",
            (
                JSON,
                "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"data\":{\"x\":null}}",
            ),
        ),
        (
            "value is an object",
            (JSON, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"data\":{\"x\":{}}}"),
        ),
        (
            "immutable is text",
            (
                JSON,
                "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"immutable\":\"true\"}",
            ),
        ),
        (
            "nulls everywhere",
            (
                JSON,
                "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\",\"labels\":null,\"finalizers\":null},\"data\":null,\"immutable\":null}",
            ),
        ),
        (
            "unicode",
            (
                JSON,
                "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"data\":{\"x\":\"\u{e4}\\u00e4<&>\\u2028\"}}",
            ),
        ),
    ];
    cases.extend(table("bad/body", bodies, |(media, body)| vec![raw(Method::POST, MAPS, media, body)]));
    let typed = vec![
        (
            "replicas are text",
            (
                "/apis/apps/v1/namespaces/{ns}/deployments",
                json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": "3"}}),
            ),
        ),
        (
            "replicas are a fraction",
            (
                "/apis/apps/v1/namespaces/{ns}/deployments",
                json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 1.5}}),
            ),
        ),
        (
            "replicas are too many",
            (
                "/apis/apps/v1/namespaces/{ns}/deployments",
                json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 4_294_967_296u64}}),
            ),
        ),
        (
            "spec is a list",
            (
                "/apis/apps/v1/namespaces/{ns}/deployments",
                json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": []}),
            ),
        ),
        (
            "containers are an object",
            (
                "/api/v1/namespaces/{ns}/pods",
                json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "d"}, "spec": {"containers": {}}}),
            ),
        ),
        (
            "container is text",
            (
                "/api/v1/namespaces/{ns}/pods",
                json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "d"}, "spec": {"containers": ["x"]}}),
            ),
        ),
        (
            "image is a number",
            (
                "/api/v1/namespaces/{ns}/pods",
                json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "d"}, "spec": {"containers": [{"name": "c", "image": 1}]}}),
            ),
        ),
        (
            "host network is text",
            (
                "/api/v1/namespaces/{ns}/pods",
                json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "d"}, "spec": {"hostNetwork": "true"}}),
            ),
        ),
        (
            "port is text",
            (
                "/api/v1/namespaces/{ns}/services",
                json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "d"}, "spec": {"ports": [{"port": "80"}]}}),
            ),
        ),
        (
            "target port is a flag",
            (
                "/api/v1/namespaces/{ns}/services",
                json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "d"}, "spec": {"ports": [{"port": 80, "targetPort": true}]}}),
            ),
        ),
        (
            "secret data is a number",
            (
                "/api/v1/namespaces/{ns}/secrets",
                json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "d"}, "data": {"x": 1}}),
            ),
        ),
        (
            "lease time",
            (
                "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases",
                json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "d"}, "spec": {"renewTime": 5}}),
            ),
        ),
        (
            "verbs are text",
            (
                "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles",
                json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "d"}, "rules": [{"verbs": "get"}]}),
            ),
        ),
    ];
    cases.extend(table("bad/type", typed, |(path, body)| vec![post(path, body)]));
    cases
}

fn methods(a: &str) -> Vec<Step> {
    vec![
        post(MAPS, map("a", json!({}))),
        raw(Method::PUT, MAPS, JSON, "{}"),
        raw(Method::PATCH, MAPS, "application/merge-patch+json", "{}"),
        raw(Method::POST, a, JSON, "{}"),
        raw(Method::OPTIONS, a, JSON, ""),
        raw(Method::OPTIONS, MAPS, JSON, ""),
        raw(Method::TRACE, a, JSON, ""),
        raw(Method::from_bytes(b"NONSENSE").unwrap_or_default(), a, JSON, ""),
        raw(Method::HEAD, a, JSON, ""),
        raw(Method::HEAD, MAPS, JSON, ""),
        raw(Method::PUT, "/api/v1/configmaps", JSON, "{}"),
        raw(Method::POST, "/api/v1/configmaps", JSON, "{}"),
        raw(Method::PATCH, "/api/v1/configmaps", "application/merge-patch+json", "{}"),
        raw(Method::DELETE, "/api/v1/configmaps", JSON, ""),
        raw(Method::POST, "/api/v1/namespaces/{ns}", JSON, "{}"),
        raw(Method::POST, "/apis/apps/v1/namespaces/{ns}/deployments/d/scale", JSON, "{}"),
        raw(Method::DELETE, "/apis/apps/v1/namespaces/{ns}/deployments/d/scale", JSON, ""),
        raw(Method::PUT, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", JSON, "{}"),
        raw(Method::GET, "/api/v1/namespaces/{ns}/finalize", JSON, ""),
    ]
}

/// Where a document lists what a server serves.
fn served(path: &str) -> Option<(&'static str, &'static str)> {
    match path {
        "/api/v1/" => Some(("/resources", "/name")),
        "/apis/" => Some(("/groups", "/name")),
        _ => None,
    }
}

fn paths() -> Vec<Step> {
    [
        "/api/v1/configmaps/a",
        "/api/v1/namespaces/{ns}/nodes",
        "/api/v1/namespaces/{ns}/nodes/n",
        "/api/v1/namespaces/{ns}/configmaps/a/status",
        "/api/v1/namespaces/{ns}/configmaps/a/b/c",
        "/api/v1/",
        "/api/",
        "/apis/",
        "/apis/apps/",
        "//api/v1",
        "/api//v1",
        "/api/v1/namespaces//configmaps?fieldSelector=metadata.namespace%3D{ns}",
        "/api/v1/namespaces/{ns}/configmaps/",
        "/api/v1/Namespaces",
        "/api/v1/namespaces/{ns}/configmap",
        "/apis/v1/configmaps",
        "/API/v1",
        "/api/v1/namespaces/{ns}/configmaps/%2e%2e",
        "/api/v1/namespaces/{ns}/configmaps/a%2Fb",
        "/api/v1/namespaces/Bad_Name/configmaps",
        "/apis/apps/v1beta1/deployments",
        "/apis/extensions/v1beta1/ingresses",
        "/apis/apps/v1/deployments/x",
    ]
    .iter()
    .map(|path| Step { subset: served(path), ..get(path) })
    .collect()
}
