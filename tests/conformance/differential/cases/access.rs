//! Who may do what: denials, impersonation, and asking before doing.

use http::Method;
use serde_json::{Value, json};

use super::super::case::*;
use super::{MAPS, map, path, table};

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
const SELF: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("access/granted by a role", granted()),
        case("access/impersonation", impersonation()),
        case("access/reviews", reviews()),
        case("access/paths", paths()),
        case("access/escalation", escalation()),
        case("access/tokens", tokens()),
    ];
    let rows: Vec<(&str, Step)> = vec![
        ("get", get(&path(MAPS, "a"))),
        ("list", get(MAPS)),
        ("list everywhere", get("/api/v1/configmaps")),
        ("watch", get(&format!("{MAPS}?watch=true"))),
        ("create", post(MAPS, map("a", json!({})))),
        ("update", put(&path(MAPS, "a"), map("a", json!({})))),
        ("patch", merge(&path(MAPS, "a"), json!({}))),
        ("apply", apply(&path(MAPS, "a"), "m", map("a", json!({})))),
        ("delete", delete(&path(MAPS, "a"))),
        ("deletecollection", delete(MAPS)),
        ("subresource", get("/apis/apps/v1/namespaces/{ns}/deployments/d/scale")),
        ("status", merge("/api/v1/namespaces/{ns}/pods/d/status", json!({}))),
        ("cluster scope", get("/api/v1/nodes/n")),
        ("cluster scope list", get("/api/v1/nodes")),
        ("namespace", get("/api/v1/namespaces/{ns}")),
        ("namespaces", get("/api/v1/namespaces")),
        (
            "create namespace",
            post("/api/v1/namespaces", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "zz"}})),
        ),
        ("delete namespace", delete("/api/v1/namespaces/{ns}")),
        ("unknown resource", get("/api/v1/namespaces/{ns}/nonsense")),
        ("unknown group", get("/apis/nonsense/v1/things/x")),
        ("unknown method", raw(Method::OPTIONS, &path(MAPS, "a"), "application/json", "")),
        ("bad body", raw(Method::POST, MAPS, "application/json", "nonsense")),
        ("path", get("/metrics")),
        ("unknown path", get("/nonsense")),
        ("log", get("/api/v1/namespaces/{ns}/pods/p/log")),
        ("custom", get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/x")),
        ("field selector", get(&format!("{MAPS}?fieldSelector=metadata.name%3Da"))),
        ("old watch path", get("/api/v1/watch/namespaces/{ns}/configmaps")),
        (
            "review of another",
            post("/apis/authorization.k8s.io/v1/subjectaccessreviews", json!({"spec": {"user": "x"}})),
        ),
    ];
    cases.extend(table("access/denied", rows, |step| vec![step.by("nobody")]));
    cases
}

fn role(kind: &str, name: &str, rules: Value) -> Value {
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name}, "rules": rules})
}

fn binding(kind: &str, name: &str, of: (&str, &str), user: &str) -> Value {
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": of.0, "name": of.1},
        "subjects": [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}]})
}

fn granted() -> Vec<Step> {
    let roles = format!("{RBAC}/namespaces/{{ns}}/roles");
    let bindings = format!("{RBAC}/namespaces/{{ns}}/rolebindings");
    let rules = json!([
        {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["configmaps"]},
        {"verbs": ["update", "patch"], "apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a"]},
        {"verbs": ["get"], "apiGroups": ["apps"], "resources": ["deployments/scale"]}]);
    vec![
        post(&roles, role("Role", "reader", rules)),
        post(&bindings, binding("RoleBinding", "reader", ("Role", "reader"), "granted-user")),
        post(MAPS, map("a", json!({}))),
        Step { wait: Wait::Code(200), ..get(&path(MAPS, "a")).by("granted-user") },
        get(&path(MAPS, "none")).by("granted-user"),
        merge(&path(MAPS, "a"), json!({"data": {"x": "1"}})).by("granted-user"),
        merge(&path(MAPS, "b"), json!({"data": {"x": "1"}})).by("granted-user"),
        apply(&path(MAPS, "a"), "m", map("a", json!({"y": "1"}))).by("granted-user"),
        apply(&path(MAPS, "c"), "m", map("c", json!({"y": "1"}))).by("granted-user"),
        put(&path(MAPS, "a"), map("a", json!({"z": "1"}))).by("granted-user"),
        delete(&path(MAPS, "a")).by("granted-user"),
        get("/apis/apps/v1/namespaces/{ns}/deployments/d/scale").by("granted-user"),
        get("/apis/apps/v1/namespaces/{ns}/deployments/d").by("granted-user"),
        post(SELF, review(json!({"verb": "get", "resource": "configmaps", "namespace": "{ns}"}))).by("granted-user"),
        post(SELF, review(json!({"verb": "update", "resource": "configmaps", "namespace": "{ns}", "name": "a"}))).by("granted-user"),
        post(SELF, review(json!({"verb": "update", "resource": "configmaps", "namespace": "{ns}", "name": "b"}))).by("granted-user"),
        post(SELF, review(json!({"verb": "get", "group": "apps", "resource": "deployments", "subresource": "scale", "namespace": "{ns}"}))).by("granted-user"),
        post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": "{ns}"}})).by("granted-user"),
        post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {}})).by("granted-user"),
        delete(&path(&bindings, "reader")),
        Step { wait: Wait::Code(403), ..get(&path(MAPS, "a")).by("granted-user") },
    ]
}

fn review(attributes: Value) -> Value {
    json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes}})
}

fn impersonation() -> Vec<Step> {
    let me = || {
        post(
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}),
        )
    };
    vec![
        me().by("somebody"),
        me().by("somebody").header("impersonate-group", "one").header("impersonate-group", "two"),
        me().by("somebody")
            .header("impersonate-uid", "u-1")
            .header("impersonate-extra-scopes", "a")
            .header("impersonate-extra-scopes", "b"),
        me().by("system:serviceaccount:default:x"),
        me().by("system:anonymous"),
        me().by("system:serviceaccount:default"),
        me().header("impersonate-group", "one"),
        me().header("impersonate-uid", "one"),
        me().header("impersonate-extra-x", "one"),
        get(MAPS).by("boss").header("impersonate-group", "system:masters"),
        get(MAPS).by("boss").header("impersonate-group", "others"),
        me().by("somebody").header("impersonate-extra-e.org%2fx", "a"),
    ]
}

fn reviews() -> Vec<Step> {
    let subject = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    let rules = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    let of =
        |spec: Value| json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec});
    vec![
        post(SELF, review(json!({"verb": "get", "resource": "pods"}))),
        post(SELF, review(json!({"verb": "get", "resource": "pods", "namespace": "x"}))).by("nobody"),
        post(SELF, json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"nonResourceAttributes": {"verb": "get", "path": "/version"}}})).by("nobody"),
        post(SELF, json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"nonResourceAttributes": {"verb": "get", "path": "/secret"}}})).by("nobody"),
        post(SELF, json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {}})),
        post(SELF, json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"nonResourceAttributes": {"verb": "get", "path": "/x"}, "resourceAttributes": {"verb": "get"}}})),
        post(SELF, json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"})),
        post(SELF, json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "metadata": {"name": "x"}, "spec": {"resourceAttributes": {"verb": "get"}}})),
        post(subject, of(json!({"user": "nobody", "resourceAttributes": {"verb": "get", "resource": "pods"}}))),
        post(subject, of(json!({"user": "x", "groups": ["system:masters"], "resourceAttributes": {"verb": "get", "resource": "pods"}}))),
        post(subject, of(json!({"groups": ["system:authenticated"], "nonResourceAttributes": {"verb": "get", "path": "/api"}}))),
        post(subject, of(json!({"resourceAttributes": {"verb": "get", "resource": "pods"}}))),
        post(subject, of(json!({"user": "x"}))),
        post("/apis/authorization.k8s.io/v1/namespaces/{ns}/localsubjectaccessreviews", json!({"apiVersion": "authorization.k8s.io/v1", "kind": "LocalSubjectAccessReview", "metadata": {"namespace": "{ns}"}, "spec": {"user": "nobody", "resourceAttributes": {"namespace": "{ns}", "verb": "get", "resource": "pods"}}})),
        post("/apis/authorization.k8s.io/v1/namespaces/{ns}/localsubjectaccessreviews", json!({"apiVersion": "authorization.k8s.io/v1", "kind": "LocalSubjectAccessReview", "metadata": {"namespace": "{ns}"}, "spec": {"user": "nobody", "resourceAttributes": {"namespace": "other", "verb": "get", "resource": "pods"}}})),
        post(rules, json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": "{ns}"}})),
        post(rules, json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": "{ns}"}})).by("nobody"),
        get(SELF),
        get(&path(SELF, "x")),
        delete(&path(SELF, "x")),
        raw(Method::POST, SELF, "application/json", "nonsense"),
    ]
}

fn paths() -> Vec<Step> {
    let lists = |path: &str| match path {
        "/" => Some(("/paths", "")),
        "/api/v1" | "/apis/apps/v1" => Some(("/resources", "/name")),
        "/apis" => Some(("/groups", "/name")),
        _ => None,
    };
    [
        "/",
        "/api",
        "/apis",
        "/api/v1",
        "/apis/apps/v1",
        "/version",
        "/healthz",
        "/livez",
        "/readyz",
        "/nonsense",
        "/logs",
        "/readyz/ping",
    ]
    .iter()
    .map(|path| Step { subset: lists(path), ..get(path).by("nobody") })
    .collect()
}

fn escalation() -> Vec<Step> {
    let cluster = format!("{RBAC}/clusterroles");
    let roles = format!("{RBAC}/namespaces/{{ns}}/roles");
    let bindings = format!("{RBAC}/namespaces/{{ns}}/rolebindings");
    let editor = json!([{"verbs": ["create", "update", "patch", "get"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"]},
        {"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"]}]);
    let user = "escalating-user";
    vec![
        post(&cluster, role("ClusterRole", "escalating-editor", editor)),
        post(&bindings, binding("RoleBinding", "editor", ("ClusterRole", "escalating-editor"), user)),
        Step { wait: Wait::Code(404), ..get(&path(&roles, "none")).by(user) },
        post(&roles, role("Role", "fine", json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"]}]))).by(user),
        post(&roles, role("Role", "greedy", json!([{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["configmaps", "secrets"]}]))).by(user),
        merge(&path(&roles, "fine"), json!({"rules": [{"verbs": ["delete"], "apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["x"]}]})).by(user),
        post(&bindings, binding("RoleBinding", "fine", ("Role", "fine"), user)).by(user),
        post(&bindings, binding("RoleBinding", "boss", ("ClusterRole", "cluster-admin"), user)).by(user),
        post(&bindings, binding("RoleBinding", "void", ("Role", "missing"), user)).by(user),
    ]
}

fn tokens() -> Vec<Step> {
    let review = "/apis/authentication.k8s.io/v1/tokenreviews";
    let of = |spec: Value| json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec});
    vec![
        post(review, of(json!({"token": "nonsense"}))),
        post(review, of(json!({}))),
        post(review, of(json!({"token": "nonsense"}))).by("nobody"),
    ]
}
