//! The end of a datastore: nobody uses it, then Kamaji's DataStore, the way to it, the etcd, the address.

use std::time::Duration;

use backplane_sdk::{Condition, Obj, Outcome};

use super::{Observed, report};
use crate::api::KdcClusterDatastore;
use crate::kinds;
use crate::plan::{Plan, belongs_to};

/// How often users and the DataStore are looked at: neither wakes us.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The next step.
pub(super) fn step(store: &Obj<KdcClusterDatastore>, observed: &Observed) -> Plan {
    let mut plan = Plan::new(Outcome::RequeueAfter(LOOK_AGAIN));
    let steps = [users, data_store, services, eip];
    let Some(waits_for) = steps.iter().find_map(|step| step(&mut plan, store, observed)) else {
        return Plan { release: true, ..Plan::new(Outcome::Done) };
    };
    let mut status = report::observations(store, observed);
    status["phase"] = store.status.phase.as_deref().unwrap_or("Pending").into();
    plan.status = Some(status);
    let message = format!("waits for {waits_for}");
    plan.response.conditions.push(Condition::fails("Ready", "Deleting").message(message));
    plan
}

fn users(_: &mut Plan, _: &Obj<KdcClusterDatastore>, observed: &Observed) -> Option<String> {
    let kamaji = observed.data_store.iter().flat_map(|present| &present.status.used_by);
    let mut users: Vec<&str> = observed.users.iter().chain(kamaji).map(String::as_str).collect();
    users.sort_unstable();
    users.dedup();
    (!users.is_empty()).then(|| format!("its users: {}", users.join(", ")))
}

fn data_store(plan: &mut Plan, store: &Obj<KdcClusterDatastore>, observed: &Observed) -> Option<String> {
    let present = observed.data_store.as_ref().filter(|present| belongs_to(present, store.uid()))?;
    plan.delete(&kinds::DATA_STORE, present);
    Some(format!("DataStore {}", present.name()))
}

fn services(plan: &mut Plan, _: &Obj<KdcClusterDatastore>, observed: &Observed) -> Option<String> {
    for service in observed.front.iter().chain(&observed.headless) {
        plan.delete(&kinds::SERVICE, service);
    }
    if let Some(members) = &observed.members {
        plan.delete(&kinds::STATEFUL_SET, members);
    }
    if let Some(policy) = &observed.policy {
        plan.delete(&kinds::NETWORK_POLICY, policy);
    }
    let left = observed.front.is_some() || observed.headless.is_some() || observed.members.is_some();
    (left || observed.policy.is_some()).then(|| "its Services and members".into())
}

/// An EIp that was made for it; one that was only named is not touched.
fn eip(plan: &mut Plan, _: &Obj<KdcClusterDatastore>, observed: &Observed) -> Option<String> {
    let eip = observed.eip.as_ref()?;
    plan.delete(&kinds::EIP, eip);
    Some(format!("EIp {}", eip.name()))
}
