//! What was converted already, by revision and version.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// Conversions of one generation. Two generations are kept: what is used moves to the younger, what is not goes.
const GENERATION: usize = 4096;

/// Remembers conversions. A revision names one change of one object, so an entry never becomes wrong, until the
/// conversion itself changes: then [`Memory::clear`].
#[derive(Default)]
pub(crate) struct Memory {
    generations: Mutex<[HashMap<(u64, String), Bytes>; 2]>,
}

impl Memory {
    /// An object of this revision in this version.
    pub(crate) fn get(&self, revision: u64, api_version: &str) -> Option<Bytes> {
        let key = (revision, api_version.to_owned());
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *generations;
        if let Some(bytes) = young.get(&key) {
            return Some(bytes.clone());
        }
        let bytes = old.remove(&key)?;
        young.insert(key, bytes.clone());
        Some(bytes)
    }

    /// Remembers a conversion.
    pub(crate) fn put(&self, revision: u64, api_version: &str, bytes: &Bytes) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *generations;
        if young.len() >= GENERATION {
            *old = std::mem::take(young);
        }
        young.insert((revision, api_version.to_owned()), bytes.clone());
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        *self.generations.lock().unwrap_or_else(PoisonError::into_inner) = Default::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let memory = Memory::default();
        memory.put(1, "v1", &Bytes::from_static(b"kept"));
        for revision in 2..3 * GENERATION as u64 {
            memory.put(revision, "v1", &Bytes::new());
            assert!(memory.get(1, "v1").is_some(), "{revision}");
        }
        assert!(memory.get(2, "v1").is_none());
        assert!(memory.get(1, "v2").is_none());
        memory.clear();
        assert!(memory.get(1, "v1").is_none());
    }
}
