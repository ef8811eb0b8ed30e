//! Label selectors in `kubectl -l` form.

use serde_json::Value;

/// One term; all must hold.
pub(super) enum Term {
    Is(String, Vec<String>),
    IsNot(String, Vec<String>),
    Has(String),
    HasNot(String),
}

impl Term {
    pub(super) fn matches(&self, labels: &Value) -> bool {
        let value = |key: &str| labels.get(key).and_then(Value::as_str);
        let among =
            |key: &str, values: &[String]| value(key).is_some_and(|value| values.iter().any(|one| one == value));
        match self {
            Self::Is(key, values) => among(key, values),
            Self::IsNot(key, values) => !among(key, values),
            Self::Has(key) => value(key).is_some(),
            Self::HasNot(key) => value(key).is_none(),
        }
    }
}

pub(super) fn parse(selector: &str) -> Result<Vec<Term>, String> {
    split(selector).into_iter().map(str::trim).filter(|text| !text.is_empty()).map(term).collect()
}

/// At commas outside of parentheses.
fn split(selector: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (position, letter) in selector.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&selector[start..position]);
                start = position + 1;
            }
            _ => {}
        }
    }
    parts.push(&selector[start..]);
    parts
}

fn term(text: &str) -> Result<Term, String> {
    let one = |key: &str, value: &str| (key.trim().to_owned(), vec![value.trim().to_owned()]);
    if let Some((key, values)) = text.split_once(" notin ") {
        return Ok(Term::IsNot(key.trim().to_owned(), list(values)?));
    }
    if let Some((key, values)) = text.split_once(" in ") {
        return Ok(Term::Is(key.trim().to_owned(), list(values)?));
    }
    if let Some((key, value)) = text.split_once("!=") {
        let (key, values) = one(key, value);
        return Ok(Term::IsNot(key, values));
    }
    if let Some((key, value)) = text.split_once('=') {
        let (key, values) = one(key, value.trim_start_matches('='));
        return Ok(Term::Is(key, values));
    }
    Ok(text.strip_prefix('!').map_or_else(|| Term::Has(text.to_owned()), |key| Term::HasNot(key.trim().to_owned())))
}

fn list(text: &str) -> Result<Vec<String>, String> {
    let inner = text.trim().strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    let inner = inner.ok_or_else(|| format!("a list in parentheses is expected in the selector, not {text:?}"))?;
    Ok(inner.split(',').map(|value| value.trim().to_owned()).collect())
}
