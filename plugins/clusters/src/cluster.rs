//! `KdcCluster`: from a manifest to a running cluster and back.
//!
//! ```text
//!   read ──> Observed ──┐
//!   wanted ──> Wanted ──┼─ rules ──> decide: store ─ front ─ control_plane ─ infrastructure ─ workers ──> Plan
//!                       └─ deletion: teardown ────────────────────────────────────────────────────────────> Plan
//!                                                                                  report ──> status, conditions
//!
//!   Pending ──> WaitingForService ──> Provisioning <──> Ready <──> Upgrading          Failed: refused before a start
//!      (datastore)      (address)     (control plane, workers)            any ──> Deleting
//! ```
//!
//! A cluster is `Ready` when its control plane is and every pool whose machines somebody provides is. A pool without a
//! provider is `Failed` and named by the condition `ProviderAvailable`; it does not keep the other half from being
//! usable.
//!
//! A refused change is not carried out in part: everything stays as it was. Removing the last pool is allowed, for a
//! hosted control plane needs no workers; scaling it to zero is not (a typing error should not empty a cluster). A pool
//! may be *created* with zero replicas: nobody loses anything.
//!
//! Not here yet: encryption, backup, sizing by observed use, exposure, cloud controller managers, autoscaling, kubelet
//! settings.

mod control_plane;
mod decide;
mod front;
mod infrastructure;
mod observed;
mod pool;
mod read;
mod report;
mod rules;
mod server;
mod store;
mod teardown;
mod templates;
mod wanted;
mod workers;

#[cfg(test)]
mod tests;

pub(crate) use front::eip as eip_intent;

use backplane_sdk::{Cluster, Obj, ObjectRef, Outcome, Response, Result};

use crate::act;
use crate::api::KdcCluster;
use crate::names::CLUSTER_FINALIZER;
use crate::settings::Settings;

/// Looks at one KdcCluster.
///
/// # Errors
/// A read or write that failed, or a refusal.
pub(crate) fn reconcile(object: &ObjectRef, settings: &Settings, cluster: &Cluster) -> Result<Response> {
    let Some(kdc) = cluster.get_ref::<KdcCluster>(object)? else { return Ok(Outcome::Done.into()) };
    if kdc.is_deleting() {
        return remove(&kdc, settings, cluster);
    }
    act::take_charge(&kdc, CLUSTER_FINALIZER, kdc.status.phase.as_deref(), cluster)?;
    let observed = read::observe(&kdc, settings, cluster)?;
    act::carry_out(decide::decide(&kdc, &observed, settings), &kdc, CLUSTER_FINALIZER, cluster)
}

fn remove(kdc: &Obj<KdcCluster>, settings: &Settings, cluster: &Cluster) -> Result<Response> {
    if !kdc.metadata.has_finalizer(CLUSTER_FINALIZER) {
        return Ok(Outcome::Done.into());
    }
    let observed = read::observe(kdc, settings, cluster)?;
    act::carry_out(teardown::step(kdc, &observed), kdc, CLUSTER_FINALIZER, cluster)
}
