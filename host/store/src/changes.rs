//! Tells subscribers what changed, without ever holding more than one pending change per object.
//!
//! A plain channel is wrong here: a slow subscriber of a busy kind would fill memory, a bounded one would lose changes
//! or stall the watch. So each subscriber has a queue in which changes of one object fold into one, from the oldest
//! unseen state to the newest. Nothing is lost for a level-based reader, and the queue is bounded by the number of
//! objects.

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
        loop {
            let slot = pending.order.pop_front()?;
            // A change that was undone before anybody saw it has left its place behind.
            if let Some(change) = pending.changes.remove(&slot) {
                return Some(change);
            }
        }
    }

    /// How many objects have a pending change.
    pub fn pending(&self) -> usize {
        self.queue.lock().changes.len()
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
    order: VecDeque<Place>,
    changes: HashMap<Place, Change>,
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
        let json = format!(r#"{{"metadata":{{"name":"a","resourceVersion":"{version}"}}}}"#);
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
    async fn a_waiting_subscriber_is_woken() {
        let (subscription, queue) = Subscription::new();
        let (change, ()) = tokio::join!(subscription.next(), async {
            tokio::task::yield_now().await;
            queue.push(1, change("a", None, Some(1), Source::Watch));
        });
        assert_eq!(change.key.name, "a");
    }
}
