//! The roles and bindings that every cluster begins with, as far as people and this project rely on them.

use serde_json::{Value, json};

use super::GROUP;

const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];
const DISCOVERY: [&str; 11] = [
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
    "/version/",
];
const PUBLIC: [&str; 5] = ["/healthz", "/livez", "/readyz", "/version", "/version/"];

/// Roles first, then bindings; each with its resource.
pub(crate) fn objects() -> Vec<Value> {
    let mut objects = vec![
        role("cluster-admin", None, &[all(), urls(&["*"], &["*"])]),
        role("system:discovery", None, &[urls(&DISCOVERY, &["get"])]),
        role("system:public-info-viewer", None, &[urls(&PUBLIC, &["get"])]),
        role("system:basic-user", None, &[reviews(&["selfsubjectaccessreviews", "selfsubjectrulesreviews"]), whoami()]),
        role("system:node-bootstrapper", None, &[certificates()]),
        role("system:node", None, &node()),
        role("view", Some("view"), &[]),
        role("edit", Some("edit"), &[]),
        role("admin", Some("admin"), &[]),
        part("system:aggregate-to-view", "view", &namespaced(&READ, ViewSecrets::No)),
        part("system:aggregate-to-edit", "edit", &edit()),
        part("system:aggregate-to-admin", "admin", &[rbac()]),
    ];
    objects.extend([
        binding("cluster-admin", &["system:masters"]),
        binding("system:discovery", &["system:authenticated"]),
        binding("system:basic-user", &["system:authenticated"]),
        binding("system:public-info-viewer", &["system:authenticated", "system:unauthenticated"]),
    ]);
    objects
}

/// Whoever may only view a namespace must not read its Secrets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ViewSecrets {
    Yes,
    No,
}

fn whoami() -> Value {
    json!({"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]})
}

fn metadata(name: &str) -> Value {
    json!({"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}})
}

fn role(name: &str, aggregates_to: Option<&str>, rules: &[Value]) -> Value {
    let mut role = json!({"apiVersion": format!("{GROUP}/v1"), "kind": "ClusterRole", "metadata": metadata(name)});
    match aggregates_to {
        Some(to) => {
            let label = format!("rbac.authorization.k8s.io/aggregate-to-{to}");
            role["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": {label: "true"}}]});
            if let Some(next) = [("view", "edit"), ("edit", "admin")].iter().find(|(from, _)| from == &to) {
                role["metadata"]["labels"][format!("rbac.authorization.k8s.io/aggregate-to-{}", next.1)] =
                    "true".into();
            }
        }
        None => role["rules"] = rules.to_vec().into(),
    }
    role
}

fn part(name: &str, of: &str, rules: &[Value]) -> Value {
    let mut role = role(name, None, rules);
    role["metadata"]["labels"][format!("rbac.authorization.k8s.io/aggregate-to-{of}")] = "true".into();
    role
}

fn binding(name: &str, groups: &[&str]) -> Value {
    let subjects: Vec<Value> =
        groups.iter().map(|group| json!({"kind": "Group", "name": group, "apiGroup": GROUP})).collect();
    json!({"apiVersion": format!("{GROUP}/v1"), "kind": "ClusterRoleBinding", "metadata": metadata(name),
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name}, "subjects": subjects})
}

fn all() -> Value {
    json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]})
}

fn urls(paths: &[&str], verbs: &[&str]) -> Value {
    json!({"nonResourceURLs": paths, "verbs": verbs})
}

fn reviews(resources: &[&str]) -> Value {
    json!({"apiGroups": ["authorization.k8s.io"], "resources": resources, "verbs": ["create"]})
}

/// What a kubelet does before it has an identity of its own.
fn certificates() -> Value {
    let verbs = ["create", "get", "list", "watch"];
    json!({"apiGroups": ["certificates.k8s.io"], "resources": ["certificatesigningrequests"], "verbs": verbs})
}

/// What a kubelet does with its node.
fn node() -> Vec<Value> {
    let rule = |group: &str, resources: &[&str], verbs: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    vec![
        rule("", &["nodes"], &["create", "get", "list", "watch", "update", "patch"]),
        rule("", &["nodes/status", "pods/status"], &["update", "patch"]),
        rule("", &["pods", "services", "configmaps", "secrets"], &READ),
        rule("", &["events"], &["create", "update", "patch"]),
        rule("coordination.k8s.io", &["leases"], &["create", "get", "update", "patch", "delete"]),
        certificates(),
    ]
}

fn rbac() -> Value {
    let verbs = [&READ[..], &WRITE[..]].concat();
    json!({"apiGroups": [GROUP], "resources": ["roles", "rolebindings"], "verbs": verbs})
}

fn edit() -> Vec<Value> {
    let mut rules = namespaced(&WRITE, ViewSecrets::Yes);
    rules.push(json!({"apiGroups": [""], "resources": ["secrets"], "verbs": READ}));
    rules.push(json!({"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["impersonate"]}));
    rules
}

fn namespaced(verbs: &[&str], secrets: ViewSecrets) -> Vec<Value> {
    let mut core = vec![
        "bindings",
        "configmaps",
        "endpoints",
        "events",
        "limitranges",
        "namespaces",
        "persistentvolumeclaims",
        "pods",
        "pods/log",
        "pods/status",
        "replicationcontrollers",
        "resourcequotas",
        "serviceaccounts",
        "services",
        "services/status",
    ];
    if secrets == ViewSecrets::Yes {
        core.retain(|resource| !matches!(*resource, "namespaces" | "bindings"));
        core.push("secrets");
    }
    let rule = |group: &str, resources: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    vec![
        rule("", &core),
        rule(
            "apps",
            &[
                "daemonsets",
                "deployments",
                "deployments/scale",
                "replicasets",
                "replicasets/scale",
                "statefulsets",
                "statefulsets/scale",
            ],
        ),
        rule("autoscaling", &["horizontalpodautoscalers"]),
        rule("batch", &["cronjobs", "jobs"]),
        rule("networking.k8s.io", &["ingresses", "networkpolicies"]),
        rule("policy", &["poddisruptionbudgets"]),
        rule("discovery.k8s.io", &["endpointslices"]),
        rule("coordination.k8s.io", &["leases"]),
    ]
}
