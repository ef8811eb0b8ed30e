//! The work queue of one controller: keys, not events.
//!
//! A key waits at most once; a key that arrives while it is being worked on is worked on once more afterwards; failures
//! are counted per key for the back-off. The owner of the clock is the caller, so the queue needs none.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// Which object a controller looks at: namespace (empty for cluster scope) and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() { f.write_str(&self.name) } else { write!(f, "{}/{}", self.namespace, self.name) }
    }
}

/// First pause after a failure; doubled with each further one.
const FIRST_RETRY: Duration = Duration::from_millis(20);
/// Longest pause after a failure.
const LAST_RETRY: Duration = Duration::from_secs(5);

/// Keys that wait, are worked on, or failed.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: VecDeque<Key>,
    queued: BTreeSet<Key>,
    active: BTreeSet<Key>,
    again: BTreeSet<Key>,
    failures: BTreeMap<Key, u32>,
    timers: BTreeMap<Key, u64>,
    last_timer: u64,
}

impl Queue {
    /// Asks for a look at a key.
    pub(crate) fn add(&mut self, key: Key) {
        if self.active.contains(&key) {
            self.again.insert(key);
        } else if self.queued.insert(key.clone()) {
            self.waiting.push_back(key);
        }
    }

    /// The next key to work on.
    pub(crate) fn take(&mut self) -> Option<Key> {
        let key = self.waiting.pop_front()?;
        self.queued.remove(&key);
        self.active.insert(key.clone());
        Some(key)
    }

    /// Says that the work on a key is over.
    pub(crate) fn finish(&mut self, key: &Key) {
        self.active.remove(key);
        if self.again.remove(key) {
            self.add(key.clone());
        }
    }

    /// Begins a pause for a key. It takes the place of an earlier one, so pauses of one key never add up.
    pub(crate) fn pause(&mut self, key: Key) -> u64 {
        self.last_timer += 1;
        self.timers.insert(key, self.last_timer);
        self.last_timer
    }

    /// Ends a pause; the key is asked for unless a later pause has taken its place.
    pub(crate) fn pause_over(&mut self, key: Key, timer: u64) {
        if self.timers.get(&key) == Some(&timer) {
            self.timers.remove(&key);
            self.add(key);
        }
    }

    /// Forgets the failures of a key.
    pub(crate) fn succeeded(&mut self, key: &Key) {
        self.failures.remove(key);
    }

    /// Counts a failure and says how long to pause before the next try.
    pub(crate) fn failed(&mut self, key: &Key) -> Duration {
        let failures = self.failures.entry(key.clone()).or_default();
        *failures += 1;
        FIRST_RETRY.saturating_mul(1 << (*failures - 1).min(16)).min(LAST_RETRY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        Key::new("ns", name)
    }

    #[test]
    fn a_key_waits_only_once() {
        let mut queue = Queue::default();
        queue.add(key("a"));
        queue.add(key("a"));
        assert_eq!(queue.take(), Some(key("a")));
        assert_eq!(queue.take(), None);
    }

    #[test]
    fn a_key_that_changes_while_worked_on_is_worked_on_once_more_and_never_twice_at_a_time() {
        let mut queue = Queue::default();
        queue.add(key("a"));
        queue.take();
        queue.add(key("a"));
        queue.add(key("a"));
        assert_eq!(queue.take(), None, "it is still being worked on");
        queue.finish(&key("a"));
        assert_eq!(queue.take(), Some(key("a")));
        queue.finish(&key("a"));
        assert_eq!(queue.take(), None);
    }

    #[test]
    fn a_later_pause_takes_the_place_of_an_earlier_one() {
        let mut queue = Queue::default();
        let first = queue.pause(key("a"));
        let second = queue.pause(key("a"));
        queue.pause_over(key("a"), first);
        assert_eq!(queue.take(), None);
        queue.pause_over(key("a"), second);
        assert_eq!(queue.take(), Some(key("a")));
    }

    #[test]
    fn pauses_grow_with_failures_up_to_a_limit_and_start_anew_after_success() {
        let mut queue = Queue::default();
        assert_eq!(queue.failed(&key("a")), FIRST_RETRY);
        assert_eq!(queue.failed(&key("a")), FIRST_RETRY * 2);
        let longest = (0..40).map(|_| queue.failed(&key("a"))).max();
        assert_eq!(longest, Some(LAST_RETRY));
        queue.succeeded(&key("a"));
        assert_eq!(queue.failed(&key("a")), FIRST_RETRY);
    }
}
