//! `KdcClusterDatastore`, `k8s.kube-dc.com/v1alpha1`.

use backplane_sdk::Object;
use serde::Deserialize;
use serde_json::Value;

/// An etcd for control planes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Object)]
#[object(group = "k8s.kube-dc.com", version = "v1alpha1")]
#[serde(default)]
pub(crate) struct KdcClusterDatastore {
    pub(crate) spec: Spec,
    pub(crate) status: Status,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Spec {
    pub(crate) etcd: Etcd,
    pub(crate) data_store: DataStoreSpec,
    pub(crate) service: Service,
    pub(crate) network_policy: NetworkPolicy,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Etcd {
    pub(crate) replicas: i64,
    pub(crate) version: String,
    pub(crate) image: Option<String>,
    pub(crate) storage: Storage,
    pub(crate) quota_backend_bytes: i64,
    pub(crate) compaction: Compaction,
    pub(crate) resources: Option<Value>,
}

impl Default for Etcd {
    fn default() -> Self {
        Self {
            replicas: 3,
            version: "v3.5.11".into(),
            image: None,
            storage: Storage::default(),
            quota_backend_bytes: 8_589_934_592,
            compaction: Compaction::default(),
            resources: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Storage {
    pub(crate) size: String,
    pub(crate) storage_class_name: String,
}

impl Default for Storage {
    fn default() -> Self {
        Self { size: "10Gi".into(), storage_class_name: "local-path".into() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Compaction {
    pub(crate) mode: String,
    pub(crate) retention: String,
}

impl Default for Compaction {
    fn default() -> Self {
        Self { mode: "periodic".into(), retention: "1h".into() }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct DataStoreSpec {
    pub(crate) name: Option<String>,
    pub(crate) endpoint_template: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Service {
    pub(crate) port: i64,
    pub(crate) eip: Eip,
}

impl Default for Service {
    fn default() -> Self {
        Self { port: 2379, eip: Eip::default() }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Eip {
    pub(crate) create: bool,
    pub(crate) name: Option<String>,
    pub(crate) external_network_type: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct NetworkPolicy {
    pub(crate) enabled: bool,
    pub(crate) allowed_namespaces: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Status {
    pub(crate) phase: Option<String>,
    pub(crate) data_store: DataStoreStatus,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct DataStoreStatus {
    pub(crate) name: Option<String>,
    pub(crate) ready: bool,
}
