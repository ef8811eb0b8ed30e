//! The kinds that the guide looks at, with the names kubectl knows them by.

use kube::core::ApiResource;

/// A kind as REST knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the parts of a Kubernetes API resource")]
pub struct Resource {
    pub group: &'static str,
    pub version: &'static str,
    pub kind: &'static str,
    pub plural: &'static str,
}

impl Resource {
    const fn new(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> Self {
        Self { group, version, kind, plural }
    }

    /// `plural.group`, unambiguous for kubectl.
    pub fn full_name(&self) -> String {
        if self.group.is_empty() { self.plural.into() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// What the client library wants to know.
    pub fn api(&self) -> ApiResource {
        let api_version =
            if self.group.is_empty() { self.version.into() } else { format!("{}/{}", self.group, self.version) };
        ApiResource {
            group: self.group.into(),
            version: self.version.into(),
            api_version,
            kind: self.kind.into(),
            plural: self.plural.into(),
        }
    }
}

const CAPI: &str = "cluster.x-k8s.io";
const INFRASTRUCTURE: &str = "infrastructure.cluster.x-k8s.io";
const BOOTSTRAP: &str = "bootstrap.cluster.x-k8s.io";

/// Every kind whose objects belong to a cluster of the guide, in no particular order.
pub const CLUSTER_KINDS: [Resource; 19] = [
    KDC_CLUSTER,
    DATASTORE,
    EIP,
    SERVICE,
    SECRET,
    STATEFUL_SET,
    DEPLOYMENT,
    CLUSTER,
    MACHINE_DEPLOYMENT,
    MACHINE_SET,
    MACHINE,
    CLOUDSIGMA_CLUSTER,
    CLOUDSIGMA_MACHINE,
    CLOUDSIGMA_TEMPLATE,
    KUBEVIRT_CLUSTER,
    KUBEADM_CONFIG,
    KUBEADM_TEMPLATE,
    KAMAJI_CONTROL_PLANE,
    TENANT_CONTROL_PLANE,
];

#[expect(missing_docs, reason = "the name says it")]
mod kinds {
    use super::{BOOTSTRAP, CAPI, INFRASTRUCTURE, Resource};

    pub const KDC_CLUSTER: Resource = Resource::new("k8s.kube-dc.com", "v1alpha1", "KdcCluster", "kdcclusters");
    pub const DATASTORE: Resource =
        Resource::new("k8s.kube-dc.com", "v1alpha1", "KdcClusterDatastore", "kdcclusterdatastores");
    pub const EIP: Resource = Resource::new("kube-dc.com", "v1", "EIp", "eips");
    pub const SERVICE: Resource = Resource::new("", "v1", "Service", "services");
    pub const SECRET: Resource = Resource::new("", "v1", "Secret", "secrets");
    pub const EVENT: Resource = Resource::new("", "v1", "Event", "events");
    pub const NODE: Resource = Resource::new("", "v1", "Node", "nodes");
    pub const STATEFUL_SET: Resource = Resource::new("apps", "v1", "StatefulSet", "statefulsets");
    pub const DEPLOYMENT: Resource = Resource::new("apps", "v1", "Deployment", "deployments");
    pub const CLUSTER: Resource = Resource::new(CAPI, "v1beta1", "Cluster", "clusters");
    pub const MACHINE_DEPLOYMENT: Resource = Resource::new(CAPI, "v1beta1", "MachineDeployment", "machinedeployments");
    pub const MACHINE_SET: Resource = Resource::new(CAPI, "v1beta1", "MachineSet", "machinesets");
    pub const MACHINE: Resource = Resource::new(CAPI, "v1beta1", "Machine", "machines");
    pub const CLOUDSIGMA_CLUSTER: Resource =
        Resource::new(INFRASTRUCTURE, "v1beta1", "CloudSigmaCluster", "cloudsigmaclusters");
    pub const CLOUDSIGMA_MACHINE: Resource =
        Resource::new(INFRASTRUCTURE, "v1beta1", "CloudSigmaMachine", "cloudsigmamachines");
    pub const CLOUDSIGMA_TEMPLATE: Resource =
        Resource::new(INFRASTRUCTURE, "v1beta1", "CloudSigmaMachineTemplate", "cloudsigmamachinetemplates");
    pub const KUBEVIRT_CLUSTER: Resource =
        Resource::new(INFRASTRUCTURE, "v1alpha1", "KubevirtCluster", "kubevirtclusters");
    pub const KUBEVIRT_MACHINE: Resource =
        Resource::new(INFRASTRUCTURE, "v1alpha1", "KubevirtMachine", "kubevirtmachines");
    pub const KUBEVIRT_TEMPLATE: Resource =
        Resource::new(INFRASTRUCTURE, "v1alpha1", "KubevirtMachineTemplate", "kubevirtmachinetemplates");
    pub const KUBEADM_CONFIG: Resource = Resource::new(BOOTSTRAP, "v1beta1", "KubeadmConfig", "kubeadmconfigs");
    pub const KUBEADM_TEMPLATE: Resource =
        Resource::new(BOOTSTRAP, "v1beta1", "KubeadmConfigTemplate", "kubeadmconfigtemplates");
    pub const KAMAJI_CONTROL_PLANE: Resource =
        Resource::new("controlplane.cluster.x-k8s.io", "v1alpha1", "KamajiControlPlane", "kamajicontrolplanes");
    pub const TENANT_CONTROL_PLANE: Resource =
        Resource::new("kamaji.clastix.io", "v1alpha1", "TenantControlPlane", "tenantcontrolplanes");
    pub const DATA_STORE: Resource = Resource::new("kamaji.clastix.io", "v1alpha1", "DataStore", "datastores");
}

pub use kinds::*;
