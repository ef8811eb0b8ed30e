//! The objects that the host hands over, with the members that matter here.

use std::collections::BTreeMap;

use backplane_sdk::prelude::*;

/// Group and version of the infrastructure kinds.
const fn infrastructure(kind: &'static str) -> Kind {
    Kind::new("infrastructure.cluster.x-k8s.io", "v1beta1", kind)
}

/// One machine.
pub(crate) const MACHINE: Kind = infrastructure("CloudSigmaMachine");
/// The infrastructure cluster.
pub(crate) const CLUSTER: Kind = infrastructure("CloudSigmaCluster");
/// The machine template.
pub(crate) const TEMPLATE: Kind = infrastructure("CloudSigmaMachineTemplate");

/// A `CloudSigmaMachine`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CloudSigmaMachine {
    pub(crate) spec: MachineSpec,
    #[serde(default)]
    pub(crate) status: MachineStatus,
}

/// What a machine shall be.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct MachineSpec {
    #[serde(rename = "providerID", default)]
    pub(crate) provider_id: Option<String>,
    /// MHz over all cores.
    pub(crate) cpu: u64,
    /// MB of 1,048,576 bytes.
    pub(crate) memory: u64,
    /// Cores; chosen by the plugin if absent.
    #[serde(default)]
    pub(crate) smp: Option<u64>,
    pub(crate) disks: Vec<Disk>,
    #[serde(default)]
    pub(crate) nics: Vec<Nic>,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    #[serde(default)]
    pub(crate) meta: BTreeMap<String, String>,
}

/// A drive to be cloned for the machine.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Disk {
    /// Drive or library image that is cloned.
    pub(crate) uuid: String,
    pub(crate) device: String,
    pub(crate) boot_order: i64,
    /// Bytes.
    pub(crate) size: u64,
}

/// A network interface.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Nic {
    /// Private network; empty for a public interface.
    #[serde(default)]
    pub(crate) vlan: String,
    #[serde(default)]
    pub(crate) ipv4_conf: Option<Ipv4Conf>,
}

/// Where an interface's address comes from.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Ipv4Conf {
    pub(crate) conf: String,
    #[serde(default)]
    pub(crate) ip: Option<Ip>,
}

/// An address; in this cloud its uuid is the address.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Ip {
    pub(crate) uuid: String,
}

/// What the host wrote of earlier answers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct MachineStatus {
    #[serde(rename = "instanceID")]
    pub(crate) instance_id: Option<String>,
}

/// A `CloudSigmaCluster`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CloudSigmaCluster {
    pub(crate) spec: ClusterSpec,
}

/// What matters of it here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ClusterSpec {
    pub(crate) region: String,
}
