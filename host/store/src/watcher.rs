//! The task behind one watch: list, follow, and recover.
//!
//! ```text
//!   resolve ──> list (streamed, else in pages) ──> follow ──┐
//!      ^ not served: a second's pause      ^        ^       │ closed, silent, broken: resume from the last version
//!      └────────── 404 ────────────────────┴─ 410 ──┴───────┘
//! ```
//!
//! Every way round the circle that did not bring an event pauses with back-off, so no fault makes it spin.

mod event;
mod pages;
mod stream;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backplane_core::ErrorChain;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use crate::backoff::Backoff;
use crate::cell::{Cell, State};
use crate::counters::count;
use crate::discovery::{Discovery, DiscoveryError};
use crate::options::Options;
use crate::transport::{Answer, Resource, Status, Transport, TransportError, encode};
use crate::writer::Teacher;

/// A watch that lived as long as this was no failure, even if it brought nothing.
const LIVED: Duration = Duration::from_secs(5);

/// Why following stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stopped {
    #[error("the stream ended")]
    Closed,
    #[error("the version is too old")]
    Expired,
    #[error("the API server does not serve the kind")]
    NotServed,
    #[error("refused with status {code}: {reason}")]
    Refused { code: u16, reason: String },
    #[error("asked to pause for {0:?}")]
    Throttled(Duration),
    #[error("the watch failed")]
    Failed(#[source] TransportError),
}

pub(crate) struct Watcher {
    pub(crate) cell: Arc<Cell>,
    pub(crate) transport: Transport,
    pub(crate) discovery: Arc<Discovery>,
    pub(crate) options: Options,
    pub(crate) lists: Arc<Semaphore>,
    /// Shared by all watches of the store: cleared when the server says that it knows no streaming lists.
    pub(crate) streaming: Arc<AtomicBool>,
    pub(crate) teacher: Arc<Teacher>,
}

/// What the next round begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    List,
    Resume,
}

impl Watcher {
    /// Runs until the watch is cancelled.
    pub(crate) async fn run(self) {
        let cancel = self.cell.cancel.clone();
        cancel.run_until_cancelled(self.keep()).await;
        self.cell.set_state(State::Stopped);
    }

    async fn keep(&self) {
        let seed = self.options.seed.wrapping_add(u64::from(self.cell.id));
        let mut backoff = Backoff::new(self.options.backoff_min, self.options.backoff_max, seed);
        let mut next = Next::List;
        let mut refused_since = None;
        loop {
            let (began, version) = (Instant::now(), self.cell.read().replica.version());
            let stopped = self.round(next).await;
            refused_since =
                refused_since.or(Some(Instant::now())).filter(|_| matches!(stopped, Stopped::Refused { .. }));
            next = self.after(&stopped, next, refused_since).await;
            if began.elapsed() >= LIVED || self.cell.read().replica.version() != version {
                backoff.reset();
            }
            let pause = self.pause(&stopped, &mut backoff);
            self.log(&stopped, pause);
            tokio::time::sleep(pause).await;
        }
    }

    async fn round(&self, next: Next) -> Stopped {
        let resource = match self.discovery.resolve(&self.cell.watch.kind).await {
            Ok(resource) => resource,
            Err(error) => return unresolved(error),
        };
        self.cell.set_namespaced(resource.namespaced);
        let result = match next {
            Next::Resume => self.follow(&resource).await,
            Next::List => self.list_and_follow(&resource).await,
        };
        match result {
            Err(stopped) => stopped,
            Ok(never) => match never {},
        }
    }

    async fn list_and_follow(&self, resource: &Resource) -> Result<std::convert::Infallible, Stopped> {
        let permit = self.lists.acquire().await;
        if self.options.streaming && self.streaming.load(Ordering::Relaxed) {
            match self.stream_list(resource).await {
                Ok(lines) => {
                    drop(permit);
                    return self.follow_lines(lines).await;
                }
                Err(stopped) if !self.prefers_pages(&stopped) => return Err(stopped),
                Err(stopped) => debug!(error = %ErrorChain(&stopped), "streaming list refused, asking for pages"),
            }
        }
        self.page_list(resource).await?;
        drop(permit);
        self.follow(resource).await
    }

    /// Whether a failed streaming list may be a server that does not know them.
    fn prefers_pages(&self, stopped: &Stopped) -> bool {
        let Stopped::Refused { code, .. } = stopped else { return false };
        // A missing right to watch, or a silence, says nothing about other kinds and other times.
        if matches!(code, 400 | 422) {
            self.streaming.store(false, Ordering::Relaxed);
        }
        true
    }

    /// Marks a list as complete at this version.
    fn listed(&self, version: u64) {
        let first = self.cell.complete_list(version);
        count(&self.transport.counters.lists);
        if self.cell.lists.fetch_add(1, Ordering::Relaxed) > 0 {
            count(&self.transport.counters.relists);
        }
        let objects = self.cell.read().replica.table.len();
        if first {
            info!(object.kind = %self.cell.watch.kind, objects, "kind synchronised");
        } else {
            debug!(object.kind = %self.cell.watch.kind, objects, "kind listed again");
        }
    }

    /// Draws the consequences and says how to go on. `refused_since`: when the last unbroken row of refusals began.
    async fn after(&self, stopped: &Stopped, next: Next, refused_since: Option<Instant>) -> Next {
        self.cell.write().replica.abandon_list();
        match stopped {
            Stopped::Expired => Next::List,
            Stopped::NotServed => {
                self.discovery.forget(&self.cell.watch.kind).await;
                self.cell.clear(State::Unavailable("not served".into()));
                Next::List
            }
            Stopped::Refused { code, reason } => {
                // A server that has just started refuses everybody for a moment.
                let for_good = refused_since.is_some_and(|since| since.elapsed() >= self.options.refusal_grace);
                if for_good || !self.cell.is_synced() {
                    self.cell.set_state(State::Unavailable(format!("{code} {reason}")));
                }
                Next::List
            }
            Stopped::Closed | Stopped::Throttled(_) | Stopped::Failed(_) if self.cell.is_synced() => Next::Resume,
            _ => next,
        }
    }

    fn pause(&self, stopped: &Stopped, backoff: &mut Backoff) -> Duration {
        match stopped {
            Stopped::NotServed => backoff.vary(self.options.absent_pause),
            Stopped::Throttled(asked) => (*asked).max(backoff.pause()),
            _ => backoff.pause(),
        }
    }

    fn log(&self, stopped: &Stopped, pause: Duration) {
        let kind = &self.cell.watch.kind;
        let pause_ms = pause.as_millis() as u64;
        match stopped {
            Stopped::Closed | Stopped::Expired | Stopped::NotServed => {
                debug!(object.kind = %kind, pause_ms, reason = %stopped, "watch opened anew");
            }
            _ => {
                count(&self.transport.counters.watch_errors);
                warn!(object.kind = %kind, pause_ms, error = %ErrorChain(stopped), "watch interrupted");
            }
        }
    }

    /// The query that all requests of this watch share.
    fn query(&self) -> String {
        let selector = &self.cell.watch.selector;
        if selector.is_empty() { String::new() } else { format!("&labelSelector={}", encode(&selector.to_string())) }
    }
}

fn unresolved(error: DiscoveryError) -> Stopped {
    match error {
        DiscoveryError::NotServed(_) => Stopped::NotServed,
        DiscoveryError::Refused(status) => Stopped::Refused { code: status.as_u16(), reason: "discovery".into() },
        DiscoveryError::Transport(error) => Stopped::Failed(error),
    }
}

/// What an answer other than success means for a list or a watch.
fn refused(answer: &Answer) -> Stopped {
    let status = Status::read(&answer.body);
    let code = answer.status.as_u16();
    match (code, status.retry_after(&answer.headers)) {
        (404, _) => Stopped::NotServed,
        (410, _) => Stopped::Expired,
        (_, Some(pause)) => Stopped::Throttled(pause),
        (429 | 500..=599, None) => Stopped::Throttled(Duration::ZERO),
        _ => Stopped::Refused { code, reason: status.reason },
    }
}
