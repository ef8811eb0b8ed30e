//! Ends a replica's right to write at a moment that was fixed when it was given, whatever the process does since.
//!
//! ```text
//!   renewal sent ────────────> writes end ──────> the kernel ends the process ─────> others may take the lease
//!        0      fence, checked      renew-deadline      half-way, if not disarmed        lease-duration
//!               before each syscall
//! ```
//!
//! The check stands directly before the `write` of the socket (see `wire`), beneath TLS and HTTP: whatever was queued above
//! when the process was stopped is checked when it leaves, not when it was queued. A connection belongs to the *term* in
//! which it was opened and dies with it, so nothing that was queued in one term leaves in another.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::clock::BootClock;

/// The lease is not held, or not any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lease is not held by this replica")]
pub struct Fenced;

/// Guards the writes that one lease allows. Clones guard the same lease.
#[derive(Clone)]
pub struct Fence(Arc<Inner>);

struct Inner {
    clock: BootClock,
    term: AtomicU64,
    /// Nanoseconds of the clock at which the term ends; zero if none is open.
    until: AtomicU64,
    /// Cancelled when the term is known to have ended.
    ended: Mutex<CancellationToken>,
    /// Requests that were sent and not answered, and events that wait to be sent.
    in_flight: TaskTracker,
    refused: AtomicU64,
}

/// A term as a connection sees it.
#[derive(Clone)]
pub(super) struct Term {
    fence: Fence,
    id: u64,
    pub(super) ended: CancellationToken,
}

impl Term {
    /// Whether a byte may leave at this very moment.
    pub(super) fn check(&self) -> Result<(), Fenced> {
        self.fence.check(self.id)
    }
}

impl Fence {
    /// A fence that is closed.
    pub fn new(clock: BootClock) -> Self {
        let ended = CancellationToken::new();
        ended.cancel();
        let in_flight = TaskTracker::new();
        in_flight.close();
        Self(Arc::new(Inner {
            clock,
            term: AtomicU64::new(0),
            until: AtomicU64::new(0),
            ended: Mutex::new(ended),
            in_flight,
            refused: AtomicU64::new(0),
        }))
    }

    /// Begins a term that ends at `until` unless it is extended. Gives its number.
    pub(super) fn open(&self, until: Duration) -> u64 {
        *self.ended() = CancellationToken::new();
        // The number before the time: whoever reads a new time reads a new number, too.
        let term = self.0.term.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.until.store(nanos(until), Ordering::SeqCst);
        term
    }

    /// Moves the end of the open term.
    pub(super) fn extend(&self, until: Duration) {
        self.0.until.store(nanos(until), Ordering::SeqCst);
    }

    /// Ends the term now, and with it its connections.
    pub(super) fn close(&self) {
        self.0.until.store(0, Ordering::SeqCst);
        self.ended().cancel();
    }

    /// The open term, for a new connection.
    pub(super) fn term(&self) -> Result<Term, Fenced> {
        let ended = self.ended().clone();
        let term = Term { fence: self.clone(), id: self.0.term.load(Ordering::SeqCst), ended };
        term.check().map(|()| term)
    }

    fn check(&self, term: u64) -> Result<(), Fenced> {
        let until = self.0.until.load(Ordering::SeqCst);
        let same = self.0.term.load(Ordering::SeqCst) == term;
        // The clock last, so that nothing but the system call stands between it and the wire.
        if same && until != 0 && nanos((self.0.clock)()) < until { Ok(()) } else { Err(Fenced) }
    }

    /// Whether writes may be made now.
    pub fn is_open(&self) -> bool {
        self.check(self.0.term.load(Ordering::SeqCst)).is_ok()
    }

    /// Permits one request, and counts it as in flight as long as the answer lives.
    pub(crate) fn pass(&self) -> Result<TaskTrackerToken, Fenced> {
        let pass = self.0.in_flight.token();
        if self.is_open() {
            return Ok(pass);
        }
        self.0.refused.fetch_add(1, Ordering::Relaxed);
        Err(Fenced)
    }

    /// Waits until nothing is in flight.
    pub(super) async fn idle(&self) {
        self.0.in_flight.wait().await;
    }

    /// Waits until the term of this number has ended.
    pub(super) async fn ended_term(&self, term: u64) {
        loop {
            let until = Duration::from_nanos(self.0.until.load(Ordering::SeqCst));
            if self.check(term).is_err() {
                return;
            }
            let (left, ended) = (until.saturating_sub((self.0.clock)()), self.ended().clone());
            // Extended meanwhile: look again.
            let _ = tokio::time::timeout(left, ended.cancelled()).await;
        }
    }

    /// Writes that were not made because the lease was not held.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }

    fn ended(&self) -> MutexGuard<'_, CancellationToken> {
        self.0.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fence() -> (Fence, Arc<AtomicU64>) {
        let seconds = Arc::new(AtomicU64::new(100));
        let clock = Arc::clone(&seconds);
        (Fence::new(Arc::new(move || Duration::from_secs(clock.load(Ordering::SeqCst)))), seconds)
    }

    #[test]
    fn a_term_ends_by_itself_at_its_time_and_a_connection_never_outlives_it() {
        let (fence, now) = fence();
        assert!(!fence.is_open() && fence.term().is_err() && fence.pass().is_err(), "closed at first");
        fence.open(Duration::from_secs(110));
        let first = fence.term().expect("open");
        assert_eq!(first.check(), Ok(()));
        now.store(109, Ordering::SeqCst);
        fence.extend(Duration::from_secs(119));
        now.store(118, Ordering::SeqCst);
        assert_eq!(first.check(), Ok(()));
        now.store(119, Ordering::SeqCst);
        assert_eq!(first.check(), Err(Fenced), "nobody closed it");
        fence.close();
        assert!(first.ended.is_cancelled());
        fence.open(Duration::from_secs(200));
        assert!(fence.is_open());
        assert_eq!(first.check(), Err(Fenced), "of another term");
        assert!(fence.term().is_ok());
        assert_eq!(fence.refused(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_in_flight_is_waited_for() {
        let (fence, _) = fence();
        fence.open(Duration::from_secs(110));
        fence.idle().await;
        let pass = fence.pass().expect("open");
        fence.close();
        assert!(tokio::time::timeout(Duration::from_secs(1), fence.idle()).await.is_err());
        drop(pass);
        fence.idle().await;
    }
}
