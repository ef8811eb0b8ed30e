//! A cluster as the plugins would ask for it, without workers.

use serde_json::json;

use super::{Cluster, condition, secret_text, text};

const INFRASTRUCTURE: &str = "infrastructure.cluster.x-k8s.io/v1beta1";

/// DataStore, infrastructure cluster, KamajiControlPlane and Cluster named `name` in namespace `default`.
pub(crate) async fn create(admin: &Cluster, name: &str) {
    admin
        .apply(json!({"apiVersion": "kamaji.clastix.io/v1alpha1", "kind": "DataStore", "metadata": {"name": "store"},
            "spec": {"driver": "etcd", "endpoints": ["etcd:2379"]}}))
        .await
        .expect("DataStore is accepted");
    admin
        .apply(json!({"apiVersion": INFRASTRUCTURE, "kind": "TestCluster",
            "metadata": {"name": name, "namespace": "default"}, "spec": {}}))
        .await
        .expect("TestCluster is accepted");
    admin
        .patch_status("TestCluster.v1beta1.infrastructure.cluster.x-k8s.io", "default", name, json!({"ready": true}))
        .await
        .expect("status is accepted");
    admin
        .apply(json!({"apiVersion": "controlplane.cluster.x-k8s.io/v1alpha1", "kind": "KamajiControlPlane",
            "metadata": {"name": format!("{name}-cp"), "namespace": "default"},
            "spec": {"version": "v1.34.0", "replicas": 2, "dataStoreName": "store",
                "network": {"serviceType": "LoadBalancer"}}}))
        .await
        .expect("KamajiControlPlane is accepted");
    admin.apply(cluster(name)).await.expect("Cluster is accepted");
}

/// The Cluster itself.
pub(crate) fn cluster(name: &str) -> serde_json::Value {
    json!({"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Cluster",
    "metadata": {"name": name, "namespace": "default"},
    "spec": {
        "clusterNetwork": {"pods": {"cidrBlocks": ["10.220.0.0/16"]}, "services": {"cidrBlocks": ["10.96.0.0/12"]}},
        "controlPlaneRef": {"apiVersion": "controlplane.cluster.x-k8s.io/v1alpha1", "kind": "KamajiControlPlane",
            "name": format!("{name}-cp")},
        "infrastructureRef": {"apiVersion": INFRASTRUCTURE, "kind": "TestCluster", "name": name},
    }})
}

/// Waits until the cluster is up and connects to it with the administrator's kubeconfig.
pub(crate) async fn connect(admin: &Cluster, name: &str) -> Cluster {
    let is_up = |cluster: &serde_json::Value| {
        text(cluster, "/status/phase") == "Provisioned" && condition(cluster, "ControlPlaneInitialized") == "True"
    };
    admin.becomes("Cluster.v1beta1.cluster.x-k8s.io", "default", name, is_up).await;
    let secret = admin.exists("Secret", "default", &format!("{name}-cp-admin-kubeconfig")).await;
    Cluster::of(&secret_text(&secret, "admin.conf")).await
}
