//! The kinds this plugin reads and writes.

use backplane_sdk::Kind;

pub(crate) const KDC_CLUSTER: Kind = Kind::new("k8s.kube-dc.com", "v1alpha1", "KdcCluster");
pub(crate) const KDC_DATASTORE: Kind = Kind::new("k8s.kube-dc.com", "v1alpha1", "KdcClusterDatastore");
pub(crate) const EIP: Kind = Kind::new("kube-dc.com", "v1", "EIp");
pub(crate) const SERVICE: Kind = Kind::new("", "v1", "Service");
pub(crate) const STATEFUL_SET: Kind = Kind::new("apps", "v1", "StatefulSet");
pub(crate) const NETWORK_POLICY: Kind = Kind::new("networking.k8s.io", "v1", "NetworkPolicy");
pub(crate) const DATA_STORE: Kind = Kind::new("kamaji.clastix.io", "v1alpha1", "DataStore");
pub(crate) const TENANT_CONTROL_PLANE: Kind = Kind::new("kamaji.clastix.io", "v1alpha1", "TenantControlPlane");
pub(crate) const KAMAJI_CONTROL_PLANE: Kind =
    Kind::new("controlplane.cluster.x-k8s.io", "v1alpha1", "KamajiControlPlane");
pub(crate) const CAPI_CLUSTER: Kind = Kind::new("cluster.x-k8s.io", "v1beta1", "Cluster");
pub(crate) const MACHINE_DEPLOYMENT: Kind = Kind::new("cluster.x-k8s.io", "v1beta1", "MachineDeployment");
pub(crate) const MACHINE_SET: Kind = Kind::new("cluster.x-k8s.io", "v1beta1", "MachineSet");
pub(crate) const MACHINE: Kind = Kind::new("cluster.x-k8s.io", "v1beta1", "Machine");
pub(crate) const BOOTSTRAP_TEMPLATE: Kind = Kind::new("bootstrap.cluster.x-k8s.io", "v1beta1", "KubeadmConfigTemplate");
pub(crate) const KUBEVIRT_CLUSTER: Kind = Kind::new("infrastructure.cluster.x-k8s.io", "v1alpha1", "KubevirtCluster");
pub(crate) const KUBEVIRT_MACHINE: Kind = Kind::new("infrastructure.cluster.x-k8s.io", "v1alpha1", "KubevirtMachine");
pub(crate) const KUBEVIRT_TEMPLATE: Kind =
    Kind::new("infrastructure.cluster.x-k8s.io", "v1alpha1", "KubevirtMachineTemplate");
pub(crate) const CLOUDSIGMA_CLUSTER: Kind =
    Kind::new("infrastructure.cluster.x-k8s.io", "v1beta1", "CloudSigmaCluster");
pub(crate) const CLOUDSIGMA_MACHINE: Kind =
    Kind::new("infrastructure.cluster.x-k8s.io", "v1beta1", "CloudSigmaMachine");
pub(crate) const CLOUDSIGMA_TEMPLATE: Kind =
    Kind::new("infrastructure.cluster.x-k8s.io", "v1beta1", "CloudSigmaMachineTemplate");
