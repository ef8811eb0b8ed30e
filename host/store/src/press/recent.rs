//! The objects unpacked lately, as many as fit a number of bytes.
//!
//! A look at an object usually reads it more than once: by the plugin, for what it compares, for its conditions.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use backplane_core::ports::ObjectBytes;

/// Number of the watch, and version of the object.
type Place = (u32, u64);

/// Unpacked objects of all watches of a store; the oldest goes first.
pub(crate) struct Recent {
    limit: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    objects: HashMap<Place, (Box<str>, ObjectBytes)>,
    order: VecDeque<Place>,
    bytes: usize,
}

impl Recent {
    /// Keeps at most `limit` bytes; zero keeps nothing.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, kept: Mutex::default() }
    }

    /// The object, unpacked now if it is not kept. The uid is compared too: servers are free to give two objects the
    /// same version.
    pub(super) fn get_or(&self, place: Place, uid: &str, unpack: impl FnOnce() -> ObjectBytes) -> ObjectBytes {
        let known = self.lock().objects.get(&place).filter(|(of, _)| **of == *uid).map(|(_, object)| object.clone());
        if let Some(object) = known {
            return object;
        }
        let object = unpack();
        if object.len() <= self.limit {
            self.lock().keep(place, uid, &object, self.limit);
        }
        object
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn keep(&mut self, place: Place, uid: &str, object: &ObjectBytes, limit: usize) {
        self.bytes += object.len();
        match self.objects.insert(place, (uid.into(), object.clone())) {
            Some((_, left)) => self.bytes -= left.len(),
            None => self.order.push_back(place),
        }
        while self.bytes > limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.bytes -= self.objects.remove(&oldest).map_or(0, |(_, left)| left.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_last_is_kept_as_far_as_it_fits() {
        let recent = Recent::new(10);
        let read = |version, text: &str| {
            let mut unpacked = false;
            let object = recent.get_or((1, version), "u", || {
                unpacked = true;
                text.as_bytes().into()
            });
            assert_eq!(&*object, text.as_bytes());
            unpacked
        };
        assert!(read(1, "aaaa") && read(2, "bbbb"));
        assert!(!read(1, "aaaa") && !read(2, "bbbb"));
        assert!(read(3, "cccc"), "which pushes the oldest out");
        assert!(!read(2, "bbbb") && read(1, "aaaa"));
        assert!(read(4, "larger than all"));
        assert!(read(4, "larger than all"), "is never kept");
        assert!(recent.lock().bytes <= 10);
    }

    #[test]
    fn two_objects_of_one_version_are_not_mistaken_for_each_other() {
        let recent = Recent::new(100);
        recent.get_or((1, 1), "u", || b"a"[..].into());
        assert_eq!(&*recent.get_or((1, 1), "v", || b"b"[..].into()), b"b");
        assert_eq!(&*recent.get_or((2, 1), "v", || b"c"[..].into()), b"c");
    }
}
