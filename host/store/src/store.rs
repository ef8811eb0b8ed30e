//! The watches of the daemon: who declared which, and how they are reached.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use backplane_core::Kind;
use backplane_core::grant::Permissions;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cell::{Cell, State, Watch};
use crate::changes::Subscription;
use crate::counters::{Counters, WatchCost};
use crate::demand::{Demand, demands};
use crate::discovery::Discovery;
use crate::lease::Fence;
use crate::options::Options;
use crate::outage::Outage;
use crate::press::{Press, Recent};
use crate::reader::Reader;
use crate::transport::Transport;
use crate::view::View;
use crate::watcher::Watcher;
use crate::writer::{Identity, Recorder, Teacher, Writer};

/// The shared watch cache and the only way to the API server. Clones are handles to the same store.
#[derive(Clone)]
pub struct Store(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) transport: Transport,
    pub(crate) discovery: Arc<Discovery>,
    pub(crate) options: Options,
    pub(crate) recorder: Recorder,
    pub(crate) outage: Outage,
    pub(crate) teacher: Arc<Teacher>,
    cells: Mutex<HashMap<Watch, Arc<Cell>>>,
    reconciled: RwLock<HashMap<String, Vec<Kind>>>,
    lists: Arc<Semaphore>,
    recent: Arc<Recent>,
    streaming: Arc<AtomicBool>,
    next_id: AtomicU32,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

/// Whether a subscriber first hears of every object that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Snapshot {
    /// Each present object is reported as [`crate::Source::Loaded`], then changes follow.
    With,
    /// Changes from now on.
    Without,
}

impl Store {
    /// A store over a client, with nothing to watch yet. Must be called within a tokio runtime.
    ///
    /// The client should be built with `default_retry` off: its retries would add to, and hide, those made here.
    pub fn new(client: kube::Client, options: Options) -> Self {
        let transport = Transport::new(client, &options, Arc::default());
        let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
        let recorder = Recorder::start(&tasks, options.clock.clone(), Arc::clone(&transport.counters), cancel.clone());
        Self(Arc::new(Inner {
            discovery: Arc::new(Discovery::new(transport.clone())),
            transport,
            recorder,
            outage: Outage::default(),
            teacher: Arc::default(),
            cells: Mutex::default(),
            reconciled: RwLock::default(),
            lists: Arc::new(Semaphore::new(options.concurrent_lists.max(1))),
            recent: Arc::new(Recent::new(options.unpacked_bytes)),
            streaming: Arc::new(AtomicBool::new(true)),
            options,
            next_id: AtomicU32::new(0),
            cancel,
            tasks,
        }))
    }

    /// Begins to watch what is not watched yet, for as long as the answer lives.
    ///
    /// `reader` is a name for [`Store::costs`]. The same watch declared by many is one watch.
    pub fn declare(&self, reader: &str, demands: &[Demand]) -> Declared {
        let reader: Arc<str> = reader.into();
        let cells = demands.iter().map(|demand| self.join(&reader, demand)).collect();
        Declared { store: self.clone(), reader, cells }
    }

    /// A plugin's reads, checked against its permissions. Declares what its declaration needs.
    pub fn view(&self, permissions: Arc<Permissions>) -> View {
        let declaration = permissions.declaration();
        let declared = self.declare(&declaration.name.clone(), &demands(declaration));
        View::new(declared, permissions)
    }

    /// A plugin's writes, under its own identity.
    pub fn writer(&self, identity: Identity, permissions: Arc<Permissions>) -> Writer {
        Writer::new(self.clone(), identity, permissions, self.0.transport.clone())
    }

    /// The same for a plugin that writes only while it holds a lease. `client` is one whose connections the fence guards
    /// ([`crate::lease::Cluster::fenced`]); with another one only the beginning of each request is guarded.
    pub fn fenced_writer(
        &self,
        identity: Identity,
        permissions: Arc<Permissions>,
        client: kube::Client,
        fence: &Fence,
    ) -> Writer {
        Writer::new(self.clone(), identity, permissions, self.0.transport.fenced(client, fence.clone()))
    }

    /// The host's own access to a declared watch; no permission is asked.
    pub fn reader(&self, watch: &Watch) -> Option<Reader> {
        self.0.cells().get(watch).map(|cell| Reader::new(Arc::clone(cell)))
    }

    /// Changes of declared watches. Those not declared are left out.
    pub fn subscribe(&self, watches: &[(Watch, Snapshot)]) -> Subscription {
        let (subscription, queue) = Subscription::new();
        for (watch, snapshot) in watches {
            let cell = self.0.cells().get(watch).cloned();
            cell.iter().for_each(|cell| cell.subscribe(&queue, *snapshot == Snapshot::With));
        }
        subscription
    }

    /// Waits until each of these watches is listed or known to be unavailable.
    pub async fn settled(&self, watches: &[Watch]) {
        for watch in watches {
            let cell = self.0.cells().get(watch).cloned();
            if let Some(cell) = cell {
                cell.reached(|state| *state != State::Starting).await;
            }
        }
    }

    /// Waits until each of these watches is listed. One that is not declared is not waited for.
    pub async fn synced(&self, watches: &[Watch]) {
        for watch in watches {
            let cell = self.0.cells().get(watch).cloned();
            if let Some(cell) = cell {
                cell.reached(|state| matches!(state, State::Synced | State::Stopped)).await;
            }
        }
    }

    /// States which kinds a plugin or room reconciles; replaces what it stated before, and an empty list takes it back.
    pub fn register_reconciled(&self, owner: &str, kinds: &[Kind]) {
        let mut reconciled = self.0.reconciled.write().unwrap_or_else(PoisonError::into_inner);
        if kinds.is_empty() {
            reconciled.remove(owner);
        } else {
            reconciled.insert(owner.to_owned(), kinds.to_vec());
        }
    }

    /// Whether somebody reconciles this kind, in whatever version.
    pub fn is_reconciled(&self, kind: &Kind) -> bool {
        let reconciled = self.0.reconciled.read().unwrap_or_else(PoisonError::into_inner);
        reconciled.values().flatten().any(|k| k.same_group_kind(kind))
    }

    /// What each watch costs, by kind and selector.
    pub fn costs(&self) -> Vec<WatchCost> {
        let cells: Vec<Arc<Cell>> = self.0.cells().values().cloned().collect();
        let mut costs: Vec<WatchCost> = cells.iter().map(|cell| cost(cell)).collect();
        costs.sort_by(|a, b| a.watch.cmp(&b.watch));
        costs
    }

    /// Changes whenever the API server answers writes again after seconds in which it did not.
    pub fn outages_ended(&self) -> tokio::sync::watch::Receiver<u64> {
        self.0.outage.ended()
    }

    /// Whether the API server has failed since then to take a write, asked for a pause or said that a right is missing.
    pub fn writes_failed_since(&self, then: tokio::time::Instant) -> bool {
        self.0.outage.failed_since(then)
    }

    /// Running totals.
    pub fn counters(&self) -> &Counters {
        &self.0.transport.counters
    }

    /// Ends all watches and waits for them. Events that wait to be recorded are sent if that takes no longer than a
    /// second.
    pub async fn shutdown(&self) {
        self.0.cancel.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    fn join(&self, reader: &Arc<str>, demand: &Demand) -> Arc<Cell> {
        let mut cells = self.0.cells();
        let cell = cells.entry(demand.watch.clone()).or_insert_with(|| self.0.start(&demand.watch));
        cell.readers().push(Arc::clone(reader));
        let cell = Arc::clone(cell);
        drop(cells);
        let mut inner = cell.write();
        demand.paths.iter().for_each(|path| inner.replica.table.index_path(path));
        demand.labels.iter().for_each(|key| inner.replica.table.index_label(key));
        drop(inner);
        cell
    }

    fn leave(&self, reader: &Arc<str>, cell: &Cell) {
        let mut cells = self.0.cells();
        let mut readers = cell.readers();
        if let Some(at) = readers.iter().position(|name| name == reader) {
            readers.swap_remove(at);
        }
        if readers.is_empty() {
            cell.cancel.cancel();
            cells.remove(&cell.watch);
        }
    }
}

impl Inner {
    /// The watches of a kind, in exactly this version, whatever their selectors.
    pub(crate) fn cells_of(&self, kind: &Kind) -> Vec<Arc<Cell>> {
        self.cells().values().filter(|cell| cell.watch.kind == *kind).cloned().collect()
    }

    fn cells(&self) -> MutexGuard<'_, HashMap<Watch, Arc<Cell>>> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, watch: &Watch) -> Arc<Cell> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let compress = self.options.compress.iter().any(|kind| *kind == watch.kind.to_string());
        let press = compress.then(|| Press::new(id, Arc::clone(&self.recent)));
        let cell = Arc::new(Cell::new(id, watch.clone(), press, self.cancel.child_token()));
        let watcher = Watcher {
            cell: Arc::clone(&cell),
            transport: self.transport.clone(),
            discovery: Arc::clone(&self.discovery),
            options: self.options.clone(),
            lists: Arc::clone(&self.lists),
            streaming: Arc::clone(&self.streaming),
            teacher: Arc::clone(&self.teacher),
        };
        self.tasks.spawn(watcher.run());
        cell
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// Keeps watches alive; dropping it lets go of those that nobody else declared.
pub struct Declared {
    pub(crate) store: Store,
    reader: Arc<str>,
    pub(crate) cells: Vec<Arc<Cell>>,
}

impl Declared {
    /// The watches declared.
    pub fn watches(&self) -> Vec<Watch> {
        self.cells.iter().map(|cell| cell.watch.clone()).collect()
    }
}

impl Drop for Declared {
    fn drop(&mut self) {
        self.cells.iter().for_each(|cell| self.store.leave(&self.reader, cell));
    }
}

fn cost(cell: &Cell) -> WatchCost {
    let inner = cell.read();
    WatchCost {
        watch: cell.watch.clone(),
        state: cell.state(),
        objects: inner.replica.table.len(),
        bytes: inner.replica.table.size(),
        held_bytes: inner.replica.table.held(),
        events: cell.events.load(Ordering::Relaxed),
        events_per_second: inner.rate.per_second(Instant::now()),
        lists: cell.lists.load(Ordering::Relaxed),
        readers: cell.reader_names().into_iter().collect(),
    }
}
