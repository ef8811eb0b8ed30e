//! What there is of a cluster: the snapshot that decisions are made from.

use backplane_sdk::kinds::Service;
use backplane_sdk::{Kind, Obj};

use crate::api::{Any, Cluster, Eip, KdcClusterDatastore, Machine, MachineDeployment, MachineSet, Provisioned};
use crate::names;
use crate::version::Version;

/// Everything that exists for one KdcCluster, read once per look.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observed {
    /// The datastore in use: its own, the one it names, or the one found in its namespace.
    pub(crate) datastore: Option<Obj<KdcClusterDatastore>>,
    pub(crate) eip: Option<Obj<Eip>>,
    pub(crate) service: Option<Obj<Service>>,
    pub(crate) control_plane: Option<ControlPlane>,
    pub(crate) capi: Option<Obj<Cluster>>,
    pub(crate) kubevirt_cluster: Option<Obj<Provisioned>>,
    pub(crate) cloudsigma_cluster: Option<Obj<Provisioned>>,
    /// MachineDeployments made for it.
    pub(crate) deployments: Vec<Obj<MachineDeployment>>,
    /// MachineSets with its cluster-name label.
    pub(crate) sets: Vec<Obj<MachineSet>>,
    /// Machines with its cluster-name label.
    pub(crate) machines: Vec<Obj<Machine>>,
    /// Templates made for it, of every kind.
    pub(crate) templates: Vec<(Kind, Obj<Any>)>,
    /// Machine kinds that nobody reconciles.
    pub(crate) unprovided: Vec<Kind>,
}

/// A control plane, whichever kind runs it.
#[derive(Debug, Clone)]
pub(crate) struct ControlPlane {
    pub(crate) object: Obj<Any>,
    pub(crate) kind: ControlPlaneKind,
    /// The version it was told to run.
    pub(crate) told: Option<Version>,
    /// The version that runs.
    pub(crate) running: Option<Version>,
    pub(crate) ready: bool,
    pub(crate) failure: Option<String>,
}

/// Which kind runs a control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ControlPlaneKind {
    /// KamajiControlPlane, steered by Cluster API.
    Kamaji,
    /// TenantControlPlane, steered by us.
    Tenant,
}

impl Observed {
    /// Address of the API server. Once Cluster API knows one it stays: certificates and kubelets hold it.
    pub(crate) fn address(&self) -> Option<&str> {
        let fixed = self.capi.as_ref().map(|capi| capi.spec.control_plane_endpoint.host.as_str());
        fixed.filter(|host| !host.is_empty()).or_else(|| self.service.as_ref()?.external_address())
    }

    /// Whether the datastore can be used.
    pub(crate) fn store_ready(&self) -> bool {
        self.datastore.as_ref().is_some_and(|store| store.status.phase.as_deref() == Some("Ready"))
    }

    /// Version that the control plane runs, or last was seen to run.
    pub(crate) fn running(&self, last_reported: Option<&str>) -> Option<Version> {
        self.control_plane.as_ref().and_then(|plane| plane.running).or_else(|| last_reported.and_then(Version::parse))
    }

    /// The MachineDeployment of a pool.
    pub(crate) fn deployment(&self, pool: &str) -> Option<&Obj<MachineDeployment>> {
        self.deployments.iter().find(|deployment| deployment.metadata.label(names::POOL) == Some(pool))
    }

    /// The Machines of a pool.
    pub(crate) fn machines_of<'a>(&'a self, pool: &'a str) -> impl Iterator<Item = &'a Obj<Machine>> {
        self.machines.iter().filter(move |machine| machine.metadata.label(names::POOL) == Some(pool))
    }

    /// Whether anything of the cluster was built.
    pub(crate) fn built(&self) -> bool {
        self.control_plane.is_some() || self.capi.is_some() || self.service.is_some() || !self.deployments.is_empty()
    }
}
