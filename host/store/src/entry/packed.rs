//! An entry of which only what the host itself needs is kept as it is; the rest is compressed.
//!
//! ```text
//!   {"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-1","labels":{"app":"web"}, …},"spec": …}
//!        plain: web-1{"app":"web"}          frame: compressed {…"name":"␁","labels":␄, …},"spec": …}
//! ```
//!
//! Each member that stays plain leaves a mark in the compressed text: a control character, which JSON text cannot
//! contain. So nothing is stored twice, and wakes, indexes and selectors never unpack anything.

use std::sync::Arc;

use backplane_core::ports::ObjectBytes;

use super::{Body, Entry, Span};
use crate::press::Dictionary;

/// Mark of the first member; the others follow.
const FIRST_MARK: u8 = 1;

/// What an entry holds instead of its bytes.
pub(crate) struct Packed {
    /// The plain members, one after the other, then the compressed rest.
    bytes: Box<[u8]>,
    /// Where the compressed rest begins.
    frame: u32,
    /// Size of the whole object.
    size: u32,
    dictionary: Arc<Dictionary>,
}

impl Entry {
    /// The same entry, packed; `None` if that would not be smaller, or it is packed already.
    pub(crate) fn packed(&self, dictionary: &Arc<Dictionary>) -> Option<Entry> {
        let Body::Plain(object) = &self.body else { return None };
        let (mut bytes, cut) = take_out(object, self.spans());
        let frame = bytes.len();
        dictionary.compress(&cut, &mut bytes);
        if bytes.len() + size_of::<Packed>() >= object.len() {
            return None;
        }
        let [name, namespace, uid, labels, owners] = moved(self.spans());
        let narrow = |n: usize| u32::try_from(n).ok();
        let packed = Packed {
            frame: narrow(frame)?,
            size: narrow(object.len())?,
            bytes: bytes.into(),
            dictionary: Arc::clone(dictionary),
        };
        let body = Body::Packed(Box::new(packed));
        let Self { version, generation, deleting, .. } = *self;
        Some(Entry { body, version, generation, name, namespace, uid, labels, owners, deleting })
    }
}

impl Packed {
    pub(super) fn size(&self) -> usize {
        self.size as usize
    }

    pub(super) fn held(&self) -> usize {
        self.bytes.len() + size_of::<Self>()
    }

    pub(super) fn plain(&self) -> &[u8] {
        &self.bytes[..self.frame as usize]
    }

    /// The whole object, from among those unpacked lately if it is there.
    pub(super) fn unpack(&self, entry: &Entry) -> ObjectBytes {
        self.dictionary.recent(entry.version(), entry.uid(), || self.whole(entry))
    }

    fn whole(&self, entry: &Entry) -> ObjectBytes {
        let cut = self.dictionary.decompress(&self.bytes[self.frame as usize..], self.size());
        let mut object = Vec::with_capacity(self.size());
        let mut rest = &cut[..];
        while let Some(at) = rest.iter().position(|byte| mark(*byte).is_some()) {
            object.extend_from_slice(&rest[..at]);
            let member = mark(rest[at]).map_or(Span::default(), |member| entry.spans()[member]);
            object.extend_from_slice(&self.plain()[member.range()]);
            rest = &rest[at + 1..];
        }
        object.extend_from_slice(rest);
        object.into()
    }
}

/// Which member a byte stands for.
fn mark(byte: u8) -> Option<usize> {
    byte.checked_sub(FIRST_MARK).map(usize::from).filter(|member| *member < 5)
}

/// The members, one after the other, and the object with a mark in the place of each.
fn take_out(object: &[u8], spans: [Span; 5]) -> (Vec<u8>, Vec<u8>) {
    let mut plain = Vec::new();
    spans.iter().for_each(|span| plain.extend_from_slice(&object[span.range()]));
    let mut marks: Vec<(Span, u8)> = spans.into_iter().zip(FIRST_MARK..).filter(|(span, _)| span.len > 0).collect();
    marks.sort_unstable_by_key(|(span, _)| span.start);
    let (mut cut, mut done) = (Vec::with_capacity(object.len()), 0);
    for (span, mark) in marks {
        cut.extend_from_slice(&object[done..span.start as usize]);
        cut.push(mark);
        done = span.range().end;
    }
    cut.extend_from_slice(&object[done..]);
    (plain, cut)
}

/// Where the members stand once they are one after the other.
fn moved(spans: [Span; 5]) -> [Span; 5] {
    let mut start = 0;
    spans.map(|span| {
        let moved = Span { start, len: span.len };
        start += span.len;
        moved
    })
}

#[cfg(test)]
mod tests {
    use backplane_core::Kind;

    use super::*;

    fn pod(i: usize) -> Entry {
        let json = format!(
            r#"{{"metadata":{{"labels":{{"app":"web-{i}"}},"name":"pod-{i}","uid":"u-{i}","namespace":"n","resourceVersion":"{}",
            "ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"r{i}","uid":"o"}}],"generation":2,
            "annotations":{{"text":"quotes \" and \u0001 escapes"}}}},
            "spec":{{"image":"registry.example.org/team/web:{i}","args":["--port","80","--log","info","--name","ä"]}}}}"#,
            i + 1
        );
        Entry::parse(&Kind::new("", "v1", "Pod"), json.as_bytes()).expect("entry")
    }

    #[test]
    fn a_packed_entry_is_smaller_says_the_same_and_comes_back_byte_for_byte() {
        let plain: Vec<Entry> = (0..200).map(pod).collect();
        let samples: Vec<ObjectBytes> = plain.iter().map(Entry::bytes).collect();
        let dictionary = Arc::new(Dictionary::of(&samples));
        for entry in &plain {
            let packed = entry.packed(&dictionary).expect("smaller");
            assert!(packed.is_packed() && packed.held() < entry.held(), "{} of {}", packed.held(), entry.held());
            assert_eq!((packed.bytes(), packed.size()), (entry.bytes(), entry.size()));
            assert_eq!((packed.key(), packed.uid(), packed.version()), (entry.key(), entry.uid(), entry.version()));
            assert_eq!(packed.labels().collect::<Vec<_>>(), entry.labels().collect::<Vec<_>>());
            assert_eq!((packed.owners(), packed.generation()), (entry.owners(), 2));
            assert!(packed.packed(&dictionary).is_none(), "nothing is packed twice");
        }
    }

    #[test]
    fn an_entry_that_would_not_become_smaller_stays_as_it_is() {
        let json = br#"{"metadata":{"name":"a","resourceVersion":"1"}}"#;
        let entry = Entry::parse(&Kind::new("", "v1", "Node"), json).expect("entry");
        assert!(entry.packed(&Arc::new(Dictionary::of(&[]))).is_none());
    }
}
