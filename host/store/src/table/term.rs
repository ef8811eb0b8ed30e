//! What an entry can be found by.

use backplane_core::declaration::FieldPath;

use crate::entry::{Entry, values_at};

/// A property of entries.
pub(crate) enum Term<'a> {
    /// Lies in this namespace.
    Namespace(&'a str),
    /// Names this uid among its owners.
    Owner(&'a str),
    /// Has this string at this reference path.
    Path(&'a FieldPath, &'a str),
    /// Carries this label.
    Label(&'a str, &'a str),
}

impl Term<'_> {
    /// Whether the entry really has the property; a hash only says that it may.
    pub(crate) fn is_of(&self, entry: &Entry) -> bool {
        match self {
            Self::Namespace(namespace) => entry.namespace() == Some(namespace),
            Self::Owner(uid) => entry.owners().iter().any(|owner| owner.uid == *uid),
            Self::Path(path, value) => values_at(&entry.bytes(), path).iter().any(|v| v == value),
            Self::Label(key, value) => entry.label(key) == Some(value),
        }
    }

    /// What is hashed. `sort` tells apart paths, and label keys, by their place in the table.
    pub(super) fn parts(&self, sort: usize) -> (u8, usize, &str) {
        match self {
            Self::Namespace(namespace) => (0, 0, namespace),
            Self::Owner(uid) => (1, 0, uid),
            Self::Path(_, value) => (2, sort, value),
            Self::Label(_, value) => (3, sort, value),
        }
    }
}
