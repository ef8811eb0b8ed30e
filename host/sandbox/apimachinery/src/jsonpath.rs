//! The dialect of JSONPath that printer columns and scale paths use.
//!
//! Fields (`.a`, `['a']`, dots escaped as `\.`), indexes (`[0]`, `[-1]`), wildcards, recursive descent (`..a`) and filters on
//! one comparison (`[?(@.kind=="Machine")]`). What is absent gives nothing, never an error.

mod parse;

use std::fmt;

use serde_json::Value;

/// A parsed path.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonPath {
    text: String,
    steps: Vec<Step>,
}

/// A path that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("JSONPath {text:?}: {reason}")]
pub struct JsonPathError {
    text: String,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Field(String),
    Index(i64),
    /// From, to (exclusive); negative counts from the end.
    Slice(Option<i64>, Option<i64>),
    All,
    Descend,
    Filter(Filter),
}

/// A condition on the items of a list: both sides looked up in the item.
#[derive(Debug, Clone, PartialEq)]
struct Filter {
    left: Operand,
    operator: Operator,
    right: Operand,
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Path(Vec<Step>),
    Literal(Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Exists,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl JsonPath {
    /// Reads a path such as `.spec.replicas`; a leading `$` and surrounding braces are allowed.
    ///
    /// # Errors
    /// If it is not in the dialect.
    pub fn parse(text: &str) -> Result<Self, JsonPathError> {
        let steps = parse::steps(text).map_err(|reason| JsonPathError { text: text.to_owned(), reason })?;
        Ok(Self { text: text.to_owned(), steps })
    }

    /// The values at the path; none where something on the way is absent.
    pub fn find<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        walk(&self.steps, value)
    }

    /// The first value at the path.
    pub fn first<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.find(value).into_iter().next()
    }

    /// The member names, if the path is nothing but fields; only such a path can be written to.
    pub fn fields(&self) -> Option<Vec<&str>> {
        let names = self.steps.iter().map(|step| match step {
            Step::Field(name) => Some(name.as_str()),
            _ => None,
        });
        names.collect()
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn walk<'a>(steps: &[Step], value: &'a Value) -> Vec<&'a Value> {
    let mut found = vec![value];
    for step in steps {
        found = found.into_iter().flat_map(|v| take(step, v)).collect();
    }
    found
}

fn take<'a>(step: &Step, value: &'a Value) -> Vec<&'a Value> {
    match step {
        Step::Field(name) => value.get(name).into_iter().collect(),
        Step::Index(index) => value.as_array().and_then(|a| a.get(position(*index, a.len())?)).into_iter().collect(),
        Step::Slice(from, to) => slice(value, *from, *to),
        Step::All => children(value),
        Step::Descend => descend(value),
        Step::Filter(filter) => value.as_array().into_iter().flatten().filter(|item| filter.holds(item)).collect(),
    }
}

fn position(index: i64, length: usize) -> Option<usize> {
    let index = if index < 0 { index + i64::try_from(length).ok()? } else { index };
    usize::try_from(index).ok()
}

fn slice(value: &Value, from: Option<i64>, to: Option<i64>) -> Vec<&Value> {
    let Some(list) = value.as_array() else { return Vec::new() };
    let from = position(from.unwrap_or(0), list.len()).unwrap_or(0);
    let to = to.map_or(list.len(), |to| position(to, list.len()).unwrap_or(0)).min(list.len());
    list.get(from..to).unwrap_or_default().iter().collect()
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    }
}

fn descend(value: &Value) -> Vec<&Value> {
    let mut all = vec![value];
    for child in children(value) {
        all.extend(descend(child));
    }
    all
}

impl Filter {
    fn holds(&self, item: &Value) -> bool {
        let Some(left) = self.left.value(item) else { return false };
        if self.operator == Operator::Exists {
            return true;
        }
        let Some(right) = self.right.value(item) else { return false };
        match self.operator {
            Operator::Exists => true,
            Operator::Equal => left == right,
            Operator::NotEqual => left != right,
            Operator::Less => order(left, right).is_some_and(|o| o.is_lt()),
            Operator::LessOrEqual => order(left, right).is_some_and(|o| o.is_le()),
            Operator::Greater => order(left, right).is_some_and(|o| o.is_gt()),
            Operator::GreaterOrEqual => order(left, right).is_some_and(|o| o.is_ge()),
        }
    }
}

impl Operand {
    fn value<'a>(&'a self, item: &'a Value) -> Option<&'a Value> {
        match self {
            Self::Literal(value) => Some(value),
            Self::Path(steps) => walk(steps, item).into_iter().next(),
        }
    }
}

fn order(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_of_path_finds_what_kubectl_finds() {
        let object = json!({
            "metadata": {"labels": {"cluster.x-k8s.io/cluster-name": "c1"}, "name": "n"},
            "spec": {"replicas": 3, "list": [{"a": 1}, {"a": 2}]},
            "status": {"conditions": [
                {"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}]},
        });
        let cases = [
            (".spec.replicas", vec![json!(3)]),
            ("$.spec.replicas", vec![json!(3)]),
            ("{.spec.replicas}", vec![json!(3)]),
            (r".metadata.labels.cluster\.x-k8s\.io/cluster-name", vec![json!("c1")]),
            (".metadata.labels['cluster\\.x-k8s\\.io/cluster-name']", vec![json!("c1")]),
            (".metadata.labels['cluster.x-k8s.io/cluster-name']", vec![json!("c1")]),
            (".spec.list[0].a", vec![json!(1)]),
            (".spec.list[-1].a", vec![json!(2)]),
            (".spec.list[*].a", vec![json!(1), json!(2)]),
            (".spec.list[0:1].a", vec![json!(1)]),
            (".spec.list[5].a", vec![]),
            (r#".status.conditions[?(@.type=="Ready")].status"#, vec![json!("True")]),
            (".status.conditions[?(@.type=='Other')].status", vec![json!("False")]),
            (r#".status.conditions[?(@.type == "None")].status"#, vec![]),
            (r#".status.conditions[?(@.type!="Ready")].type"#, vec![json!("Other")]),
            (".spec.list[?(@.a>1)].a", vec![json!(2)]),
            (".spec.absent.more", vec![]),
            ("..replicas", vec![json!(3)]),
        ];
        for (text, expected) in cases {
            let path = JsonPath::parse(text).expect(text);
            let found: Vec<Value> = path.find(&object).into_iter().cloned().collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_path_that_cannot_be_read_says_so() {
        for text in [".a[", ".a[?(@.b==]", ".a['b", ".a[x]"] {
            assert!(JsonPath::parse(text).is_err(), "{text}");
        }
    }
}
