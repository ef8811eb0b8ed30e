//! From a change in the store to the objects that must be looked at, without a call into a guest.

use std::collections::HashSet;
use std::sync::Arc;

use backplane_core::declaration::{Declaration, Read, Wake};
use backplane_core::reconcile::Reason;
use backplane_core::{Kind, ObjectRef};
use backplane_store::{Change, Entry, Reader, Source, Store, Watch};

/// A declaration's wakes, over the store's indexes.
pub(crate) struct Wakes {
    declaration: Declaration,
    /// The watches of the reconciled kinds.
    reconciled: Vec<Reader>,
}

/// Objects to be looked at because of one change.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Woken {
    /// The changed object itself, if it is reconciled.
    pub(crate) itself: Option<Itself>,
    /// Related objects, each once.
    pub(crate) related: Vec<ObjectRef>,
}

/// What happened to a reconciled object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Itself {
    Loaded,
    Changed,
    Gone,
}

impl Itself {
    pub(crate) fn reason(self) -> Reason {
        if self == Self::Loaded { Reason::Loaded } else { Reason::Changed }
    }
}

impl Wakes {
    pub(crate) fn new(declaration: Declaration, store: &Store, watches: &[Watch]) -> Self {
        let reconciled = watches.iter().filter(|watch| declaration.reconciles.contains(&watch.kind));
        let reconciled = reconciled.filter_map(|watch| store.reader(watch)).collect();
        Self { declaration, reconciled }
    }

    /// The present state of a reconciled object.
    pub(crate) fn find(&self, object: &ObjectRef) -> Option<Arc<Entry>> {
        self.readers(&object.kind).find_map(|reader| reader.get(object.namespace.as_deref(), &object.name))
    }

    /// All objects that are reconciled.
    pub(crate) fn all(&self) -> Vec<ObjectRef> {
        let of = |reader: &Reader| {
            let entries = reader.list(&backplane_core::ports::Query::default());
            entries.iter().map(|entry| entry.object_ref(&reader.watch().kind)).collect::<Vec<_>>()
        };
        self.reconciled.iter().flat_map(of).collect()
    }

    pub(crate) fn of(&self, change: &Change) -> Woken {
        let object = ObjectRef {
            kind: (*change.kind).clone(),
            namespace: change.key.namespace.clone(),
            name: change.key.name.clone(),
        };
        let itself = self.declaration.reconciles.contains(&object.kind).then(|| itself(change));
        let mut related = HashSet::new();
        for read in self.declaration.reads.iter().filter(|read| read.kind == object.kind) {
            for entry in [&change.old, &change.new].into_iter().flatten().filter(|e| e.matches(&read.selector)) {
                self.related(read, entry, &mut related);
            }
        }
        related.remove(&object);
        let mut related: Vec<_> = related.into_iter().collect();
        related.sort_unstable();
        Woken { itself, related }
    }

    fn related(&self, read: &Read, entry: &Entry, into: &mut HashSet<ObjectRef>) {
        for wake in &read.wakes {
            match wake {
                Wake::Owners(kind) => {
                    let owners = entry.owners();
                    let names = owners.iter().filter(|o| o.kind.same_group_kind(kind)).map(|o| o.name.as_str());
                    names.for_each(|name| into.extend(self.named(kind, entry.namespace(), name)));
                }
                Wake::Label(kind, label) => {
                    let name = entry.label(label).filter(|name| !name.is_empty());
                    into.extend(name.and_then(|name| self.named(kind, entry.namespace(), name)));
                }
                Wake::Dependents(kind) => {
                    self.collect(kind, into, |reader| reader.owned_by(entry.uid()));
                }
                Wake::Labelled(kind, key) => {
                    self.collect(kind, into, |reader| reader.labelled(key, entry.namespace(), entry.name()));
                }
                Wake::Reference(kind, path) => {
                    self.collect(kind, into, |reader| reader.referring(path, entry.namespace(), entry.name()));
                }
            }
        }
    }

    /// The reconciled object of this name, in the namespace or cluster-scoped. One that does not exist needs no look:
    /// it gets one when it comes.
    fn named(&self, kind: &Kind, namespace: Option<&str>, name: &str) -> Option<ObjectRef> {
        self.readers(kind).find_map(|reader| {
            let namespace = namespace.filter(|_| reader.namespaced() != Some(false));
            reader.get(namespace, name).map(|entry| entry.object_ref(&reader.watch().kind))
        })
    }

    fn collect(&self, kind: &Kind, into: &mut HashSet<ObjectRef>, find: impl Fn(&Reader) -> Vec<Arc<Entry>>) {
        for reader in self.readers(kind) {
            into.extend(find(reader).iter().map(|entry| entry.object_ref(&reader.watch().kind)));
        }
    }

    fn readers(&self, kind: &Kind) -> impl Iterator<Item = &Reader> {
        self.reconciled.iter().filter(move |reader| reader.watch().kind.same_group_kind(kind))
    }
}

fn itself(change: &Change) -> Itself {
    match (&change.new, change.source) {
        (None, _) => Itself::Gone,
        (Some(_), Source::Loaded) => Itself::Loaded,
        (Some(_), _) => Itself::Changed,
    }
}
