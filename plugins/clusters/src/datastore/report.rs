//! What is said about a datastore: phase, status, conditions.

use backplane_sdk::{Condition, Obj};
use serde_json::{Value, json};

use super::{Observed, etcd, front};
use crate::api::KdcClusterDatastore;
use crate::names;
use crate::refusal::Refusal;

/// Everything that is said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Report {
    pub(super) phase: &'static str,
    /// Whether all members are ready and the load balancer has an address.
    pub(super) reachable: bool,
    pub(super) status: Value,
    pub(super) conditions: Vec<Condition>,
}

impl Report {
    /// About a datastore that is to live.
    pub(super) fn of(store: &Obj<KdcClusterDatastore>, observed: &Observed) -> Self {
        let members = ready_members(observed);
        let complete = members == store.spec.etcd.replicas;
        let address = address(observed);
        let data_store = data_store_ready(observed);
        let phase = phase(store, members, complete && address.is_some() && data_store, observed);
        let mut status = observations(store, observed);
        status["phase"] = phase.into();
        Self {
            phase,
            reachable: complete && address.is_some(),
            status,
            conditions: conditions(store, members, address, data_store),
        }
    }
}

fn ready_members(observed: &Observed) -> i64 {
    observed.members.as_ref().map_or(0, |members| members.status.ready_replicas)
}

fn address(observed: &Observed) -> Option<&str> {
    observed.front.as_ref().and_then(|front| front.external_address())
}

fn data_store_ready(observed: &Observed) -> bool {
    observed.data_store.as_ref().is_some_and(|present| present.status.ready != Some(false))
}

/// Once it was ready, missing members are a loss and no longer a beginning.
fn phase(store: &Obj<KdcClusterDatastore>, members: i64, ready: bool, observed: &Observed) -> &'static str {
    let was_ready = matches!(store.status.phase.as_deref(), Some("Ready" | "Degraded"));
    match ready {
        true => "Ready",
        false if was_ready && members < store.spec.etcd.replicas => "Degraded",
        false if observed.members.is_none() => "Pending",
        false => "Provisioning",
    }
}

fn conditions(
    store: &Obj<KdcClusterDatastore>,
    members: i64,
    address: Option<&str>,
    data_store: bool,
) -> Vec<Condition> {
    let state = |kind: &str, holds: bool, reason: &str, message: String| {
        let word = if holds { "Ready" } else { reason };
        let condition = if holds { Condition::holds(kind, word) } else { Condition::fails(kind, word) };
        condition.message(message)
    };
    let wanted = store.spec.etcd.replicas;
    let complete = members == wanted;
    let ready = complete && address.is_some() && data_store;
    vec![
        Condition::holds("Accepted", "Valid"),
        state("EtcdReady", complete, "MembersMissing", format!("{members} of {wanted} members are ready")),
        state("ServiceReady", address.is_some(), "WaitingForAddress", address.unwrap_or("no address yet").into()),
        state("DataStoreReady", data_store, "Provisioning", front::data_store_name(store).into()),
        state("Ready", ready, "Provisioning", String::new()),
    ]
}

/// The conditions of a datastore that asks for something impossible.
pub(super) fn refused(refusal: &Refusal) -> Vec<Condition> {
    let said = |kind: &str| Condition::fails(kind, refusal.reason).message(&refusal.message);
    vec![said("Accepted"), said("Ready")]
}

/// The status of a datastore that asks for something impossible: what there is stays reported.
pub(super) fn blocked(store: &Obj<KdcClusterDatastore>, observed: &Observed) -> Value {
    let mut status = observations(store, observed);
    status["phase"] = "Blocked".into();
    status
}

/// The least that can be said without looking.
pub(super) fn last(store: &Obj<KdcClusterDatastore>) -> Value {
    let last = &store.status.data_store;
    let name = last.name.as_deref().unwrap_or(front::data_store_name(store));
    json!({
        "dataStore": {"name": name, "ready": last.ready},
        "observedGeneration": store.metadata.generation.unwrap_or_default(),
    })
}

/// What there is, whatever is thought of it.
pub(super) fn observations(store: &Obj<KdcClusterDatastore>, observed: &Observed) -> Value {
    let (members, wanted) = (ready_members(observed), store.spec.etcd.replicas);
    let mut status = json!({
        "etcd": {
            "ready": members == wanted, "replicas": wanted, "readyReplicas": members,
            "endpoints": etcd::endpoints(store.namespace(), store.name(), wanted),
        },
        "dataStore": {
            "name": front::data_store_name(store), "endpoint": front::endpoint(store), "ready": data_store_ready(observed),
        },
        "referenceCount": observed.users.len(),
        "resources": resources(store, observed),
        "observedGeneration": store.metadata.generation.unwrap_or_default(),
    });
    if let Some(address) = address(observed) {
        status["etcd"]["loadBalancerIP"] = address.into();
    }
    status
}

fn resources(store: &Obj<KdcClusterDatastore>, observed: &Observed) -> Value {
    let mut services = Vec::new();
    if let Some(headless) = &observed.headless {
        services.push(json!({"name": headless.name(), "type": "ClusterIP"}));
    }
    if let Some(front) = &observed.front {
        let mut service = json!({"name": front.name(), "type": "LoadBalancer"});
        if let Some(address) = front.external_address() {
            service["externalIP"] = address.into();
        }
        services.push(service);
    }
    let mut eip = json!({"name": front::eip_name(store)});
    if let Some(ip) = observed.eip.as_ref().and_then(|eip| eip.status.ip_address.as_deref()).or(address(observed)) {
        eip["ip"] = ip.into();
    }
    let secret = json!({"name": names::etcd_certificates(store.name()), "namespace": store.namespace()});
    json!({"eip": eip, "services": services, "secrets": [secret]})
}
