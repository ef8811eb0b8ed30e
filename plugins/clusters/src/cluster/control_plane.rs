//! The control plane: Kamaji's, through Cluster API or directly.

use serde_json::{Value, json};

use super::wanted::Wanted;
use crate::intent::{Owner, Steer, label};
use crate::{kinds, names};

/// The intent of the control plane at an address, with its state in Kamaji's DataStore of that name.
pub(super) fn intent(owner: &Owner, wanted: &Wanted, address: &str, data_store: &str) -> Value {
    if wanted.cluster_api {
        kamaji(owner, wanted, address, data_store)
    } else {
        tenant(owner, wanted, address, data_store)
    }
}

/// Cluster API steers it once the Cluster refers to it.
fn kamaji(owner: &Owner, wanted: &Wanted, address: &str, data_store: &str) -> Value {
    let mut plane = owner.intent(&kinds::KAMAJI_CONTROL_PLANE, &names::control_plane(&owner.name), Steer::No);
    label(&mut plane, &[(names::CLUSTER_NAME, &owner.name), (names::CLUSTER, &owner.name)]);
    let (key, value) = names::bind(&wanted.address.eip_name(&owner.name));
    plane["spec"] = json!({
        "version": wanted.version.to_string(),
        "replicas": wanted.replicas,
        "dataStoreName": data_store,
        "addons": {"coreDNS": {}, "kubeProxy": {}, "konnectivity": {}},
        "kubelet": {"cgroupfs": "systemd"},
        "network": {
            "serviceType": "LoadBalancer",
            "serviceAddress": address,
            "serviceAnnotations": {key: value},
            "certSANs": subjects(owner, address),
        },
    });
    plane
}

fn tenant(owner: &Owner, wanted: &Wanted, address: &str, data_store: &str) -> Value {
    let mut plane = owner.intent(&kinds::TENANT_CONTROL_PLANE, &names::control_plane(&owner.name), Steer::Yes);
    label(&mut plane, &[(names::CLUSTER, &owner.name)]);
    let (key, value) = names::bind(&wanted.address.eip_name(&owner.name));
    plane["spec"] = json!({
        "dataStore": data_store,
        "kubernetes": {"version": wanted.version.to_string(), "kubelet": {"cgroupfs": "systemd"}},
        "controlPlane": {
            "deployment": {"replicas": wanted.replicas},
            "service": {"serviceType": "LoadBalancer", "additionalMetadata": {"annotations": {key: value}}},
        },
        "networkProfile": {
            "address": address, "port": names::API_PORT, "certSANs": subjects(owner, address),
            "serviceCidr": wanted.network.service_cidr, "podCidr": wanted.network.pod_cidr,
        },
        "addons": {"coreDNS": {}, "kubeProxy": {}, "konnectivity": {}},
    });
    plane
}

/// Names under which the API server is called: outside, inside, and by the companion of its load balancer.
fn subjects(owner: &Owner, address: &str) -> Value {
    let (plane, namespace) = (names::control_plane(&owner.name), &owner.namespace);
    json!([
        address,
        format!("{plane}.{namespace}.svc"),
        format!("{plane}.{namespace}.svc.cluster.local"),
        format!("{plane}-ext.{namespace}.svc.cluster.local"),
    ])
}
