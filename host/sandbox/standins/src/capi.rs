//! Stands for Cluster API core (kubernetes-sigs/cluster-api, `v1beta1` objects, behaviour of 1.8 to 1.10): the
//! controllers of Cluster, MachineDeployment, MachineSet and Machine.
//!
//! ```text
//!   Cluster ── control plane object, infrastructure object (kinds found through references)
//!      └ MachineDeployment ─> MachineSet ─> Machine ─> clones of infrastructure and bootstrap template
//!                                              └ Node of the tenant cluster, found by providerID
//! ```
//!
//! Kept: owners, finalizers, defaults, phases, `v1beta1` conditions, endpoint copy, clones, rolling updates, scale-down
//! order, metadata propagation, pausing, Node matching and marking, ordered deletion. Left out: admission webhooks
//! (defaults are written by the controllers; nothing is refused beyond the schema), conversion and the `v1beta2` API,
//! ClusterClass and topologies, MachinePools, MachineHealthChecks and remediation, drain (Nodes are cordoned only) and
//! waiting for volumes, preflight checks, the OnDelete rollout, control planes made of Machines, kubeconfigs for
//! Clusters without a control plane object, certificate expiry, adoption of orphans, failure domains' choice.

pub(crate) mod cluster;
mod cluster_delete;
pub(crate) mod deployment;
mod external;
pub(crate) mod machine;
mod machine_delete;
mod node;
pub(crate) mod phase;
mod replicas;
mod rollout;
pub(crate) mod set;
mod set_create;
mod template;
pub(crate) mod words;

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::client::Client;
use crate::error::Error;
use crate::kinds::{CLUSTER, MACHINE};
use crate::object;
use crate::queue::Key;
use crate::runner::{Tasks, WeakHandle, key_of, start};
use crate::tenants::{Notify, Tenants};

/// What the four controllers share.
#[derive(Clone)]
pub(crate) struct Core {
    pub(crate) client: Client,
    pub(crate) tenants: Tenants,
    /// The controllers that a changed Node concerns, once they run.
    nodes: Arc<OnceLock<[WeakHandle; 2]>>,
}

/// Starts the controllers.
pub(crate) fn run(client: &Client, tasks: &Tasks) {
    let tenants = Tenants::new(client.clone(), tasks.clone());
    let core = Core { client: client.clone(), tenants, nodes: Arc::default() };
    start(cluster::Clusters { core: core.clone() }, client.clone(), tasks);
    start(deployment::Deployments { core: core.clone() }, client.clone(), tasks);
    let sets = start(set::Sets { core: core.clone() }, client.clone(), tasks);
    let machines = start(machine::Machines { core: core.clone() }, client.clone(), tasks);
    // Set once, here; the controllers only read it.
    let _ = core.nodes.set([sets.downgrade(), machines.downgrade()]);
}

impl Core {
    /// The Cluster that an object names in `spec.clusterName`.
    pub(crate) async fn cluster_of(&self, object: &Value) -> Result<Option<Value>, Error> {
        let name = object::text(object, "/spec/clusterName");
        Ok(self.client.get(&CLUSTER, object::namespace(object), name).await?)
    }

    /// The Nodes of a cluster as last seen; a change of one wakes its Machine and the MachineSet of that.
    pub(crate) async fn nodes(&self, cluster: &Key) -> Result<Option<Vec<Value>>, Error> {
        let core = self.clone();
        let notify: Notify = Arc::new(move |cluster| core.wake(cluster.clone()));
        self.tenants.nodes(cluster, &notify).await
    }

    fn wake(&self, cluster: Key) {
        let core = self.clone();
        self.client.spawn(async move {
            let selector = format!("{}={}", words::CLUSTER_NAME, cluster.name);
            let machines = core.client.list(&MACHINE, &cluster.namespace, &selector).await.unwrap_or_default();
            let running = core.nodes.get().map(|handles| handles.each_ref().map(WeakHandle::upgrade));
            let Some([Some(sets), Some(all)]) = running else { return };
            for machine in &machines {
                all.add(key_of(machine));
                if let Some(set) = object::controller(machine) {
                    sets.add(Key::new(cluster.namespace.clone(), object::text(set, "/name")));
                }
            }
        });
    }
}

/// Whether an object is to be left alone: its Cluster says so, or it does itself.
pub(crate) fn is_paused(cluster: Option<&Value>, object: &Value) -> bool {
    cluster.is_some_and(|cluster| object::is_true(cluster, "/spec/paused"))
        || object::annotation(object, words::PAUSED).is_some()
}

/// The key of an object's Cluster.
pub(crate) fn cluster_key(object: &Value) -> Key {
    Key::new(object::namespace(object), object::text(object, "/spec/clusterName"))
}
