//! Uids of objects that are gone for good.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// How many are remembered. News of a deleted object comes within moments of its deletion; a daemon that deletes this
/// many objects of one kind within moments may for a moment see one of them again.
const REMEMBERED: usize = 4096;

/// The last uids that were deleted.
#[derive(Default)]
pub(super) struct Deleted {
    uids: HashSet<Arc<str>>,
    order: VecDeque<Arc<str>>,
}

impl Deleted {
    pub(super) fn add(&mut self, uid: &str) {
        let uid: Arc<str> = uid.into();
        if self.uids.insert(Arc::clone(&uid)) {
            self.order.push_back(uid);
        }
        if self.order.len() > REMEMBERED {
            let oldest = self.order.pop_front();
            oldest.iter().for_each(|oldest| {
                self.uids.remove(oldest);
            });
        }
    }

    pub(super) fn contains(&self, uid: &str) -> bool {
        self.uids.contains(uid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_first() {
        let mut deleted = Deleted::default();
        (0..=REMEMBERED).for_each(|i| deleted.add(&i.to_string()));
        assert!(!deleted.contains("0") && deleted.contains("1") && deleted.contains(&REMEMBERED.to_string()));
        assert_eq!((deleted.uids.len(), deleted.order.len()), (REMEMBERED, REMEMBERED));
    }
}
