//! Ties store, queue and worker together for one plugin or room.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use backplane_core::ObjectRef;
use backplane_core::grant::Permissions;
use backplane_core::ports::Writes;
use backplane_core::reconcile::{Reason, Reconciler};
use backplane_store::{Change, Declared, Snapshot, Store, Subscription, Watch, demands};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::options::Options;
use crate::queue::{Queue, Work};
use crate::status::{Echoes, StatusWriter};
use crate::wakes::{Itself, Wakes};
use crate::worker::Worker;

/// Keeps the objects of a plugin's reconciled kinds reconciled.
pub struct Controller {
    name: String,
    store: Store,
    permissions: Arc<Permissions>,
    reconciler: Arc<dyn Reconciler>,
    writes: Arc<dyn Writes>,
    options: Options,
    queue: Arc<Queue>,
    reload: Arc<Notify>,
}

/// Asks a running controller for another look.
#[derive(Clone)]
pub struct Handle {
    queue: Arc<Queue>,
    reload: Arc<Notify>,
}

impl Handle {
    /// Looks at one object as soon as possible.
    pub fn look_at(&self, object: ObjectRef) {
        self.queue.add(object, Reason::Changed);
    }

    /// Looks at every object again, because the plugin was replaced or its settings changed.
    pub fn reload(&self) {
        self.reload.notify_one();
    }
}

/// What runs while the controller runs.
struct Running {
    worker: Arc<Worker>,
    wakes: Arc<Wakes>,
    echoes: Arc<Echoes>,
    changes: Subscription,
    looks: JoinSet<()>,
    /// Keeps the watches.
    _declared: Declared,
}

impl Controller {
    /// A controller that reconciles what the declaration within `permissions` names.
    ///
    /// `writes` carries conditions and events, under the plugin's identity; `name` is the component in metrics and
    /// traces.
    pub fn new(
        name: &str,
        store: Store,
        permissions: Arc<Permissions>,
        reconciler: Arc<dyn Reconciler>,
        writes: Arc<dyn Writes>,
        options: Options,
    ) -> Self {
        let queue = Arc::new(Queue::new(options.backoff_min, options.backoff_max, options.seed));
        Self { name: name.into(), store, permissions, reconciler, writes, options, queue, reload: Arc::default() }
    }

    /// A way to ask for looks from outside.
    pub fn handle(&self) -> Handle {
        Handle { queue: Arc::clone(&self.queue), reload: Arc::clone(&self.reload) }
    }

    /// Works until cancelled, then lets running calls finish within [`Options::drain`].
    ///
    /// It begins when every kind that the plugin reads is listed, or known to be unavailable, so that no reconcile
    /// meets a cache that is still filling. Whoever holds a lease for the plugin runs this while holding it.
    pub async fn run(self, cancel: CancellationToken) {
        let Some(mut running) = cancel.run_until_cancelled(self.begin()).await else { return };
        info!(component = self.name, "controller started");
        cancel.run_until_cancelled(self.work(&mut running)).await;
        self.drain(running.looks).await;
        info!(component = self.name, "controller stopped");
    }

    async fn begin(&self) -> Running {
        let declared = self.store.declare(&self.name, &demands(self.permissions.declaration()));
        let watches = declared.watches();
        self.store.settled(&watches).await;
        let wakes = Arc::new(Wakes::new(self.permissions.declaration().clone(), &self.store, &watches));
        let echoes = Arc::new(Echoes::default());
        Running {
            worker: Arc::new(self.worker(&wakes, &echoes)),
            wakes,
            echoes,
            changes: self.store.subscribe(&self.subscriptions(watches)),
            looks: JoinSet::new(),
            _declared: declared,
        }
    }

    /// Reconciled objects are all looked at once; of the others only changes matter.
    fn subscriptions(&self, watches: Vec<Watch>) -> Vec<(Watch, Snapshot)> {
        let reconciles = &self.permissions.declaration().reconciles;
        let snapshot =
            |watch: &Watch| if reconciles.contains(&watch.kind) { Snapshot::With } else { Snapshot::Without };
        watches.into_iter().map(|watch| (watch.clone(), snapshot(&watch))).collect()
    }

    fn worker(&self, wakes: &Arc<Wakes>, echoes: &Arc<Echoes>) -> Worker {
        let status = StatusWriter {
            writes: Arc::clone(&self.writes),
            wakes: Arc::clone(wakes),
            queue: Arc::clone(&self.queue),
            echoes: Arc::clone(echoes),
            barren: Mutex::default(),
        };
        Worker {
            name: self.name.clone(),
            store: self.store.clone(),
            reconciler: Arc::clone(&self.reconciler),
            writes: Arc::clone(&self.writes),
            wakes: Arc::clone(wakes),
            status,
            options: self.options.clone(),
            told: Mutex::new(HashMap::new()),
        }
    }

    async fn work(&self, running: &mut Running) {
        let mut outages = self.store.outages_ended();
        loop {
            self.options.metrics.queued(&self.name, self.queue.depth(), running.looks.len());
            let free = running.looks.len() < self.options.workers.max(1);
            tokio::select! {
                change = running.changes.next() => self.route(running, &change),
                Ok(()) = outages.changed() => self.queue.hasten(),
                () = self.reload.notified() => self.add_all(running.wakes.all()),
                Some(_) = running.looks.join_next() => {}
                work = self.queue.next(), if free => self.start(running, work),
            }
        }
    }

    fn route(&self, running: &Running, change: &Change) {
        let mut woken = running.wakes.of(change);
        woken.related.retain(|related| self.is_ours(related));
        let object = ObjectRef::new((*change.kind).clone(), change.key.namespace.as_deref(), change.key.name.clone());
        let mut wakes = woken.related.len();
        match woken.itself {
            None => {}
            Some(_) if !self.is_ours(&object) => {}
            Some(_) if running.echoes.covers(&object, change) => {}
            Some(itself) => {
                wakes += 1;
                match itself {
                    Itself::Gone => self.queue.gone(object.clone()),
                    _ => self.queue.add(object.clone(), itself.reason()),
                }
            }
        }
        woken.related.into_iter().for_each(|related| self.queue.add(related, Reason::Related(object.clone())));
        self.options.metrics.added(&self.name, wakes);
    }

    /// Whether an object belongs to the shard that is worked for here.
    fn is_ours(&self, object: &ObjectRef) -> bool {
        self.options.shard.is_none_or(|shard| shard.covers(object.namespace.as_deref()))
    }

    fn add_all(&self, mut objects: Vec<ObjectRef>) {
        objects.retain(|object| self.is_ours(object));
        self.options.metrics.added(&self.name, objects.len());
        objects.into_iter().for_each(|object| self.queue.add(object, Reason::Loaded));
    }

    fn start(&self, running: &mut Running, work: Work) {
        let (worker, queue) = (Arc::clone(&running.worker), Arc::clone(&self.queue));
        running.looks.spawn(async move {
            let object = work.object.clone();
            let next = worker.look(work).await;
            queue.done(&object, next);
        });
    }

    async fn drain(&self, mut looks: JoinSet<()>) {
        let all = async { while looks.join_next().await.is_some() {} };
        if tokio::time::timeout(self.options.drain, all).await.is_err() {
            warn!(component = self.name, running = looks.len(), "calls cut off at the end of draining");
            self.options.metrics.cut_off(&self.name, looks.len());
        }
    }
}
