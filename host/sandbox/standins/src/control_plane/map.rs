//! KamajiControlPlane to TenantControlPlane, and the status back. Values in, values out.

use serde_json::{Value, json};

use crate::kinds::TENANT;
use crate::object::{self, Owner};

/// The TenantControlPlane of a KamajiControlPlane, with the networks of its Cluster.
pub(super) fn tenant(cluster: &Value, plane: &Value) -> Value {
    let mut tenant = json!({
        "apiVersion": TENANT.api_version(), "kind": TENANT.kind,
        "metadata": {"name": object::name(plane), "namespace": object::namespace(plane)},
        "spec": {
            "kubernetes": {"version": plane["spec"]["version"], "kubelet": object::member(plane, "/spec/kubelet")},
            "controlPlane": {
                "deployment": {"replicas": object::number(plane, "/spec/replicas", 2)},
                "service": {"serviceType": "LoadBalancer"},
            },
            "networkProfile": {"port": object::number(cluster, "/spec/clusterNetwork/apiServerPort", 6443)},
        },
    });
    for (from, path) in [
        ("/spec/dataStoreName", &["dataStore"][..]),
        ("/spec/dataStoreSchema", &["dataStoreSchema"]),
        ("/spec/admissionControllers", &["kubernetes", "admissionControllers"]),
        ("/spec/addons", &["addons"]),
        ("/spec/network/serviceType", &["controlPlane", "service", "serviceType"]),
        ("/spec/network/serviceLabels", &["controlPlane", "service", "additionalMetadata", "labels"]),
        ("/spec/network/serviceAnnotations", &["controlPlane", "service", "additionalMetadata", "annotations"]),
        ("/spec/network/serviceAddress", &["networkProfile", "address"]),
        ("/spec/network/certSANs", &["networkProfile", "certSANs"]),
        ("/spec/addons/coreDNS/dnsServiceIPs", &["networkProfile", "dnsServiceIPs"]),
    ] {
        if let Some(value) = plane.pointer(from) {
            object::put(&mut tenant, &[&["spec"], path].concat(), value.clone());
        }
    }
    for (from, member) in [("pods", "podCidr"), ("services", "serviceCidr")] {
        if let Some(block) = cluster.pointer(&format!("/spec/clusterNetwork/{from}/cidrBlocks/0")) {
            object::put(&mut tenant, &["spec", "networkProfile", member], block.clone());
        }
    }
    object::set_owner(&mut tenant, plane, Owner::Controlling);
    tenant
}

/// Version, replica counts and selector of the TenantControlPlane.
pub(super) fn copy_up(plane: &mut Value, tenant: &Value) {
    let version = object::text(tenant, "/status/kubernetesResources/version/version");
    object::put(plane, &["status", "version"], json!(version));
    let deployment = object::member(tenant, "/status/kubernetesResources/deployment");
    for member in ["replicas", "readyReplicas", "updatedReplicas", "unavailableReplicas"] {
        let count = object::number(&deployment, &format!("/{member}"), 0);
        object::put(plane, &["status", member], json!(count));
    }
    object::put(plane, &["status", "selector"], json!(object::text(&deployment, "/selector")));
}

/// Gives every status member that the schema requires a value.
pub(super) fn complete(plane: &mut Value) {
    object::put(plane, &["status", "externalManagedControlPlane"], json!(true));
    for member in ["initialized", "ready"] {
        object::put_default(plane, &["status", member], json!(false));
    }
    for member in ["replicas", "readyReplicas", "updatedReplicas", "unavailableReplicas"] {
        object::put_default(plane, &["status", member], json!(0));
    }
    for member in ["version", "selector"] {
        object::put_default(plane, &["status", member], json!(""));
    }
}

/// Host and port of the TenantControlPlane's endpoint.
pub(super) fn endpoint(tenant: &Value) -> Option<(String, i64)> {
    let (host, port) = object::text(tenant, "/status/controlPlaneEndpoint").rsplit_once(':')?;
    Some((host.to_owned(), port.parse().ok()?))
}

/// Whether the version that was asked for is up.
pub(super) fn is_ready(tenant: &Value) -> bool {
    let version = object::text(tenant, "/status/kubernetesResources/version/version");
    object::text(tenant, "/status/kubernetesResources/version/status") == "Ready"
        && version == object::text(tenant, "/spec/kubernetes/version")
        && !object::text(tenant, "/status/controlPlaneEndpoint").is_empty()
        && !object::text(tenant, "/status/kubeconfig/admin/secretName").is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenant_takes_networks_from_the_cluster_and_the_rest_from_the_plane() {
        let cluster = json!({"spec": {"clusterNetwork": {"pods": {"cidrBlocks": ["10.220.0.0/16"]}}}});
        let plane = json!({"metadata": {"name": "cp", "namespace": "ns", "uid": "u"}, "spec": {"version": "v1.34.0",
            "replicas": 3, "dataStoreName": "ds", "kubelet": {"cgroupfs": "systemd"},
            "network": {"serviceType": "LoadBalancer", "serviceAddress": "127.1.1.2"}}});
        let tenant = tenant(&cluster, &plane);
        assert_eq!(object::text(&tenant, "/spec/networkProfile/podCidr"), "10.220.0.0/16");
        assert_eq!(object::text(&tenant, "/spec/networkProfile/address"), "127.1.1.2");
        assert_eq!(object::number(&tenant, "/spec/controlPlane/deployment/replicas", 0), 3);
        assert_eq!(object::text(&tenant, "/spec/dataStore"), "ds");
        assert!(object::is_controlled_by(&tenant, &plane));
    }

    #[test]
    fn a_tenant_is_ready_only_with_the_version_asked_for() {
        let mut tenant = json!({"spec": {"kubernetes": {"version": "v1.34.0"}}, "status": {
            "controlPlaneEndpoint": "127.1.1.2:6443", "kubeconfig": {"admin": {"secretName": "s"}},
            "kubernetesResources": {"version": {"status": "Ready", "version": "v1.34.0"}}}});
        assert!(is_ready(&tenant));
        assert_eq!(endpoint(&tenant), Some(("127.1.1.2".into(), 6443)));
        object::put(&mut tenant, &["spec", "kubernetes", "version"], json!("v1.35.0"));
        assert!(!is_ready(&tenant));
    }
}
