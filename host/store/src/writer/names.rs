//! Names for objects whose name the API server would make up, so that no creation happens twice.
//!
//! A creation whose answer was lost may have happened. The same again would be a second object, and no cache can tell in
//! time: the first may still be on its way through a proxy. So the name is made here, as the API server would make it,
//! and kept while it is in doubt: the next try of the same intent asks for the same name, and "already exists" is then
//! the answer that was lost.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use backplane_core::ports::WriteError;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Map, Value};

/// Letters that spell no words, as `k8s.io/apimachinery/pkg/util/rand` has them.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

const SUFFIX: usize = 5;

/// Longest name that every kind takes; the API server cuts the prefix likewise.
const MAX_NAME: usize = 63;

/// Intents in doubt after which all are forgotten. Each costs about 150 bytes.
const MAX_DOUBTS: usize = 10_000;

type Digest = [u8; 32];

/// Makes names and remembers those that may be taken without our knowing.
pub(super) struct Names {
    doubts: Mutex<HashMap<Digest, String>>,
    random: Mutex<StdRng>,
}

impl Names {
    pub(super) fn new(seed: u64) -> Self {
        Self { doubts: Mutex::default(), random: Mutex::new(StdRng::seed_from_u64(seed)) }
    }

    /// A name that nobody has asked for yet.
    pub(super) fn fresh(&self, prefix: &str) -> String {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let suffix = (0..SUFFIX).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())]));
        format!("{}{}", super::refusal::cut(prefix, MAX_NAME - SUFFIX), suffix.collect::<String>())
    }

    /// The name under which this intent may have been created.
    pub(super) fn doubtful(&self, intent: &[u8]) -> Option<String> {
        self.doubts().get(&digest(intent)).cloned()
    }

    /// The answer to a creation of this intent under this name was lost.
    pub(super) fn doubt(&self, intent: &[u8], name: String) {
        let mut doubts = self.doubts();
        if doubts.len() >= MAX_DOUBTS {
            doubts.clear();
        }
        doubts.insert(digest(intent), name);
    }

    /// It is known what became of this intent.
    pub(super) fn settle(&self, intent: &[u8]) {
        self.doubts().remove(&digest(intent));
    }

    fn doubts(&self) -> MutexGuard<'_, HashMap<Digest, String>> {
        self.doubts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a write that ended like this may have happened.
pub(super) fn in_doubt(error: &WriteError) -> bool {
    matches!(error, WriteError::Other(_) | WriteError::Throttled(_))
}

/// The same intent under a name.
pub(super) fn named(intent: &[u8], name: &str) -> Result<Vec<u8>, WriteError> {
    let mut object: Map<String, Value> = serde_json::from_slice(intent).map_err(|e| WriteError::Other(e.into()))?;
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.insert("name".into(), name.into());
    }
    serde_json::to_vec(&object).map_err(|e| WriteError::Other(e.into()))
}

fn digest(intent: &[u8]) -> Digest {
    *blake3::hash(intent).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_as_the_api_server_makes_them() {
        let names = Names::new(1);
        let (first, second) = (names.fresh("web-"), names.fresh("web-"));
        assert_ne!(first, second);
        assert!(first.starts_with("web-") && first.len() == 9, "{first}");
        assert_eq!(names.fresh(&"x".repeat(80)).len(), MAX_NAME);
    }

    #[test]
    fn a_doubtful_name_is_asked_for_again_until_the_doubt_is_settled() {
        let names = Names::new(1);
        names.doubt(b"a", "web-1".into());
        assert_eq!((names.doubtful(b"a").as_deref(), names.doubtful(b"b")), (Some("web-1"), None));
        names.settle(b"a");
        assert_eq!(names.doubtful(b"a"), None);
    }

    #[test]
    fn an_intent_keeps_everything_but_its_lack_of_a_name() {
        let body = named(br#"{"metadata":{"generateName":"a-","labels":{"x":"y"}},"spec":1}"#, "a-b").expect("json");
        let value: Value = serde_json::from_slice(&body).expect("json");
        let metadata = serde_json::json!({"generateName": "a-", "name": "a-b", "labels": {"x": "y"}});
        assert_eq!(value, serde_json::json!({"metadata": metadata, "spec": 1}));
    }
}
