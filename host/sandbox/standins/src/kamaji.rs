//! Stands for Kamaji (clastix/kamaji 1.0) and, inside each tenant cluster, for what a control plane's Pods would run.
//!
//! Each TenantControlPlane gets an embedded API server of its own with its own certificate authority, listening on the
//! address of its Service, with the Secrets, Deployment and Service that Kamaji makes. Inside it stand kubeadm's
//! objects: `cluster-info` with signatures, `kubeadm-config`, the roles for joining machines.
//!
//! Kept: names, labels and keys of everything a consumer reads, status, version rules, the DataStore's users,
//! finalizers, upgrade in place. Left out: etcd or any other storage (tenants live in memory), Pods, controller manager
//! and scheduler (but for the bootstrap signer and token cleaner), client certificates (kubeconfigs carry bearer
//! tokens; a joining machine uses its bootstrap token where a real kubelet would ask for a certificate), addons (noted
//! as enabled, nothing is installed), konnectivity, ingress, node ports, migration between DataStores, certificate
//! rotation, webhooks (what they refuse is said in an Event and not acted on). A TenantControlPlane of Service type
//! ClusterIP or NodePort needs `networkProfile.address`, as cluster IPs lead nowhere here. After an upgrade `/version`
//! of the tenant still says what it started with: the embedded server cannot change that while it runs.

mod datastore;
mod parts;
pub(crate) mod pin;
mod secrets;
mod seed;
mod server;
mod sign;
mod signer;
mod status;
mod tenant;
pub(crate) mod validate;

use crate::client::Client;
use crate::runner::{Tasks, start};

/// Label with the name of the TenantControlPlane.
const NAME: &str = "kamaji.clastix.io/name";
const COMPONENT: &str = "kamaji.clastix.io/component";
const PROJECT: &str = "kamaji.clastix.io/project";

/// How long Kamaji's work takes beyond what the workloads take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// From the Deployment's readiness to that of the control plane.
    pub(crate) ready: std::time::Duration,
}

/// Starts the control loops.
pub(crate) fn run(client: &Client, tasks: &Tasks, pace: Pace) {
    let servers = server::Servers::new(tasks.clone());
    let (all, stop) = (servers.clone(), tasks.stop.clone());
    tasks.tracker.spawn(async move {
        stop.cancelled().await;
        all.stop_all().await;
    });
    start(datastore::DataStores { client: client.clone() }, client.clone(), tasks);
    start(tenant::Tenants { client: client.clone(), servers, pace }, client.clone(), tasks);
}
