//! Objects of a custom kind with a `scale` subresource must hold what it reads.

use serde_json::Value;

use crate::field::FieldError;
use crate::go;
use crate::jsonpath::JsonPath;
use crate::kind::{Origin, ResourceKind};

/// Which numbers are judged: a write to the status does not answer for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judged {
    All,
    Status,
}

/// What is wrong with the numbers and the selector of an object.
pub(crate) fn check(kind: &ResourceKind, object: &Value, judged: Judged) -> Vec<FieldError> {
    let Some(paths) = kind.subresources.scale.as_ref().filter(|_| kind.origin == Origin::Custom) else {
        return Vec::new();
    };
    let mut errors = Vec::new();
    if judged == Judged::All {
        errors.extend(replicas(&paths.spec_replicas, object));
    }
    errors.extend(replicas(&paths.status_replicas, object));
    errors.extend(paths.label_selector.as_ref().and_then(|path| selector(path, object)));
    errors
}

fn replicas(path: &JsonPath, object: &Value) -> Option<FieldError> {
    let field = path.to_string();
    let value = match lookup(path, object) {
        Ok(value) => value?,
        Err(why) => return Some(FieldError::invalid(&field, &0.into(), &why)),
    };
    let Some(number) = value.as_i64() else {
        return Some(FieldError::invalid(&field, &0.into(), &mistyped(path, value, "int64")));
    };
    let why = match number {
        ..0 => "should be a non-negative integer".to_owned(),
        _ if number > i64::from(i32::MAX) => format!("should be less than or equal to {}", i32::MAX),
        _ => return None,
    };
    Some(FieldError::invalid(&field, value, &why))
}

fn selector(path: &JsonPath, object: &Value) -> Option<FieldError> {
    let why = match lookup(path, object) {
        Ok(value) => value.filter(|value| !value.is_string()).map(|value| mistyped(path, value, "string"))?,
        Err(why) => why,
    };
    Some(FieldError::invalid(&path.to_string(), &"".into(), &why))
}

/// The value at a path of nothing but fields; what is in its way otherwise.
fn lookup<'a>(path: &JsonPath, object: &'a Value) -> Result<Option<&'a Value>, String> {
    let names = path.fields().unwrap_or_default();
    let mut value = object;
    for (i, name) in names.iter().enumerate() {
        match value {
            Value::Object(map) => match map.get(*name) {
                Some(member) => value = member,
                None => return Ok(None),
            },
            Value::Null => return Ok(None),
            other => {
                let (way, shown, kind) = (names[..=i].join("."), go::plain(other), go::type_name(other));
                return Err(format!(
                    ".{way} accessor error: {shown} is of the type {kind}, expected map[string]interface{{}}"
                ));
            }
        }
    }
    Ok(Some(value))
}

fn mistyped(path: &JsonPath, value: &Value, wanted: &str) -> String {
    format!("{path} accessor error: {} is of the type {}, expected {wanted}", go::plain(value), go::type_name(value))
}
