//! Label selectors, in the text form that `labelSelector` and `kubectl -l` use.
//!
//! Source: <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>

use std::fmt;
use std::str::FromStr;

/// A conjunction of label requirements; the empty selector matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Selector(Vec<Requirement>);

/// One requirement on one label key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the five operators of Kubernetes label selectors")]
pub enum Requirement {
    In { key: String, values: Vec<String> },
    NotIn { key: String, values: Vec<String> },
    Exists { key: String },
    NotExists { key: String },
}

/// A selector that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("label selector {text:?}: {reason}")]
pub struct SelectorError {
    text: String,
    reason: &'static str,
}

impl Selector {
    /// A selector with these requirements.
    pub fn new(requirements: Vec<Requirement>) -> Self {
        Self(requirements)
    }

    /// Whether it matches everything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The requirements, all of which must hold.
    pub fn requirements(&self) -> &[Requirement] {
        &self.0
    }

    /// Whether labels, looked up by key, satisfy every requirement.
    pub fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0.iter().all(|requirement| match requirement {
            Requirement::In { key, values } => label(key).is_some_and(|v| values.iter().any(|x| x == v)),
            Requirement::NotIn { key, values } => label(key).is_none_or(|v| values.iter().all(|x| x != v)),
            Requirement::Exists { key } => label(key).is_some(),
            Requirement::NotExists { key } => label(key).is_none(),
        })
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        split_outside_parentheses(text)
            .filter(|part| !part.trim().is_empty())
            .map(|part| requirement(part.trim()).map_err(|reason| SelectorError { text: text.into(), reason }))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn split_outside_parentheses(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    text.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    })
}

fn requirement(part: &str) -> Result<Requirement, &'static str> {
    if let Some((key, values)) = set_based(part, " notin ") {
        return Ok(Requirement::NotIn { key, values: values? });
    }
    if let Some((key, values)) = set_based(part, " in ") {
        return Ok(Requirement::In { key, values: values? });
    }
    if let Some((key, value)) = part.split_once("!=") {
        return Ok(Requirement::NotIn { key: label_key(key)?, values: vec![value.trim().into()] });
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Ok(Requirement::In { key: label_key(key)?, values: vec![value.trim().into()] });
    }
    match part.strip_prefix('!') {
        Some(key) => Ok(Requirement::NotExists { key: label_key(key)? }),
        None => Ok(Requirement::Exists { key: label_key(part)? }),
    }
}

fn set_based(part: &str, operator: &str) -> Option<(String, Result<Vec<String>, &'static str>)> {
    let (key, list) = part.split_once(operator).or_else(|| part.split_once(operator.trim_end()))?;
    let list = list.trim();
    if key.contains(['=', '!', '(']) || !list.starts_with('(') {
        return None;
    }
    let values = list
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .map(|inner| inner.split(',').map(|v| v.trim().to_owned()).collect())
        .ok_or("a set needs parentheses");
    Some((key.trim().into(), values))
}

fn label_key(key: &str) -> Result<String, &'static str> {
    let key = key.trim();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if key.is_empty() || !key.chars().all(allowed) { Err("not a label key") } else { Ok(key.into()) }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, requirement) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            match requirement {
                Requirement::In { key, values } if values.len() == 1 => write!(f, "{key}={}", values[0])?,
                Requirement::NotIn { key, values } if values.len() == 1 => write!(f, "{key}!={}", values[0])?,
                Requirement::In { key, values } => write!(f, "{key} in ({})", values.join(","))?,
                Requirement::NotIn { key, values } => write!(f, "{key} notin ({})", values.join(","))?,
                Requirement::Exists { key } => write!(f, "{key}")?,
                Requirement::NotExists { key } => write!(f, "!{key}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(selector: &str, labels: &[(&str, &'static str)]) -> bool {
        let parsed: Selector = selector.parse().expect(selector);
        parsed.matches(|key| labels.iter().find(|(k, _)| *k == key).map(|(_, v)| *v))
    }

    #[test]
    fn every_operator_selects_what_kubernetes_says() {
        let labels = [("app", "web"), ("tier", "front")];
        let cases = [
            ("", true),
            ("app=web", true),
            ("app==web,tier=front", true),
            ("app!=web", false),
            ("absent!=x", true),
            ("app in (web, db)", true),
            ("app in(web)", true),
            ("app notin (web)", false),
            ("app,!absent", true),
            ("!app", false),
        ];
        for (selector, expected) in cases {
            assert_eq!(matches(selector, &labels), expected, "{selector}");
        }
    }

    #[test]
    fn an_unreadable_selector_says_so() {
        for text in ["a b", "=x", "app in (a", "a,!"] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
    }
}
