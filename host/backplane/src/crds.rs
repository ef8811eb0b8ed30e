//! The CRDs of our own kinds, for the embedded API server. A real cluster gets them from `deploy/crds`.

/// Every file of `deploy/crds`.
pub(crate) const OWN: [&str; 6] = [
    include_str!("../../../deploy/crds/k8s.kube-dc.com_kdcclusters.yaml"),
    include_str!("../../../deploy/crds/k8s.kube-dc.com_kdcclusterdatastores.yaml"),
    include_str!("../../../deploy/crds/kube-dc.com_eips.yaml"),
    include_str!("../../../deploy/crds/infrastructure.cluster.x-k8s.io_cloudsigmaclusters.yaml"),
    include_str!("../../../deploy/crds/infrastructure.cluster.x-k8s.io_cloudsigmamachines.yaml"),
    include_str!("../../../deploy/crds/infrastructure.cluster.x-k8s.io_cloudsigmamachinetemplates.yaml"),
];
