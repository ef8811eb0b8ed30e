//! A pool of workers, decoded and judged by itself.

use std::collections::{BTreeMap, BTreeSet};

use backplane_sdk::{Kind, Obj};

use super::server::{self, Server};
use crate::api::{KdcCluster, Pool, Strategy, Taint};
use crate::kinds;
use crate::quantity;
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::version::Version;

/// A pool without contradictions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WorkerPool {
    pub(crate) name: String,
    pub(crate) replicas: i64,
    /// What was asked for: the pool's own version or the cluster's.
    pub(crate) version: Version,
    pub(crate) machines: Machines,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) taints: Vec<Taint>,
    pub(crate) paused: bool,
    pub(crate) drain_seconds: Option<i64>,
    pub(crate) strategy: Option<Strategy>,
}

/// What the machines of a pool are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Machines {
    /// Servers of CloudSigma.
    CloudSigma(Server),
    /// Virtual machines in the management cluster.
    KubeVirt(VirtualMachine),
}

impl Machines {
    /// Kind of one machine.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::CloudSigma(_) => kinds::CLOUDSIGMA_MACHINE,
            Self::KubeVirt(_) => kinds::KUBEVIRT_MACHINE,
        }
    }
}

/// A KubeVirt worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VirtualMachine {
    pub(crate) cores: i64,
    pub(crate) memory: String,
    pub(crate) image: String,
    /// Size of the root disk; `None` for a disk that is lost with the machine.
    pub(crate) disk: Option<String>,
    pub(crate) architecture: String,
}

const DEFAULT_IMAGE: &str = "docker.io/shalb/ubuntu-2404-container-disk:v1.35.2";

/// A place in the manifest: the pool at an index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(usize);

impl Place {
    /// The path of a member of the pool, as users write it.
    pub(super) fn field(self, member: &str) -> String {
        format!("spec.workers[{}].{member}", self.0)
    }

    fn refuse(self, reason: &'static str, member: &str, rule: impl AsRef<str>) -> Refusal {
        Refusal::field(reason, self.field(member), rule)
    }
}

/// Decodes all pools of a manifest.
///
/// # Errors
/// The first field that breaks a rule.
pub(super) fn parse_all(
    kdc: &Obj<KdcCluster>,
    version: Version,
    settings: &Settings,
) -> Result<Vec<WorkerPool>, Refusal> {
    let spec = &kdc.spec;
    if !spec.workers.is_empty() && !spec.enable_cluster_api {
        return Err(Refusal::field("ClusterAPIRequired", "spec.enableClusterAPI", "spec.workers needs it to be true"));
    }
    let mut names = BTreeSet::new();
    let mut pools = Vec::with_capacity(spec.workers.len());
    for (index, pool) in spec.workers.iter().enumerate() {
        let place = Place(index);
        if !names.insert(&pool.name) {
            return Err(place.refuse("DuplicatePool", "name", format!("{:?} is used by another pool", pool.name)));
        }
        check(kdc.name(), pool, place)?;
        pools.push(parse(pool, place, version, settings)?);
    }
    check_regions(&pools)?;
    Ok(pools)
}

fn check(cluster: &str, pool: &Pool, place: Place) -> Result<(), Refusal> {
    let letters = pool.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !letters || pool.name.is_empty() || pool.name.starts_with('-') || pool.name.ends_with('-') {
        return Err(place.refuse("InvalidName", "name", "a DNS label is needed"));
    }
    // Machines add two random parts of five to it, and host names end at 63.
    if cluster.len() + 1 + pool.name.len() > 51 {
        return Err(place.refuse("InvalidName", "name", "together with the cluster's name at most 50 characters"));
    }
    if pool.replicas < 0 {
        return Err(place.refuse("InvalidReplicas", "replicas", "at least 0 is needed"));
    }
    check_autoscaling(pool, place)
}

fn check_autoscaling(pool: &Pool, place: Place) -> Result<(), Refusal> {
    let Some(scaling) = &pool.autoscaling else { return Ok(()) };
    let refuse = |member: &str, rule: String| Err(place.refuse("InvalidAutoscaling", member, rule));
    let (min, max) = (scaling.min_replicas.unwrap_or(1), scaling.max_replicas);
    if scaling.min_replicas.is_some_and(|min| min > max) {
        return refuse("autoscaling.minReplicas", format!("{min} is more than maxReplicas {max}"));
    }
    if scaling.enabled && scaling.mode.as_deref() == Some("ClusterAutoscaler") && min < 1 {
        return refuse("autoscaling.minReplicas", "mode ClusterAutoscaler needs at least 1".into());
    }
    if scaling.enabled && !(min..=max).contains(&pool.replicas) {
        return refuse("replicas", format!("{} is not within autoscaling's {min} to {max}", pool.replicas));
    }
    Ok(())
}

fn parse(pool: &Pool, place: Place, cluster_version: Version, settings: &Settings) -> Result<WorkerPool, Refusal> {
    let machines = match pool.infrastructure_provider.as_str() {
        "cloudsigma" => Machines::CloudSigma(server::parse(pool, place, settings)?),
        "kubevirt" => Machines::KubeVirt(virtual_machine(pool, place)?),
        other => {
            let rule = format!("unsupported provider {other:?}; kubevirt and cloudsigma are supported");
            return Err(place.refuse("UnsupportedProvider", "infrastructureProvider", rule));
        }
    };
    Ok(WorkerPool {
        name: pool.name.clone(),
        replicas: pool.replicas,
        version: version(pool, place, cluster_version)?,
        machines,
        labels: pool.labels.clone(),
        taints: pool.taints.clone(),
        paused: pool.paused,
        drain_seconds: pool.node_drain_timeout_seconds,
        strategy: pool.strategy.clone(),
    })
}

/// Kubelets may be up to two minors older than their API server, and never newer.
fn version(pool: &Pool, place: Place, cluster: Version) -> Result<Version, Refusal> {
    let Some(text) = &pool.version else { return Ok(cluster) };
    let refuse = |rule: String| place.refuse("InvalidVersion", "version", rule);
    let version = Version::parse(text).ok_or_else(|| refuse(format!("{text:?} is not of the form vX.Y.Z")))?;
    if version > cluster {
        return Err(refuse(format!("{version} is ahead of spec.version {cluster}")));
    }
    if cluster.minors_ahead_of(version).is_none_or(|behind| behind > 2) {
        return Err(refuse(format!("{version} is more than two minors behind spec.version {cluster}")));
    }
    Ok(version)
}

fn virtual_machine(pool: &Pool, place: Place) -> Result<VirtualMachine, Refusal> {
    if quantity::bytes(&pool.memory).is_none_or(|bytes| bytes == 0) {
        return Err(place.refuse(
            "InvalidMemory",
            "memory",
            format!("{:?} is not a quantity such as 4Gi", pool.memory),
        ));
    }
    let persistent = pool.storage_type != "containerdisk";
    if persistent && quantity::bytes(&pool.disk_size).is_none_or(|bytes| bytes == 0) {
        return Err(place.refuse(
            "InvalidDisk",
            "diskSize",
            format!("{:?} is not a quantity such as 20Gi", pool.disk_size),
        ));
    }
    Ok(VirtualMachine {
        cores: pool.cpu_cores.max(1),
        memory: pool.memory.clone(),
        image: pool.image.clone().unwrap_or_else(|| DEFAULT_IMAGE.into()),
        disk: persistent.then(|| pool.disk_size.clone()),
        architecture: pool.architecture.clone(),
    })
}

/// A cluster has one CloudSigmaCluster, and that has one data centre.
fn check_regions(pools: &[WorkerPool]) -> Result<(), Refusal> {
    let mut first: Option<&str> = None;
    for (index, pool) in pools.iter().enumerate() {
        let Machines::CloudSigma(server) = &pool.machines else { continue };
        let region = *first.get_or_insert(&server.region);
        if region != server.region {
            let rule = format!("{:?}, where another pool has {region:?}; a cluster has one data centre", server.region);
            return Err(Place(index).refuse("ConflictingFields", "cloudsigma.region", rule));
        }
    }
    Ok(())
}
