//! Term hash to the slots of the entries that carry it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

/// Most terms (owners, reference values) belong to one entry or a few, some (namespaces) to many thousands.
enum Slots {
    One(u32),
    /// Sorted, so that one of many thousands is found and taken out quickly.
    Many(Vec<u32>),
}

#[derive(Default)]
pub(super) struct Postings(HashMap<u64, Slots, BuildHasherDefault<AsIs>>);

/// Terms are hashes already.
#[derive(Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl Postings {
    pub(super) fn get(&self, term: u64) -> &[u32] {
        match self.0.get(&term) {
            None => &[],
            Some(Slots::One(slot)) => std::slice::from_ref(slot),
            Some(Slots::Many(slots)) => slots,
        }
    }

    pub(super) fn add(&mut self, term: u64, slot: u32) {
        match self.0.entry(term) {
            Entry::Vacant(place) => drop(place.insert(Slots::One(slot))),
            Entry::Occupied(mut place) => place.get_mut().add(slot),
        }
    }

    pub(super) fn remove(&mut self, term: u64, slot: u32) {
        if let Entry::Occupied(mut place) = self.0.entry(term)
            && place.get_mut().remove(slot)
        {
            place.remove();
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Slots {
    fn add(&mut self, slot: u32) {
        match self {
            Self::One(only) if *only == slot => {}
            Self::One(only) => *self = Self::Many(vec![(*only).min(slot), (*only).max(slot)]),
            Self::Many(slots) => {
                if let Err(at) = slots.binary_search(&slot) {
                    slots.insert(at, slot);
                }
            }
        }
    }

    /// Says whether none is left.
    fn remove(&mut self, slot: u32) -> bool {
        match self {
            Self::One(only) => *only == slot,
            Self::Many(slots) => {
                if let Ok(at) = slots.binary_search(&slot) {
                    slots.remove(at);
                }
                slots.is_empty()
            }
        }
    }
}
