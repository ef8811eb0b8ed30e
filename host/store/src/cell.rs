//! One watch as readers see it: its replica, its state, and who wants to hear of changes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use backplane_core::{Kind, Selector};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::changes::{Change, Queue, Source};
use crate::entry::{Entry, Shared};
use crate::press::{Press, SAMPLES};
use crate::rate::Rate;
use crate::replica::{Diff, Replica};

/// Entries that are packed between two short holds of the lock, once a dictionary has been trained.
const PACKED_AT_ONCE: u32 = 64;

/// What is watched: a kind, narrowed by labels.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Watch {
    /// Kind, in the version in which it is read.
    pub kind: Kind,
    /// Label selector; empty for all objects.
    pub selector: Selector,
}

/// How a watch fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Not listed yet; nothing is answered.
    Starting,
    /// Listed, and followed since.
    Synced,
    /// The API server does not serve the kind, or refuses to list it; asked again every second or two. Nothing is
    /// answered, also when it was listed before: what it shows is no longer ours to see, or no longer true.
    Unavailable(String),
    /// Nobody reads it any more.
    Stopped,
}

pub(crate) struct Cell {
    pub(crate) id: u32,
    pub(crate) watch: Watch,
    pub(crate) kind: Arc<Kind>,
    pub(crate) cancel: CancellationToken,
    pub(crate) events: AtomicU64,
    pub(crate) lists: AtomicU64,
    pub(crate) readers: Mutex<Vec<Arc<str>>>,
    state: watch::Sender<State>,
    namespaced: watch::Sender<Option<bool>>,
    press: Option<Press>,
    inner: RwLock<Inner>,
}

pub(crate) struct Inner {
    pub(crate) replica: Replica,
    /// Whether subscribers know what is in the replica: from the first list on, until the kind is no longer served.
    loaded: bool,
    /// Changes; those of the first list are not among them.
    pub(crate) rate: Rate,
    subscribers: Vec<Weak<Queue>>,
}

impl Cell {
    /// With a press its entries are held compressed.
    pub(crate) fn new(id: u32, watch: Watch, press: Option<Press>, cancel: CancellationToken) -> Self {
        let replica = Replica::new(watch.selector.clone());
        let rate = Rate::new(Instant::now());
        Self {
            id,
            kind: Arc::new(watch.kind.clone()),
            watch,
            cancel,
            events: AtomicU64::new(0),
            lists: AtomicU64::new(0),
            readers: Mutex::default(),
            state: watch::Sender::new(State::Starting),
            namespaced: watch::Sender::new(None),
            press,
            inner: RwLock::new(Inner { replica, loaded: false, rate, subscribers: Vec::new() }),
        }
    }

    pub(crate) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    pub(crate) fn is_synced(&self) -> bool {
        *self.state.borrow() == State::Synced
    }

    pub(crate) fn set_state(&self, state: State) {
        self.state.send_if_modified(|present| std::mem::replace(present, state.clone()) != state);
    }

    /// Waits until the state is one that `wanted` accepts.
    pub(crate) async fn reached(&self, wanted: impl FnMut(&State) -> bool) {
        // The sender lives in `self`, so the wait cannot fail.
        let _ = self.state.subscribe().wait_for(wanted).await;
    }

    /// Whether objects of the kind lie in namespaces; `None` until discovery has told.
    pub(crate) fn namespaced(&self) -> Option<bool> {
        *self.namespaced.borrow()
    }

    pub(crate) fn set_namespaced(&self, namespaced: bool) {
        self.namespaced.send_replace(Some(namespaced));
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn readers(&self) -> MutexGuard<'_, Vec<Arc<str>>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn reader_names(&self) -> BTreeSet<String> {
        self.readers().iter().map(|name| name.to_string()).collect()
    }

    /// Applies news and tells subscribers of the differences it made, in one step, so that they hear of changes in
    /// the order in which they happened. Before the first list is complete nobody is told anything.
    pub(crate) fn apply<D: IntoIterator<Item = Diff>>(&self, source: Source, news: impl FnOnce(&mut Replica) -> D) {
        let mut inner = self.write();
        let diffs = news(&mut inner.replica);
        self.tell(&mut inner, source, diffs);
    }

    fn tell(&self, inner: &mut Inner, source: Source, diffs: impl IntoIterator<Item = Diff>) {
        for diff in diffs {
            self.events.fetch_add(1, Ordering::Relaxed);
            if inner.loaded {
                inner.rate.add(Instant::now());
                self.change(diff, source).into_iter().for_each(|change| inner.tell(self.id, &change));
            }
        }
    }

    /// A list is complete. After the first one subscribers hear of everything that is there, after later ones of true
    /// differences. Says whether it was the first.
    pub(crate) fn complete_list(&self, version: u64) -> bool {
        let mut inner = self.write();
        let diffs = inner.replica.finish_list(version);
        let first = !std::mem::replace(&mut inner.loaded, true);
        if first {
            let Inner { replica, subscribers, .. } = &mut *inner;
            live(subscribers).for_each(|queue| self.loaded(replica, &queue));
        } else {
            self.tell(&mut inner, Source::Watch, diffs);
        }
        self.set_state(State::Synced);
        first
    }

    /// Forgets everything, because the kind is no longer served.
    pub(crate) fn clear(&self, why: State) {
        let mut inner = self.write();
        let diffs = inner.replica.clear();
        self.tell(&mut inner, Source::Watch, diffs);
        inner.loaded = false;
        self.set_state(why);
    }

    /// Adds a subscriber; with `snapshot` it first hears of every object that is there.
    pub(crate) fn subscribe(&self, queue: &Arc<Queue>, snapshot: bool) {
        let mut inner = self.write();
        inner.subscribers.push(Arc::downgrade(queue));
        if snapshot && inner.loaded {
            self.loaded(&inner.replica, queue);
        }
    }

    /// Tells of every object that is there.
    fn loaded(&self, replica: &Replica, queue: &Queue) {
        queue.load(self.id, &self.kind, replica.table.iter().map(|(_, entry)| Arc::clone(entry)).collect());
    }

    /// The entry as this watch holds it.
    pub(crate) fn packed(&self, entry: Entry) -> Entry {
        match &self.press {
            Some(press) => press.pack(entry),
            None => entry,
        }
    }

    /// The same of an entry that others hold too.
    pub(crate) fn held_form(&self, entry: &Shared) -> Shared {
        let packed = self.press.as_ref().and_then(|press| press.packed(entry));
        packed.map_or_else(|| Arc::clone(entry), Arc::new)
    }

    /// Looks after the compression of the entries, if they are compressed; usually there is nothing to do.
    ///
    /// # Cancel safety
    /// What has begun goes on without whoever waits.
    pub(crate) async fn tend(self: &Arc<Self>) {
        if self.press.as_ref().is_some_and(Press::wants_training) {
            let cell = Arc::clone(self);
            // A fraction of a second of nothing but computing is for a thread on which nobody waits. If it panicked,
            // entries would stay as they are.
            let _ = tokio::task::spawn_blocking(move || cell.train()).await;
        }
    }

    fn train(&self) {
        let Some(press) = &self.press else { return };
        let samples = self.read().replica.table.samples(SAMPLES);
        press.train(&samples.iter().map(|entry| entry.bytes()).collect::<Vec<_>>());
        let mut next = 0;
        loop {
            let chunk = self.read().replica.table.chunk(next, PACKED_AT_ONCE);
            let Some((entries, after)) = chunk else { return };
            let packed = entries.into_iter().filter(|(_, entry)| !entry.is_packed());
            let packed: Vec<_> =
                packed.filter_map(|(slot, entry)| Some((slot, Arc::new(press.packed(&entry)?), entry))).collect();
            let mut inner = self.write();
            packed.into_iter().for_each(|(slot, packed, entry)| inner.replica.table.exchange(slot, &entry, packed));
            next = after;
        }
    }

    fn change(&self, diff: Diff, source: Source) -> Option<Change> {
        let key = diff.new.as_ref().or(diff.old.as_ref())?.key();
        Some(Change { kind: Arc::clone(&self.kind), key, old: diff.old, new: diff.new, source })
    }
}

impl Inner {
    fn tell(&mut self, watch: u32, change: &Change) {
        self.subscribers.retain(|subscriber| {
            let Some(queue) = subscriber.upgrade() else { return false };
            queue.push(watch, change.clone());
            true
        });
    }
}

/// The subscribers that still listen.
fn live(subscribers: &[Weak<Queue>]) -> impl Iterator<Item = Arc<Queue>> {
    subscribers.iter().filter_map(Weak::upgrade)
}
