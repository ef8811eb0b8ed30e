//! Keeps a table equal to the server, whatever order news arrives in.
//!
//! News comes from three sides: the watch (in the server's order), lists (a state as of one version, read while other
//! things happen), and the answers to our own writes (early, and in no order with the other two). Versions decide:
//!
//! - an object never goes back to an older version, whoever brings it;
//! - an answer to a write counts only if the watch has not passed its version yet; if it has, the watch has already
//!   told what became of the object;
//! - an object that our own write relabelled out of the selector is remembered until the watch has caught up, and the
//!   uid of one that it deleted for longer (uids never return), so that no late news brings them back;
//! - what a list does not contain is gone, unless it is newer than the list;
//! - a list older than what we have means that the server's history went back (a restored backup, a restarted
//!   sandbox): then the list is right and we are wrong.
//!
//! No I/O and no locks here, so that a property test can drive every interleaving.

mod deleted;

use std::collections::HashMap;
use std::sync::Arc;

use backplane_core::{ObjectKey, Selector};

use crate::entry::{Entry, Shared};
use crate::table::Table;
use deleted::Deleted;

/// A difference that a piece of news made.
#[derive(Debug, Clone)]
pub(crate) struct Diff {
    pub(crate) old: Option<Shared>,
    pub(crate) new: Option<Shared>,
}

#[derive(Default)]
pub(crate) struct Replica {
    pub(crate) table: Table,
    selector: Selector,
    /// How far the watch has come.
    version: u64,
    /// Objects that our own writes took out of the selector: news up to this version is ignored.
    removed: HashMap<ObjectKey, u64>,
    /// Uids that our own writes deleted.
    deleted: Deleted,
    listing: Option<Listing>,
}

/// A list in progress.
#[derive(Default)]
struct Listing {
    /// By slot: whether the list contains its object.
    seen: Vec<bool>,
    /// Objects that the list has in an older version than we.
    older: Vec<Shared>,
}

impl Replica {
    pub(crate) fn new(selector: Selector) -> Self {
        Self { selector, ..Self::default() }
    }

    /// The version from which a watch continues; zero before the first list.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The watch says that an object is new or changed.
    pub(crate) fn observed(&mut self, entry: Entry) -> Option<Diff> {
        let version = entry.version();
        let diff = self.insert_newer(Arc::new(entry));
        self.advance(version);
        diff
    }

    /// The watch says that an object is gone, or no longer matches the selector.
    pub(crate) fn observed_gone(&mut self, last: &Entry) -> Option<Diff> {
        let known = self.table.get(last.namespace(), last.name()).is_some_and(|e| e.version() <= last.version());
        let old = known.then(|| self.table.remove(last.namespace(), last.name())).flatten();
        self.advance(last.version());
        old.map(gone)
    }

    /// The watch says how far it has come.
    pub(crate) fn advance(&mut self, version: u64) {
        // During a list the items' own versions say nothing about how far the list will bring us.
        if self.listing.is_none() {
            self.version = self.version.max(version);
            self.removed.retain(|_, until| *until > version);
        }
    }

    pub(crate) fn begin_list(&mut self) {
        self.listing = Some(Listing::default());
    }

    /// The list contains this object.
    pub(crate) fn listed(&mut self, entry: Entry) -> Option<Diff> {
        let (namespace, name) = (entry.namespace().map(str::to_owned), entry.name().to_owned());
        let older = self.table.get(namespace.as_deref(), &name).is_some_and(|e| e.version() > entry.version());
        if older && let Some(listing) = &mut self.listing {
            listing.older.push(Arc::new(entry));
            self.mark(namespace.as_deref(), &name, true);
            return None;
        }
        let diff = self.insert_newer(Arc::new(entry));
        self.mark(namespace.as_deref(), &name, true);
        diff
    }

    /// The list is complete and shows the state at `version`.
    pub(crate) fn finish_list(&mut self, version: u64) -> Vec<Diff> {
        let Listing { seen, older } = self.listing.take().unwrap_or_default();
        let went_back = version < self.version;
        let missing: Vec<Shared> = self
            .table
            .iter()
            .filter(|(slot, e)| {
                !seen.get(*slot as usize).copied().unwrap_or(false) && (went_back || e.version() <= version)
            })
            .map(|(_, e)| Arc::clone(e))
            .collect();
        let mut diffs: Vec<Diff> =
            missing.iter().filter_map(|e| self.table.remove(e.namespace(), e.name())).map(gone).collect();
        if went_back {
            self.version = 0;
            self.removed.clear();
            diffs.extend(older.into_iter().map(|entry| self.put(entry)));
        }
        self.advance(version);
        diffs
    }

    /// The list broke off; what it showed so far stands.
    pub(crate) fn abandon_list(&mut self) {
        self.listing = None;
    }

    /// The API server answered one of our writes with this object.
    pub(crate) fn wrote(&mut self, entry: Shared) -> Option<Diff> {
        if entry.version() <= self.version {
            return None;
        }
        if entry.matches(&self.selector) {
            return self.insert_newer(entry);
        }
        self.left(&entry)
    }

    /// The API server answered that one of our deletions removed the object for good.
    pub(crate) fn deleted(&mut self, namespace: Option<&str>, name: &str, uid: &str) -> Option<Diff> {
        self.deleted.add(uid);
        let known = self.table.get(namespace, name).filter(|known| known.uid() == uid).cloned()?;
        self.left(&known);
        self.table.remove(namespace, name).map(gone)
    }

    /// The kind is no longer served.
    pub(crate) fn clear(&mut self) -> Vec<Diff> {
        self.begin_list();
        let diffs = self.finish_list(u64::MAX);
        self.version = 0;
        self.removed.clear();
        diffs
    }

    fn insert_newer(&mut self, entry: Shared) -> Option<Diff> {
        if self.deleted.contains(entry.uid()) {
            return self.left(&entry);
        }
        let known = self.table.get(entry.namespace(), entry.name()).map(|e| e.version());
        let late =
            !self.removed.is_empty() && self.removed.get(&entry.key()).is_some_and(|until| entry.version() <= *until);
        (!late && known.is_none_or(|known| entry.version() > known)).then(|| self.put(entry))
    }

    /// At this version the object was not, or no longer, to be seen; nothing older of that name is.
    fn left(&mut self, entry: &Entry) -> Option<Diff> {
        let until = self.removed.entry(entry.key()).or_default();
        *until = (*until).max(entry.version());
        let older = self.table.get(entry.namespace(), entry.name()).is_some_and(|e| e.version() < entry.version());
        older.then(|| self.table.remove(entry.namespace(), entry.name())).flatten().map(gone)
    }

    fn put(&mut self, entry: Shared) -> Diff {
        let old = self.table.insert(Arc::clone(&entry));
        if old.is_none() {
            // Its slot may have belonged to an object that the list has shown and that is gone since.
            self.mark(entry.namespace(), entry.name(), false);
        }
        Diff { old, new: Some(entry) }
    }

    /// Notes whether the list in progress contains an object.
    fn mark(&mut self, namespace: Option<&str>, name: &str, seen: bool) {
        let Some(listing) = &mut self.listing else { return };
        let Some(slot) = self.table.find(namespace, name).map(|slot| slot as usize) else { return };
        if listing.seen.len() <= slot {
            listing.seen.resize(slot + 1, false);
        }
        listing.seen[slot] = seen;
    }
}

fn gone(old: Shared) -> Diff {
    Diff { old: Some(old), new: None }
}

#[cfg(test)]
mod tests;
