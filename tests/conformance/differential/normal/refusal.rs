//! Refusals: what the real server says in the order of a map, and names that were generated for what was refused.

use serde_json::{Value, json};

/// Makes a refusal comparable; `asked` is the body of the request.
pub(super) fn equal(body: &mut Value, asked: &str) {
    if body["kind"] == "Status" {
        order(body);
        generated(body, asked);
    }
}

/// Properties of custom objects are judged, and field managers are found, in the order of a map: one answer differs from the
/// next. Their causes are put in order here.
fn order(body: &mut Value) {
    let custom = body["details"]["group"].as_str().is_some_and(|group| group.ends_with(".example.org"));
    let Some(causes) = body["details"]["causes"].as_array_mut() else { return };
    let conflict = causes.iter().any(|cause| cause["reason"] == "FieldManagerConflict");
    if !custom && !conflict {
        return;
    }
    let said = sentence(causes);
    causes.sort_by_key(|cause| [&cause["field"], &cause["message"]].map(Value::to_string));
    let sorted = sentence(causes);
    let message = body["message"].as_str().unwrap_or_default();
    if let Some(head) = message.strip_suffix(&said) {
        body["message"] = format!("{head}{sorted}").into();
    }
}

/// Causes as the message of a refusal strings them together.
fn sentence(causes: &[Value]) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in causes {
        let word = |key: &str| cause[key].as_str().unwrap_or_default().to_owned();
        let text = format!("{}: {}", word("field"), word("message"));
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    format!("[{}]", texts.join(", "))
}

/// Shows a name that was made from `generateName` by what it was made from.
fn generated(body: &mut Value, asked: &str) {
    const SUFFIX: usize = 5;
    let asked: Value = serde_json::from_str(asked).unwrap_or(json!(null));
    let prefix = asked.pointer("/metadata/generateName").and_then(Value::as_str).unwrap_or_default();
    let Some(name) = body["details"]["name"].as_str().map(str::to_owned) else { return };
    let Some((base, _)) = name.len().checked_sub(SUFFIX).and_then(|at| name.split_at_checked(at)) else { return };
    if prefix.is_empty() || !prefix.starts_with(base) {
        return;
    }
    if let Ok(shown) = serde_json::from_str(&body.to_string().replace(&name, &format!("{base}<suffix>"))) {
        *body = shown;
    }
}
