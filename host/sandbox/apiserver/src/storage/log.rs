//! The bounded log of one resource's changes: what watches read, and what older lists are computed from.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use backplane_core::object::ObjectKey;

use super::Stored;

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Added,
    Modified,
    Deleted,
}

/// One change of one object.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) kind: ChangeKind,
    /// The object after the change; its last state, at the revision of the deletion, if it was deleted.
    pub(crate) object: Arc<Stored>,
    /// The object before the change.
    pub(crate) before: Option<Arc<Stored>>,
}

impl Change {
    pub(crate) fn revision(&self) -> u64 {
        self.object.revision
    }
}

/// The log no longer reaches back to the revision that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooOld {
    /// The oldest revision that can be asked for.
    pub(crate) oldest: u64,
}

/// Changes read from a log.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) changes: Vec<Arc<Change>>,
    /// The store's revision; every earlier change of the resource is in this or an earlier batch.
    pub(crate) revision: u64,
    /// Whether more can follow.
    pub(crate) open: bool,
}

/// The latest changes, oldest first.
#[derive(Debug)]
pub(crate) struct Log {
    changes: VecDeque<Arc<Change>>,
    capacity: usize,
    /// Revision of the latest change that was dropped.
    floor: u64,
}

impl Log {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { changes: VecDeque::new(), capacity, floor: 0 }
    }

    pub(crate) fn push(&mut self, change: Arc<Change>) {
        if self.changes.len() == self.capacity {
            self.floor = self.changes.pop_front().map_or(self.floor, |dropped| dropped.revision());
        }
        self.changes.push_back(change);
    }

    pub(crate) fn latest(&self) -> u64 {
        self.changes.back().map_or(self.floor, |change| change.revision())
    }

    pub(crate) fn after(&self, revision: u64) -> Result<Vec<Arc<Change>>, TooOld> {
        Ok(self.newer(revision)?.cloned().collect())
    }

    /// Turns the present objects into those of an older revision.
    pub(crate) fn undo(
        &self,
        objects: &mut BTreeMap<ObjectKey, Arc<Stored>>,
        namespace: Option<&str>,
        revision: u64,
    ) -> Result<(), TooOld> {
        for change in self.newer(revision)?.rev() {
            let key = &change.object.key;
            if namespace.is_some() && key.namespace.as_deref() != namespace {
                continue;
            }
            match &change.before {
                Some(before) => objects.insert(key.clone(), Arc::clone(before)),
                None => objects.remove(key),
            };
        }
        Ok(())
    }

    fn newer(&self, revision: u64) -> Result<impl DoubleEndedIterator<Item = &Arc<Change>>, TooOld> {
        if revision < self.floor {
            return Err(TooOld { oldest: self.floor });
        }
        let start = self.changes.partition_point(|change| change.revision() <= revision);
        Ok(self.changes.range(start..))
    }
}
