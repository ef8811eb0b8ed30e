//! One cached object: its JSON bytes and where in them the host finds the few members that it needs itself.
//!
//! Nothing is copied out of the bytes. Name, namespace, uid, labels and owners are kept as positions, so that an entry
//! costs its bytes and about a hundred more. An entry of a rarely read kind can be packed ([`packed`]): then these
//! members stay as they are, and the rest is compressed. Not here: which entries there are ([`crate::table`]) and what
//! they mean.

mod owner;
pub(crate) mod packed;
mod parse;
mod path;

use std::sync::Arc;

use backplane_core::ports::ObjectBytes;
use backplane_core::{Kind, ObjectKey, ObjectRef, Selector};

pub use owner::Owner;
use packed::Packed;
pub use parse::EntryError;
pub(crate) use parse::{members, string};
pub(crate) use path::values_at;

/// A cached object.
pub struct Entry {
    body: Body,
    version: u64,
    generation: i64,
    name: Span,
    namespace: Span,
    uid: Span,
    labels: Span,
    owners: Span,
    deleting: bool,
}

/// The object, as it is or compressed.
enum Body {
    Plain(ObjectBytes),
    Packed(Box<Packed>),
}

/// Where in the bytes something stands; empty for what is absent. Of a packed entry: where in what stayed plain.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: u32,
    len: u32,
}

impl Entry {
    /// Reads an object as the API server sent it.
    ///
    /// The bytes kept are the same object without `metadata.managedFields` and always with `apiVersion` and `kind`,
    /// which the items of a list lack.
    ///
    /// # Errors
    /// When it is no JSON object or lacks a name or a numeric `resourceVersion`.
    pub fn parse(kind: &Kind, object: &[u8]) -> Result<Self, EntryError> {
        parse::parse(kind, object)
    }

    /// The whole object, without `managedFields`: shared with the cache or, of a packed entry, unpacked for the occasion.
    pub fn bytes(&self) -> ObjectBytes {
        match &self.body {
            Body::Plain(bytes) => Arc::clone(bytes),
            Body::Packed(packed) => packed.unpack(self),
        }
    }

    /// Size of the whole object.
    pub(crate) fn size(&self) -> usize {
        match &self.body {
            Body::Plain(bytes) => bytes.len(),
            Body::Packed(packed) => packed.size(),
        }
    }

    /// Bytes that are held for it: its size, or less if it is packed.
    pub(crate) fn held(&self) -> usize {
        match &self.body {
            Body::Plain(bytes) => bytes.len(),
            Body::Packed(packed) => packed.held(),
        }
    }

    /// Whether it is compressed.
    pub(crate) fn is_packed(&self) -> bool {
        matches!(self.body, Body::Packed(_))
    }

    /// Object name.
    pub fn name(&self) -> &str {
        self.text(self.name)
    }

    /// Namespace; `None` for cluster-scoped objects.
    pub fn namespace(&self) -> Option<&str> {
        (self.namespace.len > 0).then(|| self.text(self.namespace))
    }

    /// The uid; empty if the server gave none.
    pub fn uid(&self) -> &str {
        self.text(self.uid)
    }

    /// `resourceVersion` as a number.
    ///
    /// Clients were long told to treat it as opaque. Since Kubernetes 1.35 it is documented that versions of one
    /// resource compare as decimal integers (KEP-5504); etcd-backed servers have always behaved so. Only versions of
    /// the same kind are ever compared here.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// `metadata.generation`; zero where the server keeps none.
    pub fn generation(&self) -> i64 {
        self.generation
    }

    /// Whether deletion has been asked for.
    pub fn deleting(&self) -> bool {
        self.deleting
    }

    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels().find(|(k, _)| *k == key).map(|(_, value)| value)
    }

    /// All labels, in the object's order.
    ///
    /// Kubernetes allows neither quotes nor backslashes in keys and values, so what stands between quotes is, in turn,
    /// a key and its value.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut strings = self.text(self.labels).split('"').skip(1).step_by(2);
        std::iter::from_fn(move || Some((strings.next()?, strings.next()?)))
    }

    /// The entries of `metadata.ownerReferences`.
    pub fn owners(&self) -> Vec<Owner> {
        if self.owners.len == 0 { Vec::new() } else { owner::parse(self.text(self.owners)) }
    }

    /// Whether the labels satisfy a selector.
    pub fn matches(&self, selector: &Selector) -> bool {
        selector.matches(|key| self.label(key))
    }

    /// Namespace and name.
    pub fn key(&self) -> ObjectKey {
        ObjectKey { namespace: self.namespace().map(str::to_owned), name: self.name().to_owned() }
    }

    /// The reference to this object, of a kind known from elsewhere.
    pub fn object_ref(&self, kind: &Kind) -> ObjectRef {
        ObjectRef::new(kind.clone(), self.namespace(), self.name())
    }

    pub(crate) fn is(&self, key: (Option<&str>, &str)) -> bool {
        self.namespace() == key.0 && self.name() == key.1
    }

    fn text(&self, span: Span) -> &str {
        let plain = match &self.body {
            Body::Plain(bytes) => bytes,
            Body::Packed(packed) => packed.plain(),
        };
        std::str::from_utf8(&plain[span.range()]).unwrap_or_default()
    }

    /// The members that the host needs itself, in an order that never changes.
    fn spans(&self) -> [Span; 5] {
        [self.name, self.namespace, self.uid, self.labels, self.owners]
    }
}

impl Span {
    fn range(self) -> std::ops::Range<usize> {
        let start = self.start as usize;
        start..start + self.len as usize
    }
}

impl std::fmt::Debug for Entry {
    /// Names the object and its version; never its contents.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({}@{}, {} bytes)", self.key(), self.version, self.size())
    }
}

pub(crate) type Shared = Arc<Entry>;
