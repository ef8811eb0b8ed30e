//! Structural schemas: what the fields of a kind are, which of them are unknown, absent or wrong.
//!
//! A [`Schema`] is parsed once, from a CRD's `openAPIV3Schema` or from our own files for built-in kinds, and shared. It
//! answers four questions: which fields are unknown ([`Schema::prune`]), which have a default ([`Schema::default`]),
//! which are wrong ([`Schema::validate`]), and how lists and maps merge (read by [`crate::apply`] and [`crate::patch`]).
//!
//! Source: <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/>.

mod check;
mod defaults;
mod formats;
mod lists;
mod metadata;
mod parse;
pub(crate) mod path;
mod prune;
mod rules;
mod validate;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::field::FieldError;

pub(crate) use check::Level;
pub(crate) use lists::keys as list_keys;
pub(crate) use metadata::document as object_meta_document;
pub(crate) use rules::fault::{of as expression_fault, shown as rule_shown};
pub(crate) use rules::free_value;

/// One node of a structural schema; the root describes the whole object.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    pub(crate) type_: Option<Type>,
    pub(crate) format: Option<String>,
    pub(crate) default: Option<Value>,
    pub(crate) nullable: bool,
    pub(crate) limits: Option<Box<Limits>>,
    pub(crate) properties: BTreeMap<String, Arc<Schema>>,
    pub(crate) additional: Additional,
    pub(crate) items: Option<Arc<Schema>>,
    pub(crate) required: Vec<String>,
    pub(crate) junctors: Option<Box<Junctors>>,
    pub(crate) int_or_string: bool,
    pub(crate) preserve_unknown: bool,
    pub(crate) embedded_resource: bool,
    pub(crate) list_type: Option<ListType>,
    pub(crate) list_map_keys: Vec<String>,
    pub(crate) atomic_map: bool,
    pub(crate) patch: Option<Box<PatchHints>>,
    pub(crate) rules: Vec<rules::Rule>,
    pub(crate) go: Option<Box<Go>>,
}

/// How Go's types hold a value of a built-in kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Go {
    /// Name of the type, where it does not follow from the field: `SecretKeySelector`.
    pub(crate) name: Option<String>,
    /// The embedded struct that the field is in: `VolumeSource`.
    pub(crate) within: Option<String>,
    /// Whether it is left out when it is empty, zero or false: no pointer, and `omitempty`.
    pub(crate) omitted: bool,
}

/// JSON type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
}

/// What is known of members that `properties` does not name.
#[derive(Debug, Clone, Default)]
pub(crate) enum Additional {
    /// Nothing was said: they are unknown fields.
    #[default]
    Unsaid,
    /// `additionalProperties: true`.
    Any,
    /// `additionalProperties: false`.
    Forbidden,
    /// Each has this schema.
    Schema(Arc<Schema>),
}

/// Who owns the items of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListType {
    Atomic,
    Set,
    Map,
}

/// Bounds on a value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits {
    pub(crate) enum_: Vec<Value>,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) minimum: Option<Bound>,
    pub(crate) maximum: Option<Bound>,
    pub(crate) multiple_of: Option<serde_json::Number>,
    pub(crate) min_length: Option<u64>,
    pub(crate) max_length: Option<u64>,
    pub(crate) min_items: Option<u64>,
    pub(crate) max_items: Option<u64>,
    pub(crate) min_properties: Option<u64>,
    pub(crate) max_properties: Option<u64>,
}

/// A numeric bound.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    pub(crate) value: serde_json::Number,
    pub(crate) exclusive: bool,
}

/// A regular expression as written, and compiled. Not anchored.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    pub(crate) text: String,
    pub(crate) regex: regex::Regex,
}

/// Schemas joined by logic; they bound values but never add fields.
#[derive(Debug, Clone, Default)]
pub(crate) struct Junctors {
    pub(crate) all_of: Vec<Schema>,
    pub(crate) any_of: Vec<Schema>,
    pub(crate) one_of: Vec<Schema>,
    pub(crate) not: Option<Schema>,
}

/// How strategic merge patches treat a field.
#[derive(Debug, Clone, Default)]
pub(crate) struct PatchHints {
    pub(crate) merge_key: Option<String>,
    pub(crate) merge: bool,
    pub(crate) replace: bool,
}

impl Schema {
    /// Reads a schema that is part of a CRD's `openAPIV3Schema`.
    ///
    /// # Errors
    /// Everything in it that is not a structural schema.
    pub fn parse(document: &Value) -> Result<Self, Vec<FieldError>> {
        let errors = check::document(document, "", Level::Field);
        if errors.is_empty() { Ok(Self::trusted(document)) } else { Err(errors) }
    }

    /// Everything wrong with a schema that stands at `path` in a definition.
    pub(crate) fn check(document: &Value, path: &str, level: Level) -> Vec<FieldError> {
        check::document(document, path, level)
    }

    /// Reads a schema that is known to be right.
    pub(crate) fn trusted(document: &Value) -> Self {
        parse::node(document)
    }

    /// Fills absent fields that have a default, at every depth, and drops `null` where it is not allowed.
    pub fn fill_defaults(&self, value: &mut Value) {
        defaults::apply(self, value);
    }

    /// Drops unknown fields and returns their paths, sorted, such as `spec.workers[0].foo`.
    pub fn prune(&self, value: &mut Value) -> Vec<String> {
        prune::apply(self, value)
    }

    /// What is wrong with a value. `old` is the stored value on update: what was wrong there already and did not change is
    /// forgiven, as the API server does.
    pub fn validate(&self, value: &Value, old: Option<&Value>) -> Vec<FieldError> {
        let mut errors = self.bounds(value, old);
        self.invariants(value, old, &mut errors);
        errors
    }

    /// The part of [`Schema::validate`] that looks at each value alone.
    pub(crate) fn bounds(&self, value: &Value, old: Option<&Value>) -> Vec<FieldError> {
        validate::bounds(self, value, old)
    }

    /// The part of [`Schema::validate`] that looks at values together: items of lists, and rules. Rules are not run on what
    /// has errors that they could stumble over.
    pub(crate) fn invariants(&self, value: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
        validate::invariants(self, value, old, errors);
    }

    /// The `x-kubernetes-validations` at any depth that use what is not supported here and are therefore not enforced, each
    /// with its place.
    pub fn unenforced_rules(&self) -> Vec<String> {
        let mut found = Vec::new();
        rules::unenforced(self, "", &mut found);
        found
    }

    /// The schema of a member: named, or any other member of a map.
    pub(crate) fn member(&self, name: &str) -> Option<&Schema> {
        match (self.properties.get(name), &self.additional) {
            (Some(schema), _) => Some(schema),
            (None, Additional::Schema(schema)) => Some(schema),
            _ => None,
        }
    }

    /// Makes it the schema of a whole object: `apiVersion`, `kind` and the shared schema of `metadata`, keeping the bounds
    /// that it sets on the name.
    pub(crate) fn into_root(mut self) -> Self {
        let own = self.properties.get("metadata").cloned();
        parse::embed(&mut self);
        if let Some(own) = own {
            metadata::narrow(&mut self, &own);
        }
        self
    }
}

#[cfg(test)]
mod tests;
