//! Where objects live: in memory, as the JSON bytes that clients get, with one log of changes per resource.
//!
//! Writes are serialised per server and count one revision up, so revisions are global and each names one change. Every
//! write says which revision it expects to replace; a caller that lost the race reads again and decides again. The store
//! knows nothing of kinds, schemas or finalizers.
//!
//! ```text
//!   put/remove ──> table (latest objects) + log (bounded) + indexes by uid and by owner
//!                              │                 │
//!                            list            changes since a revision ──> watches, controllers
//! ```

mod log;
mod state;
mod stored;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use backplane_core::object::ObjectKey;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

pub(crate) use log::{Batch, Change, ChangeKind, TooOld};
use state::State;
pub(crate) use stored::{Owner, Stored};

/// Names what is stored together: an API group and a plural, whatever the version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct GroupResource {
    /// API group; empty for the core group.
    pub(crate) group: Arc<str>,
    /// Plural.
    pub(crate) resource: Arc<str>,
}

impl GroupResource {
    pub(crate) fn new(group: &str, resource: &str) -> Self {
        Self { group: group.into(), resource: resource.into() }
    }
}

/// The object changed, appeared or vanished since the caller looked. Look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stale;

/// Objects at one revision, in order of namespace and name.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) revision: u64,
    pub(crate) objects: Vec<Arc<Stored>>,
}

/// All objects of a server.
pub(crate) struct Storage {
    state: RwLock<State>,
}

impl Storage {
    /// An empty store that keeps `history` changes per resource.
    pub(crate) fn new(history: usize) -> Self {
        Self { state: RwLock::new(State::new(history.max(1))) }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The latest revision.
    pub(crate) fn revision(&self) -> u64 {
        self.read().revision
    }

    /// The latest revision of one resource, 0 if it was never written.
    pub(crate) fn resource_revision(&self, resource: &GroupResource) -> u64 {
        self.read().tables.get(resource).map_or(0, |table| table.log.latest())
    }

    /// One object.
    pub(crate) fn get(&self, resource: &GroupResource, key: &ObjectKey) -> Option<Arc<Stored>> {
        self.read().tables.get(resource)?.objects.get(key).cloned()
    }

    /// Objects of one namespace, or of all; `at` asks for an older revision, which the log must still reach.
    pub(crate) fn list(
        &self,
        resource: &GroupResource,
        namespace: Option<&str>,
        at: Option<u64>,
    ) -> Result<Listing, TooOld> {
        let state = self.read();
        let revision = at.unwrap_or(state.revision);
        let Some(table) = state.tables.get(resource) else { return Ok(Listing { revision, objects: Vec::new() }) };
        let present = range(&table.objects, namespace);
        if revision >= table.log.latest() {
            return Ok(Listing { revision, objects: present.map(|(_, stored)| Arc::clone(stored)).collect() });
        }
        let mut objects: BTreeMap<ObjectKey, Arc<Stored>> = present.map(|(k, v)| (k.clone(), Arc::clone(v))).collect();
        table.log.undo(&mut objects, namespace, revision)?;
        Ok(Listing { revision, objects: objects.into_values().collect() })
    }

    /// How many objects there are.
    pub(crate) fn count(&self, resource: &GroupResource, namespace: Option<&str>) -> usize {
        self.read().tables.get(resource).map_or(0, |table| range(&table.objects, namespace).count())
    }

    /// Where the object with this uid is.
    pub(crate) fn by_uid(&self, uid: &str) -> Option<Arc<Stored>> {
        let state = self.read();
        let (resource, key) = state.uids.get(uid)?;
        state.tables.get(resource)?.objects.get(key).cloned()
    }

    /// Objects that name this uid among their owners.
    pub(crate) fn dependents(&self, uid: &str) -> Vec<Arc<Stored>> {
        let state = self.read();
        let places = state.owned.get(uid).into_iter().flatten();
        places.filter_map(|(resource, key)| state.tables.get(resource)?.objects.get(key).cloned()).collect()
    }

    /// Writes an object in place of revision `expected` (`None`: in place of nothing). The new revision is written into
    /// its metadata. An object in a namespace is only created while that namespace exists.
    pub(crate) fn put(
        &self,
        resource: &GroupResource,
        expected: Option<u64>,
        object: Value,
    ) -> Result<Arc<Stored>, Stale> {
        self.write().put(resource, expected, object)
    }

    /// Removes revision `expected` of an object.
    pub(crate) fn remove(
        &self,
        resource: &GroupResource,
        key: &ObjectKey,
        expected: u64,
    ) -> Result<Arc<Stored>, Stale> {
        self.write().remove(resource, key, expected)
    }

    /// Changes of a resource after a revision.
    pub(crate) fn changes(&self, resource: &GroupResource, after: u64) -> Result<Batch, TooOld> {
        let state = self.read();
        let revision = state.revision;
        match state.tables.get(resource) {
            Some(table) => Ok(Batch { changes: table.log.after(after)?, revision, open: table.open }),
            None => Ok(Batch { changes: Vec::new(), revision, open: true }),
        }
    }

    /// Wakes whoever waits for changes of a resource; the value is its latest revision.
    pub(crate) fn subscribe(&self, resource: &GroupResource) -> watch::Receiver<u64> {
        self.write().table(resource).tick.subscribe()
    }

    /// Every change of every resource from now on, for controllers. Never loses one; ends with the store.
    pub(crate) fn feed(&self) -> mpsc::UnboundedReceiver<Arc<Change>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.write().feeds.push(sender);
        receiver
    }

    /// Says whether a resource is served; watches of one that is not end once they have seen every change.
    pub(crate) fn set_open(&self, resource: &GroupResource, open: bool) {
        self.write().set_open(resource, open);
    }
}

fn range<'a>(
    objects: &'a BTreeMap<ObjectKey, Arc<Stored>>,
    namespace: Option<&'a str>,
) -> impl Iterator<Item = (&'a ObjectKey, &'a Arc<Stored>)> {
    let start = match namespace {
        Some(namespace) => Bound::Included(ObjectKey { namespace: Some(namespace.to_owned()), name: String::new() }),
        None => Bound::Unbounded,
    };
    objects
        .range((start, Bound::Unbounded))
        .take_while(move |(key, _)| namespace.is_none() || key.namespace.as_deref() == namespace)
}

#[cfg(test)]
mod tests;
