//! What the store's lock guards, and the two ways to change it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use backplane_core::object::ObjectKey;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::log::{Change, ChangeKind, Log};
use super::{GroupResource, Stale, Stored};

/// One resource.
pub(super) struct Table {
    pub(super) objects: BTreeMap<ObjectKey, Arc<Stored>>,
    pub(super) log: Log,
    pub(super) tick: watch::Sender<u64>,
    pub(super) open: bool,
}

type Place = (GroupResource, ObjectKey);

/// Everything that is stored.
pub(super) struct State {
    pub(super) revision: u64,
    pub(super) tables: HashMap<GroupResource, Table>,
    pub(super) uids: HashMap<Box<str>, Place>,
    /// Places of objects by the uid of an owner.
    pub(super) owned: HashMap<Box<str>, BTreeSet<Place>>,
    pub(super) feeds: Vec<mpsc::UnboundedSender<Arc<Change>>>,
    history: usize,
}

impl State {
    pub(super) fn new(history: usize) -> Self {
        Self {
            // Revision 0 means "any" to clients, so the empty store is at 1.
            revision: 1,
            tables: HashMap::new(),
            uids: HashMap::new(),
            owned: HashMap::new(),
            feeds: Vec::new(),
            history,
        }
    }

    pub(super) fn table(&mut self, resource: &GroupResource) -> &mut Table {
        let history = self.history;
        self.tables.entry(resource.clone()).or_insert_with(|| Table {
            objects: BTreeMap::new(),
            log: Log::new(history),
            tick: watch::Sender::new(0),
            open: true,
        })
    }

    pub(super) fn put(
        &mut self,
        resource: &GroupResource,
        expected: Option<u64>,
        mut object: Value,
    ) -> Result<Arc<Stored>, Stale> {
        let revision = self.revision + 1;
        object["metadata"]["resourceVersion"] = revision.to_string().into();
        let stored = Arc::new(Stored::new(resource.clone(), revision, &object));
        let before = self.table(resource).objects.get(&stored.key).cloned();
        if before.as_ref().map(|b| b.revision) != expected || (expected.is_none() && !self.has_home(&stored.key)) {
            return Err(Stale);
        }
        if let Some(before) = &before {
            self.forget(before);
        }
        self.remember(&stored);
        self.table(resource).objects.insert(stored.key.clone(), Arc::clone(&stored));
        let kind = if before.is_some() { ChangeKind::Modified } else { ChangeKind::Added };
        self.publish(Change { kind, object: Arc::clone(&stored), before });
        Ok(stored)
    }

    pub(super) fn remove(
        &mut self,
        resource: &GroupResource,
        key: &ObjectKey,
        expected: u64,
    ) -> Result<Arc<Stored>, Stale> {
        let present = self.table(resource).objects.get(key).filter(|stored| stored.revision == expected).cloned();
        let before = present.ok_or(Stale)?;
        let revision = self.revision + 1;
        let mut object = before.value();
        object["metadata"]["resourceVersion"] = revision.to_string().into();
        let last = Arc::new(Stored::new(resource.clone(), revision, &object));
        self.forget(&before);
        self.table(resource).objects.remove(key);
        self.publish(Change { kind: ChangeKind::Deleted, object: Arc::clone(&last), before: Some(before) });
        Ok(last)
    }

    pub(super) fn set_open(&mut self, resource: &GroupResource, open: bool) {
        let table = self.table(resource);
        table.open = open;
        table.tick.send_modify(|_| {});
    }

    fn has_home(&self, key: &ObjectKey) -> bool {
        let Some(namespace) = &key.namespace else { return true };
        let home = ObjectKey { namespace: None, name: namespace.clone() };
        self.tables.get(&GroupResource::new("", "namespaces")).is_some_and(|t| t.objects.contains_key(&home))
    }

    fn remember(&mut self, stored: &Stored) {
        let place = (stored.resource.clone(), stored.key.clone());
        for owner in &stored.owners {
            self.owned.entry(owner.uid.clone()).or_default().insert(place.clone());
        }
        self.uids.insert(stored.uid.clone(), place);
    }

    fn forget(&mut self, stored: &Stored) {
        self.uids.remove(&stored.uid);
        let place = (stored.resource.clone(), stored.key.clone());
        for owner in &stored.owners {
            if let Some(places) = self.owned.get_mut(&owner.uid) {
                places.remove(&place);
                if places.is_empty() {
                    self.owned.remove(&owner.uid);
                }
            }
        }
    }

    fn publish(&mut self, change: Change) {
        let change = Arc::new(change);
        let revision = change.revision();
        self.revision = revision;
        let table = self.table(&change.object.resource);
        table.log.push(Arc::clone(&change));
        table.tick.send_replace(revision);
        self.feeds.retain(|feed| feed.send(Arc::clone(&change)).is_ok());
    }
}
