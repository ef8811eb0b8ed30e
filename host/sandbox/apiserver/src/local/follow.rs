//! A watch inside the process: what was there, what happened, and after a gap what is different.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use backplane_apimachinery::ResourceKind;
use backplane_core::ObjectKey;
use serde_json::Value;

use super::{ChangeKind, WatchEvent};
use crate::conversion;
use crate::pipeline::watch::Follower;
use crate::registry::storage_of;
use crate::server::Inner;
use crate::storage::{Change, ChangeKind as Stores, GroupResource, Stored};
use crate::webhook::aside;

/// Pause before a conversion that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// The state of one watch.
pub(super) struct Follow {
    server: Arc<Inner>,
    kind: Arc<ResourceKind>,
    resource: GroupResource,
    namespace: Option<String>,
    follower: Follower,
    /// What the reader has been told of.
    known: BTreeMap<ObjectKey, Arc<Stored>>,
    pending: VecDeque<(ChangeKind, Arc<Stored>)>,
    done: bool,
}

impl Follow {
    pub(super) fn new(server: &Arc<Inner>, kind: Arc<ResourceKind>, namespace: Option<&str>) -> Self {
        let resource = storage_of(&kind);
        let mut follow = Self {
            follower: Follower::new(server, &resource, 0),
            server: Arc::clone(server),
            kind,
            resource,
            namespace: namespace.map(str::to_owned),
            known: BTreeMap::new(),
            pending: VecDeque::new(),
            done: false,
        };
        follow.compare();
        follow
    }

    pub(super) async fn next(&mut self) -> Option<WatchEvent> {
        loop {
            if let Some((change, stored)) = self.pending.pop_front() {
                return Some(WatchEvent { change, object: self.shown(stored).await });
            }
            if self.done {
                return None;
            }
            match self.follower.batch() {
                Ok(batch) => {
                    batch.changes.iter().for_each(|change| self.take(change));
                    self.done = !batch.open;
                }
                Err(_) => self.compare(),
            }
            if self.pending.is_empty() && !self.done {
                self.done = !self.follower.changed().await;
            }
        }
    }

    /// Tells what is different from what the reader knows, and goes on from there.
    fn compare(&mut self) {
        let Ok(listing) = self.server.storage.list(&self.resource, self.namespace.as_deref(), None) else { return };
        let mut gone = std::mem::take(&mut self.known);
        for stored in listing.objects {
            match gone.remove(&stored.key) {
                Some(known) if known.revision == stored.revision => {}
                Some(known) if known.uid != stored.uid => {
                    self.tell(ChangeKind::Deleted, &known);
                    self.tell(ChangeKind::Added, &stored);
                }
                Some(_) => self.tell(ChangeKind::Modified, &stored),
                None => self.tell(ChangeKind::Added, &stored),
            }
            self.known.insert(stored.key.clone(), stored);
        }
        gone.values().for_each(|known| self.tell(ChangeKind::Deleted, known));
        self.follower = Follower::new(&self.server, &self.resource, listing.revision);
    }

    fn take(&mut self, change: &Change) {
        let object = &change.object;
        if self.namespace.is_some() && object.key.namespace != self.namespace {
            return;
        }
        match change.kind {
            Stores::Added => self.tell(ChangeKind::Added, object),
            Stores::Modified => self.tell(ChangeKind::Modified, object),
            Stores::Deleted => self.tell(ChangeKind::Deleted, object),
        }
        match change.kind {
            Stores::Deleted => self.known.remove(&object.key),
            _ => self.known.insert(object.key.clone(), Arc::clone(object)),
        };
    }

    fn tell(&mut self, change: ChangeKind, stored: &Arc<Stored>) {
        self.pending.push_back((change, Arc::clone(stored)));
    }

    /// The object in the version of the reader, who waits as long as the conversion fails: skipping it would hide a state.
    async fn shown(&self, stored: Arc<Stored>) -> Value {
        loop {
            // As it is served now: the definition may have changed since the watch began.
            let present = self.server.registry.kinds().kind(&self.kind.kind()).cloned();
            let kind = present.unwrap_or_else(|| Arc::clone(&self.kind));
            let (server, object) = (Arc::clone(&self.server), stored.value());
            let converts = kind.conversion.webhook.is_some();
            let convert = move || conversion::convert(&server, &kind, vec![object], &kind.api_version());
            match if converts { aside(convert).await } else { convert() } {
                Ok(mut converted) => return converted.pop().unwrap_or_default(),
                Err(error) => {
                    tracing::warn!(error = error.message(), kind = %self.kind.kind(), "object not converted; trying again")
                }
            }
            self.server.env.clock.sleep(RETRY).await;
        }
    }
}
