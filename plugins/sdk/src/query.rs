//! Which objects of a kind are listed.

use crate::object::Obj;

/// Which objects of a kind; every part that is given must match, and the default matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Only this namespace.
    pub namespace: Option<String>,
    /// Label selector in `kubectl -l` form; empty for all.
    pub selector: String,
    /// Only objects that name this uid in their `ownerReferences`.
    pub owner_uid: Option<String>,
}

impl Query {
    /// All objects of the kind.
    pub fn all() -> Self {
        Self::default()
    }

    /// Those of one namespace.
    pub fn in_namespace(namespace: impl Into<String>) -> Self {
        Self { namespace: Some(namespace.into()), ..Self::default() }
    }

    /// The children of an object, in its namespace.
    pub fn owned_by<T>(owner: &Obj<T>) -> Self {
        Self {
            namespace: owner.metadata.namespace.clone(),
            owner_uid: Some(owner.metadata.uid.clone()),
            ..Self::default()
        }
    }

    /// Only those whose labels match, in `kubectl -l` form.
    pub fn labels(mut self, selector: impl Into<String>) -> Self {
        self.selector = selector.into();
        self
    }
}
