//! Names, labels and annotations of everything this plugin makes: one place, because others find objects by them.

/// Cluster API's label for everything that belongs to a cluster.
pub(crate) const CLUSTER_NAME: &str = "cluster.x-k8s.io/cluster-name";
/// Cluster API's label for everything that belongs to a MachineDeployment.
pub(crate) const DEPLOYMENT_NAME: &str = "cluster.x-k8s.io/deployment-name";
/// Tells Cluster API providers to leave an infrastructure cluster to us.
pub(crate) const MANAGED_BY: &str = "cluster.x-k8s.io/managed-by";
/// The KdcCluster an object was made for.
pub(crate) const CLUSTER: &str = "k8s.kube-dc.com/cluster";
/// The pool an object was made for.
pub(crate) const POOL: &str = "k8s.kube-dc.com/pool";
/// Fingerprint of a template's content; templates are replaced, never changed.
pub(crate) const TEMPLATE_HASH: &str = "k8s.kube-dc.com/template-hash";
/// The pool strategy that was last written to a MachineDeployment.
pub(crate) const STRATEGY_WRITTEN: &str = "k8s.kube-dc.com/strategy-written";
/// Uid of the owner of a cluster-scoped object, which cannot name a namespaced one in its `ownerReferences`.
pub(crate) const OWNER_UID: &str = "k8s.kube-dc.com/owner-uid";
/// The datastore an object was made for; platform policies know Pods by it.
pub(crate) const DATASTORE: &str = "kdc.datastore.name";
/// Who manages an object; platform policies reserve the value [`MANAGER`].
pub(crate) const APP_MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The value of [`APP_MANAGED_BY`] and [`MANAGED_BY`].
pub(crate) const MANAGER: &str = "kube-dc-k8-manager";
/// The CloudSigma user in whose account servers are made; an annotation of KdcCluster.
pub(crate) const OWNER_EMAIL: &str = "cloudsigma.com/owner-email";
/// Pool of an external address.
pub(crate) const NETWORK_TYPE: &str = "network.kube-dc.com/external-network-type";
/// Opts a cluster out of the approver of kubelet certificates; copied from KdcCluster to Cluster.
pub(crate) const CSR_APPROVER: &str = "kubelet-csr-approver";

/// Keeps a KdcCluster until everything made for it is gone.
pub(crate) const CLUSTER_FINALIZER: &str = "kdccluster.k8s.kube-dc.com/finalizer";
/// Keeps a KdcClusterDatastore until nobody needs it and everything made for it is gone.
pub(crate) const DATASTORE_FINALIZER: &str = "kdcclusterdatastore.k8s.kube-dc.com/finalizer";

/// The address that a project's gateway has; never made or deleted here.
pub(crate) const DEFAULT_GATEWAY: &str = "default-gw";
/// Port of every API server.
pub(crate) const API_PORT: u16 = 6443;

/// Control plane, its Service and its EIp.
pub(crate) fn control_plane(cluster: &str) -> String {
    format!("{cluster}-cp")
}

/// A dedicated KdcClusterDatastore.
pub(crate) fn dedicated_datastore(cluster: &str) -> String {
    format!("{cluster}-etcd")
}

/// MachineDeployment of a pool.
pub(crate) fn deployment(cluster: &str, pool: &str) -> String {
    format!("{cluster}-{pool}")
}

/// KubeadmConfigTemplate of a pool.
pub(crate) fn bootstrap_template(cluster: &str, pool: &str) -> String {
    format!("{cluster}-{pool}-bootstrap")
}

/// CloudSigmaMachineTemplate of a pool.
pub(crate) fn cloudsigma_template(cluster: &str, pool: &str) -> String {
    format!("{cluster}-cloudsigma-{pool}")
}

/// KubevirtMachineTemplate of a pool.
pub(crate) fn kubevirt_template(cluster: &str, pool: &str) -> String {
    format!("{cluster}-{pool}")
}

/// StatefulSet, headless Service and NetworkPolicy of a datastore.
pub(crate) fn etcd(datastore: &str) -> String {
    format!("{datastore}-etcd")
}

/// Load balancer Service of a datastore.
pub(crate) fn etcd_front(datastore: &str) -> String {
    format!("{datastore}-etcd-lb")
}

/// Secret with the certificate every etcd member and client shows.
pub(crate) fn etcd_certificates(datastore: &str) -> String {
    format!("{datastore}-etcd-certs")
}

/// Secret with the authority that signs etcd certificates; Kamaji signs one client certificate per tenant with it.
pub(crate) fn etcd_authority(datastore: &str) -> String {
    format!("{datastore}-etcd-ca")
}

/// The annotation that binds a load balancer Service to an EIp.
pub(crate) fn bind(eip: &str) -> (&'static str, String) {
    if eip == DEFAULT_GATEWAY {
        ("service.nlb.kube-dc.com/bind-on-default-gw-eip", "true".into())
    } else {
        ("service.nlb.kube-dc.com/bind-on-eip", eip.into())
    }
}
