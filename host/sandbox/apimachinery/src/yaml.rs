//! Values as YAML text, laid out and quoted as the API server's own writer does it.
//!
//! People and scripts compare such texts, so that quotes, folds and the order of keys count. Reading YAML is not for here.
//!
//! Source: `sigs.k8s.io/yaml`.

mod scalar;
mod types;

use std::cmp::Ordering;

use serde_json::{Map, Value};

/// A document.
pub fn to_string(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => mapping(map, 0, &mut out),
        Value::Array(items) if !items.is_empty() => sequence(items, 0, &mut out),
        other => {
            leaf(other, 0, &mut out);
            out.push('\n');
        }
    }
    out
}

/// Writes members below each other; the first one where the text already stands, if that is no new line.
fn mapping(map: &Map<String, Value>, indent: usize, out: &mut String) {
    let mut members: Vec<(&String, &Value)> = map.iter().collect();
    members.sort_by(|a, b| natural(a.0, b.0));
    for (name, value) in members {
        begin(indent, out);
        scalar::key(name, out);
        out.push(':');
        match value {
            Value::Object(map) if !map.is_empty() => {
                out.push('\n');
                mapping(map, indent + 2, out);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                sequence(items, indent, out);
            }
            other => line(other, indent, out),
        }
    }
}

fn sequence(items: &[Value], indent: usize, out: &mut String) {
    for item in items {
        begin(indent, out);
        out.push('-');
        match item {
            Value::Object(map) if !map.is_empty() => {
                out.push(' ');
                mapping(map, indent + 2, out);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push(' ');
                sequence(items, indent + 2, out);
            }
            other => line(other, indent, out),
        }
    }
}

fn begin(indent: usize, out: &mut String) {
    if out.is_empty() || out.ends_with('\n') {
        out.push_str(&" ".repeat(indent));
    }
}

fn line(value: &Value, indent: usize, out: &mut String) {
    out.push(' ');
    leaf(value, indent + 2, out);
    if !out.ends_with('\n') {
        out.push('\n');
    }
}

fn leaf(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::String(text) => scalar::value(text, indent, out),
        other => out.push_str(&other.to_string()),
    }
}

/// Order of keys: as text, but numbers in them by their value, and anything else before letters.
fn natural(a: &str, b: &str) -> Ordering {
    let (left, right): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = left.iter().zip(&right).position(|(x, y)| x != y) else { return left.len().cmp(&right.len()) };
    let (x, y) = (left[at], right[at]);
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (true, true) => x.cmp(&y),
        (false, false) => digits(&left[at..]).cmp(&digits(&right[at..])).then(x.cmp(&y)),
    }
}

/// The number that begins a text, by length first, so that it may be long.
fn digits(text: &[char]) -> (usize, String) {
    let digits: String = text.iter().take_while(|c| c.is_ascii_digit()).collect();
    let significant = digits.trim_start_matches('0').to_owned();
    (significant.len(), significant)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_laid_out_as_the_api_server_does_it() {
        let value = json!({
            "kind": "X", "list": [{"b": 1, "a": [1, [2]]}, "t", {}], "empty": {}, "none": [], "null": null,
            "f:x": {".": {}, "k:{\"a\":1}": true}, "a10": 1, "a9": 2, "text": "one\ntwo\n", "kept": "one\n\n", "cut": "one\ntwo",
        });
        let expected = "\
a9: 2
a10: 1
cut: |-
  one
  two
empty: {}
f:x:
  .: {}
  k:{\"a\":1}: true
kept: |+
  one

kind: X
list:
- a:
  - 1
  - - 2
  b: 1
- t
- {}
none: []
\"null\": null
text: |
  one
  two
";
        assert_eq!(to_string(&value), expected);
    }
}
