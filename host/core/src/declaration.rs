//! What a plugin says of itself: the answer of its `lifecycle.describe`.
//!
//! The host watches, indexes, wakes and permits from this text alone; nothing is inferred from a file name. What a
//! plugin declares it may *ask* for; what it gets is the intersection with its [`crate::Grant`].

use serde::{Deserialize, Serialize};

use crate::object::Kind;
use crate::selector::Selector;

/// A plugin's declaration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declaration {
    /// Name, a DNS label; identifies the plugin's writes (`backplane-<name>`).
    pub name: String,
    /// Version, for people and for `plugin check`.
    pub version: String,
    /// Kinds whose objects its `reconciler` is called for. Empty for a plugin without reconciler.
    pub reconciles: Vec<Kind>,
    /// Kinds it reads from the store, with what a change of one wakes. Reconciled kinds are read implicitly.
    pub reads: Vec<Read>,
    /// Kinds it writes.
    pub writes: Vec<Write>,
    /// Names of HTTP endpoints it calls.
    pub endpoints: Vec<String>,
    /// JSON Schema of its settings; `None` if it takes none.
    pub settings_schema: Option<String>,
}

impl Declaration {
    /// Every kind that it reconciles, reads or writes; some more than once.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        let touched = self.reads.iter().map(|read| &read.kind).chain(self.writes.iter().map(|write| &write.kind));
        self.reconciles.iter().chain(touched)
    }
}

/// A kind that a plugin reads, and whom its changes wake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Kind.
    pub kind: Kind,
    /// Narrows the watch; the plugin sees only what matches. Empty: all objects of the kind.
    pub selector: Selector,
    /// Which reconciled objects are looked at again when an object of this kind changes.
    pub wakes: Vec<Wake>,
}

/// Which reconciled objects a changed object concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wake {
    /// Those that the changed object names in its `ownerReferences` (child to parent).
    Owners(Kind),
    /// Those that name the changed object in their own `ownerReferences` (parent to child).
    Dependents(Kind),
    /// Those of this kind that name the changed object at this path, such as `.spec.bootstrap.dataSecretName`.
    /// The value is an object name in the same namespace.
    Reference(Kind, FieldPath),
    /// The one of this kind whose name is the value of this label of the changed object, in the same namespace.
    Label(Kind, String),
    /// Those of this kind whose label with this key has the changed object's name as value, in the same namespace.
    Labelled(Kind, String),
}

/// A path of member names from an object's root, written `.spec.dataStore.name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldPath(Vec<String>);

impl FieldPath {
    /// The member names, outermost first; at least one.
    pub fn segments(&self) -> &[String] {
        &self.0
    }
}

impl std::fmt::Display for FieldPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|segment| write!(f, ".{segment}"))
    }
}

impl std::str::FromStr for FieldPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let segments: Vec<String> = text.strip_prefix('.').unwrap_or_default().split('.').map(Into::into).collect();
        if segments.iter().any(String::is_empty) {
            return Err(format!("field path {text:?} is not of the form .a.b"));
        }
        Ok(Self(segments))
    }
}

impl TryFrom<String> for FieldPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<FieldPath> for String {
    fn from(path: FieldPath) -> Self {
        path.to_string()
    }
}

/// A kind that a plugin writes, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Kind.
    pub kind: Kind,
    /// Verbs, each at most once.
    pub verbs: Vec<Verb>,
}

/// What may be done to a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Server-side apply of the main resource (creates or changes).
    Apply,
    /// Server-side apply of the `status` subresource.
    ApplyStatus,
    /// Create only.
    Create,
    /// JSON or merge patch of the main resource.
    Patch,
    /// Delete.
    Delete,
}

impl Verb {
    /// The spelling used in WIT, settings and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::ApplyStatus => "apply-status",
            Self::Create => "create",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_path_is_dotted_names_from_the_root() {
        let path: FieldPath = ".spec.bootstrap.dataSecretName".parse().expect("path");
        assert_eq!(path.segments(), ["spec", "bootstrap", "dataSecretName"]);
        for bad in ["", ".", "spec.x", ".a..b"] {
            assert!(bad.parse::<FieldPath>().is_err(), "{bad:?}");
        }
    }
}
