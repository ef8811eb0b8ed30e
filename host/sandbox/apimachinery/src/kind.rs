//! Kinds that the API server serves: built in, or defined by a `CustomResourceDefinition`.

pub(crate) mod crd;

use std::sync::Arc;

use backplane_core::object::Kind;
pub use crd::is_mistrusted;
use serde_json::Value;

use crate::field::{FieldError, FieldReason};
use crate::jsonpath::JsonPath;
use crate::scale;
use crate::schema::Schema;
use crate::table::Column;

/// One kind in one served version.
#[derive(Debug, Clone)]
pub struct ResourceKind {
    /// API group; empty for the core group.
    pub group: String,
    /// Version, such as `v1`.
    pub version: String,
    /// Kind in CamelCase.
    pub kind: String,
    /// Kind of a list, such as `PodList`.
    pub list_kind: String,
    /// Plural in lower case: the path segment and the resource of RBAC rules.
    pub plural: String,
    /// Singular in lower case.
    pub singular: String,
    /// Short names, such as `po`.
    pub short_names: Vec<String>,
    /// Categories, such as `all`.
    pub categories: Vec<String>,
    /// Whether objects live in namespaces.
    pub scope: Scope,
    /// Fields of the object.
    pub schema: Arc<Schema>,
    /// The schema as a document, as OpenAPI publishes it (without `apiVersion`, `kind` and `metadata` filled in).
    pub document: Arc<Value>,
    /// Columns after `Name` of what `kubectl get` prints.
    pub columns: Vec<Column>,
    /// Subresources.
    pub subresources: Subresources,
    /// Whether this is the version that is stored.
    pub storage: bool,
    /// How objects get into this version and out of it.
    pub conversion: Conversion,
    /// Verbs served on the resource, such as `list`.
    pub verbs: Vec<String>,
    /// Where the kind comes from.
    pub origin: Origin,
    /// Warning that clients of a deprecated version get.
    pub deprecation: Option<String>,
    /// Fields that a definition lets objects be selected by, such as `spec.size`.
    pub selectable: Vec<String>,
}

/// How objects of a kind get from one version into another.
#[derive(Debug, Clone, Default)]
pub struct Conversion {
    /// The version that is stored, served or not.
    pub storage_version: String,
    /// `spec.conversion.webhook` of the definition: whom to ask. `None`: nothing but `apiVersion` changes.
    pub webhook: Option<Arc<Value>>,
}

/// Whether objects live in namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the two scopes of CRDs")]
pub enum Scope {
    Namespaced,
    Cluster,
}

/// Where a kind comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Part of Kubernetes.
    Builtin,
    /// Part of Kubernetes, create only: the answer is computed and nothing is stored.
    Virtual,
    /// Defined by a CRD.
    Custom,
}

/// Subresources of a kind.
#[derive(Debug, Clone, Default)]
pub struct Subresources {
    /// Whether `status` is written apart.
    pub status: bool,
    /// Where the numbers of `scale` are, if it has one.
    pub scale: Option<ScalePaths>,
}

/// Where the numbers of the `scale` subresource are in the object.
#[derive(Debug, Clone)]
pub struct ScalePaths {
    /// Wanted replicas.
    pub spec_replicas: JsonPath,
    /// Present replicas.
    pub status_replicas: JsonPath,
    /// Label selector as text.
    pub label_selector: Option<JsonPath>,
}

impl ResourceKind {
    /// The kinds that a `CustomResourceDefinition` defines, one for each served version.
    ///
    /// # Errors
    /// Everything that is wrong with the definition; for a 422 answer.
    pub fn from_crd(crd: &Value) -> Result<Vec<ResourceKind>, Vec<FieldError>> {
        crd::kinds(crd)
    }

    /// `apiVersion` of its objects.
    pub fn api_version(&self) -> String {
        self.kind().api_version()
    }

    /// Group, version and kind.
    pub fn kind(&self) -> Kind {
        Kind::new(&self.group, &self.version, &self.kind)
    }

    /// `plural.group`, or the plural alone in the core group.
    pub fn group_resource(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// Whether objects live in namespaces.
    pub fn is_namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }

    /// Whether objects are stored; the virtual review kinds are not.
    pub fn is_stored(&self) -> bool {
        self.origin != Origin::Virtual
    }

    /// Rules of the kind's schema that are not enforced here; for a warning when a definition is taken.
    pub fn unenforced_rules(&self) -> Vec<String> {
        self.schema.unenforced_rules()
    }

    /// Drops unknown fields; returns their paths for strict decoding errors.
    pub fn prune(&self, object: &mut Value) -> Vec<String> {
        self.schema.prune(object)
    }

    /// Fills defaults: those of the schema, and those that a built-in kind derives from other fields.
    pub fn default(&self, object: &mut Value) {
        crate::builtin::typed(self, object);
        crate::builtin::fill(self, object);
        self.schema.fill_defaults(object);
        if self.origin != Origin::Custom {
            crate::builtin::derive(self, object);
        }
        crate::builtin::shape(self, object);
    }

    /// Adds to a new object what the admission plugins of every API server add. It belongs to no field manager.
    pub fn admit(&self, object: &mut Value) {
        if self.origin == Origin::Builtin {
            crate::builtin::admit(self, object);
        }
    }

    /// Makes an object what it is once it has been stored, when it is known whose its fields are.
    pub fn store(&self, object: &mut Value) {
        if self.origin == Origin::Builtin {
            crate::builtin::stored(self, object);
        }
    }

    /// Adds to a changed object what these plugins add then.
    pub fn admit_change(&self, old: &Value, object: &mut Value) {
        if self.origin == Origin::Builtin {
            crate::builtin::admit_change(self, old, object);
        }
    }

    /// Whether a new object, as it was sent, shares the labels of its Pods.
    pub fn shares_labels(&self, object: &Value) -> bool {
        self.origin == Origin::Builtin && crate::builtin::shares_labels(self, object)
    }

    /// Gives a new object that [shares them](Self::shares_labels) the labels of its Pods, when they have them all.
    pub fn share_labels(&self, object: &mut Value) {
        crate::builtin::share_labels(object);
    }

    /// Keeps in a changed object what only the server may change.
    pub fn keep(&self, old: &Value, new: &mut Value) {
        if self.origin == Origin::Builtin {
            crate::builtin::keep(self, old, new);
        }
    }

    /// What is good but questionable in a new object, or in one whose content changed from `old`.
    pub fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        match self.origin {
            Origin::Builtin => crate::builtin::warnings(self, object, old),
            _ => Vec::new(),
        }
    }

    /// Everything that is wrong with an object: its metadata, its fields, and the rules of a built-in kind. `old` is the
    /// stored object on update.
    pub fn validate(&self, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
        let mut errors = crate::meta::validate(self, object, old);
        if self.origin == Origin::Custom {
            errors.extend(self.schema.bounds(object, old));
            errors.extend(scale::check(self, object, scale::Judged::All));
            self.schema.invariants(object, old, &mut errors);
        } else {
            errors.extend(self.builtin_rules(object, old));
        }
        errors.retain(|error| !is_second_owner(error));
        errors
    }

    /// As [`ResourceKind::validate`] for a write to the status of `old`.
    pub fn validate_status(&self, object: &Value, old: &Value) -> Vec<FieldError> {
        if self.group == "apiextensions.k8s.io" {
            let mut errors = crate::meta::validate(self, object, Some(old));
            errors.extend(crd::check_status(object));
            return errors;
        }
        if self.origin != Origin::Custom {
            return self.validate(object, Some(old));
        }
        let mut errors = crate::meta::validate(self, object, Some(old));
        if let (Some(schema), Some(status)) = (self.schema.properties.get("status"), object.get("status")) {
            // The real server judges the status by itself, so that its own name is missing in what it says.
            let of_status = schema.bounds(status, old.get("status"));
            errors.extend(of_status.into_iter().map(|error| error.below("status")));
        }
        errors.extend(scale::check(self, object, scale::Judged::Status));
        self.schema.invariants(object, Some(old), &mut errors);
        errors.retain(|error| !is_second_owner(error));
        errors
    }

    fn builtin_rules(&self, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
        // To Go's types `null` is an absent value.
        let null = |error: &FieldError| error.kind == FieldReason::TypeInvalid && error.message.ends_with("\"null\"");
        let told = crate::builtin::is_told_in_full(self);
        let counts = |error: &FieldError| error.kind == FieldReason::TypeInvalid || !told;
        let of_schema = self.schema.validate(object, old).into_iter().filter(|error| !null(error) && counts(error));
        let mut errors: Vec<FieldError> = of_schema.map(FieldError::in_builtin_words).collect();
        let mut seen = std::collections::HashSet::new();
        errors.retain(|error| seen.insert(error.clone()));
        // The rules may say a thing twice, as the real server does; they do not repeat the schema.
        let rules = crate::builtin::rules(self, object, old).into_iter();
        errors.extend(rules.filter(|error| !seen.contains(error)));
        errors
    }
}

/// An owner may be named twice, though its list is a map by uid.
fn is_second_owner(error: &FieldError) -> bool {
    error.kind == FieldReason::Duplicate && error.field.starts_with("metadata.ownerReferences")
}

/// The verbs of a stored resource, in the order of discovery.
pub(crate) fn standard_verbs() -> Vec<String> {
    ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"].map(str::to_owned).to_vec()
}

/// Order of versions as Kubernetes prefers them: `v2`, `v1`, `v1beta2`, `v1beta1`, `v1alpha1`, anything else.
pub fn version_rank(version: &str) -> (u8, u32, u32) {
    let number = |text: &str| text.parse::<u32>().ok();
    let Some(rest) = version.strip_prefix('v') else { return (0, 0, 0) };
    let parts = |word: &str| rest.split_once(word).and_then(|(major, minor)| Some((number(major)?, number(minor)?)));
    match (number(rest), parts("beta"), parts("alpha")) {
        (Some(major), _, _) => (3, major, 0),
        (_, Some((major, minor)), _) => (2, major, minor),
        (_, _, Some((major, minor))) => (1, major, minor),
        _ => (0, 0, 0),
    }
}

/// The kind of `autoscaling/v1` Scales, which are served below other kinds.
pub fn scale() -> ResourceKind {
    crate::builtin::scale()
}

/// The kinds that are part of Kubernetes and served here.
pub fn builtin() -> Vec<ResourceKind> {
    crate::builtin::kinds()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stable_version_is_preferred_to_a_younger_beta() {
        let mut versions = ["v1alpha1", "v1", "v2beta1", "foo", "v2", "v1beta2", "v1beta10"];
        versions.sort_by_key(|version| std::cmp::Reverse(version_rank(version)));
        assert_eq!(versions, ["v2", "v1", "v2beta1", "v1beta10", "v1beta2", "v1alpha1", "foo"]);
    }
}
