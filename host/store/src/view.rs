//! What one plugin sees of the cache.

use std::sync::Arc;

use backplane_core::grant::Permissions;
use backplane_core::ports::{ObjectBytes, Query, ReadError, Reads};
use backplane_core::{Kind, ObjectRef};

use crate::cell::{Cell, Watch};
use crate::entry::Entry;
use crate::reader::{place, select};
use crate::store::Declared;

/// Reads under a plugin's permissions. Holds the plugin's watches as long as it lives.
pub struct View {
    declared: Declared,
    permissions: Arc<Permissions>,
}

impl View {
    pub(crate) fn new(declared: Declared, permissions: Arc<Permissions>) -> Self {
        Self { declared, permissions }
    }

    /// The watches behind it.
    pub fn watches(&self) -> Vec<Watch> {
        self.declared.watches()
    }

    /// Waits until everything it reads is listed or known to be unavailable.
    pub async fn settled(&self) {
        self.declared.store.settled(&self.watches()).await;
    }

    /// The watches of a kind: more than one if it was declared with several selectors.
    fn cells(&self, kind: &Kind) -> Result<Vec<&Arc<Cell>>, ReadError> {
        let cells: Vec<_> = self.declared.cells.iter().filter(|cell| cell.watch.kind == *kind).collect();
        if cells.is_empty() || !cells.iter().all(|cell| cell.is_synced()) {
            return Err(ReadError::NotReady(kind.clone()));
        }
        Ok(cells)
    }

    /// Leaves out the namespaces that are not granted.
    fn retain_granted(&self, kind: &Kind, entries: &mut Vec<Arc<Entry>>) {
        let mut last: Option<(Option<String>, bool)> = None;
        entries.retain(|entry| match &last {
            Some((namespace, granted)) if namespace.as_deref() == entry.namespace() => *granted,
            _ => {
                let granted = self.permissions.read(kind, entry.namespace()).is_ok();
                last = Some((entry.namespace().map(str::to_owned), granted));
                granted
            }
        });
    }
}

impl Reads for View {
    fn get(&self, object: &ObjectRef) -> Result<Option<ObjectBytes>, ReadError> {
        self.permissions.read(&object.kind, object.namespace.as_deref())?;
        let cells = self.cells(&object.kind)?;
        let found = cells.iter().find_map(|cell| {
            let inner = cell.read();
            inner.replica.table.get(object.namespace.as_deref(), &object.name).cloned()
        });
        Ok(found.map(|entry| entry.bytes()))
    }

    fn list(&self, kind: &Kind, query: &Query) -> Result<Vec<ObjectBytes>, ReadError> {
        self.permissions.read(kind, query.namespace.as_deref())?;
        let cells = self.cells(kind)?;
        let mut entries: Vec<Arc<Entry>> = cells.iter().flat_map(|cell| select(cell, query)).collect();
        entries.sort_unstable_by(|a, b| place(a).cmp(&place(b)).then(b.version().cmp(&a.version())));
        entries.dedup_by(|a, b| place(a) == place(b));
        self.retain_granted(kind, &mut entries);
        Ok(entries.iter().map(|entry| entry.bytes()).collect())
    }

    fn is_reconciled(&self, kind: &Kind) -> bool {
        self.declared.store.is_reconciled(kind)
    }
}
