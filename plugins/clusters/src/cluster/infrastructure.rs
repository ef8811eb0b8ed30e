//! Cluster API's Cluster and the infrastructure clusters beside it.
//!
//! A KubevirtCluster is there for every cluster, because Cluster API wants an infrastructure and Kamaji's control plane
//! needs none: we manage it ourselves and say at once that it is done. CloudSigma machines find their CloudSigmaCluster
//! by the cluster's name.

use backplane_sdk::{Key, Obj, ObjectRef};
use serde_json::{Value, json};

use super::observed::Observed;
use super::wanted::Wanted;
use crate::api::{ClusterSpec, KdcCluster};
use crate::intent::{Owner, Steer, annotate, label};
use crate::{kinds, names};

/// The intents of the Cluster and its infrastructure clusters, the Cluster first.
pub(super) fn intents(
    kdc: &Obj<KdcCluster>,
    owner: &Owner,
    wanted: &Wanted,
    observed: &Observed,
    address: &str,
) -> Vec<Value> {
    let present = observed.capi.as_ref().map(|present| present.spec.clone()).unwrap_or_default();
    let mut intents = vec![cluster(kdc, owner, wanted, address, &present), kubevirt(owner, address)];
    if let Some(region) = wanted.region() {
        intents.push(cloudsigma(kdc, owner, observed, region, address));
    }
    intents
}

/// The status that makes Cluster API take the KubevirtCluster for done.
pub(super) fn kubevirt_status(owner: &Owner) -> (ObjectRef, Value) {
    let key = Key::new(&owner.namespace, &owner.name);
    (kinds::KUBEVIRT_CLUSTER.at(&key), json!({"ready": true}))
}

fn endpoint(address: &str) -> Value {
    json!({"host": address, "port": names::API_PORT})
}

fn cluster(kdc: &Obj<KdcCluster>, owner: &Owner, wanted: &Wanted, address: &str, present: &ClusterSpec) -> Value {
    let mut cluster = owner.intent(&kinds::CAPI_CLUSTER, &owner.name, Steer::Yes);
    label(&mut cluster, &[("cni", "cilium"), (names::CLUSTER, &owner.name)]);
    if wanted.region().is_some() {
        label(&mut cluster, &[("csi", "cloudsigma")]);
    }
    if let Some(value) = kdc.metadata.label(names::CSR_APPROVER) {
        label(&mut cluster, &[(names::CSR_APPROVER, value)]);
    }
    let control_plane = names::control_plane(&owner.name);
    let control_plane = present.control_plane_ref.to(&kinds::KAMAJI_CONTROL_PLANE, &control_plane, &owner.namespace);
    let infrastructure = present.infrastructure_ref.to(&kinds::KUBEVIRT_CLUSTER, &owner.name, &owner.namespace);
    cluster["spec"] = json!({
        "clusterNetwork": {
            "services": {"cidrBlocks": [wanted.network.service_cidr]},
            "pods": {"cidrBlocks": [wanted.network.pod_cidr]},
        },
        "controlPlaneEndpoint": endpoint(address),
        "controlPlaneRef": control_plane,
        "infrastructureRef": infrastructure,
    });
    cluster
}

fn kubevirt(owner: &Owner, address: &str) -> Value {
    let mut infrastructure = owner.intent(&kinds::KUBEVIRT_CLUSTER, &owner.name, Steer::No);
    label(&mut infrastructure, &[(names::CLUSTER_NAME, &owner.name), (names::CLUSTER, &owner.name)]);
    annotate(&mut infrastructure, &[(names::MANAGED_BY, names::MANAGER)]);
    infrastructure["spec"] = json!({"controlPlaneEndpoint": endpoint(address)});
    infrastructure
}

/// It is not the Cluster's infrastructureRef, so nobody but us makes the Cluster its owner, which its provider waits
/// for.
fn cloudsigma(kdc: &Obj<KdcCluster>, owner: &Owner, observed: &Observed, region: &str, address: &str) -> Value {
    let mut infrastructure = owner.intent(&kinds::CLOUDSIGMA_CLUSTER, &owner.name, Steer::Yes);
    label(&mut infrastructure, &[(names::CLUSTER_NAME, &owner.name), (names::CLUSTER, &owner.name)]);
    if let Some(capi) = &observed.capi {
        let mut reference = json!(capi.owner_reference());
        reference["controller"] = false.into();
        if let Some(owners) = infrastructure["metadata"]["ownerReferences"].as_array_mut() {
            owners.push(reference);
        }
    }
    infrastructure["spec"] = json!({"region": region, "controlPlaneEndpoint": endpoint(address)});
    if let Some(email) = kdc.metadata.annotation(names::OWNER_EMAIL) {
        infrastructure["spec"]["userEmail"] = email.into();
    }
    infrastructure
}
