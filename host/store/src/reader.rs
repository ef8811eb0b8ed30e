//! The host's own access to one watch: entries instead of bytes, and the ways that wakes go.

use std::sync::Arc;

use backplane_core::declaration::FieldPath;
use backplane_core::ports::Query;

use crate::cell::{Cell, State, Watch};
use crate::entry::Entry;
use crate::table::Term;

/// Reads one watch. Before the first sync it finds what has arrived so far; ask [`Reader::state`] where that matters.
#[derive(Clone)]
pub struct Reader(Arc<Cell>);

impl Reader {
    pub(crate) fn new(cell: Arc<Cell>) -> Self {
        Self(cell)
    }

    /// What is watched.
    pub fn watch(&self) -> &Watch {
        &self.0.watch
    }

    /// How the watch fares.
    pub fn state(&self) -> State {
        self.0.state()
    }

    /// Whether objects of the kind lie in namespaces; `None` until the API server has told.
    pub fn namespaced(&self) -> Option<bool> {
        self.0.namespaced()
    }

    /// One object.
    pub fn get(&self, namespace: Option<&str>, name: &str) -> Option<Arc<Entry>> {
        self.0.read().replica.table.get(namespace, name).cloned()
    }

    /// The objects that match a query, ordered by namespace and name.
    pub fn list(&self, query: &Query) -> Vec<Arc<Entry>> {
        let mut found = select(&self.0, query);
        found.sort_unstable_by(|a, b| place(a).cmp(&place(b)));
        found
    }

    /// The objects that name a uid in `ownerReferences`.
    pub fn owned_by(&self, uid: &str) -> Vec<Arc<Entry>> {
        self.by(&Term::Owner(uid))
    }

    /// The objects of a namespace with this string at a reference path. Fast only for declared paths.
    pub fn referring(&self, path: &FieldPath, namespace: Option<&str>, value: &str) -> Vec<Arc<Entry>> {
        let mut found = self.by(&Term::Path(path, value));
        found.retain(|entry| namespace.is_none() || entry.namespace() == namespace);
        found
    }

    /// The objects of a namespace that carry a label.
    pub fn labelled(&self, key: &str, namespace: Option<&str>, value: &str) -> Vec<Arc<Entry>> {
        let mut found = self.by(&Term::Label(key, value));
        found.retain(|entry| namespace.is_none() || entry.namespace() == namespace);
        found
    }

    fn by(&self, term: &Term<'_>) -> Vec<Arc<Entry>> {
        let inner = self.0.read();
        let table = &inner.replica.table;
        match table.candidates(term) {
            Some(candidates) => candidates.filter(|entry| term.is_of(entry)).cloned().collect(),
            None => table.iter().map(|(_, entry)| entry).filter(|entry| term.is_of(entry)).cloned().collect(),
        }
    }
}

pub(crate) fn place(entry: &Entry) -> (Option<&str>, &str) {
    (entry.namespace(), entry.name())
}

/// Answers a query, after building the label index that it profits from.
pub(crate) fn select(cell: &Cell, query: &Query) -> Vec<Arc<Entry>> {
    let missing = cell.read().replica.table.missing_label(query);
    if let Some(key) = missing {
        cell.write().replica.table.index_label(&key);
    }
    cell.read().replica.table.select(query)
}
