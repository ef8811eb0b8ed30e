//! What a plugin applied last, so that the same again costs no request.
//!
//! An intent is answered from the cache when it is the one applied last *and* the live object is still what that apply
//! left, as far as the intent could reach. "As far as": an apply of the main resource cannot reach the status (others
//! change it all the time), an apply of the status reaches nothing else, and neither reaches the version and
//! generation that the server keeps. Comparing the intent's fields with the live object instead would be cheaper and
//! wrong: whether a foreign key in a map, or element in a list, counts as a change depends on a schema that we do not
//! have. So every foreign change within reach is answered by applying again, which repairs it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use backplane_core::ObjectRef;
use blake3::Hasher;

use crate::entry::{Entry, members};

/// Entries after which everything is forgotten. Forgetting costs one apply per object, remembering 80 bytes.
const MAX_REMEMBERED: usize = 200_000;

/// What an intent reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The main resource; with the status if the intent has one, since some kinds have no status subresource.
    Main { with_status: bool },
    /// The status subresource.
    Status,
}

impl Part {
    pub(super) fn subresource(self) -> Option<&'static str> {
        (self == Self::Status).then_some("status")
    }
}

type Digest = [u8; 16];

#[derive(Default)]
pub(super) struct Memory(Mutex<HashMap<Digest, Applied>>);

struct Applied {
    intent: Digest,
    /// Version of the live object that was last seen to be as the apply left it.
    version: u64,
    left: Digest,
}

impl Memory {
    pub(super) fn remember(&self, target: &ObjectRef, part: Part, intent: &[u8], answer: &Entry) {
        let applied = Applied { intent: digest(&[intent]), version: answer.version(), left: reach(answer, part) };
        let mut known = self.lock();
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        known.insert(place(target, part), applied);
    }

    pub(super) fn recalls(&self, target: &ObjectRef, part: Part, intent: &[u8], live: &Entry) -> bool {
        let mut known = self.lock();
        let Some(applied) = known.get_mut(&place(target, part)).filter(|a| a.intent == digest(&[intent])) else {
            return false;
        };
        if applied.version == live.version() {
            return true;
        }
        let same = applied.left == reach(live, part);
        if same {
            applied.version = live.version();
        }
        same
    }

    pub(super) fn forget(&self, target: &ObjectRef) {
        let mut known = self.lock();
        for part in [Part::Main { with_status: false }, Part::Status] {
            known.remove(&place(target, part));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Applied>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(target: &ObjectRef, part: Part) -> Digest {
    let part = part.subresource().unwrap_or_default();
    let namespace = target.namespace.as_deref().unwrap_or_default();
    let kind = &target.kind;
    digest(&[&kind.group, &kind.version, &kind.kind, namespace, &target.name, part].map(str::as_bytes))
}

/// A digest of what an intent of this part could have changed, and of the uid.
fn reach(entry: &Entry, part: Part) -> Digest {
    let mut hasher = Hasher::new();
    feed(&mut hasher, entry.uid().as_bytes());
    let bytes = entry.bytes();
    let Ok(top) = members(&bytes) else { return finish(&hasher) };
    for (name, value) in &top.0 {
        match (name.as_ref(), part) {
            ("metadata", Part::Main { .. }) => feed_metadata(&mut hasher, value.get()),
            ("metadata", Part::Status) | ("status", Part::Main { with_status: false }) => {}
            (name, Part::Status) if name != "status" => {}
            (name, _) => {
                feed(&mut hasher, name.as_bytes());
                feed(&mut hasher, value.get().as_bytes());
            }
        }
    }
    finish(&hasher)
}

fn feed_metadata(hasher: &mut Hasher, metadata: &str) {
    let metadata = members(metadata.as_bytes());
    for (name, value) in metadata.iter().flat_map(|m| &m.0) {
        if !matches!(name.as_ref(), "resourceVersion" | "generation") {
            feed(hasher, name.as_bytes());
            feed(hasher, value.get().as_bytes());
        }
    }
}

fn digest(parts: &[&[u8]]) -> Digest {
    let mut hasher = Hasher::new();
    parts.iter().for_each(|part| feed(&mut hasher, part));
    finish(&hasher)
}

/// With its length, so that no two rows of parts run together.
fn feed(hasher: &mut Hasher, part: &[u8]) {
    hasher.update(&(part.len() as u64).to_le_bytes());
    hasher.update(part);
}

fn finish(hasher: &Hasher) -> Digest {
    let mut digest = [0; 16];
    digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;
    use backplane_core::Kind;

    fn entry(version: u32, labels: &str, spec: &str, status: &str) -> Entry {
        let json = format!(
            r#"{{"metadata":{{"name":"a","namespace":"n","uid":"u","resourceVersion":"{version}","generation":{version},
            "labels":{{{labels}}}}},"spec":"{spec}","status":"{status}"}}"#
        );
        Entry::parse(&Kind::new("", "v1", "Thing"), json.as_bytes()).expect("entry")
    }

    #[test]
    fn an_intent_is_recalled_until_somebody_touches_what_it_reaches() {
        let target = ObjectRef::new(Kind::new("", "v1", "Thing"), Some("n"), "a");
        let main = Part::Main { with_status: false };
        let cases = [
            ("untouched", main, entry(1, "", "s", "t"), true),
            ("status changed", main, entry(2, "", "s", "other"), true),
            ("spec changed", main, entry(2, "", "other", "t"), false),
            ("label changed", main, entry(2, r#""x":"y""#, "s", "t"), false),
            ("status in the intent changed", Part::Main { with_status: true }, entry(2, "", "s", "other"), false),
            ("spec changed under a status", Part::Status, entry(2, r#""x":"y""#, "other", "t"), true),
            ("status changed", Part::Status, entry(2, "", "s", "other"), false),
        ];
        for (name, part, live, expected) in cases {
            let memory = Memory::default();
            assert!(!memory.recalls(&target, part, b"intent", &live), "{name}: nothing applied yet");
            memory.remember(&target, part, b"intent", &entry(1, "", "s", "t"));
            assert_eq!(memory.recalls(&target, part, b"intent", &live), expected, "{name}");
            assert!(!memory.recalls(&target, part, b"another intent", &live), "{name}: another intent");
            memory.forget(&target);
            assert!(!memory.recalls(&target, part, b"intent", &live), "{name}: forgotten");
        }
    }
}
