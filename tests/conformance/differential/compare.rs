//! Where two answers differ, and how that is printed.

use std::fmt;

use serde_json::Value;

use super::case::Case;

/// Longest text of one value in the report.
const SHOWN: usize = 600;

/// One place at which the answers to one request differ.
#[derive(Debug, Clone)]
pub(crate) struct Difference {
    pub(crate) case: String,
    pub(crate) step: usize,
    request: String,
    /// JSON pointer into the answer: `/code`, `/body/…`, `/warnings/…`.
    pub(crate) at: String,
    real: Option<Value>,
    ours: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Value>| match value {
            Some(value) => value.to_string().chars().take(SHOWN).collect(),
            None => "absent".to_owned(),
        };
        writeln!(f, "    {}", self.at)?;
        writeln!(f, "        real: {}", shown(&self.real))?;
        writeln!(f, "        ours: {}", shown(&self.ours))
    }
}

/// Everything that differs between two answers.
pub(crate) fn difference(case: &Case, step: usize, real: &Value, ours: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk("", Some(real), Some(ours), &mut found);
    let asked = &case.steps[step];
    let body: String = asked.body.chars().take(SHOWN).collect();
    let request = format!("{} {} {body}", asked.method, asked.path);
    let one = |(at, real, ours)| Difference { case: case.name.clone(), step, request: request.clone(), at, real, ours };
    found.into_iter().map(one).collect()
}

type Found = (String, Option<Value>, Option<Value>);

fn walk(at: &str, real: Option<&Value>, ours: Option<&Value>, found: &mut Vec<Found>) {
    match (real, ours) {
        (Some(Value::Object(real)), Some(Value::Object(ours))) => {
            let keys = real.keys().chain(ours.keys().filter(|key| !real.contains_key(*key)));
            for key in keys {
                let escaped = key.replace('~', "~0").replace('/', "~1");
                walk(&format!("{at}/{escaped}"), real.get(key), ours.get(key), found);
            }
        }
        (Some(Value::Array(real)), Some(Value::Array(ours))) => {
            for i in 0..real.len().max(ours.len()) {
                walk(&format!("{at}/{i}"), real.get(i), ours.get(i), found);
            }
        }
        (real, ours) if real != ours => found.push((at.to_owned(), real.cloned(), ours.cloned())),
        _ => {}
    }
}

/// The differences for people, by case and request.
pub(crate) fn report(differences: &[Difference]) -> String {
    let mut text = String::new();
    let mut last = None;
    for difference in differences {
        let place = (&difference.case, difference.step);
        if last != Some(place) {
            text.push_str(&format!("{} #{}: {}\n", difference.case, difference.step, difference.request));
        }
        last = Some(place);
        text.push_str(&difference.to_string());
    }
    text
}
