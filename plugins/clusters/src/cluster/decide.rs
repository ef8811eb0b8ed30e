//! The decision: from what is wanted and what there is to a plan, one step after another.

use std::time::Duration;

use backplane_sdk::{Event, Obj, Outcome};

use super::observed::Observed;
use super::report::{Phase, Report};
use super::wanted::{Store, Wanted};
use super::{control_plane, front, infrastructure, rules, store, workers};
use crate::api::KdcCluster;
use crate::intent::Owner;
use crate::plan::Plan;
use crate::refusal::Refusal;
use crate::settings::Settings;

/// How often a shared datastore is looked for: one that is not named, or is in another namespace, wakes nobody.
const LOOK_FOR_STORE: Duration = Duration::from_secs(10);
/// How often a provider is looked for: a plugin that is loaded wakes nobody.
const LOOK_FOR_PROVIDER: Duration = Duration::from_secs(10);

/// How far a cluster has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// It waits for its datastore.
    Store,
    /// It waits for its address.
    Front,
    /// Everything is there to be built.
    Built,
}

/// Decides about a KdcCluster that is to live.
pub(crate) fn decide(kdc: &Obj<KdcCluster>, observed: &Observed, settings: &Settings) -> Plan {
    let wanted = Wanted::parse(kdc, settings).and_then(|wanted| {
        rules::check(kdc, &wanted, observed)?;
        Ok(wanted)
    });
    match wanted {
        Ok(wanted) => build(kdc, &wanted, observed, settings),
        Err(refusal) => refuse(kdc, observed, &refusal),
    }
}

fn build(kdc: &Obj<KdcCluster>, wanted: &Wanted, observed: &Observed, settings: &Settings) -> Plan {
    let owner = Owner::of(kdc);
    let mut plan = Plan::new(Outcome::AwaitChange);
    plan.applies.extend(store::intent(&owner, wanted, observed, settings));
    let stage = fill(&mut plan, kdc, &owner, wanted, observed);
    let report = Report::of(kdc, wanted, observed, stage);
    plan.response.outcome = outcome(wanted, observed, &report);
    conclude(plan, kdc, report)
}

/// Plans every step that can be taken. A cluster that was built stays planned while its datastore is away.
fn fill(plan: &mut Plan, kdc: &Obj<KdcCluster>, owner: &Owner, wanted: &Wanted, observed: &Observed) -> Stage {
    let (true, Some(data_store)) =
        (observed.store_ready() || observed.control_plane.is_some(), store::kamaji_name(observed))
    else {
        return Stage::Store;
    };
    plan.applies.extend(front::intents(owner, wanted));
    let Some(address) = observed.address() else { return Stage::Front };
    if !wanted.cluster_api {
        plan.applies.push(control_plane::intent(owner, wanted, address, data_store));
        return Stage::Built;
    }
    plan.applies.extend(infrastructure::intents(kdc, owner, wanted, observed, address));
    plan.statuses.push(infrastructure::kubevirt_status(owner));
    plan.applies.push(control_plane::intent(owner, wanted, address, data_store));
    let running = observed.running(kdc.status.control_plane.version.as_deref());
    workers::plan(plan, owner, &wanted.pools, observed, running);
    remove_cloudsigma(plan, wanted, observed);
    Stage::Built
}

/// CloudSigma machines need their cluster's region and user to be deleted, so it goes after the last of them.
fn remove_cloudsigma(plan: &mut Plan, wanted: &Wanted, observed: &Observed) {
    let kind = &crate::kinds::CLOUDSIGMA_MACHINE.kind;
    let left = observed.machines.iter().any(|machine| machine.spec.infrastructure_ref.kind == *kind);
    let deployed = observed
        .deployments
        .iter()
        .any(|now| now.spec.template.spec.infrastructure_ref.kind == crate::kinds::CLOUDSIGMA_TEMPLATE.kind);
    if let Some(cluster) =
        observed.cloudsigma_cluster.as_ref().filter(|_| wanted.region().is_none() && !left && !deployed)
    {
        plan.delete(&crate::kinds::CLOUDSIGMA_CLUSTER, cluster);
    }
}

fn outcome(wanted: &Wanted, observed: &Observed, report: &Report) -> Outcome {
    if wanted.store == Store::Shared && !observed.store_ready() {
        return Outcome::RequeueAfter(LOOK_FOR_STORE);
    }
    if report.misses_provider() {
        return Outcome::RequeueAfter(LOOK_FOR_PROVIDER);
    }
    Outcome::done_if(report.phase == Phase::Ready)
}

/// Nothing is written but the status. `Failed` is said only of a cluster of which nothing was built.
fn refuse(kdc: &Obj<KdcCluster>, observed: &Observed, refusal: &Refusal) -> Plan {
    let plan = Plan::new(refusal.outcome());
    conclude(plan, kdc, Report::refused(kdc, observed, refusal))
}

/// Adds what is said about the cluster, with an event if its phase changed.
pub(super) fn conclude(mut plan: Plan, kdc: &Obj<KdcCluster>, report: Report) -> Plan {
    let phase = report.phase.as_str();
    let before = kdc.status.phase.as_deref().unwrap_or("Pending");
    if before != phase {
        plan.response.events.push(Event::normal(phase, format!("phase changed from {before} to {phase}")));
    }
    plan.status = Some(report.status());
    plan.response.conditions = report.conditions;
    plan
}
