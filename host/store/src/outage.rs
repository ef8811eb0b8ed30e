//! Notices when the API server does not take writes, and when it answers again after it did not.
//!
//! Who fails while it does need not say so at once. Whoever failed meanwhile waits out a back-off that has grown with the
//! outage; when it is over there is no reason to.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// Shorter ones are over before a back-off has grown.
const LEAST: Duration = Duration::from_secs(2);

/// Whether writes are answered.
#[derive(Default)]
pub(crate) struct Outage {
    times: Mutex<Times>,
    ended: watch::Sender<u64>,
}

#[derive(Default)]
struct Times {
    /// When the outage that still lasts began.
    began: Option<Instant>,
    /// When a write last failed, for a reason that is not its own.
    failed: Option<Instant>,
}

impl Outage {
    /// A request was not answered, or by a server that failed itself.
    pub(crate) fn failed(&self) {
        let now = Instant::now();
        let mut times = self.times();
        times.began.get_or_insert(now);
        times.failed = Some(now);
    }

    /// The server was there, and asked for a pause or did not know our rights.
    pub(crate) fn refused(&self) {
        self.answered();
        self.times().failed = Some(Instant::now());
    }

    /// A request was answered, whatever the answer.
    pub(crate) fn answered(&self) {
        let began = self.times().began.take();
        if began.is_some_and(|began| began.elapsed() >= LEAST) {
            self.ended.send_modify(|times| *times += 1);
        }
    }

    /// Whether a write failed or was refused since then.
    pub(crate) fn failed_since(&self, then: Instant) -> bool {
        self.times().failed.is_some_and(|failed| failed >= then)
    }

    /// Changes whenever an outage has ended.
    pub(crate) fn ended(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_outage_ends_with_the_first_answer_if_it_was_one() {
        let outage = Outage::default();
        let ended = outage.ended();
        outage.answered();
        outage.failed();
        outage.answered();
        assert!(!ended.has_changed().expect("open"), "a single failure");
        outage.failed();
        tokio::time::advance(LEAST).await;
        outage.failed();
        outage.answered();
        outage.answered();
        assert_eq!(*ended.borrow(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_and_a_refusal_are_known_by_when_they_were() {
        for fail in [Outage::failed, Outage::refused] {
            let (outage, before) = (Outage::default(), Instant::now());
            assert!(!outage.failed_since(before));
            fail(&outage);
            outage.answered();
            assert!(outage.failed_since(before), "an answer since does not undo it");
            tokio::time::advance(LEAST).await;
            assert!(!outage.failed_since(Instant::now()));
        }
    }
}
