//! The kinds of the guest `ledger`, and who may do what to them.

use serde_json::{Value, json};

/// Namespace of everything here.
pub(crate) const NAMESPACE: &str = "faults";
/// Group of both kinds.
pub(crate) const GROUP: &str = "demo.example.org";
/// User name of the daemon.
pub(crate) const DAEMON: &str = "system:serviceaccount:backplane:backplane";
/// The plugin's service account.
pub(crate) const PLUGIN: &str = "backplane-ledger";
/// Path of the bindings, which are taken away and given back.
pub(crate) const BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
/// Path of the definitions.
pub(crate) const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// The path of a collection, such as `accounts`.
pub(crate) fn collection(plural: &str) -> String {
    format!("/apis/{GROUP}/v1/namespaces/{NAMESPACE}/{plural}")
}

/// The definition of `Account` or `Entry`.
pub(crate) fn definition(kind: &str, plural: &str) -> Value {
    let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let schema = json!({"type": "object", "properties": {"spec": anything, "status": anything}});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{GROUP}")},
        "spec": {
            "group": GROUP, "scope": "Namespaced",
            "names": {"plural": plural, "singular": kind.to_lowercase(), "kind": kind, "listKind": format!("{kind}List")},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": schema},
            }],
        },
    })
}

/// An account that shows a number.
pub(crate) fn account(name: &str, number: u64) -> Value {
    json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": "Account",
        "metadata": {"name": name, "namespace": NAMESPACE}, "spec": {"number": number},
    })
}

/// Namespaces that must be there.
pub(crate) fn namespaces() -> [Value; 2] {
    [NAMESPACE, "backplane"].map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
}

/// What the daemon may read and whom it may act as, and what the plugin may write.
pub(crate) fn roles() -> [Value; 2] {
    let rule = |group: &str, resources: &[&str], verbs: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    let mut impersonate = rule("", &["serviceaccounts"], &["impersonate"]);
    impersonate["resourceNames"] = json!([PLUGIN]);
    let reads = json!([
        rule(GROUP, &["accounts", "entries"], &["get", "list", "watch"]),
        rule("coordination.k8s.io", &["leases"], &["get", "list", "watch", "create", "update", "patch", "delete"]),
        impersonate,
    ]);
    let writes = json!([
        rule(GROUP, &["entries"], &["create", "patch"]),
        rule(GROUP, &["accounts/status"], &["patch"]),
        rule("", &["events"], &["create", "patch"]),
    ]);
    [("backplane", reads), (PLUGIN, writes)].map(|(name, rules)| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name},
            "rules": rules})
    })
}

/// The bindings of those roles.
pub(crate) fn bindings() -> [Value; 2] {
    let plugin = json!({"kind": "ServiceAccount", "name": PLUGIN, "namespace": "backplane"});
    let daemon = json!({"kind": "User", "name": DAEMON, "apiGroup": "rbac.authorization.k8s.io"});
    [("backplane", daemon), (PLUGIN, plugin)].map(|(name, subject)| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [subject]})
    })
}
