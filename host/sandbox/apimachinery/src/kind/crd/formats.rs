//! Formats of texts that the API server does not know: it takes them, and warns.
//!
//! Source: `k8s.io/apiextensions-apiserver/pkg/apiserver/validation/formats.go`.

use serde_json::Value;

use super::text;
use crate::field::go_quote;

/// Without hyphens, which do not count.
const KNOWN: [&str; 26] = [
    "bsonobjectid",
    "byte",
    "cidr",
    "creditcard",
    "date",
    "datetime",
    "duration",
    "email",
    "hexcolor",
    "hostname",
    "ipv4",
    "ipv6",
    "isbn",
    "isbn10",
    "isbn13",
    "k8slongname",
    "k8sshortname",
    "mac",
    "password",
    "rgbcolor",
    "ssn",
    "uri",
    "uuid",
    "uuid3",
    "uuid4",
    "uuid5",
];

/// A warning for each unknown format that `old` did not have already.
pub(crate) fn warnings(crd: &Value, old: Option<&Value>) -> Vec<String> {
    let known = old.map(unknown).unwrap_or_default();
    let new = unknown(crd).into_iter().filter(|format| !known.contains(format));
    new.map(|format| format!("unrecognized format {}", go_quote(format))).collect()
}

fn unknown(crd: &Value) -> Vec<&str> {
    let versions = crd.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten();
    let mut found = Vec::new();
    for version in versions {
        collect(&version["schema"]["openAPIV3Schema"], &mut found);
    }
    found
}

fn collect<'a>(schema: &'a Value, found: &mut Vec<&'a str>) {
    let format = text(schema, "/format");
    let unknown = !format.is_empty() && !KNOWN.contains(&format.replace('-', "").as_str());
    if unknown && text(schema, "/type") == "string" && !found.contains(&format) {
        found.push(format);
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        schema.get(key).and_then(Value::as_array).into_iter().flatten().for_each(|one| collect(one, found));
    }
    let single = ["items", "not", "additionalProperties"].into_iter().filter_map(|key| schema.get(key));
    let named = schema.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(_, one)| one);
    single.chain(named).for_each(|one| collect(one, found));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_unknown_format_of_a_text_is_warned_of_once() {
        let crd = |format: &str| {
            let field = json!({"type": "string", "format": format});
            json!({"spec": {"versions": [{"schema": {"openAPIV3Schema": {"properties": {"a": field, "b": {"items": field},
                "n": {"type": "integer", "format": "int33"}}}}}]}})
        };
        assert_eq!(warnings(&crd("x"), None), ["unrecognized format \"x\""]);
        assert_eq!(warnings(&crd("x"), Some(&crd("x"))), [""; 0]);
        assert_eq!(warnings(&crd("date-time"), None), [""; 0]);
    }
}
