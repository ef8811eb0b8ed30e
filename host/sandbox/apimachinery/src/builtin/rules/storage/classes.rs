//! Rules of storage classes.
//!
//! Source: `k8s.io/kubernetes/pkg/apis/storage/validation`.

use std::collections::{BTreeMap, BTreeSet};

use crate::builtin::rules::at::{At, Errors};
use crate::builtin::rules::texts;
use crate::field::FieldError;
use crate::meta::names;

/// How many parameters a class may have, and how many bytes they may have together.
const MAX_PARAMETERS: usize = 512;
const MAX_SIZE: usize = 256 * 1024;

pub(crate) fn class(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let provisioner = object.child("provisioner");
    provisioner_name(&provisioner, errors);
    parameters(&object.child("parameters"), errors);
    let (policy, mode) = (object.child("reclaimPolicy"), object.child("volumeBindingMode"));
    if !policy.text().is_empty() {
        policy.one_of_if_set(&["Delete", "Retain"], errors);
    }
    mode.one_of_if_set(&["Immediate", "WaitForFirstConsumer"], errors);
    topologies(&object.child("allowedTopologies"), errors);
    if let Some(old) = old {
        for field in ["parameters", "provisioner", "reclaimPolicy"] {
            if object.child(field).value != old.child(field).value {
                errors.push(FieldError::forbidden(field, &format!("updates to {field} are forbidden.")));
            }
        }
        mode.fixed(&old.child("volumeBindingMode"), texts::IMMUTABLE, errors);
    }
}

/// The name is judged, and shown, in small letters.
fn provisioner_name(at: &At<'_>, errors: &mut Errors) {
    let name = at.text().to_lowercase();
    if name.is_empty() {
        errors.push(at.required(""));
    } else {
        errors.extend(names::qualified(&name).into_iter().map(|why| at.invalid_value(name.as_str(), &why)));
    }
}

fn parameters(at: &At<'_>, errors: &mut Errors) {
    if at.len() > MAX_PARAMETERS {
        errors.push(FieldError::too_long(&at.path, MAX_PARAMETERS as u64));
        return;
    }
    let entries = at.entries();
    if entries.iter().any(|(key, _)| key.is_empty()) {
        errors.push(at.invalid_value("", "field can not be empty."));
    }
    if entries.iter().map(|(key, value)| key.len() + value.text().len()).sum::<usize>() > MAX_SIZE {
        errors.push(FieldError::too_long(&at.path, MAX_SIZE as u64));
    }
}

/// The values that a term allows for each key.
type Term<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Where volumes may be. An empty term equals each of as many empty ones as there are terms: the real server counts them among
/// those it has seen.
fn topologies(list: &At<'_>, errors: &mut Errors) {
    let mut seen: Vec<Term<'_>> = vec![Term::new(); list.len()];
    for term in list.items() {
        let expressions = term.child("matchLabelExpressions");
        let read = self::term(&expressions, errors);
        let again = seen.iter().filter(|other| **other == read).count();
        errors.extend((0..again).map(|_| FieldError::duplicate(&expressions.path, &"".into())));
        seen.push(read);
    }
}

fn term<'a>(expressions: &At<'a>, errors: &mut Errors) -> Term<'a> {
    let mut term = Term::new();
    for expression in expressions.items() {
        let (key, values) = (expression.child("key"), expression.child("values"));
        let allowed = self::values(&values, errors);
        key.judged(names::qualified(key.text()), errors);
        if term.insert(key.text(), allowed).is_some() {
            errors.push(key.duplicate());
        }
    }
    term
}

fn values<'a>(list: &At<'a>, errors: &mut Errors) -> BTreeSet<&'a str> {
    if list.len() == 0 {
        errors.push(list.required(""));
    }
    let mut known = BTreeSet::new();
    for value in list.items() {
        if !known.insert(value.text()) {
            errors.push(value.duplicate());
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_term_says_something_new() {
        let term = |value: &str| json!({"matchLabelExpressions": [{"key": "a", "values": [value]}]});
        let cases = [
            ("different", json!([term("a"), term("b")]), 0),
            ("the same", json!([term("a"), term("a")]), 1),
            ("empty", json!([{}]), 1),
            ("empty among two", json!([term("a"), {}]), 2),
        ];
        for (name, list, count) in cases {
            let mut errors = Vec::new();
            topologies(&At { value: &list, path: "allowedTopologies".into() }, &mut errors);
            assert_eq!(errors.len(), count, "{name}");
        }
    }
}
