//! `additionalPrinterColumns`.

use serde_json::Value;

use super::text;
use crate::field::FieldError;
use crate::jsonpath::JsonPath;
use crate::table::Column;

const TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const FORMATS: [&str; 8] = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

/// Everything wrong with a column.
pub(super) fn check(column: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let at = |key: &str| format!("{path}.{key}");
    if text(column, "/name").is_empty() {
        errors.push(FieldError::required(&at("name"), ""));
    }
    let (kind, format) = (text(column, "/type"), text(column, "/format"));
    let types = format!("must be one of {}", TYPES.join(","));
    if kind.is_empty() {
        errors.push(FieldError::required(&at("type"), &types));
    } else if !TYPES.contains(&kind) {
        errors.push(FieldError::invalid(&at("type"), &kind.into(), &types));
    }
    if !format.is_empty() && !FORMATS.contains(&format) {
        let why = format!("must be one of {}", FORMATS.join(","));
        errors.push(FieldError::invalid(&at("format"), &format.into(), &why));
    }
    match text(column, "/jsonPath") {
        "" => errors.push(FieldError::required(&at("JSONPath"), "")),
        given => errors.extend(simple_path(given, &at("JSONPath"))),
    }
}

/// What is wrong with a path that columns and scales are found by. The real server looks no further.
pub(super) fn simple_path(given: &str, field: &str) -> Option<FieldError> {
    let why = "must be a simple json path starting with .";
    (!given.starts_with('.')).then(|| FieldError::invalid(field, &given.into(), why))
}

/// The columns of a version. One whose path cannot be read stays empty.
pub(super) fn read(version: &Value) -> Vec<Column> {
    let list = version.get("additionalPrinterColumns").and_then(Value::as_array).filter(|list| !list.is_empty());
    list.map_or_else(|| vec![Column::age()], |list| list.iter().map(one).collect())
}

fn one(column: &Value) -> Column {
    let word = |key: &str| text(column, &format!("/{key}")).to_owned();
    let path = word("jsonPath");
    let description = match word("description") {
        none if none.is_empty() => format!("Custom resource definition column (in JSONPath format): {path}"),
        own => own,
    };
    Column {
        name: word("name"),
        type_: word("type"),
        format: word("format"),
        description,
        priority: column.get("priority").and_then(Value::as_i64).and_then(|p| i32::try_from(p).ok()).unwrap_or(0),
        json_path: JsonPath::parse(&path).ok(),
    }
}
