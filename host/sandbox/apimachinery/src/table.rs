//! What `kubectl get` prints: `meta.k8s.io/v1` Tables.
//!
//! Columns of CRDs are paths into the object; columns of built-in kinds are small functions, one file per family. Source:
//! `k8s.io/apiextensions-apiserver/.../tableconvertor` and `k8s.io/kubernetes/pkg/printers/internalversion`.

mod core;
mod duration;
mod nodes;
mod others;
mod pods;
mod services;
mod workloads;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::jsonpath::JsonPath;
use crate::kind::ResourceKind;

pub use duration::human_duration;

/// One column of a table, after the name.
#[derive(Debug, Clone)]
pub struct Column {
    /// Header.
    pub name: String,
    /// OpenAPI type, such as `string` or `date`.
    pub type_: String,
    /// OpenAPI format; empty for none.
    pub format: String,
    /// Help text.
    pub description: String,
    /// 0: always shown; more: only in wide output.
    pub priority: i32,
    /// Where the cell's value is in the object; `None` for columns that a built-in kind computes.
    pub json_path: Option<JsonPath>,
}

/// How much of each object a row carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the three values of includeObject")]
pub enum IncludeObject {
    None,
    Metadata,
    Object,
}

/// Makes the cells of one object, the name included.
type Printer = fn(&Value, Timestamp) -> Vec<Value>;

impl Column {
    /// The age of an object, the default column of CRDs.
    pub fn age() -> Self {
        Self {
            name: "Age".into(),
            type_: "date".into(),
            format: String::new(),
            description: AGE.into(),
            priority: 0,
            json_path: JsonPath::parse(".metadata.creationTimestamp").ok(),
        }
    }

    /// A computed column of a built-in kind.
    pub(crate) fn computed(name: &str, type_: &str, priority: i32) -> Self {
        let description = if name == "Age" { AGE } else { "" };
        let format = if name == "Name" { "name" } else { "" };
        Self {
            name: name.into(),
            type_: type_.into(),
            format: format.into(),
            description: description.into(),
            priority,
            json_path: None,
        }
    }

    fn definition(&self) -> Value {
        json!({
            "name": self.name, "type": self.type_, "format": self.format, "description": self.description,
            "priority": self.priority,
        })
    }
}

const AGE: &str = "CreationTimestamp is a timestamp representing the server time when this object was created.";
const NAME: &str = "Name must be unique within a namespace.";

/// The columns that a built-in kind computes: name, type, priority. `None` if the kind has no printer of its own.
pub(crate) fn builtin_columns(group: &str, kind: &str) -> Option<Vec<Column>> {
    let (columns, _) = builtin(group, kind)?;
    let mut columns: Vec<Column> =
        columns.iter().map(|(name, type_, priority)| Column::computed(name, type_, *priority)).collect();
    if kind == "Scale" {
        // The name in a Scale is that of the object below which it is served.
        columns[0].format = String::new();
    }
    Some(columns)
}

type Columns = &'static [(&'static str, &'static str, i32)];

fn builtin(group: &str, kind: &str) -> Option<(Columns, Printer)> {
    match group {
        "" => core::printer(kind),
        "apps" | "batch" | "policy" => workloads::printer(kind),
        _ => others::printer(group, kind),
    }
}

/// The table of these objects. `metadata` is empty: the caller adds the list's `resourceVersion`, `continue` and so on.
pub fn table(kind: &ResourceKind, objects: &[&Value], include: IncludeObject, now: Timestamp) -> Value {
    let mut definitions = Vec::new();
    // Events show their name last.
    if !kind.columns.iter().any(|column| column.name == "Name") {
        definitions
            .push(json!({"name": "Name", "type": "string", "format": "name", "description": NAME, "priority": 0}));
    }
    definitions.extend(kind.columns.iter().map(Column::definition));
    let printer = match kind.origin {
        crate::kind::Origin::Custom => None,
        _ => builtin(&kind.group, &kind.kind).map(|(_, printer)| printer),
    };
    let rows = objects.iter().map(|object| {
        let mut row = json!({"cells": cells(kind, printer, object, now)});
        if let Some(carried) = carried(object, include) {
            row["object"] = carried;
        }
        row
    });
    let rows: Vec<Value> = rows.collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "columnDefinitions": definitions, "rows": rows,
    })
}

fn carried(object: &Value, include: IncludeObject) -> Option<Value> {
    match include {
        IncludeObject::None => Some(Value::Null),
        IncludeObject::Object => Some(object.clone()),
        IncludeObject::Metadata => Some(json!({
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
            "metadata": object.get("metadata").cloned().unwrap_or_else(|| json!({})),
        })),
    }
}

fn cells(kind: &ResourceKind, printer: Option<Printer>, object: &Value, now: Timestamp) -> Vec<Value> {
    if let Some(printer) = printer {
        return printer(object, now);
    }
    let mut cells = vec![name(object)];
    cells.extend(kind.columns.iter().map(|column| cell(column, object, now)));
    cells
}

fn cell(column: &Column, object: &Value, now: Timestamp) -> Value {
    let Some(value) = column.json_path.as_ref().and_then(|path| path.first(object)) else { return Value::Null };
    match (column.type_.as_str(), value) {
        ("string", Value::String(_)) => value.clone(),
        ("string", Value::Null) => Value::Null,
        ("string", other) => other.to_string().into(),
        ("integer", Value::Number(n)) => n.as_i64().or_else(|| n.as_f64().map(|f| f as i64)).into(),
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => value.clone(),
        ("date", Value::String(text)) => match text.parse::<Timestamp>() {
            Ok(then) => human_duration(now, then).into(),
            Err(_) => "<invalid>".into(),
        },
        _ => Value::Null,
    }
}

// What the printers of built-in kinds share.

fn name(object: &Value) -> Value {
    text(object, "/metadata/name").into()
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn text_or<'a>(object: &'a Value, pointer: &str, fallback: &'a str) -> &'a str {
    match text(object, pointer) {
        "" => fallback,
        text => text,
    }
}

fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn count(object: &Value, pointer: &str) -> usize {
    match object.pointer(pointer) {
        Some(Value::Object(map)) => map.len(),
        Some(Value::Array(items)) => items.len(),
        _ => 0,
    }
}

fn age(object: &Value, now: Timestamp) -> Value {
    since(object, "/metadata/creationTimestamp", now).into()
}

fn since(object: &Value, pointer: &str, now: Timestamp) -> String {
    match text(object, pointer).parse::<Timestamp>() {
        Ok(then) => human_duration(now, then),
        Err(_) => "<unknown>".into(),
    }
}

fn joined(map: Option<&Map<String, Value>>, none: &str) -> String {
    let map = map.filter(|m| !m.is_empty());
    map.map_or_else(
        || none.to_owned(),
        |m| m.iter().map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default())).collect::<Vec<_>>().join(","),
    )
}

/// A label selector as text, as `kubectl` shows it in wide output.
fn selector(object: &Value, pointer: &str) -> String {
    let Some(selector) = object.pointer(pointer) else { return "<none>".into() };
    let mut parts = Vec::new();
    if let Some(labels) = selector.get("matchLabels").and_then(Value::as_object).filter(|l| !l.is_empty()) {
        parts.push(joined(Some(labels), ""));
    }
    for expression in list(selector, "/matchExpressions") {
        let key = text(expression, "/key");
        let values: Vec<&str> = list(expression, "/values").iter().filter_map(Value::as_str).collect();
        parts.push(match text(expression, "/operator") {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    if parts.is_empty() { "<none>".into() } else { parts.join(",") }
}

#[cfg(test)]
mod tests;
