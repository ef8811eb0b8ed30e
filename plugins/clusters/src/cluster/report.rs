//! What is said about a cluster: phase, status, conditions.

mod pools;

use backplane_sdk::{Condition, Obj};
use serde_json::{Value, json};

use super::decide::Stage;
use super::observed::Observed;
use super::store;
use super::wanted::Wanted;
use crate::api::KdcCluster;
use crate::refusal::Refusal;
use pools::{PoolPhase, PoolReport};

/// The word for where a cluster is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    Pending,
    WaitingForService,
    Provisioning,
    Ready,
    Upgrading,
    Deleting,
    Failed,
    /// What it was, while a change is refused.
    Unchanged(String),
}

impl Phase {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Pending => "Pending",
            Self::WaitingForService => "WaitingForService",
            Self::Provisioning => "Provisioning",
            Self::Ready => "Ready",
            Self::Upgrading => "Upgrading",
            Self::Deleting => "Deleting",
            Self::Failed => "Failed",
            Self::Unchanged(phase) => phase,
        }
    }
}

/// Everything that is said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Report {
    pub(super) phase: Phase,
    pub(super) conditions: Vec<Condition>,
    endpoint: Option<String>,
    plane_ready: bool,
    running: Option<String>,
    store: Option<String>,
    eip: Option<String>,
    pools: Vec<PoolReport>,
}

impl Report {
    /// About a cluster that is to live.
    pub(super) fn of(kdc: &Obj<KdcCluster>, wanted: &Wanted, observed: &Observed, stage: Stage) -> Self {
        let pools = pools::of_wanted(wanted, observed);
        let mut report = Self::bare(kdc, observed, pools);
        report.store = observed.datastore.as_ref().map(|store| store.name().to_owned());
        report.eip = (stage >= Stage::Front).then(|| wanted.address.eip_name(kdc.name()));
        report.phase = report.living_phase(wanted, observed, stage);
        report.conditions = vec![
            Condition::holds("Accepted", "Valid"),
            store::condition(kdc, wanted, observed),
            service(observed, stage),
            report.control_plane(wanted, observed, stage),
            pools::workers(&report.pools),
            pools::provider(&report.pools),
        ];
        report.conditions.push(report.ready());
        report
    }

    /// About a cluster whose manifest is refused. Everything else that was said of it stays said.
    pub(super) fn refused(kdc: &Obj<KdcCluster>, observed: &Observed, refusal: &Refusal) -> Self {
        let mut report = Self::bare(kdc, observed, pools::of_observed(observed));
        let before = kdc.status.phase.clone().unwrap_or_else(|| "Pending".into());
        let started = observed.built() || !matches!(before.as_str(), "Pending" | "Failed");
        report.phase = if started { Phase::Unchanged(before) } else { Phase::Failed };
        report.conditions.push(Condition::fails("Accepted", refusal.reason).message(&refusal.message));
        if !started {
            report.conditions.push(Condition::fails("Ready", refusal.reason).message(&refusal.message));
        }
        report
    }

    /// About a cluster that is going; `waits_for` says for what.
    pub(super) fn leaving(kdc: &Obj<KdcCluster>, observed: &Observed, waits_for: &str) -> Self {
        let mut report = Self::bare(kdc, observed, pools::of_observed(observed));
        report.phase = Phase::Deleting;
        report.conditions.push(Condition::fails("Ready", "Deleting").message(format!("waits for {waits_for}")));
        report
    }

    /// What is said whatever happens: observations, and what was said before where there is nothing to observe.
    fn bare(kdc: &Obj<KdcCluster>, observed: &Observed, pools: Vec<PoolReport>) -> Self {
        let before = &kdc.status;
        let address = observed.address().map(|address| format!("https://{address}:{}", crate::names::API_PORT));
        Self {
            phase: Phase::Pending,
            conditions: Vec::new(),
            endpoint: address.or_else(|| before.endpoint.clone().filter(|_| observed.control_plane.is_some())),
            plane_ready: observed.control_plane.as_ref().is_some_and(|plane| plane.ready),
            running: observed.running(before.control_plane.version.as_deref()).map(|version| version.to_string()),
            store: before.data_store_name.clone(),
            eip: before.eip_name.clone(),
            pools,
        }
    }

    /// Whether a pool waits for a provider that is not there.
    pub(super) fn misses_provider(&self) -> bool {
        self.pools.iter().any(|pool| pool.unprovided.is_some())
    }

    fn living_phase(&self, wanted: &Wanted, observed: &Observed, stage: Stage) -> Phase {
        match stage {
            Stage::Store => return Phase::Pending,
            Stage::Front => return Phase::WaitingForService,
            Stage::Built => {}
        }
        let plane = observed.control_plane.as_ref().and_then(|plane| plane.running);
        if plane.is_some_and(|running| running != wanted.version) {
            return Phase::Upgrading;
        }
        let provided: Vec<&PoolReport> =
            self.pools.iter().filter(|pool| pool.unprovided.is_none() && !pool.removed).collect();
        match self.plane_ready {
            false => Phase::Provisioning,
            true if provided.iter().any(|pool| pool.is_rolling()) => Phase::Upgrading,
            true if provided.iter().all(|pool| pool.phase == PoolPhase::Ready) => Phase::Ready,
            true => Phase::Provisioning,
        }
    }

    fn control_plane(&self, wanted: &Wanted, observed: &Observed, stage: Stage) -> Condition {
        let fails = |reason: &str, message: String| Condition::fails("ControlPlaneReady", reason).message(message);
        let Some(plane) = &observed.control_plane else {
            return match stage {
                Stage::Built => fails("Provisioning", "the control plane is being made".into()),
                Stage::Front => fails("WaitingForAddress", "it needs an address first".into()),
                Stage::Store => fails("WaitingForDataStore", "it needs a datastore first".into()),
            };
        };
        match (plane.ready, plane.running) {
            (_, Some(running)) if running != wanted.version => {
                fails("Upgrading", format!("runs {running}, goes to {}", wanted.version))
            }
            (true, _) => Condition::holds("ControlPlaneReady", "Ready"),
            (false, _) => {
                let why = plane.failure.clone().unwrap_or_else(|| "the API server does not answer yet".into());
                fails("Provisioning", why)
            }
        }
    }

    fn ready(&self) -> Condition {
        let missing: Vec<&str> =
            self.pools.iter().filter(|pool| pool.unprovided.is_some()).map(|pool| pool.name.as_str()).collect();
        match &self.phase {
            Phase::Ready if missing.is_empty() => Condition::holds("Ready", "Ready"),
            Phase::Ready => Condition::holds("Ready", "Ready").message(format!("without pool {}", missing.join(", "))),
            phase => Condition::fails("Ready", phase.as_str()).message(self.waits_for()),
        }
    }

    /// The first condition that does not hold says what a cluster waits for.
    fn waits_for(&self) -> String {
        let holds = |condition: &&Condition| condition.status != backplane_sdk::Status::Holds;
        self.conditions.iter().find(holds).map(|condition| condition.message.clone()).unwrap_or_default()
    }

    /// The status subresource, without conditions: those are the host's to write.
    pub(super) fn status(&self) -> Value {
        let mut status = json!({
            "phase": self.phase.as_str(),
            "controlPlaneReady": self.plane_ready,
            "workerPools": self.pools.iter().map(PoolReport::status).collect::<Vec<_>>(),
        });
        let optional = [("endpoint", &self.endpoint), ("dataStoreName", &self.store), ("eipName", &self.eip)];
        for (member, value) in optional {
            if let Some(value) = value {
                status[member] = value.as_str().into();
            }
        }
        if let Some(running) = &self.running {
            status["controlPlane"] = json!({"version": running});
        }
        status
    }
}

fn service(observed: &Observed, stage: Stage) -> Condition {
    let address = observed.service.as_ref().and_then(|service| service.external_address());
    match address {
        Some(address) => Condition::holds("ServiceReady", "AddressAssigned").message(address),
        None if stage == Stage::Store => {
            Condition::fails("ServiceReady", "WaitingForDataStore").message("it is made once the datastore is ready")
        }
        None => Condition::fails("ServiceReady", "WaitingForAddress").message("the load balancer has no address yet"),
    }
}
