//! Objects as this plugin reads them: only the members it needs, each with the default that an absent one means.

mod cluster;
mod datastore;
mod related;

pub(crate) use cluster::{CloudSigma, DataStoreRef, Eip as EipSpec, KdcCluster, Network, Nic, Pool, Strategy, Taint};
pub(crate) use datastore::KdcClusterDatastore;
pub(crate) use related::{
    Any, Cluster, ClusterSpec, DataStore, Eip, KamajiControlPlane, Machine, MachineDeployment, MachineSet, MachineSpec,
    Provisioned, Reference, StatefulSet, TenantControlPlane,
};
