//! The status that a reconciler returns: what of it is news to the object. Values in, values out.
//!
//! It is compared with what the object says rather than with what was written before, so that nothing has to be
//! remembered: a settled object costs no request after a restart either, and what somebody else changed is repaired.

use serde_json::{Map, Value};

/// Members that a reconciler wants merged into the status (RFC 7386).
#[derive(Debug, Default)]
pub(crate) struct Returned(Map<String, Value>);

impl Returned {
    /// Reads the JSON object that was returned. Conditions have their own way; those in it are dropped.
    ///
    /// Only objects arrive here, the engine refuses the rest; anything else says nothing.
    pub(crate) fn read(status: &[u8]) -> Self {
        let mut members: Map<String, Value> = serde_json::from_slice(status).unwrap_or_default();
        members.remove("conditions");
        Self(members)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members whose merge would change the status.
    pub(crate) fn news(&self, live: Option<&Map<String, Value>>) -> Map<String, Value> {
        let known = |name: &str| live.and_then(|live| live.get(name));
        let news = self.0.iter().filter(|(name, wanted)| !holds(known(name), wanted));
        news.map(|(name, wanted)| (name.clone(), wanted.clone())).collect()
    }
}

/// Whether merging `wanted` into `live` changes nothing.
fn holds(live: Option<&Value>, wanted: &Value) -> bool {
    match (live, wanted) {
        (live, Value::Null) => live.is_none_or(Value::is_null),
        (Some(Value::Object(live)), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| holds(live.get(name), wanted))
        }
        // The server writes 1.0 as 1.
        (Some(Value::Number(live)), Value::Number(wanted)) => live == wanted || live.as_f64() == wanted.as_f64(),
        (live, wanted) => live == Some(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_members_that_a_merge_would_change_are_news() {
        let live = json!({"ready": true, "count": 1, "where": {"zone": "a", "rack": "1"}, "list": [1, 2], "x": null});
        let live = live.as_object();
        let cases = [
            ("nothing", json!({}), json!({})),
            ("the same", json!({"ready": true, "count": 1.0, "list": [1, 2]}), json!({})),
            ("part of a map", json!({"where": {"zone": "a"}}), json!({})),
            ("a changed part", json!({"where": {"zone": "b"}}), json!({"where": {"zone": "b"}})),
            ("a list is whole", json!({"list": [1]}), json!({"list": [1]})),
            ("one of two", json!({"ready": false, "count": 1}), json!({"ready": false})),
            ("absent stays absent", json!({"gone": null, "x": null}), json!({})),
            ("present is removed", json!({"ready": null}), json!({"ready": null})),
            ("an empty map where none was", json!({"new": {}}), json!({"new": {}})),
            ("conditions have their own way", json!({"conditions": []}), json!({})),
        ];
        for (name, status, expected) in cases {
            let returned = Returned::read(status.to_string().as_bytes());
            assert_eq!(Value::Object(returned.news(live)), expected, "{name}");
        }
        assert_eq!(Returned::read(br#"{"a":1}"#).news(None).len(), 1, "no status yet");
    }
}
