//! Label selectors, in the text form that `labelSelector` and `kubectl -l` use.
//!
//! Source: <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>

mod parse;

use std::fmt;
use std::str::FromStr;

/// A conjunction of label requirements; the empty selector matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Selector(Vec<Requirement>);

/// One requirement on one label key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the operators of Kubernetes label selectors")]
pub enum Requirement {
    In { key: String, values: Vec<String> },
    NotIn { key: String, values: Vec<String> },
    Exists { key: String },
    NotExists { key: String },
    Greater { key: String, than: i64 },
    Less { key: String, than: i64 },
}

/// A selector that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("label selector {text:?}: {reason}")]
pub struct SelectorError {
    text: String,
    reason: String,
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
            Requirement::Greater { key, than } => label(key).and_then(number).is_some_and(|n| n > *than),
            Requirement::Less { key, than } => label(key).and_then(number).is_some_and(|n| n < *than),
        })
    }
}

/// A label that is not a number is neither greater nor less.
fn number(text: &str) -> Option<i64> {
    text.parse().ok()
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match parse::requirements(text) {
            Ok(requirements) => Ok(Self(requirements)),
            Err(reason) => Err(SelectorError { text: text.into(), reason }),
        }
    }
}

impl SelectorError {
    /// What is wrong, in the words of the API server.
    pub fn reason(&self) -> &str {
        &self.reason
    }
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
                Requirement::Greater { key, than } => write!(f, "{key}>{than}")?,
                Requirement::Less { key, than } => write!(f, "{key}<{than}")?,
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
        let labels = [("app", "web"), ("tier", "front"), ("size", "7")];
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
            ("size>6", true),
            ("size>7", false),
            ("size<8", true),
            ("app>1", false),
            ("absent in ()", false),
            ("in=x", false),
        ];
        for (selector, expected) in cases {
            assert_eq!(matches(selector, &labels), expected, "{selector}");
        }
    }

    #[test]
    fn an_unreadable_selector_says_so() {
        let cases = [
            ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            ("=x", "found '=', expected: !, identifier, or 'end of string'"),
            (",", "found ',', expected: !, identifier, or 'end of string'"),
            ("a=b,", "found '', expected: identifier after ','"),
            ("app in (a", "unable to parse requirement: found '', expected: ',' or ')'"),
            ("app in a", "unable to parse requirement: found 'a' expected: '('"),
            ("a,!", "unable to parse requirement: found '', expected: identifier"),
            ("a=b c", "found 'c', expected: ',' or 'end of string'"),
            (
                "a>b",
                "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must \
                 be an integer",
            ),
        ];
        for (text, expected) in cases {
            let error = text.parse::<Selector>().expect_err(text);
            assert_eq!(error.reason(), expected, "{text}");
        }
    }

    #[test]
    fn a_selector_reads_back_what_it_shows() {
        for text in ["a=b", "a!=b", "a in (b,c)", "a notin (b,c)", "a", "!a", "a>3", "a<3", "a=b,!c,d in (e,f)"] {
            let selector: Selector = text.parse().expect(text);
            assert_eq!(selector.to_string(), text);
        }
    }
}
