//! Rules that need to know what is there already: what may be asked of a running cluster.

use backplane_sdk::Obj;

use super::observed::{ControlPlaneKind, Observed};
use super::pool::WorkerPool;
use super::wanted::{Address, Wanted};
use crate::api::KdcCluster;
use crate::refusal::Refusal;
use crate::version::Version;

/// Judges a change of a running cluster.
///
/// # Errors
/// The first rule that is broken.
pub(crate) fn check(kdc: &Obj<KdcCluster>, wanted: &Wanted, observed: &Observed) -> Result<(), Refusal> {
    check_version(kdc, wanted, observed)?;
    check_fixed(kdc, wanted, observed)?;
    check_empty_pools(wanted, observed)
}

/// Control planes go up only, one minor at a time, counted from what runs. What one was already told to run counts as
/// well: an upgrade that has begun cannot be taken back.
fn check_version(kdc: &Obj<KdcCluster>, wanted: &Wanted, observed: &Observed) -> Result<(), Refusal> {
    let refuse = |rule: String| Err(Refusal::field("InvalidVersion", "spec.version", rule));
    let running = observed.running(kdc.status.control_plane.version.as_deref());
    let told = observed.control_plane.as_ref().and_then(|plane| plane.told);
    let newest: Option<Version> = running.max(told);
    if let Some(newest) = newest.filter(|newest| wanted.version < *newest) {
        return refuse(format!("{} is older than {newest}; a control plane cannot go back", wanted.version));
    }
    let Some(running) = running.or(told) else { return Ok(()) };
    match wanted.version.minors_ahead_of(running) {
        Some(0 | 1) => Ok(()),
        _ => refuse(format!("{} is more than one minor ahead of {running}; go one minor at a time", wanted.version)),
    }
}

/// What a running cluster cannot change.
fn check_fixed(kdc: &Obj<KdcCluster>, wanted: &Wanted, observed: &Observed) -> Result<(), Refusal> {
    let fixed = |field: &str, was: &str| {
        Err(Refusal::field("FixedField", field, format!("cannot change while the cluster exists (it is {was})")))
    };
    if let Some(plane) = &observed.control_plane {
        let cluster_api = plane.kind == ControlPlaneKind::Kamaji;
        if cluster_api != wanted.cluster_api {
            return fixed("spec.enableClusterAPI", &cluster_api.to_string());
        }
        let eip = wanted.address.eip_name(kdc.name());
        if let Some(was) = kdc.status.eip_name.as_ref().filter(|was| **was != eip) {
            return fixed("spec.eip", was);
        }
        let store = observed.datastore.as_ref().map(Obj::name);
        if let Some(was) = kdc.status.data_store_name.as_ref().filter(|was| store.is_some_and(|now| now != *was)) {
            return fixed("spec.dataStore", was);
        }
    }
    check_network_type(wanted, observed)?;
    check_region(wanted, observed)?;
    check_networks(wanted, observed)
}

fn check_network_type(wanted: &Wanted, observed: &Observed) -> Result<(), Refusal> {
    let was = observed.eip.as_ref().map(|eip| eip.spec.external_network_type.as_str());
    match (&wanted.address, was) {
        (Address::Made(network), Some(was)) if network != was => {
            let rule = format!("an address cannot move to another network (it is {was})");
            Err(Refusal::field("FixedField", "spec.eip.externalNetworkType", rule))
        }
        _ => Ok(()),
    }
}

fn check_region(wanted: &Wanted, observed: &Observed) -> Result<(), Refusal> {
    let was = observed.cloudsigma_cluster.as_ref().and_then(|cluster| cluster.spec.region.as_deref());
    match (wanted.region(), was) {
        (Some(region), Some(was)) if region != was => {
            let rule = format!("{region:?}, where the cluster's servers are in {was:?}");
            Err(Refusal::field("FixedField", "spec.workers[].cloudsigma.region", rule))
        }
        _ => Ok(()),
    }
}

fn check_networks(wanted: &Wanted, observed: &Observed) -> Result<(), Refusal> {
    let Some(capi) = &observed.capi else { return Ok(()) };
    let network = &capi.spec.cluster_network;
    let pairs = [
        ("spec.network.serviceCIDR", &wanted.network.service_cidr, &network.services.cidr_blocks),
        ("spec.network.podCIDR", &wanted.network.pod_cidr, &network.pods.cidr_blocks),
    ];
    for (field, now, blocks) in pairs {
        if let Some(was) = blocks.first().filter(|was| *was != now) {
            let rule = format!("cannot change while the cluster exists (it is {was})");
            return Err(Refusal::field("FixedField", field, rule));
        }
    }
    Ok(())
}

/// A pool may be emptied only while another one, which is to stay, has workers that are ready.
fn check_empty_pools(wanted: &Wanted, observed: &Observed) -> Result<(), Refusal> {
    for (index, pool) in wanted.pools.iter().enumerate() {
        let has_workers = observed.deployment(&pool.name).is_some_and(|now| now.spec.replicas.unwrap_or(1) > 0);
        let others = wanted.pools.iter().filter(|other| other.name != pool.name);
        if pool.replicas == 0 && has_workers && !others.into_iter().any(|other| carries_on(other, observed)) {
            let rule = "0 needs another pool with ready workers";
            return Err(Refusal::field("LastReadyPool", format!("spec.workers[{index}].replicas"), rule));
        }
    }
    Ok(())
}

fn carries_on(pool: &WorkerPool, observed: &Observed) -> bool {
    let leaving = observed.machines_of(&pool.name).filter(|machine| machine.is_deleting()).count();
    let ready = observed.deployment(&pool.name).map_or(0, |deployment| deployment.status.ready_replicas);
    pool.replicas > 0 && ready > i64::try_from(leaving).unwrap_or(i64::MAX)
}
