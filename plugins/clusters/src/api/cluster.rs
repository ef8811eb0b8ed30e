//! `KdcCluster`, `k8s.kube-dc.com/v1alpha1`.
//!
//! Defaults of the schema are repeated where a whole block may be absent: the API server fills in members only of
//! blocks that are given.

use std::collections::BTreeMap;

use backplane_sdk::Object;
use serde::Deserialize;
use serde_json::Value;

/// A managed cluster.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Object)]
#[object(group = "k8s.kube-dc.com", version = "v1alpha1")]
#[serde(default)]
pub(crate) struct KdcCluster {
    pub(crate) spec: Spec,
    pub(crate) status: Status,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Spec {
    pub(crate) version: String,
    pub(crate) control_plane: ControlPlane,
    pub(crate) data_store: DataStoreRef,
    pub(crate) network: Network,
    pub(crate) eip: Eip,
    #[serde(rename = "enableClusterAPI")]
    pub(crate) enable_cluster_api: bool,
    pub(crate) workers: Vec<Pool>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct ControlPlane {
    pub(crate) replicas: i64,
}

impl Default for ControlPlane {
    fn default() -> Self {
        Self { replicas: 2 }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct DataStoreRef {
    pub(crate) dedicated: bool,
    pub(crate) name: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) eip_name: Option<String>,
    pub(crate) port: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Network {
    #[serde(rename = "serviceCIDR")]
    pub(crate) service_cidr: String,
    #[serde(rename = "podCIDR")]
    pub(crate) pod_cidr: String,
}

impl Default for Network {
    fn default() -> Self {
        Self { service_cidr: "10.96.0.0/12".into(), pod_cidr: "10.244.0.0/16".into() }
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Eip {
    pub(crate) create: bool,
    pub(crate) external_network_type: String,
    pub(crate) name: Option<String>,
}

impl Default for Eip {
    fn default() -> Self {
        Self { create: true, external_network_type: "public".into(), name: None }
    }
}

/// A pool of workers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Pool {
    pub(crate) name: String,
    pub(crate) replicas: i64,
    pub(crate) infrastructure_provider: String,
    pub(crate) cpu_cores: i64,
    pub(crate) memory: String,
    pub(crate) disk_size: String,
    pub(crate) storage_type: String,
    pub(crate) image: Option<String>,
    pub(crate) architecture: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) taints: Vec<Taint>,
    pub(crate) version: Option<String>,
    pub(crate) paused: bool,
    pub(crate) node_drain_timeout_seconds: Option<i64>,
    pub(crate) strategy: Option<Strategy>,
    pub(crate) autoscaling: Option<Autoscaling>,
    pub(crate) cloudsigma: Option<CloudSigma>,
}

impl Pool {
    /// What the API server writes where `memory` is absent. A given `2Gi` cannot be told from it.
    pub(crate) const DEFAULT_MEMORY: &str = "2Gi";
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            name: String::new(),
            replicas: 2,
            infrastructure_provider: "kubevirt".into(),
            cpu_cores: 1,
            memory: Self::DEFAULT_MEMORY.into(),
            disk_size: "10Gi".into(),
            storage_type: "datavolume".into(),
            image: None,
            architecture: "amd64".into(),
            labels: BTreeMap::new(),
            taints: Vec::new(),
            version: None,
            paused: false,
            node_drain_timeout_seconds: None,
            strategy: None,
            autoscaling: None,
            cloudsigma: None,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Taint {
    pub(crate) key: String,
    pub(crate) value: Option<String>,
    pub(crate) effect: String,
}

/// Numbers or percentages, as Cluster API takes them.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Strategy {
    pub(crate) max_surge: Option<Value>,
    pub(crate) max_unavailable: Option<Value>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Autoscaling {
    pub(crate) enabled: bool,
    pub(crate) mode: Option<String>,
    pub(crate) min_replicas: Option<i64>,
    pub(crate) max_replicas: i64,
}

/// Servers, in the published spelling and in that of the CloudSigma guide.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct CloudSigma {
    #[serde(rename = "imageUUID")]
    pub(crate) image_uuid: String,
    #[serde(rename = "cpuMHz")]
    pub(crate) cpu_mhz: Option<i64>,
    /// The guide's `cpuMHz`.
    pub(crate) cpu: Option<i64>,
    #[serde(rename = "mhzPerCore")]
    pub(crate) mhz_per_core: Option<i64>,
    /// MB; the guide's spelling of the pool's `memory`.
    pub(crate) memory: Option<i64>,
    #[serde(rename = "diskSizeGB")]
    pub(crate) disk_size_gb: Option<i64>,
    /// The guide's `diskSizeGB`.
    pub(crate) disk_size: Option<i64>,
    pub(crate) nics: Vec<Nic>,
    pub(crate) region: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) meta: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Nic {
    pub(crate) vlan: Option<String>,
    pub(crate) public: bool,
    pub(crate) ip_pool_ref: Option<IpPoolRef>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct IpPoolRef {
    pub(crate) name: String,
}

/// The members of the status that decisions depend upon.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Status {
    pub(crate) phase: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) control_plane_ready: bool,
    pub(crate) control_plane: ControlPlaneStatus,
    pub(crate) data_store_name: Option<String>,
    pub(crate) eip_name: Option<String>,
    pub(crate) worker_pools: Vec<PoolStatus>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct ControlPlaneStatus {
    pub(crate) version: Option<String>,
}

/// A pool as it was last reported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct PoolStatus {
    pub(crate) name: String,
    pub(crate) phase: Option<String>,
}
