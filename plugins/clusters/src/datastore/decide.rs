//! The decision: from a datastore and what there is to a plan.

use std::time::Duration;

use backplane_sdk::{Event, Obj, Outcome};

use super::report::Report;
use super::{Observed, etcd, front, report, rules};
use crate::api::KdcClusterDatastore;
use crate::intent::Owner;
use crate::kinds;
use crate::plan::Plan;
use crate::settings::Settings;

/// How often the DataStore is looked at while it matters: an object without namespace wakes nobody.
const LOOK_AT_DATA_STORE: Duration = Duration::from_secs(5);
/// How often clusters that use a shared datastore are counted.
const COUNT_USERS: Duration = Duration::from_secs(60);

/// Decides about a KdcClusterDatastore that is to live.
pub(super) fn decide(store: &Obj<KdcClusterDatastore>, observed: &Observed, settings: &Settings) -> Plan {
    if let Err(refusal) = rules::check(store, observed) {
        let mut plan = Plan::new(refusal.outcome());
        plan.status = Some(report::blocked(store, observed));
        plan.response.conditions = report::refused(&refusal);
        return plan;
    }
    let owner = Owner::of(store);
    let mut plan = Plan::new(Outcome::AwaitChange);
    plan.applies.extend(etcd::intents(&owner, store, settings));
    plan.applies.extend(front::intents(&owner, store));
    policy(&mut plan, &owner, store, observed);
    let report = Report::of(store, observed);
    // Kamaji connects to what a DataStore names, so it is made when somebody answers there, and then kept.
    if report.reachable || observed.data_store.is_some() {
        plan.applies.push(front::data_store(&owner, store));
    }
    plan.response.outcome = outcome(store, &report);
    conclude(plan, store, report)
}

fn policy(plan: &mut Plan, owner: &Owner, store: &Obj<KdcClusterDatastore>, observed: &Observed) {
    let wanted = &store.spec.network_policy;
    match &observed.policy {
        _ if wanted.enabled => plan.applies.push(etcd::policy(owner, &wanted.allowed_namespaces)),
        Some(policy) => plan.delete(&kinds::NETWORK_POLICY, policy),
        None => {}
    }
}

fn outcome(store: &Obj<KdcClusterDatastore>, report: &Report) -> Outcome {
    match report.phase {
        "Ready" if etcd::is_dedicated(store) => Outcome::Done,
        "Ready" => Outcome::RequeueAfter(COUNT_USERS),
        _ if report.reachable => Outcome::RequeueAfter(LOOK_AT_DATA_STORE),
        _ => Outcome::AwaitChange,
    }
}

fn conclude(mut plan: Plan, store: &Obj<KdcClusterDatastore>, report: Report) -> Plan {
    let before = store.status.phase.as_deref().unwrap_or("Pending");
    if before != report.phase {
        let message = format!("phase changed from {before} to {}", report.phase);
        plan.response.events.push(Event::normal(report.phase, message));
    }
    plan.status = Some(report.status);
    plan.response.conditions = report.conditions;
    plan
}
