//! Shows listed objects to the writers that may have applied them in an earlier life of the daemon.
//!
//! The lists that fill the cache carry `managedFields`, which the cache does not keep; so this is the moment to learn from
//! them. Later there is no need: what is applied in this life is remembered when it is answered.

use std::sync::{PoisonError, RwLock, Weak};

use backplane_core::Kind;
use backplane_core::declaration::{Declaration, Verb};

use super::memory::Memory;
use super::owned::applied;
use crate::entry::Entry;

/// The writers that learn.
#[derive(Default)]
pub(crate) struct Teacher(RwLock<Vec<Pupil>>);

struct Pupil {
    manager: String,
    /// What it may apply.
    kinds: Vec<Kind>,
    memory: Weak<Memory>,
}

impl Teacher {
    pub(super) fn enrol(&self, manager: &str, declaration: &Declaration, memory: &std::sync::Arc<Memory>) {
        let applies = |verbs: &[Verb]| verbs.contains(&Verb::Apply) || verbs.contains(&Verb::ApplyStatus);
        let writes = declaration.writes.iter().filter(|write| applies(&write.verbs));
        let kinds = writes.map(|write| write.kind.clone()).collect();
        let mut pupils = self.0.write().unwrap_or_else(PoisonError::into_inner);
        pupils.retain(|pupil| pupil.memory.strong_count() > 0);
        pupils.push(Pupil { manager: manager.to_owned(), kinds, memory: std::sync::Arc::downgrade(memory) });
    }

    /// An object as the server listed it, and the entry made of it.
    pub(crate) fn show(&self, kind: &Kind, object: &[u8], entry: &Entry) {
        let pupils = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for pupil in pupils.iter().filter(|pupil| pupil.kinds.contains(kind)) {
            let named = memchr::memmem::find(object, pupil.manager.as_bytes()).is_some();
            let Some(memory) = pupil.memory.upgrade().filter(|_| named) else { continue };
            let target = entry.object_ref(kind);
            for (part, said) in applied(object, &pupil.manager, &kind.api_version()) {
                memory.learn(&target, part, &said, entry);
            }
        }
    }
}
