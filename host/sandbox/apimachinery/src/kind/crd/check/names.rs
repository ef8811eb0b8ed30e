//! The names of a kind.

use serde_json::Value;

use super::super::Names;
use crate::field::FieldError;
use crate::meta::names as syntax;

pub(super) fn check(crd: &Value, errors: &mut Vec<FieldError>) {
    let names = Names::of(crd);
    let needed = [
        ("plural", &names.plural),
        ("singular", &names.singular),
        ("kind", &names.kind),
        ("listKind", &names.list_kind),
    ];
    for (key, _) in needed.iter().filter(|(_, name)| name.is_empty()) {
        errors.push(FieldError::required(&format!("spec.names.{key}"), ""));
    }
    all(&names, "spec.names", errors);
}

/// Everything wrong with those of the names that there are, which stand at `path`.
pub(super) fn all(names: &Names, path: &str, errors: &mut Vec<FieldError>) {
    let given = [
        ("plural", &names.plural, Case::Lower),
        ("singular", &names.singular, Case::Lower),
        ("kind", &names.kind, Case::Mixed),
        ("listKind", &names.list_kind, Case::Mixed),
    ];
    for (key, name, case) in given.into_iter().filter(|(_, name, _)| !name.is_empty()) {
        label(&format!("{path}.{key}"), name, case, errors);
    }
    for (i, short) in names.short_names.iter().enumerate() {
        label(&format!("{path}.shortNames[{i}]"), short, Case::Lower, errors);
    }
    if !names.kind.is_empty() && names.kind == names.list_kind {
        let why = "kind and listKind may not be the same";
        errors.push(FieldError::invalid(&format!("{path}.listKind"), &names.list_kind.as_str().into(), why));
    }
    for (i, category) in names.categories.iter().enumerate() {
        label(&format!("{path}.categories[{i}]"), category, Case::Lower, errors);
    }
}

#[derive(Clone, Copy)]
enum Case {
    Lower,
    Mixed,
}

fn label(field: &str, name: &str, case: Case, errors: &mut Vec<FieldError>) {
    let why = match case {
        Case::Lower => syntax::label_1035(name),
        Case::Mixed => syntax::label_1035(&name.to_lowercase())
            .map(|why| format!("may have mixed case, but should otherwise match: {why}")),
    };
    errors.extend(why.map(|why| FieldError::invalid(field, &name.into(), &why)));
}
