//! Conditions in the two styles that the stood-in programs write.
//!
//! Cluster API `v1beta1` carries a severity, keeps `Ready` first and moves the time on *any* change; the metav1 style
//! of Kamaji and the workloads moves it only with the status. [`Time`](jiff::Timestamp) is handed in.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::object;

/// A condition of the Cluster API `v1beta1` style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    kind: String,
    status: &'static str,
    severity: &'static str,
    reason: String,
    message: String,
}

impl Condition {
    /// The condition holds.
    pub(crate) fn holds(kind: &str) -> Self {
        Self { kind: kind.into(), status: "True", severity: "", reason: String::new(), message: String::new() }
    }

    /// The condition does not hold; `severity` is `Error`, `Warning` or `Info`.
    pub(crate) fn fails(kind: &str, severity: &'static str, reason: &str, message: impl Into<String>) -> Self {
        Self { kind: kind.into(), status: "False", severity, reason: reason.into(), message: message.into() }
    }

    /// Nobody can say.
    pub(crate) fn unknown(kind: &str, reason: &str, message: impl Into<String>) -> Self {
        Self { kind: kind.into(), status: "Unknown", severity: "", reason: reason.into(), message: message.into() }
    }
}

/// Puts a Cluster API condition into `status.conditions`.
pub(crate) fn set(target: &mut Value, condition: &Condition, now: Timestamp) {
    let mut new = json!({"type": condition.kind, "status": condition.status});
    for (key, value) in
        [("severity", condition.severity), ("reason", &condition.reason), ("message", &condition.message)]
    {
        if !value.is_empty() {
            object::put(&mut new, &[key], json!(value));
        }
    }
    let old = get(target, &condition.kind).cloned();
    if old.as_ref().is_some_and(|old| same_state(old, &new)) {
        return;
    }
    object::put(&mut new, &["lastTransitionTime"], json!(instant(now)));
    store(target, new);
}

/// Puts a metav1 condition into `status.conditions`.
pub(crate) fn set_meta(target: &mut Value, kind: &str, holds: bool, reason: &str, message: &str, now: Timestamp) {
    let status = if holds { "True" } else { "False" };
    let since = get(target, kind).filter(|old| object::text(old, "/status") == status);
    let since = since.map_or_else(|| instant(now), |old| object::text(old, "/lastTransitionTime").to_owned());
    store(
        target,
        json!({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since}),
    );
}

/// Takes the state of another object's `Ready` condition over as `kind`; `None` where it has no such condition.
pub(crate) fn mirror(source: &Value, kind: &str) -> Option<Condition> {
    let ready = get(source, "Ready")?;
    let (reason, message) = (object::text(ready, "/reason"), object::text(ready, "/message"));
    Some(match object::text(ready, "/status") {
        "True" => Condition::holds(kind),
        "False" => Condition::fails(kind, severity(object::text(ready, "/severity")), reason, message),
        _ => Condition::unknown(kind, reason, message),
    })
}

fn severity(text: &str) -> &'static str {
    match text {
        "Error" => "Error",
        "Warning" => "Warning",
        _ => "Info",
    }
}

/// Sets `Ready` to the summary of the conditions named, most important first: the gravest that does not hold, by
/// severity and then by this order, gives reason and message. With none of them present `Ready` is left alone.
pub(crate) fn summarise(target: &mut Value, kinds: &[&str], now: Timestamp) {
    let present: Vec<Value> = kinds.iter().filter_map(|kind| get(target, kind).cloned()).collect();
    if present.is_empty() {
        return;
    }
    let worst = present.iter().filter(|c| object::text(c, "/status") != "True").min_by_key(|c| gravity(c));
    let summary = match worst {
        None => Condition::holds("Ready"),
        Some(worst) => {
            let (reason, message) = (object::text(worst, "/reason"), object::text(worst, "/message"));
            match object::text(worst, "/status") {
                "False" => Condition::fails("Ready", severity(object::text(worst, "/severity")), reason, message),
                _ => Condition::unknown("Ready", reason, message),
            }
        }
    };
    set(target, &summary, now);
}

fn gravity(condition: &Value) -> u8 {
    match (object::text(condition, "/status"), object::text(condition, "/severity")) {
        ("False", "Error") => 0,
        ("False", "Warning") => 1,
        ("False", _) => 2,
        _ => 3,
    }
}

/// The condition of a type.
pub(crate) fn get<'a>(target: &'a Value, kind: &str) -> Option<&'a Value> {
    object::list(target, "/status/conditions").iter().find(|c| object::text(c, "/type") == kind)
}

/// Whether the condition of a type is there and `True`.
pub(crate) fn is_true(target: &Value, kind: &str) -> bool {
    get(target, kind).is_some_and(|c| object::text(c, "/status") == "True")
}

fn same_state(old: &Value, new: &Value) -> bool {
    ["/status", "/severity", "/reason", "/message"].iter().all(|p| object::text(old, p) == object::text(new, p))
}

fn store(target: &mut Value, new: Value) {
    let status = object::map_mut(target, &["status"]);
    let mut all: Vec<Value> = status.get("conditions").and_then(Value::as_array).cloned().unwrap_or_default();
    all.retain(|c| object::text(c, "/type") != object::text(&new, "/type"));
    all.push(new);
    all.sort_by_key(|c| (object::text(c, "/type") != "Ready", object::text(c, "/type").to_owned()));
    insert(status, all);
}

fn insert(status: &mut Map<String, Value>, all: Vec<Value>) {
    status.insert("conditions".into(), Value::Array(all));
}

/// Seconds precision, as metav1.Time.
pub(crate) fn instant(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn an_unchanged_condition_keeps_its_time_and_a_changed_reason_moves_it() {
        let mut target = json!({});
        let waiting = Condition::fails("BootstrapReady", "Info", "Waiting", "");
        set(&mut target, &waiting, at(1));
        set(&mut target, &waiting, at(2));
        assert_eq!(object::text(&target, "/status/conditions/0/lastTransitionTime"), "1970-01-01T00:00:01Z");
        set(&mut target, &Condition::fails("BootstrapReady", "Info", "Other", ""), at(3));
        assert_eq!(object::text(&target, "/status/conditions/0/lastTransitionTime"), "1970-01-01T00:00:03Z");
    }

    #[test]
    fn the_summary_shows_the_gravest_and_then_the_first_named() {
        let mut target = json!({});
        set(&mut target, &Condition::fails("B", "Info", "b", ""), at(1));
        set(&mut target, &Condition::fails("A", "Info", "a", ""), at(1));
        summarise(&mut target, &["A", "B"], at(1));
        assert_eq!(object::text(get(&target, "Ready").expect("summary"), "/reason"), "a");
        set(&mut target, &Condition::fails("B", "Error", "b", ""), at(2));
        summarise(&mut target, &["A", "B"], at(2));
        assert_eq!(object::text(get(&target, "Ready").expect("summary"), "/reason"), "b");
        for kind in ["A", "B"] {
            set(&mut target, &Condition::holds(kind), at(3));
        }
        summarise(&mut target, &["A", "B"], at(3));
        assert!(is_true(&target, "Ready"));
        assert_eq!(object::text(&target, "/status/conditions/0/type"), "Ready", "Ready comes first");
    }

    #[test]
    fn a_metav1_condition_moves_its_time_only_with_its_status() {
        let mut target = json!({});
        set_meta(&mut target, "X", false, "A", "", at(1));
        set_meta(&mut target, "X", false, "B", "", at(2));
        assert_eq!(object::text(get(&target, "X").expect("set"), "/lastTransitionTime"), "1970-01-01T00:00:01Z");
        set_meta(&mut target, "X", true, "B", "", at(3));
        assert_eq!(object::text(get(&target, "X").expect("set"), "/lastTransitionTime"), "1970-01-01T00:00:03Z");
    }
}
