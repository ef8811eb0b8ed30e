//! `selectableFields`: paths of plain values that field selectors may ask for.

use serde_json::Value;

use super::super::text;
use crate::field::FieldError;
use crate::schema::path::{Keys, target};

/// How many a version may have.
const MOST: usize = 8;
const TYPES: [&str; 3] = ["boolean", "integer", "string"];

pub(super) fn check(fields: &[Value], document: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let mut known: Vec<&str> = Vec::new();
    for (i, field) in fields.iter().enumerate() {
        let (at, given) = (format!("{path}[{i}].jsonPath"), text(field, "/jsonPath"));
        if given.is_empty() {
            errors.push(FieldError::required(&at, ""));
            continue;
        }
        match target(given, document, Keys::Refused) {
            Err(why) => errors.push(FieldError::invalid(&at, &given.into(), &format!("is an invalid path: {why}"))),
            Ok(found) => {
                errors.extend(unfit(given, found).map(|why| FieldError::invalid(&at, &given.into(), why)));
                match known.contains(&given) {
                    true => errors.push(FieldError::duplicate(&at, &given.into())),
                    false => known.push(given),
                }
            }
        }
    }
    if known.len() > MOST {
        errors.push(FieldError::too_many(path, known.len() as u64, MOST as u64));
    }
}

/// Why objects cannot be selected by a field that there is.
fn unfit(path: &str, found: &Value) -> impl Iterator<Item = &'static str> {
    let of_meta = path == ".metadata" || path.starts_with(".metadata.");
    let wrong = [
        (of_meta, "must not point to fields in metadata"),
        (
            !TYPES.contains(&text(found, "/type")),
            "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are \
             allowed.",
        ),
    ];
    wrong.into_iter().filter(|(wrong, _)| *wrong).map(|(_, why)| why)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_to_a_plain_value() {
        let document =
            json!({"properties": {"spec": {"properties": {"a": {"type": "string"}, "b": {"type": "array"}}}}});
        let cases = [
            (".spec.a", None),
            ("", Some("Required value")),
            (".spec.c", Some("is an invalid path: does not refer to a valid field")),
            (".spec.", Some("is an invalid path: unexpected end of JSON path")),
            ("spec", Some("is an invalid path: expected [ or . but got: spec")),
            (".spec['a']", Some("is an invalid path: array notation is not allowed")),
            (".spec.b", Some("must point to a field of type string, boolean or integer.")),
        ];
        for (path, expected) in cases {
            let mut errors = Vec::new();
            check(&[json!({"jsonPath": path})], &document, "f", &mut errors);
            let told = errors.first().map(|error| error.message.as_str());
            assert_eq!(told.is_some(), expected.is_some(), "{path} {told:?}");
            assert!(expected.is_none_or(|why| told.is_some_and(|told| told.contains(why))), "{path} {told:?}");
        }
    }
}
