//! What is said about pools.

use backplane_sdk::{Condition, Obj};
use serde_json::{Value, json};

use crate::api::{Machine, MachineDeployment};
use crate::cluster::observed::Observed;
use crate::cluster::pool::WorkerPool;
use crate::cluster::wanted::Wanted;
use crate::names;
use crate::version::Version;

/// The word for where a pool is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PoolPhase {
    Provisioning,
    Ready,
    Failed,
    Deleting,
}

/// Everything that is said about one pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PoolReport {
    pub(super) name: String,
    pub(super) phase: PoolPhase,
    /// The machine kind that nobody provides.
    pub(super) unprovided: Option<String>,
    /// No longer in the manifest.
    pub(super) removed: bool,
    message: String,
    replicas: i64,
    ready: i64,
    updated: i64,
    deleting: i64,
    paused: bool,
    version: String,
    observed_version: Option<String>,
}

/// The pools of the manifest, then those on their way out.
pub(super) fn of_wanted(wanted: &Wanted, observed: &Observed) -> Vec<PoolReport> {
    let living = wanted.pools.iter().map(|pool| living(pool, observed));
    let is_wanted = |name: &str| wanted.pools.iter().any(|pool| pool.name == name);
    living.chain(leaving(observed, |name| !is_wanted(name))).collect()
}

/// The pools there are, while the manifest does not count.
pub(super) fn of_observed(observed: &Observed) -> Vec<PoolReport> {
    let standing = observed.deployments.iter().filter(|deployment| !deployment.is_deleting());
    let standing = standing.map(|deployment| {
        let mut report = bare(pool_name(deployment), Some(deployment), observed);
        report.version = deployment.spec.template.spec.version.clone().unwrap_or_default();
        report.judge(deployment.spec.replicas.unwrap_or(1), Some(deployment), observed);
        report
    });
    let deleting = |name: &str| observed.deployment(name).is_none_or(Obj::is_deleting);
    standing.chain(leaving(observed, deleting)).collect()
}

fn living(pool: &WorkerPool, observed: &Observed) -> PoolReport {
    let deployment = observed.deployment(&pool.name);
    let mut report = bare(&pool.name, deployment, observed);
    report.version = pool.version.to_string();
    report.paused = pool.paused;
    let kind = pool.machines.kind();
    if observed.unprovided.contains(&kind) {
        report.unprovided = Some(kind.kind.to_string());
        report.phase = PoolPhase::Failed;
        report.message = format!("no provider for {} is loaded", kind.kind);
        return report;
    }
    report.judge(pool.replicas, deployment, observed);
    report
}

fn leaving(observed: &Observed, gone: impl Fn(&str) -> bool) -> Vec<PoolReport> {
    let deployments = observed.deployments.iter().map(pool_name);
    let machines = observed.machines.iter().filter_map(|machine| machine.metadata.label(names::POOL));
    let mut names: Vec<&str> = deployments.chain(machines).filter(|name| gone(name)).collect();
    names.sort_unstable();
    names.dedup();
    let report = |name: &str| {
        let mut report = bare(name, observed.deployment(name), observed);
        report.removed = true;
        report.phase = PoolPhase::Deleting;
        report.message = "removed from the manifest; its machines are on their way out".into();
        report
    };
    names.into_iter().map(report).collect()
}

fn pool_name(deployment: &Obj<MachineDeployment>) -> &str {
    deployment.metadata.label(names::POOL).unwrap_or_default()
}

fn bare(name: &str, deployment: Option<&Obj<MachineDeployment>>, observed: &Observed) -> PoolReport {
    let machines: Vec<&Obj<Machine>> = observed.machines_of(name).collect();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let status = deployment.map(|deployment| deployment.status.clone()).unwrap_or_default();
    let versions = machines.iter().filter_map(|machine| Version::parse(machine.spec.version.as_deref()?));
    PoolReport {
        name: name.into(),
        phase: PoolPhase::Provisioning,
        unprovided: None,
        removed: false,
        message: String::new(),
        replicas: status.replicas,
        ready: status.ready_replicas,
        updated: status.updated_replicas,
        deleting: count(machines.iter().filter(|machine| machine.is_deleting()).count()),
        paused: deployment.is_some_and(|deployment| deployment.spec.paused),
        version: String::new(),
        observed_version: versions.min().map(|version| version.to_string()),
    }
}

impl PoolReport {
    /// Finds the phase, and for one that is not ready what it waits for.
    fn judge(&mut self, wanted: i64, deployment: Option<&Obj<MachineDeployment>>, observed: &Observed) {
        let trouble = observed.machines_of(&self.name).find_map(trouble);
        let settled = deployment.is_some_and(|deployment| self.is_settled(wanted, deployment));
        let (phase, message) = match (trouble, settled) {
            _ if self.deleting > 0 => (PoolPhase::Deleting, format!("{} machines are on their way out", self.deleting)),
            (Some((true, message)), _) => (PoolPhase::Failed, message),
            (_, true) => (PoolPhase::Ready, String::new()),
            (Some((false, message)), false) => (PoolPhase::Provisioning, message),
            (None, false) => (PoolPhase::Provisioning, format!("{} of {wanted} workers are ready", self.ready)),
        };
        (self.phase, self.message) = (phase, message);
    }

    /// Whether Cluster API has seen the newest intent and carried it out. A paused pool is not rolled.
    fn is_settled(&self, wanted: i64, deployment: &Obj<MachineDeployment>) -> bool {
        let seen = deployment.status.observed_generation >= deployment.metadata.generation;
        let told = deployment.spec.replicas == Some(wanted);
        let rolled = self.paused || self.updated == wanted;
        seen && told && rolled && self.replicas == wanted && self.ready == wanted
    }

    /// Whether machines of an older version are on their way to the wanted one. Those of a paused pool stay where they
    /// are.
    pub(super) fn is_rolling(&self) -> bool {
        let observed = self.observed_version.as_deref().and_then(Version::parse);
        !self.paused
            && observed.is_some_and(|observed| Version::parse(&self.version).is_some_and(|wanted| observed < wanted))
    }

    pub(super) fn status(&self) -> Value {
        let mut status = json!({
            "name": self.name, "phase": format!("{:?}", self.phase), "paused": self.paused,
            "replicas": self.replicas, "readyReplicas": self.ready, "updatedReplicas": self.updated,
            "deletingReplicas": self.deleting, "autoscaling": {"mode": "Off"},
        });
        let texts = [("version", Some(&self.version)), ("observedVersion", self.observed_version.as_ref())];
        for (member, text) in texts.into_iter().chain([("message", Some(&self.message))]) {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                status[member] = text.as_str().into();
            }
        }
        status
    }
}

/// What keeps a machine from running, and whether it is for good.
fn trouble(machine: &Obj<Machine>) -> Option<(bool, String)> {
    if let Some(message) = &machine.status.failure_message {
        return Some((true, format!("{}: {message}", machine.name())));
    }
    let stuck = |kind: &str| {
        let condition = machine.status.conditions.iter().find(|condition| condition.kind == kind)?;
        let said = condition.status == "False" && !condition.message.is_empty();
        said.then(|| (condition.severity == "Error", format!("{}: {}", machine.name(), condition.message)))
    };
    stuck("InfrastructureReady").or_else(|| stuck("BootstrapReady"))
}

/// Whether all pools have their workers.
pub(super) fn workers(pools: &[PoolReport]) -> Condition {
    let living: Vec<&PoolReport> = pools.iter().filter(|pool| !pool.removed).collect();
    let lacking: Vec<String> = living
        .iter()
        .filter(|pool| pool.phase != PoolPhase::Ready)
        .map(|pool| format!("pool {}: {}", pool.name, pool.message))
        .collect();
    if living.is_empty() {
        return Condition::holds("WorkersReady", "NoWorkers").message("the cluster has no pools");
    }
    if lacking.is_empty() {
        return Condition::holds("WorkersReady", "Ready");
    }
    let only_missing = living.iter().all(|pool| pool.phase == PoolPhase::Ready || pool.unprovided.is_some());
    let reason = if only_missing { "NoProvider" } else { "Provisioning" };
    Condition::fails("WorkersReady", reason).message(lacking.join("; "))
}

/// Whether somebody provides the machines of every pool.
pub(super) fn provider(pools: &[PoolReport]) -> Condition {
    let missing: Vec<String> = pools
        .iter()
        .filter_map(|pool| {
            Some(format!("no provider for {} is loaded, pool {} waits", pool.unprovided.as_ref()?, pool.name))
        })
        .collect();
    if missing.is_empty() {
        return Condition::holds("ProviderAvailable", "Loaded");
    }
    Condition::fails("ProviderAvailable", "NoProvider").message(missing.join("; "))
}
