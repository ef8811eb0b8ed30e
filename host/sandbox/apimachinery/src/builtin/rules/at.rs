//! A value with the path at which it stands, and the errors that can be said about it.

use serde_json::Value;

use crate::builtin::inner;
use crate::field::{FieldError, FieldReason};

/// Errors found so far.
pub(super) type Errors = Vec<FieldError>;

/// A value of an object. What is absent is `null`, as it is to the types of the real server.
#[derive(Debug, Clone)]
pub(super) struct At<'a> {
    pub(super) value: &'a Value,
    pub(super) path: String,
}

impl<'a> At<'a> {
    /// The object itself.
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    /// A field of this value.
    pub(super) fn child(&self, name: &str) -> At<'a> {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        At { value: self.value.get(name).unwrap_or(&Value::Null), path }
    }

    /// A field some steps below.
    pub(super) fn below(&self, names: &[&str]) -> At<'a> {
        names.iter().fold(self.clone(), |at, name| at.child(name))
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Vec<At<'a>> {
        let items = self.value.as_array().into_iter().flatten().enumerate();
        items.map(|(i, value)| At { value, path: format!("{}[{i}]", self.path) }).collect()
    }

    /// The entries of a map, by key.
    pub(super) fn entries(&self) -> Vec<(&'a str, At<'a>)> {
        let entries = self.value.as_object().into_iter().flatten();
        entries.map(|(key, value)| (key.as_str(), At { value, path: format!("{}[{key}]", self.path) })).collect()
    }

    /// The text; empty if it is absent.
    pub(super) fn text(&self) -> &'a str {
        self.value.as_str().unwrap_or_default()
    }

    /// The number; zero if it is absent.
    pub(super) fn number(&self) -> i64 {
        self.value.as_i64().unwrap_or_default()
    }

    /// How many items or entries there are.
    pub(super) fn len(&self) -> usize {
        match self.value {
            Value::Array(items) => items.len(),
            Value::Object(map) => map.len(),
            _ => 0,
        }
    }

    pub(super) fn is_set(&self) -> bool {
        !self.value.is_null()
    }

    pub(super) fn required(&self, why: &str) -> FieldError {
        FieldError::required(&self.path, why)
    }

    pub(super) fn invalid(&self, why: &str) -> FieldError {
        FieldError::invalid(&self.path, self.value, why)
    }

    /// As [`At::invalid`], with another value than the one that stands here.
    pub(super) fn invalid_value(&self, value: impl Into<Value>, why: &str) -> FieldError {
        FieldError::invalid(&self.path, &value.into(), why)
    }

    /// As [`At::invalid`], for a struct that is shown as the real server holds it.
    pub(super) fn invalid_struct(&self, type_: &str, why: &str) -> FieldError {
        FieldError::with_text(FieldReason::Invalid, &self.path, &inner::shown(type_, self.value), why)
    }

    pub(super) fn forbidden(&self, why: &str) -> FieldError {
        FieldError::forbidden(&self.path, why)
    }

    pub(super) fn duplicate(&self) -> FieldError {
        FieldError::duplicate(&self.path, self.value)
    }

    pub(super) fn not_supported(&self, supported: &[&str]) -> FieldError {
        FieldError::not_supported(&self.path, &self.text().into(), supported)
    }

    /// A text that must be there and be one of these.
    pub(super) fn one_of(&self, supported: &[&str], errors: &mut Errors) {
        if self.text().is_empty() {
            errors.push(self.required(""));
        } else if !supported.contains(&self.text()) {
            errors.push(self.not_supported(supported));
        }
    }

    /// A text that may be absent, but not empty, and must be one of these.
    pub(super) fn one_of_if_set(&self, supported: &[&str], errors: &mut Errors) {
        if self.is_set() && !supported.contains(&self.text()) {
            errors.push(self.not_supported(supported));
        }
    }

    /// A number that may be absent and must not be negative.
    pub(super) fn not_negative(&self, errors: &mut Errors) {
        if self.number() < 0 {
            errors.push(self.invalid("must be greater than or equal to 0"));
        }
    }

    /// What a check says about the text.
    pub(super) fn judged(&self, why: impl IntoIterator<Item = String>, errors: &mut Errors) {
        errors.extend(why.into_iter().map(|why| self.invalid_value(self.text(), &why)));
    }

    /// A text that must be there and pass a check.
    pub(super) fn named(&self, check: impl Fn(&str) -> Option<String>, errors: &mut Errors) {
        if self.text().is_empty() {
            errors.push(self.required(""));
        } else {
            self.judged(check(self.text()), errors);
        }
    }

    /// A field that may not change once the object exists.
    pub(super) fn fixed(&self, old: &At<'_>, why: &str, errors: &mut Errors) {
        if self.value != old.value {
            errors.push(self.invalid(why));
        }
    }
}
