//! A watch inside the process: what was there, what happened, and after a gap what is different.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use backplane_apimachinery::ResourceKind;
use backplane_core::ObjectKey;

use super::{ChangeKind, WatchEvent};
use crate::pipeline::resource::convert;
use crate::pipeline::watch::Follower;
use crate::registry::storage_of;
use crate::server::Inner;
use crate::storage::{Change, ChangeKind as Stores, GroupResource, Stored};

/// The state of one watch.
pub(super) struct Follow {
    server: Arc<Inner>,
    kind: Arc<ResourceKind>,
    resource: GroupResource,
    namespace: Option<String>,
    follower: Follower,
    /// What the reader has been told of.
    known: BTreeMap<ObjectKey, Arc<Stored>>,
    pending: VecDeque<WatchEvent>,
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
            if let Some(event) = self.pending.pop_front() {
                return Some(event);
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

    fn tell(&mut self, change: ChangeKind, stored: &Stored) {
        let mut object = stored.value();
        convert(&mut object, &self.kind);
        self.pending.push_back(WatchEvent { change, object });
    }
}
