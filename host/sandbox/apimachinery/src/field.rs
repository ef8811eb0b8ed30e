//! Errors about one field of an object, worded as Kubernetes words them.
//!
//! Source: `k8s.io/apimachinery/pkg/util/validation/field`.

use std::fmt;

use serde_json::Value;

/// One thing that is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FieldError {
    /// Class of the error; becomes the `reason` of a status cause.
    pub kind: FieldReason,
    /// Path of the field, such as `spec.workers[0].name`; `<nil>` for the object as a whole.
    pub field: String,
    /// Text without the field, such as `Required value`.
    pub message: String,
}

/// Class of a field error, spelled as in the causes of a `Status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the cause types of metav1.StatusCause")]
pub enum FieldReason {
    NotFound,
    Required,
    Duplicate,
    Invalid,
    NotSupported,
    Forbidden,
    TooLong,
    TooMany,
    TypeInvalid,
    Internal,
}

impl FieldReason {
    /// The word in `causes[].reason`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "FieldValueNotFound",
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::Internal => "InternalError",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::NotFound => "Not found",
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::Internal => "Internal error",
        }
    }
}

impl FieldError {
    fn without_value(kind: FieldReason, field: &str, detail: &str) -> Self {
        let title = kind.title();
        let message = if detail.is_empty() { title.to_owned() } else { format!("{title}: {detail}") };
        Self { kind, field: field_name(field), message }
    }

    fn with_value(kind: FieldReason, field: &str, value: &Value, detail: &str) -> Self {
        Self::with_text(kind, field, &shown(value), detail)
    }

    /// With the value as it is to be shown: a struct of the real server is shown in the order and with the names that it
    /// has in Go.
    pub(crate) fn with_text(kind: FieldReason, field: &str, value: &str, detail: &str) -> Self {
        let mut message = format!("{}: {value}", kind.title());
        if !detail.is_empty() {
            message.push_str(": ");
            message.push_str(detail);
        }
        Self { kind, field: field_name(field), message }
    }

    /// A value is needed and absent.
    pub fn required(field: &str, detail: &str) -> Self {
        Self::without_value(FieldReason::Required, field, detail)
    }

    /// The value is not allowed under the present conditions.
    pub fn forbidden(field: &str, detail: &str) -> Self {
        Self::without_value(FieldReason::Forbidden, field, detail)
    }

    /// The value is malformed or out of range.
    pub fn invalid(field: &str, value: &Value, detail: &str) -> Self {
        Self::with_value(FieldReason::Invalid, field, value, detail)
    }

    /// As [`FieldError::invalid`], for a value that is shown in its own way.
    pub(crate) fn invalid_shown(field: &str, shown: &str, detail: &str) -> Self {
        let message = format!("{}: {shown}: {detail}", FieldReason::Invalid.title());
        Self { kind: FieldReason::Invalid, field: field_name(field), message }
    }

    /// The error of a value that stands at `path` in something bigger.
    pub(crate) fn below(mut self, path: &str) -> Self {
        self.field = match self.field.as_str() {
            "<nil>" => path.to_owned(),
            field if field.starts_with('[') => format!("{path}{field}"),
            field => format!("{path}.{field}"),
        };
        self
    }

    /// As [`FieldError::invalid`], but an object or list is not shown.
    pub(crate) fn invalid_as(field: &str, value: &Value, detail: &str) -> Self {
        match value {
            Value::Object(_) | Value::Array(_) => Self::without_value(FieldReason::Invalid, field, detail),
            _ => Self::invalid(field, value, detail),
        }
    }

    /// Built-in kinds are checked by code that speaks of rules, not of schemas: `must be`, not `x in body should be`.
    pub(crate) fn in_builtin_words(self) -> Self {
        let message = self.message.replace(&format!("{} in body should be", self.field), "must be");
        Self { message, ..self }
    }

    /// The value has another type than the schema asks for.
    pub fn type_invalid(field: &str, value: &Value, detail: &str) -> Self {
        Self::with_value(FieldReason::TypeInvalid, field, value, detail)
    }

    /// The value occurs twice where it may occur once.
    pub fn duplicate(field: &str, value: &Value) -> Self {
        Self::with_value(FieldReason::Duplicate, field, value, "")
    }

    /// The value names something that does not exist.
    pub fn not_found(field: &str, value: &Value) -> Self {
        Self::with_value(FieldReason::NotFound, field, value, "")
    }

    /// The value is not one of those listed.
    pub fn not_supported(field: &str, value: &Value, supported: &[&str]) -> Self {
        Self::with_value(FieldReason::NotSupported, field, value, &supported_values(supported))
    }

    /// The string is longer than `max` bytes.
    pub fn too_long(field: &str, max: u64) -> Self {
        let unit = if max == 1 { "byte" } else { "bytes" };
        Self::without_value(FieldReason::TooLong, field, &format!("may not be more than {max} {unit}"))
    }

    /// The list holds `actual` items where `max` are allowed.
    pub fn too_many(field: &str, actual: u64, max: u64) -> Self {
        let unit = if max == 1 { "item" } else { "items" };
        let detail = format!("must have at most {max} {unit}");
        Self::with_value(FieldReason::TooMany, field, &actual.into(), &detail)
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl std::error::Error for FieldError {}

/// The values that a field may have, as errors name them.
pub(crate) fn supported_values(supported: &[&str]) -> String {
    let quoted: Vec<String> = supported.iter().map(|s| go_quote(s)).collect();
    if quoted.is_empty() { String::new() } else { format!("supported values: {}", quoted.join(", ")) }
}

fn field_name(field: &str) -> String {
    if field.is_empty() { "<nil>".to_owned() } else { field.to_owned() }
}

/// A bad value as the API server shows it: strings in Go quotes, everything else as JSON.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => go_quote(text),
        other => other.to_string(),
    }
}

/// Quotes as Go's `%q` does.
pub(crate) fn go_quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\u{b}' => out.push_str("\\v"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => out.push_str(&format!("\\x{:02x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_error_reads_as_the_api_server_writes_it() {
        let cases = [
            (FieldError::required("spec.x", ""), "spec.x: Required value"),
            (FieldError::required("spec.x", "why"), "spec.x: Required value: why"),
            (FieldError::invalid("a", &json!(-1), "too small"), "a: Invalid value: -1: too small"),
            (FieldError::invalid("a", &json!("x\"y"), "no"), r#"a: Invalid value: "x\"y": no"#),
            (FieldError::invalid("", &Value::Null, "no"), "<nil>: Invalid value: null: no"),
            (FieldError::duplicate("a[1]", &json!({"name": "x"})), r#"a[1]: Duplicate value: {"name":"x"}"#),
            (
                FieldError::not_supported("t", &json!("x"), &["a", "b"]),
                r#"t: Unsupported value: "x": supported values: "a", "b""#,
            ),
            (FieldError::too_long("a", 63), "a: Too long: may not be more than 63 bytes"),
            (FieldError::too_many("a", 3, 1), "a: Too many: 3: must have at most 1 item"),
            (FieldError::forbidden("a", "no"), "a: Forbidden: no"),
        ];
        for (error, text) in cases {
            assert_eq!(error.to_string(), text);
        }
    }
}
