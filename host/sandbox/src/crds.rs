//! The kinds that stand-ins serve, and the way of any CustomResourceDefinition into a server.
//!
//! The texts are our own compact ones: what matters is typed, with the members that upstream requires and the defaults
//! it gives, what does not is kept as given. An object that upstream accepts is accepted here.

use serde_json::Value;

use crate::world::WorldError;

/// CustomResourceDefinitions of the kinds that stand-ins serve, one YAML text each.
const STAND_INS: [&str; 13] = [
    include_str!("../crds/bootstrap.cluster.x-k8s.io_kubeadmconfigs.yaml"),
    include_str!("../crds/bootstrap.cluster.x-k8s.io_kubeadmconfigtemplates.yaml"),
    include_str!("../crds/cert-manager.io_certificates.yaml"),
    include_str!("../crds/cluster.x-k8s.io_clusters.yaml"),
    include_str!("../crds/cluster.x-k8s.io_machinedeployments.yaml"),
    include_str!("../crds/cluster.x-k8s.io_machines.yaml"),
    include_str!("../crds/cluster.x-k8s.io_machinesets.yaml"),
    include_str!("../crds/controlplane.cluster.x-k8s.io_kamajicontrolplanes.yaml"),
    include_str!("../crds/infrastructure.cluster.x-k8s.io_kubevirtclusters.yaml"),
    include_str!("../crds/infrastructure.cluster.x-k8s.io_kubevirtmachines.yaml"),
    include_str!("../crds/infrastructure.cluster.x-k8s.io_kubevirtmachinetemplates.yaml"),
    include_str!("../crds/kamaji.clastix.io_datastores.yaml"),
    include_str!("../crds/kamaji.clastix.io_tenantcontrolplanes.yaml"),
];

/// The definitions of the stand-ins and those handed in, decoded.
pub(crate) fn decode(extra: &[String]) -> Result<Vec<Value>, WorldError> {
    let texts = STAND_INS.into_iter().chain(extra.iter().map(String::as_str));
    let documents = texts.map(|text| serde_saphyr::from_multiple::<Value>(text).map_err(WorldError::unreadable));
    let documents: Vec<Vec<Value>> = documents.collect::<Result<_, _>>()?;
    Ok(documents.into_iter().flatten().filter(|document| !document.is_null()).collect())
}
