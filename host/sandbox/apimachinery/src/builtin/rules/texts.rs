//! Checks of small texts and numbers that several kinds have: ports, percentages, addresses, labels.
//!
//! Source: `k8s.io/apimachinery/pkg/util/validation`.

use std::net::IpAddr;

use serde_json::Value;

use super::at::{At, Errors};
use crate::meta::names;

pub(super) const IMMUTABLE: &str = "field is immutable";

/// What is wrong with a port number.
pub(super) fn port(number: i64) -> Option<String> {
    (!(1..=65535).contains(&number)).then(|| "must be between 1 and 65535, inclusive".to_owned())
}

/// Everything wrong with the name of a port as containers have it.
pub(super) fn port_name(name: &str) -> Vec<String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let wrong = [
        (name.len() > 15, "must be no more than 15 characters"),
        (
            name.is_empty() || !name.bytes().all(plain),
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        ),
        (!name.bytes().any(|b| b.is_ascii_lowercase()), "must contain at least one letter (a-z)"),
        (name.contains("--"), "must not contain consecutive hyphens"),
        (name.starts_with('-') || name.ends_with('-'), "must not begin or end with a hyphen"),
    ];
    wrong.into_iter().filter(|(wrong, _)| *wrong).map(|(_, why)| why.to_owned()).collect()
}

/// A port by number or by name.
pub(super) fn port_or_name(at: &At<'_>, errors: &mut Errors) {
    match at.value {
        Value::String(name) => at.judged(port_name(name), errors),
        _ => errors.extend(port(at.number()).map(|why| at.invalid_value(at.number(), &why))),
    }
}

/// A key of a ConfigMap or Secret.
pub(super) fn config_key(key: &str) -> Vec<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let mut wrong = Vec::new();
    if key.len() > 253 {
        wrong.push(names::too_long(253));
    }
    if key.is_empty() || !key.bytes().all(plain) {
        wrong.push(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or \
             'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
                .to_owned(),
        );
    }
    match key {
        "." | ".." => wrong.push(format!("must not be '{key}'")),
        _ if key.starts_with("..") => wrong.push("must not start with '..'".to_owned()),
        _ => {}
    }
    wrong
}

/// The name of an environment variable.
pub(super) fn variable(name: &str) -> Option<String> {
    let good = name.bytes().all(|b| (b.is_ascii_graphic() || b == b' ') && b != b'=');
    (!good).then(|| {
        "a valid environment variable name must consist only of printable ASCII characters other than '='".to_owned()
    })
}

/// An IP address.
pub(super) fn address(text: &str) -> Option<String> {
    let wrong = text.parse::<IpAddr>().is_err();
    wrong.then(|| "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".to_owned())
}

/// A range of IP addresses.
pub(super) fn range(text: &str) -> Option<String> {
    let good = text.split_once('/').is_some_and(|(address, bits)| {
        let most = if address.contains(':') { 128 } else { 32 };
        address.parse::<IpAddr>().is_ok() && bits.parse::<u8>().is_ok_and(|bits| bits <= most)
    });
    (!good).then(|| "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)".to_owned())
}

/// A whole number that is not negative, or a percentage.
pub(super) fn count_or_percent(at: &At<'_>, errors: &mut Errors) {
    match at.value {
        Value::String(text) if percent(text).is_none() => errors.push(at.invalid(
            "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used \
             for validation is '[0-9]+%')",
        )),
        _ => at.not_negative(errors),
    }
}

/// The number of a percentage.
pub(super) fn percent(text: &str) -> Option<u64> {
    let digits = text.strip_suffix('%').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    digits.parse().ok()
}

/// Keys and values of labels, or of a selector by labels.
pub(super) fn labels(at: &At<'_>, errors: &mut Errors) {
    for (key, value) in at.entries() {
        errors.extend(names::qualified(key).into_iter().map(|why| at.invalid_value(key, &why)));
        let value = value.text();
        errors.extend(names::label_value(value).into_iter().map(|why| at.invalid_value(value, &why)));
    }
}

/// A selector with labels and expressions.
pub(super) fn selector(at: &At<'_>, errors: &mut Errors) {
    labels(&at.child("matchLabels"), errors);
    for expression in at.child("matchExpressions").items() {
        requirement(&expression, errors);
    }
}

/// Operators of a label selector.
const OPERATORS: [&str; 4] = ["In", "NotIn", "Exists", "DoesNotExist"];

fn requirement(at: &At<'_>, errors: &mut Errors) {
    let (operator, values) = (at.child("operator"), at.child("values"));
    match operator.text() {
        "In" | "NotIn" if values.len() == 0 => {
            errors.push(values.required("must be specified when `operator` is 'In' or 'NotIn'"));
        }
        "Exists" | "DoesNotExist" if values.len() > 0 => {
            errors.push(values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
        }
        known if OPERATORS.contains(&known) => {}
        other => errors.push(operator.invalid_value(other, "not a valid selector operator")),
    }
    let key = at.child("key");
    key.judged(names::qualified(key.text()), errors);
    for value in values.items() {
        value.judged(names::label_value(value.text()), errors);
    }
}

/// Whether everything that a selector says can be asked.
pub(super) fn is_readable(selector: &Value) -> bool {
    let at = At::root(selector);
    let labels = at.child("matchLabels").entries();
    let plain = labels.iter().all(|(key, value)| is_label(key, value));
    plain && at.child("matchExpressions").items().iter().all(is_readable_requirement)
}

fn is_label(key: &str, value: &At<'_>) -> bool {
    names::qualified(key).is_empty() && names::label_value(value.text()).is_empty()
}

fn is_readable_requirement(expression: &At<'_>) -> bool {
    let (key, values) = (expression.child("key").text(), expression.child("values").items());
    let counted = match expression.child("operator").text() {
        "In" | "NotIn" => !values.is_empty(),
        operator => OPERATORS.contains(&operator) && values.is_empty(),
    };
    counted && names::qualified(key).is_empty() && values.iter().all(|value| is_label(key, value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn small_texts_are_taken_or_refused_as_kubernetes_does() {
        type Case = (&'static str, fn(&str) -> bool, &'static [&'static str], &'static [&'static str]);
        let cases: [Case; 5] = [
            ("port", |n| port_name(n).is_empty(), &["http", "a-1"], &["", "A", "1", "a--b", "-a", "a234567890123456"]),
            ("key", |n| config_key(n).is_empty(), &["a", ".x", "A_b-c.d"], &["", ".", "..", "..x", "a b"]),
            ("variable", |n| variable(n).is_none(), &["A", "a.b-c d"], &["a=b", "ä", "a\n"]),
            ("address", |n| address(n).is_none(), &["1.2.3.4", "::1"], &["1.2.3", "x", ""]),
            ("range", |n| range(n).is_none(), &["10.0.0.0/8", "fd00::/64"], &["10.0.0.0", "10.0.0.0/33", "x/8"]),
        ];
        for (what, holds, good, bad) in cases {
            assert!(good.iter().all(|n| holds(n)), "{what}");
            assert!(bad.iter().all(|n| !holds(n)), "{what}");
        }
    }

    #[test]
    fn an_expression_without_the_values_it_needs_is_refused() {
        let selector = json!({"matchExpressions": [{"key": "a", "operator": "In"}]});
        let mut errors = Vec::new();
        super::selector(&At::root(&selector), &mut errors);
        assert_eq!(errors.len(), 1);
        assert!(!is_readable(&selector));
    }
}
