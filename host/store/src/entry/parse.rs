//! Reads an object once, as a row of members that are not looked into, and writes it out again without the members
//! that nobody reads.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use backplane_core::Kind;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Body, Entry, Span};

/// Why bytes are not an object.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// Not a JSON object.
    #[error("not a JSON object")]
    Json(#[from] serde_json::Error),
    /// A member that every stored object has is missing or of the wrong form.
    #[error("metadata.{0} is missing or malformed")]
    Member(&'static str),
}

/// The members of a JSON object in their order, values unread.
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Row;
        impl<'de> Visitor<'de> for Row {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(12);
                while let Some(Key(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Row)
    }
}

/// A member name, borrowed unless it contains an escape.
#[derive(Deserialize)]
pub(super) struct Key<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// Splits a JSON object into its members.
pub(crate) fn members(object: &[u8]) -> Result<Members<'_>, serde_json::Error> {
    serde_json::from_slice(object)
}

/// The text of a JSON string without escapes, as Kubernetes names, uids and versions are.
pub(crate) fn string(value: &RawValue) -> Option<&str> {
    let inner = value.get().strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('\\')).then_some(inner)
}

pub(super) fn parse(kind: &Kind, object: &[u8]) -> Result<Entry, EntryError> {
    let top = members(object)?;
    let metadata = top.get("metadata").ok_or(EntryError::Member("name"))?;
    let metadata = members(metadata.get().as_bytes())?;
    SCRATCH.with_borrow_mut(|scratch| {
        let entry = written(kind, &top, &metadata, scratch);
        scratch.shrink_to(SCRATCH_KEPT);
        entry
    })
}

thread_local! {
    /// Where objects are put together before they get a place of exactly their size. A vector of their own for each would
    /// leave holes of other sizes between the entries of a large list.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Larger than nearly all objects; what a larger one needed is given back.
const SCRATCH_KEPT: usize = 64 << 10;

fn written(kind: &Kind, top: &Members<'_>, metadata: &Members<'_>, scratch: &mut Vec<u8>) -> Result<Entry, EntryError> {
    scratch.clear();
    let mut out = Writer(scratch);
    let head = format!("{{\"apiVersion\":\"{}\",\"kind\":\"{}\",\"metadata\":", kind.api_version(), kind.kind);
    out.0.extend_from_slice(head.as_bytes());
    let mut entry = out.metadata(metadata)?;
    for (key, value) in &top.0 {
        if !matches!(key.as_ref(), "apiVersion" | "kind" | "metadata") {
            out.member(true, key, value);
        }
    }
    out.0.push(b'}');
    entry.body = Body::Plain(out.0.as_slice().into());
    Ok(entry)
}

struct Writer<'a>(&'a mut Vec<u8>);

impl Writer<'_> {
    /// Writes `metadata` and returns an entry that knows where its parts stand, still without bytes.
    fn metadata(&mut self, metadata: &Members<'_>) -> Result<Entry, EntryError> {
        let mut entry = empty();
        self.0.push(b'{');
        let mut written = false;
        for (key, value) in &metadata.0 {
            if matches!(key.as_ref(), "managedFields" | "selfLink") {
                continue;
            }
            let start = self.member(written, key, value);
            written = true;
            note(&mut entry, key, value, start)?;
        }
        self.0.push(b'}');
        if entry.name.len == 0 {
            return Err(EntryError::Member("name"));
        }
        if metadata.get("resourceVersion").is_none() {
            return Err(EntryError::Member("resourceVersion"));
        }
        Ok(entry)
    }

    /// Writes one member and returns where its value starts.
    fn member(&mut self, comma: bool, key: &str, value: &RawValue) -> usize {
        if comma {
            self.0.push(b',');
        }
        // Writing to a vector cannot fail, and a string is always valid JSON.
        serde_json::to_writer(&mut *self.0, key).expect("a string is written to memory");
        self.0.push(b':');
        let start = self.0.len();
        self.0.extend_from_slice(value.get().as_bytes());
        start
    }
}

fn note(entry: &mut Entry, key: &str, value: &RawValue, start: usize) -> Result<(), EntryError> {
    let quoted = |member| {
        let text = string(value).ok_or(EntryError::Member(member))?;
        span(start + 1, text.len())
    };
    match key {
        "name" => entry.name = quoted("name")?,
        "namespace" => entry.namespace = quoted("namespace")?,
        "uid" => entry.uid = quoted("uid")?,
        "resourceVersion" => {
            let parsed = string(value).and_then(|text| text.parse().ok());
            entry.version = parsed.ok_or(EntryError::Member("resourceVersion"))?;
        }
        "generation" => entry.generation = value.get().parse().unwrap_or_default(),
        "labels" => entry.labels = span(start, value.get().len())?,
        "ownerReferences" => entry.owners = span(start, value.get().len())?,
        "deletionTimestamp" => entry.deleting = value.get() != "null",
        _ => {}
    }
    Ok(())
}

fn span(start: usize, len: usize) -> Result<Span, EntryError> {
    let narrow = |n: usize| u32::try_from(n).map_err(|_| EntryError::Member("size"));
    Ok(Span { start: narrow(start)?, len: narrow(len)? })
}

fn empty() -> Entry {
    Entry {
        body: Body::Plain([].into()),
        version: 0,
        generation: 0,
        name: Span::default(),
        namespace: Span::default(),
        uid: Span::default(),
        labels: Span::default(),
        owners: Span::default(),
        deleting: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(json: &str) -> Result<Entry, EntryError> {
        Entry::parse(&Kind::new("", "v1", "Pod"), json.as_bytes())
    }

    #[test]
    fn an_entry_is_the_object_without_managed_fields_and_with_its_kind() {
        let entry = pod(r#"{"metadata":{"name":"a","namespace":"n","uid":"u-1","resourceVersion":"7","generation":3,
            "labels":{"app":"web", "tier":""},"managedFields":[{"manager":"x"}],
            "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"rs","uid":"u-0","controller":true}]},
            "spec":{"q\"uote":"\u00e4"}}"#)
        .expect("entry");
        let value: serde_json::Value = serde_json::from_slice(&entry.bytes()).expect("json");
        assert_eq!(value["apiVersion"], "v1");
        assert_eq!(value["kind"], "Pod");
        assert_eq!(value["spec"]["q\"uote"], "ä");
        assert!(value["metadata"].get("managedFields").is_none());
        assert_eq!((entry.name(), entry.namespace(), entry.uid()), ("a", Some("n"), "u-1"));
        assert_eq!((entry.version(), entry.generation(), entry.deleting()), (7, 3, false));
        assert_eq!(entry.labels().collect::<Vec<_>>(), [("app", "web"), ("tier", "")]);
        assert_eq!(entry.owners()[0].kind, Kind::new("apps", "v1", "ReplicaSet"));
    }

    #[test]
    fn what_is_no_stored_object_is_refused_by_name() {
        let cases = [
            ("array", "[]", "not a JSON object"),
            ("no metadata", "{}", "metadata.name is missing or malformed"),
            ("no version", r#"{"metadata":{"name":"a"}}"#, "metadata.resourceVersion is missing or malformed"),
            (
                "word for a version",
                r#"{"metadata":{"name":"a","resourceVersion":"x"}}"#,
                "metadata.resourceVersion is missing or malformed",
            ),
            (
                "escaped name",
                r#"{"metadata":{"name":"\u0061","resourceVersion":"1"}}"#,
                "metadata.name is missing or malformed",
            ),
        ];
        for (name, json, expected) in cases {
            assert_eq!(pod(json).expect_err(name).to_string(), expected, "{name}");
        }
    }

    #[test]
    fn a_deletion_timestamp_marks_the_entry() {
        let json = r#"{"metadata":{"name":"a","resourceVersion":"1","deletionTimestamp":"2026-01-01T00:00:00Z"}}"#;
        assert!(pod(json).expect("entry").deleting());
        assert_eq!(pod(json).expect("entry").namespace(), None);
    }
}
