//! An infrastructure provider small enough for a test: each TestMachine "is" a server at once, and its Node appears in
//! the tenant cluster.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{Cluster, name, number, text};

pub(crate) const MACHINE: &str = "TestMachine.v1beta1.infrastructure.cluster.x-k8s.io";
const FINALIZER: &str = "testmachine.infrastructure.cluster.x-k8s.io";

/// Plays the provider until it is dropped.
pub(crate) struct Provider(JoinHandle<()>);

impl Provider {
    /// Nodes go to `tenant`.
    pub(crate) fn start(admin: Cluster, tenant: Cluster) -> Self {
        Self(tokio::spawn(async move {
            loop {
                for machine in admin.list(MACHINE, "default").await {
                    step(&admin, &tenant, &machine).await;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }))
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn step(admin: &Cluster, tenant: &Cluster, machine: &Value) {
    if machine.pointer("/metadata/deletionTimestamp").is_some() {
        // Conflicts and objects that went meanwhile are met again, or not, in the next round.
        let _ = admin.patch(MACHINE, "default", name(machine), json!({"metadata": {"finalizers": []}})).await;
        return;
    }
    let owned = machine.pointer("/metadata/ownerReferences/0/kind").is_some_and(|kind| kind == "Machine");
    if !owned || text(machine, "/status/ready") == "true" || machine.pointer("/status/ready").is_some() {
        return;
    }
    let owner = admin.get("Machine.v1beta1.cluster.x-k8s.io", "default", name(machine)).await;
    let has_data = owner.is_some_and(|owner| !text(&owner, "/spec/bootstrap/dataSecretName").is_empty());
    if has_data {
        provide(admin, tenant, name(machine)).await;
    }
}

async fn provide(admin: &Cluster, tenant: &Cluster, name: &str) {
    let id = format!("test://{name}");
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
        "spec": {"providerID": id, "taints": [{"key": "node.cluster.x-k8s.io/uninitialized", "effect": "NoSchedule"}]}});
    let _ = tenant.create("Node", "", node).await;
    let ready = json!({"conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z", "lastHeartbeatTime": "2026-01-01T00:00:00Z"}]});
    let _ = tenant.patch_status("Node", "", name, ready).await;
    let spec = json!({"metadata": {"finalizers": [FINALIZER]}, "spec": {"providerID": id}});
    let _ = admin.patch(MACHINE, "default", name, spec).await;
    let status = json!({"ready": true, "addresses": [{"type": "InternalIP", "address": "192.0.2.1"}]});
    let _ = admin.patch_status(MACHINE, "default", name, status).await;
}

/// Templates and a MachineDeployment `<cluster>-<pool>`; `kind` is the machines' kind in the infrastructure group.
pub(crate) async fn deploy(admin: &Cluster, cluster: &str, pool: &str, replicas: u32) {
    let base = format!("{cluster}-{pool}");
    admin
        .apply(json!({"apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1", "kind": "TestMachineTemplate",
            "metadata": {"name": base, "namespace": "default"}, "spec": {"template": {"spec": {"size": "small"}}}}))
        .await
        .expect("template is accepted");
    admin.apply(bootstrap(&base, json!({"cloud-provider": "external"}))).await.expect("bootstrap template is accepted");
    admin
        .apply(deployment(cluster, &base, "TestMachineTemplate", replicas))
        .await
        .expect("MachineDeployment is accepted");
}

/// A KubeadmConfigTemplate `<base>-bootstrap`.
pub(crate) fn bootstrap(base: &str, kubelet: Value) -> Value {
    json!({"apiVersion": "bootstrap.cluster.x-k8s.io/v1beta1", "kind": "KubeadmConfigTemplate",
        "metadata": {"name": format!("{base}-bootstrap"), "namespace": "default"},
        "spec": {"template": {"spec": {"joinConfiguration": {"nodeRegistration": {
            "name": "{{ ds.meta_data.local_hostname }}", "kubeletExtraArgs": kubelet,
            "taints": [{"key": "node.cluster.x-k8s.io/uninitialized", "effect": "NoSchedule"}]}}}}}})
}

/// The MachineDeployment `base` with templates of that name.
pub(crate) fn deployment(cluster: &str, base: &str, template: &str, replicas: u32) -> Value {
    json!({"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "MachineDeployment",
    "metadata": {"name": base, "namespace": "default"},
    "spec": {"clusterName": cluster, "replicas": replicas, "selector": {},
        "template": {"metadata": {"labels": {"node-role.kubernetes.io/worker": ""}}, "spec": {
            "clusterName": cluster, "version": "v1.34.0",
            "bootstrap": {"configRef": {"apiVersion": "bootstrap.cluster.x-k8s.io/v1beta1",
                "kind": "KubeadmConfigTemplate", "name": format!("{base}-bootstrap")}},
            "infrastructureRef": {"apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1", "kind": template, "name": base},
        }}}})
}

/// Whether a MachineDeployment has exactly so many machines, all up to date and ready.
pub(crate) fn settled(replicas: i64) -> impl Fn(&Value) -> bool {
    move |deployment| {
        let counts = ["replicas", "readyReplicas", "updatedReplicas", "availableReplicas"];
        counts.iter().all(|count| number(deployment, &format!("/status/{count}")).max(0) == replicas)
            && text(deployment, "/status/phase") == "Running"
    }
}
