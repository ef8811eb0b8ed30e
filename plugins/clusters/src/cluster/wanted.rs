//! What a KdcCluster asks for, decoded once. Past this point there are no absent members and no two spellings.

use backplane_sdk::Obj;

use super::pool::{self, Machines, WorkerPool};
use crate::api::{DataStoreRef, EipSpec, KdcCluster, Network};
use crate::cidr::Cidr;
use crate::names;
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::version::Version;

/// A manifest without contradictions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) version: Version,
    pub(crate) replicas: i64,
    pub(crate) store: Store,
    pub(crate) address: Address,
    pub(crate) network: Network,
    pub(crate) cluster_api: bool,
    pub(crate) pools: Vec<WorkerPool>,
}

/// Where the control plane keeps its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Store {
    /// In an etcd of its own, deleted with the cluster.
    Dedicated { eip: String, port: i64 },
    /// In one that others may use as well; without a name, the one of the namespace.
    Shared,
}

/// Which external address the API server gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// One made for it, from this pool.
    Made(String),
    /// One that is there.
    Given(String),
}

impl Address {
    /// Name of the EIp.
    pub(crate) fn eip_name(&self, cluster: &str) -> String {
        match self {
            Self::Made(_) => names::control_plane(cluster),
            Self::Given(name) => name.clone(),
        }
    }
}

impl Wanted {
    /// The CloudSigma data centre, if any pool is there. [`Wanted::parse`] saw to it that there is one only.
    pub(crate) fn region(&self) -> Option<&str> {
        self.pools.iter().find_map(|pool| match &pool.machines {
            Machines::CloudSigma(server) => Some(server.region.as_str()),
            Machines::KubeVirt(_) => None,
        })
    }

    /// Decodes a manifest.
    ///
    /// # Errors
    /// The first field that breaks a rule which the manifest alone decides.
    pub(crate) fn parse(kdc: &Obj<KdcCluster>, settings: &Settings) -> Result<Self, Refusal> {
        let spec = &kdc.spec;
        check_name(kdc.name())?;
        let version = version(&spec.version)?;
        if spec.control_plane.replicas < 1 {
            return Err(Refusal::field("InvalidReplicas", "spec.controlPlane.replicas", "at least 1 is needed"));
        }
        check_network(&spec.network)?;
        let pools = pool::parse_all(kdc, version, settings)?;
        Ok(Self {
            version,
            replicas: spec.control_plane.replicas,
            store: store(&spec.data_store, kdc.name())?,
            address: address(&spec.eip)?,
            network: spec.network.clone(),
            cluster_api: spec.enable_cluster_api,
            pools,
        })
    }
}

/// Services are named after the cluster, and their names are DNS labels that begin with a letter.
fn check_name(name: &str) -> Result<(), Refusal> {
    let letters = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if letters && begins && name.len() <= 40 {
        return Ok(());
    }
    let rule = "lower-case letters, digits and -, beginning with a letter, at most 40 of them";
    Err(Refusal::field("InvalidName", "metadata.name", rule))
}

fn version(text: &str) -> Result<Version, Refusal> {
    let rule = || format!("{text:?} is not of the form vX.Y.Z");
    Version::parse(text).ok_or_else(|| Refusal::field("InvalidVersion", "spec.version", rule()))
}

fn check_network(network: &Network) -> Result<(), Refusal> {
    let parse = |field: &str, text: &str| {
        let rule = || format!("{text:?} is not an address range such as 10.96.0.0/12");
        Cidr::parse(text).ok_or_else(|| Refusal::field("InvalidCIDR", field, rule()))
    };
    let services = parse("spec.network.serviceCIDR", &network.service_cidr)?;
    let pods = parse("spec.network.podCIDR", &network.pod_cidr)?;
    if services.overlaps(pods) {
        let field = "spec.network.serviceCIDR and spec.network.podCIDR";
        return Err(Refusal::field("InvalidCIDR", field, "the two ranges overlap"));
    }
    Ok(())
}

fn store(given: &DataStoreRef, cluster: &str) -> Result<Store, Refusal> {
    if !given.dedicated {
        return Ok(Store::Shared);
    }
    if given.name.as_ref().is_some_and(|name| *name != names::dedicated_datastore(cluster)) {
        let field = "spec.dataStore.name and spec.dataStore.dedicated";
        return Err(Refusal::field("ConflictingFields", field, "a dedicated datastore takes no name"));
    }
    let eip = given.eip_name.clone().unwrap_or_else(|| names::DEFAULT_GATEWAY.into());
    Ok(Store::Dedicated { eip, port: given.port.unwrap_or(2379) })
}

fn address(given: &EipSpec) -> Result<Address, Refusal> {
    match (&given.name, given.create) {
        (_, true) if matches!(given.external_network_type.as_str(), "public" | "cloud") => {
            Ok(Address::Made(given.external_network_type.clone()))
        }
        (_, true) => Err(Refusal::field("InvalidEIP", "spec.eip.externalNetworkType", "public or cloud is needed")),
        (Some(name), false) if !name.is_empty() => Ok(Address::Given(name.clone())),
        (_, false) => Err(Refusal::field("InvalidEIP", "spec.eip.name", "needed while spec.eip.create is false")),
    }
}
