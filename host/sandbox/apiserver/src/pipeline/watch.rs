//! The stream of what happens to objects, from a revision on.
//!
//! ```text
//!   [present objects as ADDED, bookmark "initial-events-end"] ─> changes ─> ... ─> timeout | 410 | the kind goes
//!                                                                  └── bookmarks now and then
//! ```
//!
//! A watch ends when the definition of its kind changes, for its schema and conversion are no longer right.
//!
//! A watch reads the store's log at its own pace. One that is so slow that the log was cut before it gets 410, never a gap.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes>.

mod encode;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use backplane_apimachinery::Status;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream;
use http::Response;
use tokio::sync::watch::Receiver;

use super::accept::Accept;
use super::list::options::check_watch;
use super::list::version_error;
use super::request::Query;
use super::selection::Selection;
use super::{Call, Resource, reply};
use crate::server::{Body, Inner};
use crate::storage::{Batch, GroupResource, TooOld};
use crate::webhook::aside;
use encode::Encoder;

/// How often a quiet watch says how far it has come.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// Shortest life of a watch that does not say how long it wants to live; it ends before twice that.
const SHORTEST_LIFE: u64 = 1800;

/// Where a watch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// With the present objects.
    Present,
    /// With the changes after a revision.
    After(u64),
}

/// Reads the changes of one resource, one batch after the other.
pub(crate) struct Follower {
    server: Arc<Inner>,
    resource: GroupResource,
    cursor: u64,
    ticks: Receiver<u64>,
}

impl Follower {
    /// Begins after a revision.
    pub(crate) fn new(server: &Arc<Inner>, resource: &GroupResource, cursor: u64) -> Self {
        let ticks = server.storage.subscribe(resource);
        Self { server: Arc::clone(server), resource: resource.clone(), cursor, ticks }
    }

    /// What happened since the last batch.
    pub(crate) fn batch(&mut self) -> Result<Batch, TooOld> {
        // Marked as seen before looking: a change in between wakes the next wait, at worst for nothing.
        self.ticks.borrow_and_update();
        let batch = self.server.storage.changes(&self.resource, self.cursor)?;
        // A client may begin later than now; what comes before that is not for it.
        self.cursor = self.cursor.max(batch.revision);
        Ok(batch)
    }

    /// Resolves when something may have happened; false if nothing ever will.
    pub(crate) async fn changed(&mut self) -> bool {
        self.ticks.changed().await.is_ok()
    }
}

/// Answers a watch.
pub(super) fn watch(call: &Call<'_>, resource: &Resource<'_>, accept: Accept) -> Result<Response<Body>, Status> {
    let query = &call.request.query;
    let mut selection = Selection::parse(query, resource)?;
    if let Some(name) = call.request.resource.as_ref().and_then(|request| request.name.as_deref()) {
        selection = selection.named(name);
    }
    check_watch(query)?;
    let encoder = Encoder::new(call, resource, accept.streamed()?, selection)?;
    let watcher = Watcher::new(call, resource, encoder)?;
    Ok(reply::stream(stream::unfold(watcher, Watcher::next)))
}

struct Watcher {
    follower: Follower,
    encoder: Encoder,
    /// Lines that wait to be sent.
    pending: VecDeque<Bytes>,
    end: BoxFuture<'static, ()>,
    /// `None` if the client wants no bookmarks.
    bookmark: Option<BoxFuture<'static, ()>>,
    done: bool,
}

impl Watcher {
    fn new(call: &Call<'_>, resource: &Resource<'_>, mut encoder: Encoder) -> Result<Self, Status> {
        let (server, query) = (call.server, &call.request.query);
        let initial_events_end = query.flag("sendInitialEvents") == Some(true);
        let bookmarks = query.flag("allowWatchBookmarks") == Some(true);
        let mut pending = VecDeque::new();
        let cursor = match start(query, server.storage.revision())? {
            Start::After(revision) => revision,
            Start::Present => {
                let listing = server.storage.list(&resource.storage, resource.namespace.as_deref(), None);
                let listing = listing.map_err(|_| Status::internal("the latest revision is always held"))?;
                encoder.prepare(listing.objects.iter())?;
                for stored in &listing.objects {
                    pending.extend(encoder.present(stored)?);
                }
                if initial_events_end && bookmarks {
                    pending.push_back(encoder.bookmark(listing.revision, true));
                }
                listing.revision
            }
        };
        let clock = &server.env.clock;
        Ok(Self {
            follower: Follower::new(server, &resource.storage, cursor),
            encoder,
            pending,
            end: clock.sleep(lifetime(query, server)),
            bookmark: bookmarks.then(|| clock.sleep(BOOKMARK_EVERY)),
            done: false,
        })
    }

    async fn next(mut self) -> Option<(Bytes, Self)> {
        loop {
            if let Some(line) = self.pending.pop_front() {
                return Some((line, self));
            }
            if self.done {
                return None;
            }
            self = self.filled().await;
            if self.pending.is_empty() && !self.done {
                self.wait().await;
            }
        }
    }

    /// With what happened meanwhile; on a thread that may block, if objects have to be converted.
    async fn filled(mut self) -> Self {
        let asked = self.follower.cursor;
        match self.follower.batch() {
            // The client begins again where it was, in the new form.
            Ok(batch) if batch.open && !self.encoder.is_current() => self.done = true,
            Ok(batch) if batch.changes.is_empty() => self.done = !batch.open,
            Ok(batch) if self.encoder.converts() => {
                return aside(move || {
                    self.take(&batch);
                    self
                })
                .await;
            }
            Ok(batch) => self.take(&batch),
            Err(too_old) => self.fail(&Status::too_old(asked, too_old.oldest)),
        }
        self
    }

    fn take(&mut self, batch: &Batch) {
        self.done = !batch.open;
        let told = self.encoder.prepare(batch.changes.iter().map(|change| &change.object)).and_then(|()| {
            batch.changes.iter().map(|change| self.encoder.change(change)).collect::<Result<Vec<_>, _>>()
        });
        match told {
            Ok(lines) => self.pending.extend(lines.into_iter().flatten()),
            Err(status) => self.fail(&status),
        }
    }

    fn fail(&mut self, status: &Status) {
        self.pending.push_back(encode::error(status));
        self.done = true;
    }

    async fn wait(&mut self) {
        let bookmark = async {
            match &mut self.bookmark {
                Some(due) => due.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            more = self.follower.changed() => self.done |= !more,
            () = &mut self.end => {
                self.done = true;
                if self.bookmark.is_some() {
                    self.pending.push_back(self.encoder.bookmark(self.follower.cursor, false));
                }
            }
            () = bookmark => {
                self.pending.push_back(self.encoder.bookmark(self.follower.cursor, false));
                self.bookmark = Some(self.follower.server.env.clock.sleep(BOOKMARK_EVERY));
            }
        }
    }
}

fn lifetime(query: &Query, server: &Inner) -> Duration {
    let chosen = || SHORTEST_LIFE + server.env.random.next_u64() % SHORTEST_LIFE;
    Duration::from_secs(query.number("timeoutSeconds").filter(|s| *s > 0).unwrap_or_else(chosen))
}

fn start(query: &Query, current: u64) -> Result<Start, Status> {
    let text = query.get("resourceVersion").unwrap_or("0");
    let revision: u64 = text.parse().map_err(|_| Status::unclassified(version_error(text)))?;
    let initial = query.flag("sendInitialEvents");
    // Initial events are to be as new as asked; changes simply begin when the server has come so far.
    if initial == Some(true) && revision > current {
        return Err(Status::version_too_large(revision, current));
    }
    Ok(match (initial, revision) {
        (Some(true), _) | (None, 0) => Start::Present,
        (Some(false), 0) => Start::After(current),
        (_, revision) => Start::After(revision),
    })
}
