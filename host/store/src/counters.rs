//! What the store counts. Plain numbers; whoever serves metrics reads them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::cell::{State, Watch};

/// Running totals of a store.
#[derive(Debug, Default)]
pub struct Counters {
    /// Complete lists, first and later ones.
    pub lists: AtomicU64,
    /// Lists after the first of a watch, because its version was lost.
    pub relists: AtomicU64,
    /// Watch requests opened.
    pub watches_opened: AtomicU64,
    /// Watches, lists and discovery requests that failed.
    pub watch_errors: AtomicU64,
    /// Objects in lists or events that could not be read and were skipped.
    pub malformed: AtomicU64,
    /// Events that could not be recorded.
    pub events_lost: AtomicU64,
    writes: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
}

impl Counters {
    /// Writes by verb and result. Verbs: `apply`, `apply-status`, `create`, `patch`, `patch-status`, `delete`, `event`.
    /// Results: `ok`, `suppressed` (answered from the cache), `denied`, `refused`, `failed`.
    pub fn writes(&self) -> BTreeMap<(&'static str, &'static str), u64> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn wrote(&self, verb: &'static str, result: &'static str) {
        *self.writes.lock().unwrap_or_else(PoisonError::into_inner).entry((verb, result)).or_default() += 1;
    }
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// What one watch costs and who reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchCost {
    /// Kind and selector.
    pub watch: Watch,
    /// How it fares.
    pub state: State,
    /// Objects held.
    pub objects: usize,
    /// Sum of their sizes in bytes, indexes not included.
    pub bytes: u64,
    /// Bytes held for them: the same, or less where they are compressed.
    pub held_bytes: u64,
    /// Changes applied since the watch began.
    pub events: u64,
    /// Changes a second, over about the last minute.
    pub events_per_second: f64,
    /// Lists made since the watch began.
    pub lists: u64,
    /// Names of the readers.
    pub readers: Vec<String>,
}
