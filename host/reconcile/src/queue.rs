//! Which object is looked at next.
//!
//! ```text
//!            add                take               done
//!   (none) ──────> ready ──────────────> running ────────> (none)
//!              ^     ^                    │ │  └── after ──> waiting ──┐
//!              │     └──── add meanwhile ─┘ └─ failed ───────^         │
//!              └───────────────── its time came, or add ───────────────┘
//! ```
//!
//! An object is in the queue at most once and is never run twice at the same time. What is added while it runs makes
//! it run once more afterwards. A change supersedes a timer; of two times the earlier wins. Namespaces take turns, so
//! that a tenant with a thousand objects delays another's one object by one.
//!
//! The rules are in [`rules`], without a clock or a lock; here they get both.

mod rules;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backplane_core::ObjectRef;
use backplane_core::reconcile::Reason;
use tokio::sync::Notify;
use tokio::time::Instant;

pub(crate) use rules::{Next, Rules, Work};

/// A queue with one consumer.
pub(crate) struct Queue {
    rules: Mutex<Rules>,
    changed: Notify,
}

impl Queue {
    pub(crate) fn new(backoff_min: Duration, backoff_max: Duration, seed: u64) -> Self {
        Self { rules: Mutex::new(Rules::new(backoff_min, backoff_max, seed)), changed: Notify::new() }
    }

    /// An object is to be looked at as soon as possible.
    pub(crate) fn add(&self, object: ObjectRef, reason: Reason) {
        self.rules().add(object, reason);
        self.changed.notify_one();
    }

    /// An object is gone: it is looked at once more, without the past.
    pub(crate) fn gone(&self, object: ObjectRef) {
        self.rules().gone(object);
        self.changed.notify_one();
    }

    /// Waits for the next piece of work. Each must be given back with [`Queue::done`].
    ///
    /// # Cancel safety
    /// A dropped wait takes nothing.
    pub(crate) async fn next(&self) -> Work {
        loop {
            let changed = self.changed.notified();
            let due = {
                let mut rules = self.rules();
                match rules.take(Instant::now()) {
                    Some(work) => return work,
                    None => rules.next_due(),
                }
            };
            match due {
                Some(due) => drop(tokio::time::timeout_at(due, changed).await),
                None => changed.await,
            }
        }
    }

    /// Does not let objects that failed wait out their back-off: what made them fail is over.
    pub(crate) fn hasten(&self) {
        self.rules().hasten(Instant::now());
        self.changed.notify_one();
    }

    /// A piece of work is finished.
    pub(crate) fn done(&self, object: &ObjectRef, next: Next) {
        self.rules().done(object, next, Instant::now());
        self.changed.notify_one();
    }

    /// Objects that wait to be looked at now.
    pub(crate) fn depth(&self) -> usize {
        self.rules().depth()
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
