//! What a plugin applied last, so that the same again costs no request.
//!
//! An intent is answered from the cache when it is the one applied last *and* the live object is still what that apply
//! left, as far as the intent could reach. "As far as": an apply of the main resource cannot reach the status (others
//! change it all the time), an apply of the status reaches nothing else, and neither reaches the version and
//! generation that the server keeps. Comparing the intent's fields with the live object instead would be cheaper and
//! wrong: whether a foreign key in a map, or element in a list, counts as a change depends on a schema that we do not
//! have. So every foreign change within reach is answered by applying again, which repairs it.
//!
//! A restart forgets all this. So the first list of a kind teaches what this plugin had applied before, as far as the
//! object still says it; such an intent is known by its meaning instead of its bytes. See [`super::owned`].

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use backplane_core::ObjectRef;
use blake3::Hasher;
use serde_json::Value;

use super::owned::meaning;
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
    intent: Known,
    /// Version of the live object that was last seen to be as the apply left it.
    version: u64,
    left: Digest,
}

/// How an intent is known again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// By its bytes.
    Bytes(Digest),
    /// By what it says, whatever the order of its members.
    Meaning(Digest),
}

impl Known {
    fn is(self, intent: &[u8], part: Part) -> bool {
        match self {
            Self::Bytes(known) => known == digest(&[intent]),
            Self::Meaning(known) => meaning(intent, part).is_some_and(|said| known == sense(&said)),
        }
    }
}

impl Memory {
    /// A list shows what this plugin applied in an earlier life. Does not override what was applied in this one.
    pub(super) fn learn(&self, target: &ObjectRef, part: Part, said: &Value, live: &Entry) {
        let mut known = self.lock();
        if known.len() < MAX_REMEMBERED {
            let (intent, version, left) = (Known::Meaning(sense(said)), live.version(), reach(live, part));
            known.entry(place(target, part)).or_insert(Applied { intent, version, left });
        }
    }

    pub(super) fn remember(&self, target: &ObjectRef, part: Part, intent: &[u8], answer: &Entry) {
        let applied =
            Applied { intent: Known::Bytes(digest(&[intent])), version: answer.version(), left: reach(answer, part) };
        let mut known = self.lock();
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        known.insert(place(target, part), applied);
    }

    pub(super) fn recalls(&self, target: &ObjectRef, part: Part, intent: &[u8], live: &Entry) -> bool {
        let mut known = self.lock();
        let Some(applied) = known.get_mut(&place(target, part)).filter(|a| a.intent.is(intent, part)) else {
            return false;
        };
        applied.intent = Known::Bytes(digest(&[intent]));
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

/// A digest of a value that does not depend on the order of members.
fn sense(value: &Value) -> Digest {
    let mut hasher = Hasher::new();
    feed_value(&mut hasher, value);
    finish(&hasher)
}

fn feed_value(hasher: &mut Hasher, value: &Value) {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort_unstable();
            feed(hasher, b"{");
            for name in names {
                feed(hasher, name.as_bytes());
                feed_value(hasher, &members[name]);
            }
            feed(hasher, b"}");
        }
        Value::Array(items) => {
            feed(hasher, b"[");
            items.iter().for_each(|item| feed_value(hasher, item));
            feed(hasher, b"]");
        }
        // A scalar's text tells its type: only strings have quotes.
        scalar => feed(hasher, scalar.to_string().as_bytes()),
    }
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
    fn an_intent_learnt_from_a_list_is_known_by_what_it_says() {
        let target = ObjectRef::new(Kind::new("", "v1", "Thing"), Some("n"), "a");
        let part = Part::Main { with_status: false };
        let memory = Memory::default();
        let live = entry(1, "", "s", "t");
        memory.learn(&target, part, &serde_json::json!({"spec": {"a": 1, "b": [2]}}), &live);
        let intent = br#"{"kind":"Thing","spec":{"b":[2],"a":1},"metadata":{"name":"a"}}"#;
        let other = br#"{"kind":"Thing","spec":{"b":[2],"a":"1"},"metadata":{"name":"a"}}"#;
        assert!(!memory.recalls(&target, part, other, &live), "a text is no number");
        assert!(memory.recalls(&target, part, intent, &live));
        assert!(!memory.recalls(&target, part, intent, &entry(2, "", "other", "t")), "somebody changed it");
        memory.remember(&target, part, b"newer", &live);
        memory.learn(&target, part, &serde_json::json!({}), &live);
        assert!(memory.recalls(&target, part, b"newer", &live), "a list does not override what was applied since");
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
