//! The kinds that stand-ins read and write, each named once.

use std::borrow::Cow;

use kube::core::ApiResource;
use serde_json::Value;

use crate::object;

/// Whether objects of a kind live in namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    Namespaced,
    Cluster,
}

/// A kind with everything a request needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Kind {
    pub(crate) group: Cow<'static, str>,
    pub(crate) version: Cow<'static, str>,
    pub(crate) kind: Cow<'static, str>,
    pub(crate) plural: Cow<'static, str>,
    pub(crate) scope: Scope,
}

const fn kind(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
    scope: Scope,
) -> Kind {
    Kind {
        group: Cow::Borrowed(group),
        version: Cow::Borrowed(version),
        kind: Cow::Borrowed(kind),
        plural: Cow::Borrowed(plural),
        scope,
    }
}

use Scope::{Cluster as C, Namespaced as N};

pub(crate) const NAMESPACE: Kind = kind("", "v1", "Namespace", "namespaces", C);
pub(crate) const NODE: Kind = kind("", "v1", "Node", "nodes", C);
pub(crate) const SERVICE: Kind = kind("", "v1", "Service", "services", N);
pub(crate) const ENDPOINTS: Kind = kind("", "v1", "Endpoints", "endpoints", N);
pub(crate) const SECRET: Kind = kind("", "v1", "Secret", "secrets", N);
pub(crate) const CONFIG_MAP: Kind = kind("", "v1", "ConfigMap", "configmaps", N);
pub(crate) const POD: Kind = kind("", "v1", "Pod", "pods", N);
pub(crate) const EVENT: Kind = kind("", "v1", "Event", "events", N);
pub(crate) const DEPLOYMENT: Kind = kind("apps", "v1", "Deployment", "deployments", N);
pub(crate) const STATEFUL_SET: Kind = kind("apps", "v1", "StatefulSet", "statefulsets", N);

pub(crate) const EIP: Kind = kind("kube-dc.com", "v1", "EIp", "eips", N);

pub(crate) const DATA_STORE: Kind = kind("kamaji.clastix.io", "v1alpha1", "DataStore", "datastores", C);
pub(crate) const TENANT: Kind = kind("kamaji.clastix.io", "v1alpha1", "TenantControlPlane", "tenantcontrolplanes", N);
pub(crate) const CONTROL_PLANE: Kind =
    kind("controlplane.cluster.x-k8s.io", "v1alpha1", "KamajiControlPlane", "kamajicontrolplanes", N);

pub(crate) const CLUSTER: Kind = kind("cluster.x-k8s.io", "v1beta1", "Cluster", "clusters", N);
pub(crate) const MACHINE_DEPLOYMENT: Kind =
    kind("cluster.x-k8s.io", "v1beta1", "MachineDeployment", "machinedeployments", N);
pub(crate) const MACHINE_SET: Kind = kind("cluster.x-k8s.io", "v1beta1", "MachineSet", "machinesets", N);
pub(crate) const MACHINE: Kind = kind("cluster.x-k8s.io", "v1beta1", "Machine", "machines", N);
pub(crate) const KUBEADM_CONFIG: Kind =
    kind("bootstrap.cluster.x-k8s.io", "v1beta1", "KubeadmConfig", "kubeadmconfigs", N);

impl Kind {
    /// `group/version`, or the version alone in the core group.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_string() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The kind in the words of the client library.
    pub(crate) fn resource(&self) -> ApiResource {
        ApiResource {
            group: self.group.to_string(),
            version: self.version.to_string(),
            api_version: self.api_version(),
            kind: self.kind.to_string(),
            plural: self.plural.to_string(),
        }
    }

    /// The kind in the words of the API server.
    pub(crate) fn core(&self) -> backplane_core::Kind {
        backplane_core::Kind::new(self.group.as_ref(), self.version.as_ref(), self.kind.as_ref())
    }

    /// The kind of an RBAC object.
    pub(crate) fn of_role(role: &Value) -> Self {
        let name = object::text(role, "/kind");
        let scope = if name.starts_with("Cluster") { C } else { N };
        Self { scope, ..Self::of_reference(role).unwrap_or(NAMESPACE) }
    }

    /// The kind of an object that a stand-in makes in a namespace. Its plural is computed as for a reference.
    pub(crate) fn of_object(object: &Value) -> Self {
        let (api_version, kind) = (object::text(object, "/apiVersion"), object::text(object, "/kind"));
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self::computed(group, version, kind)
    }

    /// The kind that an object reference names. Its plural is the kind in lower case with an `s`, as Cluster API
    /// computes the names of its providers' kinds.
    pub(crate) fn of_reference(reference: &Value) -> Option<Self> {
        let (api_version, name) = (object::text(reference, "/apiVersion"), object::text(reference, "/kind"));
        let (group, version) = api_version.split_once('/')?;
        (!name.is_empty()).then(|| Self::computed(group, version, name))
    }

    fn computed(group: &str, version: &str, kind: &str) -> Self {
        Self {
            group: group.to_owned().into(),
            version: version.to_owned().into(),
            kind: kind.to_owned().into(),
            plural: format!("{}s", kind.to_lowercase()).into(),
            scope: N,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_kind_of_a_reference_is_computed_as_cluster_api_does() {
        let reference = json!({"apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1", "kind": "CloudSigmaMachine"});
        let kind = Kind::of_reference(&reference).expect("a reference");
        assert_eq!(kind.plural, "cloudsigmamachines");
        assert_eq!(kind.api_version(), "infrastructure.cluster.x-k8s.io/v1beta1");
        assert_eq!(Kind::of_reference(&json!({"kind": "X"})), None);
        let secret = Kind::of_object(&json!({"apiVersion": "v1", "kind": "Secret"}));
        assert_eq!(secret, SECRET);
    }
}
