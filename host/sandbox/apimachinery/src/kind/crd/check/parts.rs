//! What each version says of itself, or all say together: schema, subresources, columns.

use serde_json::Value;

use super::super::{columns, shown, text};
use super::{all, selectable};
use crate::field::FieldError;
use crate::schema::{Level, Schema};

/// A part of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Schema,
    Subresources,
    Columns,
    Selectable,
}

impl Part {
    pub(super) const ALL: [Self; 4] = [Self::Schema, Self::Subresources, Self::Columns, Self::Selectable];

    /// Its member of a version.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Subresources => "subresources",
            Self::Columns => "additionalPrinterColumns",
            Self::Selectable => "selectableFields",
        }
    }

    /// What it is called above the versions.
    pub(super) fn above(self) -> &'static str {
        if self == Self::Schema { "validation" } else { self.key() }
    }

    /// Whether all versions say the same.
    pub(super) fn is_shared(self, crd: &Value) -> bool {
        let said = |version: &Value| version.get(self.key()).filter(|part| !part.is_null()).cloned();
        let first = all(crd).first().map(said);
        first.is_some_and(|first| all(crd).iter().all(|version| said(version) == first))
    }

    /// Everything wrong with the part of a version, which stands at `path`.
    pub(super) fn check(self, crd: &Value, index: usize, path: &str, errors: &mut Vec<FieldError>) {
        let part = &all(crd)[index][self.key()];
        match self {
            Self::Schema => schema(crd, index, &part["openAPIV3Schema"], &format!("{path}.openAPIV3Schema"), errors),
            Self::Subresources => scale(&part["scale"], &format!("{path}.scale"), errors),
            Self::Columns => {
                for (i, column) in part.as_array().into_iter().flatten().enumerate() {
                    columns::check(column, &format!("{path}[{i}]"), errors);
                }
            }
            Self::Selectable => selects(crd, index, part, path, errors),
        }
    }
}

fn schema(crd: &Value, index: usize, document: &Value, path: &str, errors: &mut Vec<FieldError>) {
    if !document.is_object() {
        return;
    }
    if has_status(crd, index) {
        root(document, path, errors);
    }
    if document["nullable"] == true {
        errors.push(FieldError::forbidden(&format!("{path}.nullable"), "nullable cannot be true at the root"));
    }
    errors.extend(Schema::check(document, path, Level::Root));
}

/// Whether the version, or where versions share their schema any of them, writes its status apart.
fn has_status(crd: &Value, index: usize) -> bool {
    let status = |version: &Value| version.pointer("/subresources/status").is_some_and(Value::is_object);
    match Part::Schema.is_shared(crd) {
        true => all(crd).iter().any(status),
        false => status(&all(crd)[index]),
    }
}

/// What the root of a schema may say where the status is judged by its own schema: the rest would be lost.
const AT_ROOT: [&str; 22] = [
    "Description",
    "Type",
    "Format",
    "Title",
    "Maximum",
    "ExclusiveMaximum",
    "Minimum",
    "ExclusiveMinimum",
    "MaxLength",
    "MinLength",
    "Pattern",
    "MaxItems",
    "MinItems",
    "UniqueItems",
    "MultipleOf",
    "Required",
    "Items",
    "Properties",
    "ExternalDocs",
    "Example",
    "XPreserveUnknownFields",
    "XValidations",
];

fn root(document: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let name = text(document, "/type");
    if !name.is_empty() && name != "object" {
        let why =
            "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
        errors.push(FieldError::invalid(&format!("{path}.type"), &name.into(), why));
    } else if shown::says_more_than(document, &AT_ROOT) {
        let allowed = AT_ROOT.join(" ");
        let why = format!(
            "only [{allowed}] fields are allowed at the root of the schema if the status subresource is enabled"
        );
        errors.push(FieldError::invalid_shown(path, &shown::schema(document), &why));
    }
}

fn selects(crd: &Value, index: usize, part: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let fields = part.as_array().map(Vec::as_slice).unwrap_or_default();
    if fields.is_empty() {
        return;
    }
    let own = !Part::Selectable.is_shared(crd);
    let document = &all(crd)[index]["schema"]["openAPIV3Schema"];
    // A version of its own looks only at a schema of its own.
    let missing = match own {
        true if !document.is_object() || Part::Schema.is_shared(crd) => {
            "may only be set when `version.schema.openAPIV3Schema` is not included"
        }
        false if !Part::Schema.is_shared(crd) || all(crd)[index]["schema"].is_null() => {
            "may only be set when validations.schema is included"
        }
        _ => return selectable::check(fields, document, path, errors),
    };
    errors.push(FieldError::invalid(path, &"".into(), missing));
}

fn scale(scale: &Value, path: &str, errors: &mut Vec<FieldError>) {
    if !scale.is_object() {
        return;
    }
    for (key, under) in [("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")] {
        let (field, given) = (format!("{path}.{key}"), text(scale, &format!("/{key}")));
        if given.is_empty() {
            errors.push(FieldError::required(&field, ""));
        } else if let Some(error) = columns::simple_path(given, &field) {
            errors.push(error);
        } else if !given.starts_with(&format!("{under}.")) {
            errors.push(FieldError::invalid(&field, &given.into(), &format!("should be a json path under {under}")));
        }
    }
    let (field, given) = (format!("{path}.labelSelectorPath"), text(scale, "/labelSelectorPath"));
    if given.is_empty() {
        return;
    }
    if let Some(error) = columns::simple_path(given, &field) {
        errors.push(error);
    } else if !given.starts_with(".spec.") && !given.starts_with(".status.") {
        let why = "should be a json path under either .spec or .status";
        errors.push(FieldError::invalid(&field, &given.into(), why));
    }
}
