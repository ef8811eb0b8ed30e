//! `additionalPrinterColumns`.

use serde_json::Value;

use crate::field::FieldError;
use crate::jsonpath::JsonPath;
use crate::table::Column;

pub(super) fn read(version: &Value, path: &str) -> Result<Vec<Column>, Vec<FieldError>> {
    let Some(list) = version.get("additionalPrinterColumns").and_then(Value::as_array).filter(|l| !l.is_empty()) else {
        return Ok(vec![Column::age()]);
    };
    let read = |(i, column)| one(column, &format!("{path}.additionalPrinterColumns[{i}]"));
    list.iter().enumerate().map(read).collect::<Result<_, _>>().map_err(|error| vec![error])
}

fn one(column: &Value, path: &str) -> Result<Column, FieldError> {
    let text = |key: &str| column.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    for key in ["name", "type", "jsonPath"] {
        if text(key).is_empty() {
            return Err(FieldError::required(&format!("{path}.{key}"), ""));
        }
    }
    let types = ["boolean", "date", "integer", "number", "string"];
    if !types.contains(&text("type").as_str()) {
        return Err(FieldError::not_supported(&format!("{path}.type"), &text("type").into(), &types));
    }
    let json_path = text("jsonPath");
    let parsed = JsonPath::parse(&json_path)
        .map_err(|e| FieldError::invalid(&format!("{path}.jsonPath"), &json_path.as_str().into(), &e.to_string()))?;
    Ok(Column {
        name: text("name"),
        type_: text("type"),
        format: text("format"),
        description: text("description"),
        priority: column.get("priority").and_then(Value::as_i64).and_then(|p| i32::try_from(p).ok()).unwrap_or(0),
        json_path: Some(parsed),
    })
}
