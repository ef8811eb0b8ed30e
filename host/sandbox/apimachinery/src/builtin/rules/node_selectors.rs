//! Selectors of nodes, which know more operators than those of labels.

use super::at::{At, Errors};
use crate::meta::names;

/// What the values of an expression about labels have to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    Labels,
    Any,
}

/// A selector with at least one term.
pub(super) fn selector(at: &At<'_>, errors: &mut Errors) {
    let terms = at.child("nodeSelectorTerms");
    if terms.len() == 0 {
        errors.push(terms.required("must have at least one node selector term"));
    }
    for term in terms.items() {
        self::term(&term, Values::Labels, errors);
    }
}

/// One term of it, or of a wish.
pub(super) fn term(term: &At<'_>, wanted: Values, errors: &mut Errors) {
    for requirement in term.child("matchExpressions").items() {
        expression(&requirement, wanted, errors);
    }
    for requirement in term.child("matchFields").items() {
        field(&requirement, errors);
    }
}

fn expression(at: &At<'_>, wanted: Values, errors: &mut Errors) {
    let [key, operator, values] = ["key", "operator", "values"].map(|field| at.child(field));
    match (operator.text(), values.len()) {
        ("In" | "NotIn", 0) => {
            errors.push(values.required("must be specified when `operator` is 'In' or 'NotIn'"));
        }
        ("Exists" | "DoesNotExist", 1..) => {
            errors.push(values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
        }
        ("Gt" | "Lt", 0 | 2..) => {
            errors.push(values.required("must be specified single value when `operator` is 'Lt' or 'Gt'"));
        }
        ("In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt", _) => {}
        _ => errors.push(operator.invalid_value(operator.text(), "not a valid selector operator")),
    }
    key.judged(names::qualified(key.text()), errors);
    if wanted == Values::Labels {
        values.items().iter().for_each(|value| value.judged(names::label_value(value.text()), errors));
    }
}

/// Of its fields, a node can only be chosen by its name.
fn field(at: &At<'_>, errors: &mut Errors) {
    let [key, operator, values] = ["key", "operator", "values"].map(|field| at.child(field));
    match operator.text() {
        "In" | "NotIn" if values.len() == 1 => {}
        "In" | "NotIn" => {
            let why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
            errors.push(values.required(why));
        }
        _ => errors.push(operator.invalid_value(operator.text(), "not a valid selector operator")),
    }
    if key.text() != "metadata.name" {
        errors.push(key.invalid_value(key.text(), "not a valid field selector key"));
        return;
    }
    for value in values.items() {
        value.judged(names::subdomain(value.text()), errors);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_operator_asks_for_its_number_of_values() {
        let cases = [
            ("matchExpressions", "In", json!(["a", "b"]), 0),
            ("matchExpressions", "In", json!([]), 1),
            ("matchExpressions", "Exists", json!([]), 0),
            ("matchExpressions", "Exists", json!(["a"]), 1),
            ("matchExpressions", "Gt", json!(["1"]), 0),
            ("matchExpressions", "Gt", json!(["1", "2"]), 1),
            ("matchExpressions", "Near", json!([]), 1),
            ("matchFields", "In", json!(["a"]), 0),
            ("matchFields", "In", json!(["a", "b"]), 1),
            ("matchFields", "Exists", json!([]), 1),
        ];
        for (list, operator, values, count) in cases {
            let requirement = json!({"key": "metadata.name", "operator": operator, "values": values});
            let object = json!({"nodeSelectorTerms": [{list: [requirement]}]});
            let mut errors = Vec::new();
            selector(&At::root(&object), &mut errors);
            assert_eq!(errors.len(), count, "{list} {operator} {values}");
        }
    }
}
