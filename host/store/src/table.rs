//! The entries of one watch, with their indexes.
//!
//! Every entry sits in a slot. One table of postings serves all indexes: it maps the hash of a *term* (a namespace, an
//! owner's uid, the value at a reference path, a label) to slots. Hashes may collide, so whoever asks checks what is
//! found against the entry itself; in return an index costs a few bytes per entry and holds no strings. An update that
//! leaves the terms alone, as nearly all do, does not touch the postings.
//!
//! Namespaces and owners are always indexed, reference paths when declared. A label key is indexed when declared, or
//! the first time somebody selects by it: which keys are selected by is known only then, and Pods carry a dozen that
//! nobody asks for.
//!
//! Versions are no concern of this module; see [`crate::replica`].

mod postings;
mod select;
mod term;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use backplane_core::declaration::FieldPath;
use hashbrown::HashTable;

use crate::entry::{Entry, Shared};
use postings::Postings;
pub(crate) use term::Term;

/// Label keys indexed because somebody selects by them; further ones are answered by looking at every entry.
const MAX_LABEL_INDEXES: usize = 8;

#[derive(Default)]
pub(crate) struct Table {
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    by_key: HashTable<u32>,
    postings: Postings,
    paths: Vec<FieldPath>,
    labels: Vec<String>,
    size: u64,
    held: u64,
    hasher: RandomState,
}

struct Slot {
    entry: Shared,
    terms: Box<[u64]>,
}

impl Table {
    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Sum of the sizes of all objects.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Bytes held for all objects: the sum of their sizes, or less where they are packed.
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    pub(crate) fn get(&self, namespace: Option<&str>, name: &str) -> Option<&Shared> {
        self.find(namespace, name).and_then(|slot| self.entry(slot))
    }

    /// The slot of an object, good until the object is removed.
    pub(crate) fn find(&self, namespace: Option<&str>, name: &str) -> Option<u32> {
        let hash = self.hasher.hash_one((namespace, name));
        self.by_key.find(hash, |slot| self.entry(*slot).is_some_and(|e| e.is((namespace, name)))).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Shared)> {
        (0..).zip(&self.slots).filter_map(|(i, slot)| slot.as_ref().map(|slot| (i, &slot.entry)))
    }

    /// Puts an entry in, in place of the one of the same name, which it gives back.
    pub(crate) fn insert(&mut self, entry: Shared) -> Option<Shared> {
        let terms = self.terms_of(&entry);
        self.count_in(&entry);
        match self.find(entry.namespace(), entry.name()) {
            Some(slot) => self.replace(slot, Slot { entry, terms }),
            None => {
                self.occupy(Slot { entry, terms });
                None
            }
        }
    }

    pub(crate) fn remove(&mut self, namespace: Option<&str>, name: &str) -> Option<Shared> {
        let slot = self.find(namespace, name)?;
        let hash = self.hasher.hash_one((namespace, name));
        if let Ok(found) = self.by_key.find_entry(hash, |s| *s == slot) {
            found.remove();
        }
        let Slot { entry, terms } = self.slots[slot as usize].take()?;
        self.free.push(slot);
        terms.iter().for_each(|term| self.postings.remove(*term, slot));
        self.count_out(&entry);
        Some(entry)
    }

    /// Exchanges an entry for another form of the same, unless something else has come in its place meanwhile.
    pub(crate) fn exchange(&mut self, slot: u32, present: &Shared, other: Shared) {
        let Some(Some(place)) = self.slots.get_mut(slot as usize) else { return };
        if Arc::ptr_eq(&place.entry, present) {
            place.entry = Arc::clone(&other);
            self.count_out(present);
            self.count_in(&other);
        }
    }

    /// At most this many objects: half of them from everywhere, half of them those that came last.
    pub(crate) fn samples(&self, count: usize) -> Vec<Shared> {
        let half = (count / 2).max(1);
        let (early, late) = self.slots.split_at(self.slots.len().saturating_sub(half));
        let spread = early.iter().step_by(early.len().div_ceil(half).max(1));
        spread.chain(late).flatten().map(|slot| Arc::clone(&slot.entry)).collect()
    }

    /// Up to `count` entries from this slot on, and the slot after them; `None` when there are no more.
    pub(crate) fn chunk(&self, from: u32, count: u32) -> Option<(Vec<(u32, Shared)>, u32)> {
        let end = (from + count).min(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        let slots = self.slots.get(from as usize..end as usize).filter(|slots| !slots.is_empty())?;
        let entries = (from..).zip(slots).filter_map(|(i, slot)| Some((i, Arc::clone(&slot.as_ref()?.entry))));
        Some((entries.collect(), end))
    }

    fn count_in(&mut self, entry: &Entry) {
        self.size += entry.size() as u64;
        self.held += entry.held() as u64;
    }

    fn count_out(&mut self, entry: &Entry) {
        self.size -= entry.size() as u64;
        self.held -= entry.held() as u64;
    }

    /// Entries that may carry a term, or `None` if terms of this sort are not indexed.
    pub(crate) fn candidates<'t>(&'t self, term: &Term<'_>) -> Option<Box<dyn Iterator<Item = &'t Shared> + 't>> {
        Some(Box::new(self.slots_of(term)?.iter().filter_map(|slot| self.entry(*slot))))
    }

    /// How many candidates there are.
    fn count(&self, term: &Term<'_>) -> Option<usize> {
        self.slots_of(term).map(<[u32]>::len)
    }

    fn slots_of(&self, term: &Term<'_>) -> Option<&[u32]> {
        let sort = match term {
            Term::Namespace(_) | Term::Owner(_) => 0,
            Term::Path(path, _) => self.paths.iter().position(|p| p == *path)?,
            Term::Label(key, _) => self.labels.iter().position(|l| l == key)?,
        };
        Some(self.postings.get(self.hash(term, sort)))
    }

    /// Indexes the values at a reference path from now on.
    pub(crate) fn index_path(&mut self, path: &FieldPath) {
        if !self.paths.contains(path) {
            self.paths.push(path.clone());
            self.reindex();
        }
    }

    /// Whether selecting by this label key would profit from an index that is not there yet.
    pub(crate) fn wants_label(&self, key: &str) -> bool {
        self.labels.len() < MAX_LABEL_INDEXES && !self.labels.iter().any(|l| l == key)
    }

    /// Indexes a label key from now on.
    pub(crate) fn index_label(&mut self, key: &str) {
        if !self.labels.iter().any(|l| l == key) {
            self.labels.push(key.to_owned());
            self.reindex();
        }
    }

    fn entry(&self, slot: u32) -> Option<&Shared> {
        self.slots.get(slot as usize)?.as_ref().map(|slot| &slot.entry)
    }

    fn replace(&mut self, slot: u32, new: Slot) -> Option<Shared> {
        let place = &mut self.slots[slot as usize];
        let (entered, left) = (new.terms.clone(), place.replace(new)?);
        self.count_out(&left.entry);
        if left.terms != entered {
            left.terms.iter().for_each(|term| self.postings.remove(*term, slot));
            entered.iter().for_each(|term| self.postings.add(*term, slot));
        }
        Some(left.entry)
    }

    fn occupy(&mut self, new: Slot) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("fewer than four thousand million objects")
        });
        new.terms.iter().for_each(|term| self.postings.add(*term, slot));
        let hash = self.hasher.hash_one((new.entry.namespace(), new.entry.name()));
        self.slots[slot as usize] = Some(new);
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.by_key.insert_unique(hash, slot, |s| {
            slots[*s as usize].as_ref().map_or(0, |s| hasher.hash_one((s.entry.namespace(), s.entry.name())))
        });
    }

    fn reindex(&mut self) {
        for i in 0..self.slots.len() {
            let Some(slot) = &self.slots[i] else { continue };
            let terms = self.terms_of(&slot.entry);
            let number = i as u32;
            for term in terms.iter().filter(|t| !slot.terms.contains(t)) {
                self.postings.add(*term, number);
            }
            if let Some(slot) = &mut self.slots[i] {
                slot.terms = terms;
            }
        }
    }

    fn terms_of(&self, entry: &Entry) -> Box<[u64]> {
        let mut terms: Vec<u64> = Vec::with_capacity(4);
        terms.extend(entry.namespace().map(|ns| self.hash(&Term::Namespace(ns), 0)));
        terms.extend(entry.owners().iter().map(|owner| self.hash(&Term::Owner(&owner.uid), 0)));
        for (i, path) in self.paths.iter().enumerate() {
            let values = crate::entry::values_at(&entry.bytes(), path);
            terms.extend(values.iter().map(|value| self.hash(&Term::Path(path, value), i)));
        }
        for (i, key) in self.labels.iter().enumerate() {
            terms.extend(entry.label(key).map(|value| self.hash(&Term::Label(key, value), i)));
        }
        terms.sort_unstable();
        terms.dedup();
        terms.into()
    }

    fn hash(&self, term: &Term<'_>, sort: usize) -> u64 {
        self.hasher.hash_one(term.parts(sort))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backplane_core::Kind;

    fn entry(name: &str, app: &str, secret: &str) -> Shared {
        let json = format!(
            r#"{{"metadata":{{"name":"{name}","namespace":"n","resourceVersion":"1","labels":{{"app":"{app}"}},
            "ownerReferences":[{{"kind":"K","uid":"owner-{app}"}}]}},"spec":{{"secret":"{secret}"}}}}"#
        );
        Arc::new(Entry::parse(&Kind::new("", "v1", "Pod"), json.as_bytes()).expect("entry"))
    }

    fn names(table: &Table, term: &Term<'_>) -> Vec<String> {
        let mut names: Vec<_> =
            table.candidates(term).expect("indexed").filter(|e| term.is_of(e)).map(|e| e.name().to_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn every_index_follows_insert_update_and_removal() {
        let path: FieldPath = ".spec.secret".parse().expect("path");
        let mut table = Table::default();
        table.index_path(&path);
        table.insert(entry("a", "web", "s1"));
        table.insert(entry("b", "web", "s1"));
        table.index_label("app");
        assert_eq!(names(&table, &Term::Path(&path, "s1")), ["a", "b"]);
        assert_eq!(names(&table, &Term::Label("app", "web")), ["a", "b"]);
        assert_eq!(names(&table, &Term::Owner("owner-web")), ["a", "b"]);

        assert!(table.insert(entry("a", "db", "s2")).is_some());
        assert_eq!(names(&table, &Term::Path(&path, "s1")), ["b"]);
        assert_eq!(names(&table, &Term::Label("app", "db")), ["a"]);
        assert_eq!(names(&table, &Term::Owner("owner-db")), ["a"]);
        assert_eq!(names(&table, &Term::Namespace("n")), ["a", "b"]);

        assert!(table.remove(Some("n"), "b").is_some());
        assert!(table.remove(Some("n"), "b").is_none());
        assert_eq!(names(&table, &Term::Path(&path, "s1")), [""; 0]);
        assert_eq!((table.len(), names(&table, &Term::Namespace("n"))), (1, vec!["a".to_owned()]));
        assert_eq!(table.size(), table.get(Some("n"), "a").expect("a").bytes().len() as u64);
        table.remove(Some("n"), "a");
        assert_eq!((table.size(), table.held(), table.postings.len()), (0, 0, 0));
    }

    #[test]
    fn a_sort_of_term_that_nobody_declared_is_not_indexed() {
        let table = Table::default();
        assert!(table.candidates(&Term::Label("app", "web")).is_none());
        assert!(table.candidates(&Term::Path(&".a".parse().expect("path"), "x")).is_none());
    }
}
