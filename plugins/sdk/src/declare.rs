//! What a plugin says of itself, built fluently.

use serde_json::Value;

use crate::object::Object;
use crate::refs::Kind;

/// A plugin's declaration. What it declares it may ask for; what it gets is what the operator grants of it.
///
/// ```
/// use backplane_sdk::prelude::*;
/// const POOL: Kind = Kind::new("demo.example.org", "v1", "Pool");
/// const SECRET: Kind = Kind::new("", "v1", "Secret");
///
/// let declaration = Declaration::new("pools", "0.1.0")
///     .reconciles(POOL)
///     .reads(Read::of(SECRET).selector("pool=yes").wakes(Wake::reference(POOL, ".spec.secretName")))
///     .writes(POOL, &[Verb::Patch, Verb::ApplyStatus]);
/// assert_eq!(declaration.reads[0].wakes.len(), 1);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declaration {
    /// A DNS label; identifies the plugin's writes.
    pub name: String,
    /// For people.
    pub version: String,
    /// Kinds whose objects it is called for.
    pub reconciles: Vec<Kind>,
    /// Kinds it reads; those it reconciles are readable anyway.
    pub reads: Vec<Read>,
    /// Kinds it writes.
    pub writes: Vec<Write>,
    /// HTTP endpoints it calls.
    pub endpoints: Vec<String>,
    /// JSON Schema of its settings.
    pub settings_schema: Option<String>,
}

impl Declaration {
    /// A plugin that does nothing yet.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { name: name.into(), version: version.into(), ..Self::default() }
    }

    /// Is called for the objects of a kind.
    pub fn reconciles(mut self, kind: Kind) -> Self {
        self.reconciles.push(kind);
        self
    }

    /// Reads a kind; a [`Kind`] alone is read whole and wakes nobody.
    pub fn reads(mut self, read: impl Into<Read>) -> Self {
        self.reads.push(read.into());
        self
    }

    /// Writes a kind. Said twice of one kind, the verbs add up.
    pub fn writes(mut self, kind: Kind, verbs: &[Verb]) -> Self {
        let position = self.writes.iter().position(|write| write.kind == kind).unwrap_or_else(|| {
            self.writes.push(Write { kind, verbs: Vec::new() });
            self.writes.len() - 1
        });
        let present = &mut self.writes[position].verbs;
        for verb in verbs {
            if !present.contains(verb) {
                present.push(*verb);
            }
        }
        self
    }

    /// Applies and deletes children of kind `C` that `P` owns; a changed child wakes its owner.
    pub fn owns<C: Object, P: Object>(self) -> Self {
        self.reads(Read::of(C::KIND).wakes(Wake::owners(P::KIND))).writes(C::KIND, &[Verb::Apply, Verb::Delete])
    }

    /// Calls an HTTP endpoint of this name.
    pub fn calls(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoints.push(endpoint.into());
        self
    }

    /// Takes settings that match this JSON Schema.
    pub fn settings_schema(mut self, schema: &Value) -> Self {
        self.settings_schema = Some(schema.to_string());
        self
    }
}

/// A kind that is read, and whom its changes wake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The kind.
    pub kind: Kind,
    /// Label selector in `kubectl -l` form; empty for all. The plugin sees nothing else of the kind.
    pub selector: String,
    /// Which reconciled objects are looked at again when an object of this kind changes.
    pub wakes: Vec<Wake>,
}

impl Read {
    /// All objects of a kind; their changes wake nobody.
    pub fn of(kind: Kind) -> Self {
        Self { kind, selector: String::new(), wakes: Vec::new() }
    }

    /// Only objects that match, in `kubectl -l` form.
    pub fn selector(mut self, selector: impl Into<String>) -> Self {
        self.selector = selector.into();
        self
    }

    /// A change wakes somebody. May be said several times.
    pub fn wakes(mut self, wake: Wake) -> Self {
        self.wakes.push(wake);
        self
    }
}

impl From<Kind> for Read {
    fn from(kind: Kind) -> Self {
        Self::of(kind)
    }
}

/// Which reconciled objects a changed object concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wake {
    /// Those of this kind that the changed object names in its `ownerReferences`.
    Owners(Kind),
    /// Those of this kind that name the changed object in their `ownerReferences`.
    Dependents(Kind),
    /// Those of this kind that name the changed object at this path, in their own namespace.
    Reference(Kind, String),
    /// The one of this kind whose name is the value of this label of the changed object, in the same namespace.
    Label(Kind, String),
    /// Those of this kind whose label with this key has the changed object's name as value, in the same namespace.
    Labelled(Kind, String),
}

impl Wake {
    /// Child to parent: those of this kind that the changed object names in its `ownerReferences`.
    pub fn owners(kind: Kind) -> Self {
        Self::Owners(kind)
    }

    /// Parent to child: those of this kind that name the changed object in their `ownerReferences`.
    pub fn dependents(kind: Kind) -> Self {
        Self::Dependents(kind)
    }

    /// Those of this kind that name the changed object at a path such as `.spec.secretName`.
    pub fn reference(kind: Kind, path: impl Into<String>) -> Self {
        Self::Reference(kind, path.into())
    }

    /// The one of this kind that the changed object's label with this key names.
    pub fn label(kind: Kind, key: impl Into<String>) -> Self {
        Self::Label(kind, key.into())
    }

    /// Those of this kind whose label with this key names the changed object.
    pub fn labelled(kind: Kind, key: impl Into<String>) -> Self {
        Self::Labelled(kind, key.into())
    }
}

/// A kind that is written, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The kind.
    pub kind: Kind,
    /// How.
    pub verbs: Vec<Verb>,
}

/// What may be done to a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Server-side apply of the main resource.
    Apply,
    /// Server-side apply of the status.
    ApplyStatus,
    /// Create only.
    Create,
    /// JSON or merge patch; finalizers need it.
    Patch,
    /// Delete.
    Delete,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Deployment;

    #[derive(crate::Object)]
    #[object(group = "demo.example.org", version = "v1")]
    struct Website {}

    #[test]
    fn verbs_of_one_kind_add_up() {
        let declaration = Declaration::new("a", "1")
            .owns::<Deployment, Website>()
            .writes(Deployment::KIND, &[Verb::Apply, Verb::Patch]);
        assert_eq!(declaration.writes.len(), 1);
        assert_eq!(declaration.writes[0].verbs, [Verb::Apply, Verb::Delete, Verb::Patch]);
        assert_eq!(declaration.reads[0].wakes, [Wake::Owners(Website::KIND)]);
    }
}
