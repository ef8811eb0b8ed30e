//! Kinds of others, as far as decisions depend upon them.

use std::collections::BTreeMap;

use backplane_sdk::{Kind, Object};
use serde::Deserialize;
use serde_json::{Value, json};

/// An object of which only the metadata matters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Any {}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Object)]
#[object(group = "kube-dc.com", version = "v1", kind = "EIp")]
#[serde(default)]
pub(crate) struct Eip {
    pub(crate) spec: EipSpec,
    pub(crate) status: EipStatus,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct EipSpec {
    pub(crate) external_network_type: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct EipStatus {
    pub(crate) ip_address: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Object)]
#[object(group = "apps", version = "v1")]
#[serde(default)]
pub(crate) struct StatefulSet {
    pub(crate) spec: StatefulSetSpec,
    pub(crate) status: StatefulSetStatus,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct StatefulSetSpec {
    pub(crate) replicas: Option<i64>,
    pub(crate) volume_claim_templates: Vec<VolumeClaimTemplate>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct VolumeClaimTemplate {
    pub(crate) spec: VolumeClaimSpec,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct VolumeClaimSpec {
    pub(crate) storage_class_name: Option<String>,
    pub(crate) resources: VolumeResources,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct VolumeResources {
    pub(crate) requests: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct StatefulSetStatus {
    pub(crate) ready_replicas: i64,
}

/// Kamaji's DataStore; older releases report no `ready`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Object)]
#[object(group = "kamaji.clastix.io", version = "v1alpha1")]
#[serde(default)]
pub(crate) struct DataStore {
    pub(crate) status: DataStoreStatus,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct DataStoreStatus {
    pub(crate) ready: Option<bool>,
    pub(crate) used_by: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Object)]
#[object(group = "controlplane.cluster.x-k8s.io", version = "v1alpha1")]
#[serde(default)]
pub(crate) struct KamajiControlPlane {
    pub(crate) spec: ControlPlaneSpec,
    pub(crate) status: ControlPlaneStatus,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct ControlPlaneSpec {
    pub(crate) version: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ControlPlaneStatus {
    pub(crate) ready: bool,
    pub(crate) initialized: bool,
    pub(crate) version: String,
    pub(crate) failure_message: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Object)]
#[object(group = "kamaji.clastix.io", version = "v1alpha1")]
#[serde(default)]
pub(crate) struct TenantControlPlane {
    pub(crate) spec: TenantSpec,
    pub(crate) status: TenantStatus,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct TenantSpec {
    pub(crate) kubernetes: ControlPlaneSpec,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct TenantStatus {
    pub(crate) kubernetes_resources: TenantResources,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct TenantResources {
    pub(crate) version: TenantVersion,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct TenantVersion {
    pub(crate) status: String,
    pub(crate) version: String,
}

/// Cluster API's Cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Object)]
#[object(group = "cluster.x-k8s.io", version = "v1beta1")]
#[serde(default)]
pub(crate) struct Cluster {
    pub(crate) spec: ClusterSpec,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ClusterSpec {
    pub(crate) control_plane_endpoint: Endpoint,
    pub(crate) cluster_network: ClusterNetwork,
    pub(crate) control_plane_ref: Reference,
    pub(crate) infrastructure_ref: Reference,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Endpoint {
    pub(crate) host: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct ClusterNetwork {
    pub(crate) services: Blocks,
    pub(crate) pods: Blocks,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Blocks {
    pub(crate) cidr_blocks: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Object)]
#[object(group = "cluster.x-k8s.io", version = "v1beta1")]
#[serde(default)]
pub(crate) struct MachineDeployment {
    pub(crate) spec: MachineDeploymentSpec,
    pub(crate) status: MachineDeploymentStatus,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct MachineDeploymentSpec {
    pub(crate) replicas: Option<i64>,
    pub(crate) revision_history_limit: Option<i64>,
    pub(crate) paused: bool,
    pub(crate) template: MachineTemplate,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct MachineDeploymentStatus {
    pub(crate) observed_generation: Option<i64>,
    pub(crate) replicas: i64,
    pub(crate) ready_replicas: i64,
    pub(crate) updated_replicas: i64,
    pub(crate) phase: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct MachineTemplate {
    pub(crate) spec: MachineSpec,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Object)]
#[object(group = "cluster.x-k8s.io", version = "v1beta1")]
#[serde(default)]
pub(crate) struct MachineSet {
    pub(crate) spec: MachineSetSpec,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct MachineSetSpec {
    pub(crate) template: MachineTemplate,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Object)]
#[object(group = "cluster.x-k8s.io", version = "v1beta1")]
#[serde(default)]
pub(crate) struct Machine {
    pub(crate) spec: MachineSpec,
    pub(crate) status: MachineStatus,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct MachineSpec {
    pub(crate) version: Option<String>,
    pub(crate) bootstrap: Bootstrap,
    pub(crate) infrastructure_ref: Reference,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Bootstrap {
    pub(crate) config_ref: Reference,
}

/// Group and kind count, never the version: Cluster API rewrites it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Reference {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
}

impl Reference {
    /// A reference to an object as it is to be written where this one stands: with the version that is there, for writing
    /// another would only be rewritten, again and again.
    pub(crate) fn to(&self, kind: &Kind, name: &str, namespace: &str) -> Value {
        let same =
            self.kind == kind.kind && self.name == name && self.api_version.starts_with(&format!("{}/", kind.group));
        let api_version = if same { self.api_version.clone() } else { kind.api_version() };
        json!({"apiVersion": api_version, "kind": kind.kind, "name": name, "namespace": namespace})
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct MachineStatus {
    pub(crate) conditions: Vec<MachineCondition>,
    pub(crate) failure_message: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct MachineCondition {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) severity: String,
    pub(crate) message: String,
}

/// An infrastructure cluster; its endpoint and readiness are written, not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Provisioned {
    pub(crate) spec: ProvisionedSpec,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct ProvisionedSpec {
    pub(crate) region: Option<String>,
}
