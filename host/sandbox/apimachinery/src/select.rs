//! Field and label selectors on objects.

use std::fmt;
use std::str::FromStr;

use backplane_core::Selector;
use backplane_core::selector::Requirement as Label;
use serde_json::Value;

use crate::field::FieldError;
use crate::meta::names;

/// A conjunction of field requirements, such as `metadata.name=x,status.phase!=Failed`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSelector(Vec<Requirement>);

/// One requirement on one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Path without leading dot, such as `metadata.name`.
    pub field: String,
    /// Wanted or unwanted text.
    pub value: String,
    /// Whether the field must equal the value, or must not.
    pub equals: bool,
}

/// A field selector that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid selector: '{text}'; can't understand '{part}'")]
pub struct FieldSelectorError {
    text: String,
    part: String,
}

impl FieldSelector {
    /// The requirements, all of which must hold.
    pub fn requirements(&self) -> &[Requirement] {
        &self.0
    }

    /// The selector that also requires a field to have a value.
    pub fn with(mut self, field: &str, value: &str) -> Self {
        self.0.push(Requirement { field: field.to_owned(), value: value.to_owned(), equals: true });
        self
    }

    /// Whether it matches everything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an object satisfies every requirement. An absent field is the empty text.
    pub fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|r| (field_text(object, &r.field) == r.value) == r.equals)
    }

    /// The name that the selector asks for, if it asks for exactly one.
    pub fn name(&self) -> Option<&str> {
        self.0.iter().find(|r| r.equals && r.field == "metadata.name").map(|r| r.value.as_str())
    }
}

impl FromStr for FieldSelector {
    type Err = FieldSelectorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = split(text).into_iter().filter(|part| !part.is_empty());
        let read = |part: String| {
            requirement(&part).ok_or_else(|| FieldSelectorError { text: text.to_owned(), part: part.clone() })
        };
        parts.map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, r) in self.0.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            let sign = if r.equals { "=" } else { "!=" };
            write!(f, "{comma}{}{sign}{}", r.field, r.value)?;
        }
        Ok(())
    }
}

/// Splits at commas that are not escaped.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for c in text.chars() {
        if c == ',' && !escaped {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    parts
}

fn requirement(part: &str) -> Option<Requirement> {
    let (field, value, equals) = if let Some((field, value)) = part.split_once("!=") {
        (field, value, false)
    } else if let Some((field, value)) = part.split_once("==") {
        (field, value, true)
    } else {
        let (field, value) = part.split_once('=')?;
        (field, value, true)
    };
    let value = value.replace("\\,", ",").replace("\\=", "=").replace("\\\\", "\\");
    Some(Requirement { field: field.trim().to_owned(), value, equals })
}

fn field_text(object: &Value, path: &str) -> String {
    let path = alias(path);
    match path.split('.').try_fold(object, |value, name| value.get(name)) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(flag)) => flag.to_string(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// Selectable names that are not paths.
fn alias(path: &str) -> &str {
    match path {
        "source" | "reportingComponent" => "source.component",
        other => other,
    }
}

/// What is wrong with the keys and values of a label selector, if anything.
pub fn wrong_labels(selector: &Selector) -> Option<FieldError> {
    selector.requirements().iter().find_map(|requirement| match requirement {
        Label::In { key, values } | Label::NotIn { key, values } => wrong_key(key).or_else(|| wrong_value(key, values)),
        Label::Exists { key } | Label::NotExists { key } => wrong_key(key),
        Label::Greater { key, .. } | Label::Less { key, .. } => wrong_key(key),
    })
}

fn wrong_key(key: &str) -> Option<FieldError> {
    let wrong = names::label_key(key);
    (!wrong.is_empty()).then(|| FieldError::invalid("", &key.into(), &wrong.join("; ")))
}

fn wrong_value(key: &str, values: &[String]) -> Option<FieldError> {
    values.iter().enumerate().find_map(|(i, value)| {
        let wrong = names::label_value(value);
        let field = format!("values[{i}][{key}]");
        (!wrong.is_empty()).then(|| FieldError::invalid(&field, &value.as_str().into(), &wrong.join("; ")))
    })
}

/// A label selector as objects hold it: `matchLabels` and `matchExpressions`.
pub fn label_selector(value: &Value) -> Selector {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let labels = value["matchLabels"].as_object().into_iter().flatten();
    let labels = labels.map(|(key, value)| Label::In { key: key.clone(), values: vec![text(value)] });
    let expressions = value["matchExpressions"].as_array().into_iter().flatten().map(|expression| {
        let key = text(&expression["key"]);
        let values = expression["values"].as_array().into_iter().flatten().map(text).collect();
        match expression["operator"].as_str() {
            Some("NotIn") => Label::NotIn { key, values },
            Some("Exists") => Label::Exists { key },
            Some("DoesNotExist") => Label::NotExists { key },
            _ => Label::In { key, values },
        }
    });
    Selector::new(labels.chain(expressions).collect())
}

/// Whether the labels of an object satisfy a selector.
pub fn labels_match(selector: &Selector, object: &Value) -> bool {
    let labels = object.get("metadata").and_then(|m| m.get("labels"));
    selector.matches(|key| labels?.get(key)?.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_selector_matches_what_it_names() {
        let event = json!({
            "metadata": {"name": "e"}, "involvedObject": {"uid": "u", "name": "m"}, "type": "Normal",
            "spec": {"unschedulable": true}, "source": {"component": "kubelet"},
        });
        let cases = [
            ("", true),
            ("metadata.name=e", true),
            ("metadata.name==e,involvedObject.uid=u", true),
            ("metadata.name!=e", false),
            ("type=", false),
            ("status.phase=", true),
            ("status.phase!=Running", true),
            ("spec.unschedulable=true", true),
            ("source=kubelet", true),
        ];
        for (text, expected) in cases {
            let selector: FieldSelector = text.parse().expect(text);
            assert_eq!(selector.matches(&event), expected, "{text}");
        }
        assert!("metadata.name".parse::<FieldSelector>().is_err());
    }

    #[test]
    fn a_selector_reads_labels_and_expressions() {
        let selector = label_selector(&json!({"matchLabels": {"a": "1"},
            "matchExpressions": [{"key": "b", "operator": "DoesNotExist"}]}));
        assert!(selector.matches(|key| (key == "a").then_some("1")));
        assert!(!selector.matches(|_| Some("1")));
    }

    #[test]
    fn labels_are_matched_on_the_object() {
        let object = json!({"metadata": {"labels": {"app": "web"}}});
        assert!(labels_match(&"app=web".parse().expect("selector"), &object));
        assert!(!labels_match(&"app=db".parse().expect("selector"), &object));
        assert!(labels_match(&"!app".parse().expect("selector"), &json!({})));
    }
}
