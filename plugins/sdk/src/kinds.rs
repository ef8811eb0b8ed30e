//! The kinds that most plugins meet, with the few members that most of them need. Name your own struct where you need more.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Object;
use crate::object::Obj;

/// A Deployment, as far as "does it run" goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Object)]
#[object(group = "apps", version = "v1")]
#[serde(default)]
pub struct Deployment {
    /// What is wanted.
    pub spec: DeploymentSpec,
    /// What is there.
    pub status: DeploymentStatus,
}

/// What a Deployment wants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DeploymentSpec {
    /// Pods; absent means one.
    pub replicas: Option<u32>,
}

/// What a Deployment has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DeploymentStatus {
    /// The generation that these figures are about.
    pub observed_generation: i64,
    /// Pods of the newest template.
    pub updated_replicas: u32,
    /// Pods that have been ready for long enough.
    pub available_replicas: u32,
}

impl Obj<Deployment> {
    /// Whether all wanted Pods of the newest template are available, as `kubectl rollout status` judges it.
    pub fn is_available(&self) -> bool {
        let wanted = self.spec.replicas.unwrap_or(1);
        let seen = self.status.observed_generation >= self.metadata.generation.unwrap_or_default();
        seen && self.status.updated_replicas >= wanted && self.status.available_replicas >= wanted
    }
}

/// A Service, as far as its addresses go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Object)]
#[object(version = "v1")]
#[serde(default)]
pub struct Service {
    /// What is wanted.
    pub spec: ServiceSpec,
    /// What is there.
    pub status: ServiceStatus,
}

/// What a Service wants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ServiceSpec {
    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its address within the cluster.
    #[serde(rename = "clusterIP")]
    pub cluster_ip: Option<String>,
    /// Labels of its Pods.
    pub selector: BTreeMap<String, String>,
}

/// What a Service has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ServiceStatus {
    /// Where its load balancer listens.
    pub load_balancer: LoadBalancer,
}

/// Where a load balancer listens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LoadBalancer {
    /// One entry per address.
    pub ingress: Vec<Ingress>,
}

/// One address of a load balancer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Ingress {
    /// An address.
    pub ip: Option<String>,
    /// A name.
    pub hostname: Option<String>,
}

impl Service {
    /// The first address or name under which the load balancer is reached.
    pub fn external_address(&self) -> Option<&str> {
        let first = self.status.load_balancer.ingress.first()?;
        first.ip.as_deref().or(first.hostname.as_deref())
    }
}

/// A Secret. Values are base64 text, as they stand in the object. Deliberately without `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Object)]
#[object(version = "v1")]
#[serde(default)]
pub struct Secret {
    /// `Opaque` and others.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Values in base64.
    pub data: BTreeMap<String, String>,
}

/// A ConfigMap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Object)]
#[object(version = "v1")]
#[serde(default)]
pub struct ConfigMap {
    /// Values.
    pub data: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_deployment_is_available_once_the_newest_template_runs() {
        let cases = [
            ("all there", json!({"observedGeneration": 2, "updatedReplicas": 2, "availableReplicas": 2}), true),
            ("not seen yet", json!({"observedGeneration": 1, "updatedReplicas": 2, "availableReplicas": 2}), false),
            ("old pods only", json!({"observedGeneration": 2, "updatedReplicas": 1, "availableReplicas": 2}), false),
            ("no status", json!({}), false),
        ];
        for (name, status, expected) in cases {
            let object = json!({"metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": status});
            let deployment: Obj<Deployment> = serde_json::from_value(object).expect(name);
            assert_eq!(deployment.is_available(), expected, "{name}");
        }
    }
}
