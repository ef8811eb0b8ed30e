//! What kubeadm puts into a new cluster: `cluster-info`, `kubeadm-config` and the roles of joining machines.

use backplane_apiserver::kubeconfig;
use serde_json::{Value, json};

use crate::kubeadm::token::GROUP;
use crate::object;

const RBAC: &str = "rbac.authorization.k8s.io/v1";

/// `cluster-info` without signatures; the signer adds those. Its kubeconfig names nobody: it only says where the API
/// server is and which authority to believe.
pub(super) fn cluster_info(server: &str, ca: &str) -> Value {
    let full: Value = serde_saphyr::from_str(&kubeconfig(server, ca, "", "")).unwrap_or_default();
    let text = serde_saphyr::to_string(&json!({
        "apiVersion": "v1", "kind": "Config", "preferences": {}, "contexts": [], "users": [], "current-context": "",
        "clusters": object::member(&full, "/clusters"),
    }));
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cluster-info", "namespace": "kube-public"},
        "data": {"kubeconfig": text.unwrap_or_default()},
    })
}

/// `kubeadm-config`, which a joining machine reads.
pub(super) fn kubeadm_config(tenant: &Value, endpoint: &str) -> Value {
    let text = serde_saphyr::to_string(&json!({
        "apiVersion": "kubeadm.k8s.io/v1beta3", "kind": "ClusterConfiguration",
        "clusterName": object::name(tenant),
        "controlPlaneEndpoint": endpoint,
        "kubernetesVersion": object::member(tenant, "/spec/kubernetes/version"),
        "networking": {
            "dnsDomain": "cluster.local",
            "podSubnet": object::member(tenant, "/spec/networkProfile/podCidr"),
            "serviceSubnet": object::member(tenant, "/spec/networkProfile/serviceCidr"),
        },
    }));
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kubeadm-config", "namespace": "kube-system"},
        "data": {"ClusterConfiguration": text.unwrap_or_default()},
    })
}

/// Roles and bindings, as kubeadm makes them, and one that kubeadm does not: a simulated kubelet has no certificate of
/// its own, so whoever shows a bootstrap token may also be a Node.
pub(super) fn roles() -> Vec<Value> {
    let anonymous = json!([{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:anonymous"}]);
    let joining = json!([{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": GROUP}]);
    let admins = json!([{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "kubeadm:cluster-admins"}]);
    let mut all = Vec::new();
    let info = rule("", &["configmaps"], &["get"], &["cluster-info"]);
    all.extend(local("kube-public", "kubeadm:bootstrap-signer-clusterinfo", info, &anonymous));
    let config = rule("", &["configmaps"], &["get"], &["kubeadm-config", "kubelet-config", "kube-proxy"]);
    all.extend(local("kube-system", "kubeadm:nodes-kubeadm-config", config, &joining));
    all.push(bind("kubeadm:cluster-admins", "cluster-admin", &admins));
    all.extend(wide("kubeadm:get-nodes", json!([rule("", &["nodes"], &["get"], &[])]), &joining));
    let requests =
        json!([rule("certificates.k8s.io", &["certificatesigningrequests"], &["create", "get", "list", "watch"], &[])]);
    all.extend(wide("kubeadm:kubelet-bootstrap", requests, &joining));
    let write = ["get", "list", "watch", "create", "update", "patch"];
    let kubelet = json!([
        rule("", &["nodes", "nodes/status"], &write, &[]),
        rule("coordination.k8s.io", &["leases"], &write, &[]),
        rule("", &["events"], &["create", "patch", "update"], &[]),
        rule("storage.k8s.io", &["csinodes"], &write, &[]),
    ]);
    all.extend(wide("sandbox:simulated-kubelet", kubelet, &joining));
    all
}

fn rule(group: &str, resources: &[&str], verbs: &[&str], names: &[&str]) -> Value {
    let mut rule = json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    if !names.is_empty() {
        object::put(&mut rule, &["resourceNames"], json!(names));
    }
    rule
}

fn local(namespace: &str, name: &str, rule: Value, subjects: &Value) -> [Value; 2] {
    let metadata = json!({"name": name, "namespace": namespace});
    [
        json!({"apiVersion": RBAC, "kind": "Role", "metadata": metadata, "rules": [rule]}),
        json!({"apiVersion": RBAC, "kind": "RoleBinding", "metadata": metadata, "subjects": subjects,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}}),
    ]
}

fn wide(name: &str, rules: Value, subjects: &Value) -> [Value; 2] {
    [
        json!({"apiVersion": RBAC, "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}),
        bind(name, name, subjects),
    ]
}

fn bind(name: &str, role: &str, subjects: &Value) -> Value {
    json!({"apiVersion": RBAC, "kind": "ClusterRoleBinding", "metadata": {"name": name}, "subjects": subjects,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_info_names_the_server_and_nobody_else() {
        let info = cluster_info("https://127.1.2.3:6443", "PEM");
        let text = object::text(&info, "/data/kubeconfig");
        let config: Value = serde_saphyr::from_str(text).expect("is YAML");
        assert_eq!(object::text(&config, "/clusters/0/cluster/server"), "https://127.1.2.3:6443");
        assert_eq!(object::text(&config, "/clusters/0/cluster/certificate-authority-data"), "UEVN");
        assert!(object::list(&config, "/users").is_empty());
    }

    #[test]
    fn anonymous_may_read_cluster_info_and_nothing_else() {
        let roles = roles();
        let anonymous: Vec<_> =
            roles.iter().filter(|r| object::text(r, "/subjects/0/name") == "system:anonymous").collect();
        assert_eq!(anonymous.len(), 1);
        let role =
            roles.iter().find(|r| object::text(r, "/kind") == "Role" && object::name(r) == object::name(anonymous[0]));
        let rules = object::list(role.expect("its role"), "/rules");
        assert_eq!(rules, [rule("", &["configmaps"], &["get"], &["cluster-info"])]);
    }
}
