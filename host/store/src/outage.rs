//! Notices when the API server answers again after it did not.
//!
//! Whoever failed meanwhile waits out a back-off that has grown with the outage; when it is over there is no reason to.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// Shorter ones are over before a back-off has grown.
const LEAST: Duration = Duration::from_secs(2);

/// Whether writes are answered.
#[derive(Default)]
pub(crate) struct Outage {
    since: Mutex<Option<Instant>>,
    ended: watch::Sender<u64>,
}

impl Outage {
    /// A request was not answered, or by a server that failed itself.
    pub(crate) fn failed(&self) {
        self.since.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
    }

    /// A request was answered, whatever the answer.
    pub(crate) fn answered(&self) {
        let since = self.since.lock().unwrap_or_else(PoisonError::into_inner).take();
        if since.is_some_and(|since| since.elapsed() >= LEAST) {
            self.ended.send_modify(|times| *times += 1);
        }
    }

    /// Changes whenever an outage has ended.
    pub(crate) fn ended(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
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
}
