//! Puts a loaded plugin into its slot and gives each of its duties a controller.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use backplane_core::condition::Severity;
use backplane_core::grant::Permissions;
use backplane_core::machines::{MachineKinds, Machines};
use backplane_core::ports::{Reads, Writes};
use backplane_core::reconcile::Reconciler;
use backplane_core::{Declaration, Kind};
use backplane_engine::{Context, Export, Generation, Limits, LoadError, Slot};
use backplane_provider::{ClusterRoom, MachineRoom, cluster_declaration, machine_declaration};
use backplane_reconcile::{Conditions, Metrics, Options, StatusStyle};
use backplane_store::lease::{Claim, Seat};
use backplane_store::{Identity, Store, Watch};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::daemon::StartError;
use crate::load::Loaded;
use crate::replicas::{Guard, Replicas, claims};
use crate::seat::{Duty, work};
use crate::settings::LimitSettings;

/// A plugin, or a shard of one, in its slot.
pub(crate) struct Running {
    pub(crate) name: String,
    pub(crate) slot: Arc<Slot>,
    pub(crate) watches: Vec<Watch>,
}

/// What every plugin is started with.
pub(crate) struct Board<'a> {
    pub(crate) store: &'a Store,
    pub(crate) namespace: &'a str,
    pub(crate) metrics: &'a Metrics,
    pub(crate) drain: Duration,
    pub(crate) tasks: &'a TaskTracker,
    pub(crate) stop: &'a CancellationToken,
    /// Where leases decide who works; without, this daemon does.
    pub(crate) replicas: Option<&'a Replicas>,
}

/// The two doors of somebody who acts for a plugin.
struct Doors {
    permissions: Arc<Permissions>,
    reads: Arc<dyn Reads>,
    writes: Arc<dyn Writes>,
    watches: Vec<Watch>,
}

impl Board<'_> {
    /// Starts a plugin, each of its shards in a slot of its own.
    pub(crate) fn start(&self, plugin: &Loaded) -> Result<Vec<Running>, StartError> {
        claims(plugin).into_iter().map(|claim| self.part(plugin, &claim)).collect()
    }

    /// Starts what a lease is for: slot, controllers, rooms.
    fn part(&self, plugin: &Loaded, claim: &Claim) -> Result<Running, StartError> {
        let (plugin_name, name) = (&plugin.declaration.name, claim.component());
        let seat = self.replicas.and_then(|replicas| Some((replicas, replicas.seat(claim)?)));
        let guard =
            seat.as_ref().map(|(replicas, seat)| replicas.guard(seat)).transpose().map_err(StartError::Cluster)?;
        let own = self.doors(plugin_name, plugin.permissions(), guard.as_ref());
        let mut watches = own.watches.clone();
        let slot = Arc::new(Slot::new(self.generation(plugin, &own)?));
        let (mut reconciled, mut duties) = (plugin.declaration.reconciles.clone(), Vec::new());
        if plugin.component.has(Export::Reconciler) {
            duties.push(duty(&name, &own, slot.clone(), self.options(plugin, claim, HashMap::new())));
        }
        if let Some(kinds) = plugin.kinds.clone().filter(|_| plugin.component.has(Export::Machines)) {
            reconciled.extend([kinds.machine.clone(), kinds.cluster.clone()]);
            for (doors, duty) in self.provider(plugin, claim, &kinds, slot.clone(), guard.as_ref()) {
                watches.extend(doors.watches);
                duties.push(duty);
            }
        }
        self.store.register_reconciled(plugin_name, &reconciled);
        self.run(seat.map(|(_, seat)| seat), duties);
        Ok(Running { name, slot, watches })
    }

    fn generation(&self, plugin: &Loaded, own: &Doors) -> Result<Generation, LoadError> {
        let context = Context {
            plugin: plugin.declaration.name.clone(),
            permissions: own.permissions.clone(),
            reads: own.reads.clone(),
            writes: own.writes.clone(),
            endpoints: plugin.endpoints.clone(),
            settings: plugin.settings.clone(),
            limits: limits(&plugin.source.limits, plugin.source.workers.get()),
        };
        Generation::new(plugin.component.clone(), context)
    }

    /// The rooms that run the provider contract for a plugin, each with a declaration of its own.
    fn provider(
        &self,
        plugin: &Loaded,
        claim: &Claim,
        kinds: &MachineKinds,
        machines: Arc<dyn Machines>,
        guard: Option<&Guard>,
    ) -> [(Doors, Duty); 2] {
        let Declaration { name, version, .. } = &plugin.declaration;
        let options = self.options(plugin, claim, provider_styles(kinds));
        let machine = self.doors(name, plugin.permissions_of(machine_declaration(name, version, kinds)), guard);
        let room = MachineRoom::new(kinds.clone(), machine.reads.clone(), machine.writes.clone(), machines);
        let machine_duty = duty(&format!("{}/machines", claim.component()), &machine, Arc::new(room), options.clone());
        let cluster = self.doors(name, plugin.permissions_of(cluster_declaration(name, version, kinds)), guard);
        let room = ClusterRoom::new(kinds.clone(), cluster.reads.clone(), cluster.writes.clone());
        let cluster_duty = duty(&format!("{}/clusters", claim.component()), &cluster, Arc::new(room), options);
        [(machine, machine_duty), (cluster, cluster_duty)]
    }

    fn doors(&self, name: &str, permissions: Arc<Permissions>, guard: Option<&Guard>) -> Doors {
        let identity = Identity::new(name, self.namespace);
        // The writer first: it learns from the lists that the view begins.
        let writer = match guard {
            None => self.store.writer(identity, permissions.clone()),
            Some(Guard { client, fence }) => {
                self.store.fenced_writer(identity, permissions.clone(), client.clone(), fence)
            }
        };
        let view = self.store.view(permissions.clone());
        let watches = view.watches();
        Doors { permissions, reads: Arc::new(view), writes: Arc::new(writer), watches }
    }

    /// Works while the lease of the seat is held; without one, from now on.
    fn run(&self, seat: Option<Seat>, duties: Vec<Duty>) {
        match seat {
            Some(seat) => drop(self.tasks.spawn(work(seat, duties, self.store.clone()))),
            None => duties.iter().for_each(|duty| {
                self.tasks.spawn(duty.controller(self.store).run(self.stop.clone()));
            }),
        }
    }

    fn options(&self, plugin: &Loaded, claim: &Claim, styles: HashMap<Kind, StatusStyle>) -> Options {
        Options {
            shard: claim.shard,
            workers: usize::try_from(plugin.source.workers.get()).unwrap_or(usize::MAX),
            drain: self.drain,
            styles,
            metrics: self.metrics.clone(),
            ..Options::default()
        }
    }
}

fn duty(component: &str, doors: &Doors, reconciler: Arc<dyn Reconciler>, options: Options) -> Duty {
    let (permissions, writes) = (doors.permissions.clone(), doors.writes.clone());
    Duty { component: component.to_owned(), permissions, reconciler, writes, options }
}

/// Infrastructure kinds have Cluster API conditions, and published schemas want `ready` in every status.
fn provider_styles(kinds: &MachineKinds) -> HashMap<Kind, StatusStyle> {
    let style =
        StatusStyle { conditions: Conditions::ClusterApiV1beta1(Severity::Error), seed: Some(json!({"ready": false})) };
    [kinds.machine.clone(), kinds.cluster.clone()].into_iter().map(|kind| (kind, style.clone())).collect()
}

fn limits(settings: &LimitSettings, workers: u32) -> Limits {
    let workers = usize::try_from(workers).unwrap_or(usize::MAX);
    Limits {
        deadline: settings.deadline,
        memory_bytes: settings.memory_bytes,
        host_calls: settings.host_calls,
        output_bytes: settings.output_bytes,
        warm_instances: usize::try_from(settings.warm_instances).unwrap_or(usize::MAX),
        recycle_after_calls: u64::from(settings.recycle_after_calls),
        // A worker never waits for another's instance.
        max_instances: workers.max(1),
        ..Limits::default()
    }
}
