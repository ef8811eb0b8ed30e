//! Merges conditions into those that an object has: values in, values out.

use backplane_core::condition::{Condition, Status};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::options::Conditions;

/// Longest message kept.
const MAX_MESSAGE: usize = 2048;

/// What a merge needs to know besides the conditions.
pub(crate) struct Context {
    pub(crate) style: Conditions,
    /// The generation that the reconciler saw.
    pub(crate) generation: i64,
    pub(crate) now: Timestamp,
}

/// The new `status.conditions`, or `None` if nothing changes.
///
/// Conditions of types that are not stated stay as they are: they belong to others. `lastTransitionTime` moves only
/// with the status.
pub(crate) fn merge(present: &[Value], stated: &[Condition], context: &Context) -> Option<Vec<Value>> {
    let mut merged = present.to_vec();
    for condition in stated {
        let place = merged.iter().position(|known| known["type"] == condition.kind.as_str());
        let known = place.map(|at| merged[at].clone());
        let entry = entry(condition, known.as_ref(), context);
        match place {
            Some(at) => merged[at] = entry,
            None => merged.push(entry),
        }
    }
    (merged != present).then_some(merged)
}

fn entry(condition: &Condition, known: Option<&Value>, context: &Context) -> Value {
    let status = condition.status.as_str();
    let since = known.filter(|known| known["status"] == status).map(|known| &known["lastTransitionTime"]);
    let now = || json!(context.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let mut entry = Map::new();
    entry.insert("type".into(), json!(condition.kind));
    entry.insert("status".into(), json!(status));
    entry.insert("lastTransitionTime".into(), since.filter(|t| t.is_string()).cloned().unwrap_or_else(now));
    entry.insert("reason".into(), json!(reason(&condition.reason)));
    style(&mut entry, condition, context);
    Value::Object(entry)
}

fn style(entry: &mut Map<String, Value>, condition: &Condition, context: &Context) {
    let message = cut(&condition.message, MAX_MESSAGE);
    match context.style {
        Conditions::ClusterApiV1beta1(severity) => {
            if condition.status == Status::False {
                let severity = condition.severity.unwrap_or(severity);
                entry.insert("severity".into(), json!(severity.as_str()));
            }
            // Absent rather than empty, as Cluster API itself writes it.
            if !message.is_empty() {
                entry.insert("message".into(), json!(message));
            }
        }
        Conditions::Metav1 | Conditions::None => {
            entry.insert("message".into(), json!(message));
            if context.generation > 0 {
                entry.insert("observedGeneration".into(), json!(context.generation));
            }
        }
    }
}

/// What `metav1.Condition` accepts as a reason: it is never empty and has no blanks.
pub(crate) fn reason(text: &str) -> String {
    let kept: String = text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ',' | ':')).collect();
    let kept = kept.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).trim_end_matches([',', ':']);
    if kept.is_empty() { "Unknown".into() } else { cut(kept, 128).into() }
}

/// The beginning of a text, cut between characters.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let end = (0..=max).rev().find(|i| text.is_char_boundary(*i)).unwrap_or_default();
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use backplane_core::condition::Severity;

    fn context(style: Conditions, second: i64) -> Context {
        Context { style, generation: 2, now: Timestamp::from_second(second).expect("time") }
    }

    #[test]
    fn only_a_changed_status_moves_the_transition_time() {
        let ready = |status, message: &str| [Condition::new("Ready", status, "R", message)];
        let first = merge(&[], &ready(Status::False, "no"), &context(Conditions::Metav1, 10)).expect("new");
        assert_eq!(
            first,
            [json!({"type": "Ready", "status": "False", "reason": "R", "message": "no", "observedGeneration": 2,
                "lastTransitionTime": "1970-01-01T00:00:10Z"})]
        );
        assert_eq!(merge(&first, &ready(Status::False, "no"), &context(Conditions::Metav1, 20)), None);
        let second = merge(&first, &ready(Status::False, "still"), &context(Conditions::Metav1, 20)).expect("message");
        assert_eq!(
            (&second[0]["message"], &second[0]["lastTransitionTime"]),
            (&json!("still"), &first[0]["lastTransitionTime"])
        );
        let third = merge(&second, &ready(Status::True, ""), &context(Conditions::Metav1, 30)).expect("status");
        assert_eq!(third[0]["lastTransitionTime"], "1970-01-01T00:00:30Z");
    }

    #[test]
    fn conditions_of_others_stay_where_they_are() {
        let theirs = json!({"type": "Theirs", "status": "True", "custom": 1});
        let stated = [Condition::new("Ours", Status::True, "R", "")];
        let merged = merge(std::slice::from_ref(&theirs), &stated, &context(Conditions::Metav1, 1)).expect("merged");
        assert_eq!((merged.len(), &merged[0], &merged[1]["type"]), (2, &theirs, &json!("Ours")));
    }

    #[test]
    fn the_cluster_api_style_has_a_severity_only_where_false() {
        let context = context(Conditions::ClusterApiV1beta1(Severity::Info), 1);
        let mut grave = Condition::new("A", Status::False, "R", "m");
        grave.severity = Some(Severity::Error);
        let stated = [grave, Condition::new("B", Status::False, "R", "m"), Condition::new("C", Status::True, "R", "")];
        let merged = merge(&[], &stated, &context).expect("merged");
        let severities: Vec<_> = merged.iter().map(|c| c.get("severity").and_then(Value::as_str)).collect();
        assert_eq!(severities, [Some("Error"), Some("Info"), None]);
        assert!(merged.iter().all(|c| c.get("observedGeneration").is_none()));
        assert!(merged[2].get("message").is_none());
    }

    #[test]
    fn a_reason_is_made_acceptable() {
        let cases =
            [("Fine", "Fine"), ("", "Unknown"), ("two words", "twowords"), ("9lives:", "lives"), ("ü", "Unknown")];
        for (given, expected) in cases {
            assert_eq!(reason(given), expected, "{given:?}");
        }
    }
}
