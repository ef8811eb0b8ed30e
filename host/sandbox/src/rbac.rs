//! Who may do what: the daemon and its plugins. Values in, values out.
//!
//! The daemon may act as its plugins, and read what they have declared; of its own it writes events and leases only.
//! What a plugin writes it writes as the plugin (`Impersonate-User`), whose own role says what is allowed.

use serde_json::{Value, json};

/// Namespace of the daemon and its service accounts.
pub(crate) const NAMESPACE: &str = "backplane";
/// The daemon's user name.
pub(crate) const DAEMON: &str = "system:serviceaccount:backplane:backplane";
const GROUP: &str = "rbac.authorization.k8s.io";

/// Role and binding of the daemon.
pub(crate) fn daemon() -> [Value; 2] {
    let rules = json!([
        {
            "apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"],
            "verbs": ["get", "list", "watch"],
        },
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch", "update"]},
        {
            "apiGroups": ["coordination.k8s.io"], "resources": ["leases"],
            "verbs": ["get", "list", "watch", "create", "patch", "update", "delete"],
        },
        {"nonResourceURLs": ["*"], "verbs": ["get"]},
    ]);
    pair("backplane", rules, "backplane")
}

/// Role and binding of a plugin.
pub(crate) fn plugin(name: &str, rules: Vec<Value>) -> [Value; 2] {
    let account = format!("backplane-{name}");
    pair(&account, Value::Array(rules), &account)
}

/// Role and binding of the daemon for one plugin: what it reads, and to act as that plugin and nobody else.
pub(crate) fn reads(name: &str, mut rules: Vec<Value>) -> [Value; 2] {
    rules.push(json!({
        "apiGroups": [""], "resources": ["serviceaccounts"], "resourceNames": [format!("backplane-{name}")],
        "verbs": ["impersonate"],
    }));
    pair(&format!("backplane-reads-{name}"), Value::Array(rules), "backplane")
}

fn pair(name: &str, rules: Value, account: &str) -> [Value; 2] {
    let api_version = format!("{GROUP}/v1");
    [
        json!({"apiVersion": api_version, "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}),
        json!({
            "apiVersion": api_version, "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}],
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_is_bound_to_the_service_account_of_its_name() {
        let [role, binding] =
            plugin("clusters", vec![json!({"apiGroups": [""], "resources": ["services"], "verbs": ["*"]})]);
        assert_eq!(role["metadata"]["name"], "backplane-clusters");
        assert_eq!(binding["roleRef"]["name"], "backplane-clusters");
        assert_eq!(binding["subjects"][0]["name"], "backplane-clusters");
        assert_eq!(binding["subjects"][0]["namespace"], NAMESPACE);
    }

    #[test]
    fn the_daemon_writes_nothing_of_its_own_but_events_and_leases() {
        let [role, _] = daemon();
        let reading = ["get", "list", "watch"];
        for rule in role["rules"].as_array().expect("rules") {
            let verbs = rule["verbs"].as_array().expect("verbs");
            let reads = verbs.iter().all(|verb| reading.contains(&verb.as_str().expect("text")));
            let resources = rule["resources"].to_string();
            assert!(reads || ["[\"events\"]", "[\"leases\"]"].contains(&resources.as_str()), "{rule}");
        }
    }
}
