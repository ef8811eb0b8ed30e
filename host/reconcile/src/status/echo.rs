//! Tells the host's own condition writes from changes that matter.
//!
//! A condition written after a look comes back as a change of the object and would cause another look for nothing. The
//! store reports it while the write is still being answered, so it is expected beforehand: by the version that the
//! write replaces, which only one write can do.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use backplane_core::ObjectRef;
use backplane_store::{Change, Source};

#[derive(Default)]
pub(crate) struct Echoes(Mutex<HashMap<ObjectRef, Echo>>);

struct Echo {
    /// The version that our write replaces.
    before: u64,
    /// The version that it made, once answered.
    after: Option<u64>,
    /// The version of the change that was ignored on its account.
    ignored: Option<u64>,
}

impl Echoes {
    /// A write that replaces this version is about to be made.
    pub(crate) fn expect(&self, object: &ObjectRef, before: u64) {
        self.lock().insert(object.clone(), Echo { before, after: None, ignored: None });
    }

    /// The write was answered. Says whether a change of somebody else was ignored on its account.
    pub(crate) fn answered(&self, object: &ObjectRef, after: u64) -> bool {
        let mut echoes = self.lock();
        let Some(echo) = echoes.get_mut(object) else { return false };
        echo.after = Some(after);
        let (ignored, unchanged) = (echo.ignored, echo.before == after);
        if ignored.is_some() || unchanged {
            echoes.remove(object);
        }
        ignored.is_some_and(|version| version != after)
    }

    /// The write failed. Says whether a change was ignored on its account.
    pub(crate) fn withdraw(&self, object: &ObjectRef) -> bool {
        self.lock().remove(object).is_some_and(|echo| echo.ignored.is_some())
    }

    /// Whether a change is nothing but our own write.
    pub(crate) fn covers(&self, object: &ObjectRef, change: &Change) -> bool {
        let (Some(old), Some(new)) = (&change.old, &change.new) else {
            self.lock().remove(object);
            return false;
        };
        let mut echoes = self.lock();
        let Some(echo) = echoes.get_mut(object) else { return false };
        let ours = change.source == Source::OwnWrite
            && old.version() == echo.before
            && echo.after.is_none_or(|after| after == new.version());
        if ours && echo.after.is_none() {
            echo.ignored = Some(new.version());
        } else {
            echoes.remove(object);
        }
        ours
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ObjectRef, Echo>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backplane_core::Kind;
    use backplane_store::Entry;
    use std::sync::Arc;

    fn change(old: u64, new: u64, source: Source) -> (ObjectRef, Change) {
        let kind = Kind::new("g", "v1", "Thing");
        let entry = |version: u64| {
            let json = format!(r#"{{"metadata":{{"name":"a","namespace":"n","resourceVersion":"{version}"}}}}"#);
            Some(Arc::new(Entry::parse(&kind, json.as_bytes()).expect("entry")))
        };
        let object = ObjectRef::new(kind.clone(), Some("n"), "a");
        let (old, new) = (entry(old), entry(new));
        (object.clone(), Change { kind: Arc::new(kind), key: object.key(), old, new, source })
    }

    #[test]
    fn a_write_is_known_again_whether_it_comes_before_or_after_its_answer() {
        let (object, ours) = change(5, 6, Source::OwnWrite);
        let before = Echoes::default();
        before.expect(&object, 5);
        assert!(before.covers(&object, &ours));
        assert!(!before.answered(&object, 6));

        let after = Echoes::default();
        after.expect(&object, 5);
        assert!(!after.answered(&object, 6));
        assert!(after.covers(&object, &ours));
        assert!(!after.covers(&object, &ours), "once");
    }

    #[test]
    fn what_somebody_else_did_is_never_lost() {
        let cases = [("watch", change(5, 6, Source::Watch)), ("older start", change(4, 6, Source::OwnWrite))];
        for (name, (object, theirs)) in cases {
            let echoes = Echoes::default();
            echoes.expect(&object, 5);
            assert!(!echoes.covers(&object, &theirs), "{name}");
        }
        let (object, theirs) = change(5, 7, Source::OwnWrite);
        let conflict = Echoes::default();
        conflict.expect(&object, 5);
        assert!(conflict.covers(&object, &theirs), "may be ours, as far as is known");
        assert!(conflict.withdraw(&object), "it was not: look again");

        let folded = Echoes::default();
        folded.expect(&object, 5);
        assert!(folded.covers(&object, &theirs));
        assert!(folded.answered(&object, 6), "7 contained more than our 6: look again");
    }
}
