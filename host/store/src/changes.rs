//! Tells subscribers what changed, without ever holding more than one pending change per object.
//!
//! A plain channel is wrong here: a slow subscriber of a busy kind would fill memory, a bounded one would lose changes
//! or stall the watch. So each subscriber has a queue in which changes of one object fold into one, from the oldest
//! unseen state to the newest. Nothing is lost for a level-based reader, and the queue is bounded by the number of
//! objects. What is there when a subscription begins waits as references to the entries and becomes changes only when
//! asked for, so that ten subscribers to a large kind cost next to nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use backplane_core::{Kind, ObjectKey};
use tokio::sync::Notify;

use crate::entry::Entry;

/// What happened to one object since the subscriber last heard of it.
#[derive(Debug, Clone)]
pub struct Change {
    /// Kind of the object.
    pub kind: Arc<Kind>,
    /// Which object.
    pub key: ObjectKey,
    /// The last state that the subscriber was told of; `None`: it knew of none.
    pub old: Option<Arc<Entry>>,
    /// The present state; `None`: gone.
    pub new: Option<Arc<Entry>>,
    /// Where the news came from.
    pub source: Source,
}

/// Where news of a change came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// It was there when the subscription began, or when its kind was listed for the first time.
    Loaded,
    /// A watch event or a list.
    Watch,
    /// The answer to a write of this daemon. Changes folded from both count as [`Source::Watch`].
    OwnWrite,
}

/// The changes of some watches, in the order in which the objects first changed.
#[derive(Debug)]
pub struct Subscription {
    queue: Arc<Queue>,
}

impl Subscription {
    pub(crate) fn new() -> (Self, Arc<Queue>) {
        let queue = Arc::new(Queue::default());
        (Self { queue: Arc::clone(&queue) }, queue)
    }

    /// Waits for the next change.
    ///
    /// # Cancel safety
    /// A dropped wait loses nothing.
    pub async fn next(&self) -> Change {
        loop {
            let pushed = self.queue.pushed.notified();
            if let Some(change) = self.try_next() {
                return change;
            }
            pushed.await;
        }
    }

    /// The next change, if one is pending.
    pub fn try_next(&self) -> Option<Change> {
        let mut pending = self.queue.lock();
        pending.next_loaded().or_else(|| pending.next_change())
    }

    /// How many objects have a pending change.
    pub fn pending(&self) -> usize {
        let pending = self.queue.lock();
        let begun = pending.loaded.iter().flat_map(|l| l.entries.as_slice().iter().map(|e| (l.watch, e.key())));
        let unchanged = begun.filter(|place| !pending.changes.contains_key(place)).count();
        unchanged + pending.changes.len()
    }
}

type Place = (u32, ObjectKey);

#[derive(Debug, Default)]
pub(crate) struct Queue {
    pending: Mutex<Pending>,
    pushed: Notify,
}

#[derive(Debug, Default)]
struct Pending {
    /// What was there when a subscription began or a first list was complete; told before all changes.
    loaded: VecDeque<Loaded>,
    order: VecDeque<Place>,
    changes: HashMap<Place, Change>,
}

/// The objects of one watch, of those not told of yet.
#[derive(Debug)]
struct Loaded {
    watch: u32,
    kind: Arc<Kind>,
    entries: std::vec::IntoIter<Arc<Entry>>,
}

/// Below this many places a map is left as large as it once had to be.
const SMALL: usize = 1024;

impl Pending {
    /// An object that was there, in its present state if it has changed since.
    fn next_loaded(&mut self) -> Option<Change> {
        loop {
            let group = self.loaded.front_mut()?;
            let Some(entry) = group.entries.next() else {
                self.loaded.pop_front();
                continue;
            };
            let (kind, place) = (Arc::clone(&group.kind), (group.watch, entry.key()));
            // Its place in the order is passed over when its turn comes.
            let changed = if self.changes.is_empty() { None } else { self.changes.remove(&place) };
            // What went before anybody saw it is no change.
            if let Some(new) = changed.map_or(Some(entry), |change| change.new) {
                return Some(Change { kind, key: place.1, old: None, new: Some(new), source: Source::Loaded });
            }
        }
    }

    /// Adds everything that is there of a watch, in place of what was there when it was loaded before.
    fn load(&mut self, mut loaded: Loaded) {
        while let Some(at) = self.loaded.iter().position(|known| known.watch == loaded.watch) {
            let untold = self.loaded.remove(at).into_iter().flat_map(|known| known.entries);
            untold.for_each(|entry| drop(self.changes.remove(&(loaded.watch, entry.key()))));
        }
        if !self.changes.is_empty() {
            let mut entries: Vec<Arc<Entry>> = loaded.entries.collect();
            entries.retain(|entry| !self.is_change(loaded.watch, entry));
            loaded.entries = entries.into_iter();
        }
        self.loaded.push_back(loaded);
    }

    /// Folds an object that is there into a pending change of it, which the subscriber must not hear of afterwards.
    fn is_change(&mut self, watch: u32, entry: &Arc<Entry>) -> bool {
        let Some(known) = self.changes.get_mut(&(watch, entry.key())) else { return false };
        known.new = Some(Arc::clone(entry));
        known.source = fold(known.source, Source::Loaded);
        true
    }

    fn next_change(&mut self) -> Option<Change> {
        while let Some(place) = self.order.pop_front() {
            // A change that was undone before anybody saw it has left its place behind.
            if let Some(change) = self.changes.remove(&place) {
                return Some(change);
            }
        }
        if self.changes.capacity() > SMALL {
            (self.order, self.changes) = Default::default();
        }
        None
    }
}

impl Queue {
    /// Adds a change of an object of the watch with this number.
    pub(crate) fn push(&self, watch: u32, change: Change) {
        let place = (watch, change.key.clone());
        let mut pending = self.lock();
        if let Some(known) = pending.changes.get_mut(&place) {
            known.new = change.new;
            known.source = fold(known.source, change.source);
            if known.old.is_none() && known.new.is_none() {
                pending.changes.remove(&place);
            }
        } else {
            pending.order.push_back(place.clone());
            pending.changes.insert(place, change);
        }
        drop(pending);
        self.pushed.notify_one();
    }

    /// Adds everything that is there of the watch with this number.
    pub(crate) fn load(&self, watch: u32, kind: &Arc<Kind>, entries: Vec<Arc<Entry>>) {
        self.lock().load(Loaded { watch, kind: Arc::clone(kind), entries: entries.into_iter() });
        self.pushed.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fold(first: Source, second: Source) -> Source {
    match (first, second) {
        (Source::OwnWrite, Source::OwnWrite) => Source::OwnWrite,
        (Source::Loaded, _) => Source::Loaded,
        _ => Source::Watch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(version: u32) -> Arc<Entry> {
        named("a", version)
    }

    fn named(name: &str, version: u32) -> Arc<Entry> {
        let json = format!(r#"{{"metadata":{{"name":"{name}","resourceVersion":"{version}"}}}}"#);
        Arc::new(Entry::parse(&Kind::new("", "v1", "Node"), json.as_bytes()).expect("entry"))
    }

    fn change(name: &str, old: Option<u32>, new: Option<u32>, source: Source) -> Change {
        let key = ObjectKey { namespace: None, name: name.into() };
        let kind = Arc::new(Kind::new("", "v1", "Node"));
        Change { kind, key, old: old.map(entry), new: new.map(entry), source }
    }

    #[tokio::test]
    async fn unseen_changes_of_one_object_fold_into_one_and_keep_its_place() {
        let (subscription, queue) = Subscription::new();
        queue.push(1, change("a", Some(1), Some(2), Source::OwnWrite));
        queue.push(1, change("b", None, Some(3), Source::Watch));
        queue.push(1, change("a", Some(2), None, Source::Watch));
        assert_eq!(subscription.pending(), 2);
        let first = subscription.next().await;
        assert_eq!((first.key.name.as_str(), first.source), ("a", Source::Watch));
        assert_eq!((first.old.map(|e| e.version()), first.new.map(|e| e.version())), (Some(1), None));
        assert_eq!(subscription.next().await.key.name, "b");
        assert!(subscription.try_next().is_none());
    }

    #[test]
    fn what_came_and_went_unseen_is_no_change() {
        let (subscription, queue) = Subscription::new();
        queue.push(1, change("a", None, Some(1), Source::Watch));
        queue.push(1, change("b", None, Some(2), Source::Watch));
        queue.push(1, change("a", Some(1), None, Source::Watch));
        assert_eq!(subscription.pending(), 1);
        assert_eq!(subscription.try_next().map(|c| c.key.name).as_deref(), Some("b"));
        queue.push(1, change("a", None, Some(3), Source::Watch));
        assert_eq!(subscription.try_next().and_then(|c| c.new).map(|e| e.version()), Some(3));
        assert!(subscription.try_next().is_none());
    }

    #[tokio::test]
    async fn what_was_there_is_told_first_and_as_it_is_by_then() {
        let (subscription, queue) = Subscription::new();
        queue.push(1, change("other", None, Some(1), Source::Watch));
        let kind = Arc::new(Kind::new("", "v1", "Node"));
        queue.load(1, &kind, vec![named("a", 1), named("b", 1), named("c", 1)]);
        queue.push(1, change("b", Some(1), Some(2), Source::Watch));
        queue.push(1, change("c", Some(1), None, Source::Watch));
        assert_eq!(subscription.pending(), 4);
        let mut told = Vec::new();
        while let Some(change) = subscription.try_next() {
            assert!(change.old.is_none(), "nothing was told of it before");
            told.push((change.key.name, change.new.map(|e| e.version()), change.source));
        }
        let loaded = |name: &str, version| (name.to_owned(), version, Source::Loaded);
        let expected = [loaded("a", Some(1)), loaded("b", Some(2))];
        assert_eq!(told, [&expected[..], &[("other".to_owned(), Some(1), Source::Watch)]].concat());
        queue.push(1, change("b", Some(2), Some(3), Source::Watch));
        assert_eq!(subscription.next().await.new.map(|e| e.version()), Some(3));
        assert!(subscription.try_next().is_none());
    }

    #[test]
    fn a_kind_that_was_gone_and_is_loaded_again_is_told_as_it_is_now() {
        let (subscription, queue) = Subscription::new();
        let kind = Arc::new(Kind::new("", "v1", "Node"));
        queue.load(1, &kind, vec![named("a", 1), named("b", 1), named("c", 1)]);
        assert_eq!(subscription.try_next().map(|c| c.key.name).as_deref(), Some("a"));
        for name in ["a", "b", "c"] {
            queue.push(1, change(name, Some(1), None, Source::Watch));
        }
        queue.load(1, &kind, vec![named("a", 5), named("b", 5)]);
        queue.push(1, change("b", Some(5), Some(6), Source::Watch));
        let mut told = Vec::new();
        while let Some(change) = subscription.try_next() {
            told.push((change.key.name, change.old.map(|e| e.version()), change.new.map(|e| e.version())));
        }
        assert_eq!(told, [("b".to_owned(), None, Some(6)), ("a".to_owned(), Some(1), Some(5))]);
    }

    #[tokio::test]
    async fn a_waiting_subscriber_is_woken() {
        let (subscription, queue) = Subscription::new();
        let (change, ()) = tokio::join!(subscription.next(), async {
            tokio::task::yield_now().await;
            queue.push(1, change("a", None, Some(1), Source::Watch));
        });
        assert_eq!(change.key.name, "a");
    }
}
