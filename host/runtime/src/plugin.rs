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
use backplane_reconcile::{Conditions, Controller, Metrics, Options, StatusStyle};
use backplane_store::{Identity, Store, Watch};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::load::Loaded;
use crate::settings::LimitSettings;

/// A plugin in its slot.
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
}

/// The two doors of somebody who acts for a plugin.
struct Doors {
    permissions: Arc<Permissions>,
    reads: Arc<dyn Reads>,
    writes: Arc<dyn Writes>,
    watches: Vec<Watch>,
}

impl Board<'_> {
    /// Starts a plugin: slot, controllers, rooms.
    pub(crate) fn start(&self, plugin: &Loaded) -> Result<Running, LoadError> {
        let name = plugin.declaration.name.clone();
        let own = self.doors(&name, plugin.permissions());
        let mut watches = own.watches.clone();
        let slot = Arc::new(Slot::new(self.generation(plugin, &own)?));
        let mut reconciled = plugin.declaration.reconciles.clone();
        if plugin.component.has(Export::Reconciler) {
            self.run(&name, &own, slot.clone(), &self.options(plugin, HashMap::new()));
        }
        if let Some(kinds) = plugin.kinds.clone().filter(|_| plugin.component.has(Export::Machines)) {
            reconciled.extend([kinds.machine.clone(), kinds.cluster.clone()]);
            watches.extend(self.provider(plugin, kinds, slot.clone()));
        }
        self.store.register_reconciled(&name, &reconciled);
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
    fn provider(&self, plugin: &Loaded, kinds: MachineKinds, machines: Arc<dyn Machines>) -> Vec<Watch> {
        let Declaration { name, version, .. } = &plugin.declaration;
        let styles = provider_styles(&kinds);
        let options = self.options(plugin, styles);
        let machine = self.doors(name, plugin.permissions_of(machine_declaration(name, version, &kinds)));
        let room = MachineRoom::new(kinds.clone(), machine.reads.clone(), machine.writes.clone(), machines);
        self.run(&format!("{name}/machines"), &machine, Arc::new(room), &options);
        let cluster = self.doors(name, plugin.permissions_of(cluster_declaration(name, version, &kinds)));
        let room = ClusterRoom::new(kinds, cluster.reads.clone(), cluster.writes.clone());
        self.run(&format!("{name}/clusters"), &cluster, Arc::new(room), &options);
        [machine.watches, cluster.watches].concat()
    }

    fn doors(&self, name: &str, permissions: Arc<Permissions>) -> Doors {
        let view = self.store.view(permissions.clone());
        let watches = view.watches();
        let writer = self.store.writer(Identity::new(name, self.namespace), permissions.clone());
        Doors { permissions, reads: Arc::new(view), writes: Arc::new(writer), watches }
    }

    fn run(&self, component: &str, doors: &Doors, reconciler: Arc<dyn Reconciler>, options: &Options) {
        let controller = Controller::new(
            component,
            self.store.clone(),
            doors.permissions.clone(),
            reconciler,
            doors.writes.clone(),
            options.clone(),
        );
        self.tasks.spawn(controller.run(self.stop.clone()));
    }

    fn options(&self, plugin: &Loaded, styles: HashMap<Kind, StatusStyle>) -> Options {
        Options {
            workers: usize::try_from(plugin.source.workers.get()).unwrap_or(usize::MAX),
            drain: self.drain,
            styles,
            metrics: self.metrics.clone(),
            ..Options::default()
        }
    }
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
