//! `KdcClusterDatastore`: an etcd for control planes, the address it is reached at, and Kamaji's DataStore for it.
//!
//! ```text
//!   Pending ──> Provisioning ──> Ready <──> Degraded (members missing)
//!   Blocked: the object asks for something impossible; nothing is written until it changes
//!   Failed: a write failed; tried again soon
//! ```
//!
//! A shared datastore stays while clusters refer to it. A dedicated one goes with its cluster, which by then has taken
//! its control plane away.
//!
//! Not here yet: the certificates. The Secrets `{datastore}-etcd-certs` (certificate, key and authority that every
//! member and client shows) and `{datastore}-etcd-ca` (the authority's key, for Kamaji) are expected to be there; so is
//! sizing by observed use.

mod decide;
mod etcd;
mod front;
mod read;
mod report;
mod rules;
mod teardown;

#[cfg(test)]
mod tests;

use backplane_sdk::kinds::Service;
use backplane_sdk::{Cluster, Error, Obj, ObjectRef, Outcome, Response, Result};
use serde_json::json;

use crate::act;
use crate::api::{Any, DataStore, Eip, KdcClusterDatastore, StatefulSet};
use crate::names::DATASTORE_FINALIZER;
use crate::settings::Settings;

/// Everything that exists for one datastore, read once per look.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observed {
    pub(crate) members: Option<Obj<StatefulSet>>,
    pub(crate) headless: Option<Obj<Service>>,
    pub(crate) front: Option<Obj<Service>>,
    /// The EIp that was made for it.
    pub(crate) eip: Option<Obj<Eip>>,
    pub(crate) policy: Option<Obj<Any>>,
    pub(crate) data_store: Option<Obj<DataStore>>,
    /// Clusters that keep their state here, as `namespace/name`; without the dedicated one's own once that is going.
    pub(crate) users: Vec<String>,
}

/// Looks at one KdcClusterDatastore.
///
/// # Errors
/// A read or write that failed, or a refusal.
pub(crate) fn reconcile(object: &ObjectRef, settings: &Settings, cluster: &Cluster) -> Result<Response> {
    let Some(store) = cluster.get_ref::<KdcClusterDatastore>(object)? else { return Ok(Outcome::Done.into()) };
    if store.is_deleting() {
        return remove(&store, cluster);
    }
    act::take_charge(&store, DATASTORE_FINALIZER, store.status.phase.as_deref(), cluster)?;
    let observed = read::observe(&store, cluster)?;
    let plan = decide::decide(&store, &observed, settings);
    act::carry_out(plan, &store, DATASTORE_FINALIZER, cluster).map_err(|error| fail(&store, error, cluster))
}

fn remove(store: &Obj<KdcClusterDatastore>, cluster: &Cluster) -> Result<Response> {
    if !store.metadata.has_finalizer(DATASTORE_FINALIZER) {
        return Ok(Outcome::Done.into());
    }
    let observed = read::observe(store, cluster)?;
    act::carry_out(teardown::step(store, &observed), store, DATASTORE_FINALIZER, cluster)
}

/// Says what went wrong in the phase: what the API server judges wrong, or a taken name, needs a human; the rest heals.
/// The first error is what counts, so one on the way is dropped.
fn fail(store: &Obj<KdcClusterDatastore>, error: Error, cluster: &Cluster) -> Error {
    let (phase, error) = match error {
        Error::Invalid(message) => ("Blocked", Error::refused("InvalidObject", message)),
        Error::Refused { .. } => ("Blocked", error),
        Error::NotReady(_) | Error::Conflict(_) | Error::Throttled(_) => return error,
        _ => ("Failed", error),
    };
    let mut status = report::last(store);
    status["phase"] = json!(phase);
    let _ = cluster.apply_status(store, &status);
    error
}
