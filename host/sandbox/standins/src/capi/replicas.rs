//! The machines of a MachineSet: which go first, and how many count as ready. Values in, values out.

use serde_json::Value;

use super::words;
use crate::{condition, object};

/// The machines to remove so that `replicas` remain; those already on their way out come first and need no deletion.
pub(crate) fn surplus<'a>(set: &Value, machines: &'a [Value], nodes: &[Value]) -> Vec<&'a Value> {
    let replicas = usize::try_from(object::number(set, "/spec/replicas", 1)).unwrap_or_default();
    let excess = machines.len().saturating_sub(replicas);
    let mut ordered: Vec<&Value> = machines.iter().collect();
    ordered.sort_by_key(|machine| rank(set, machine, nodes));
    ordered.truncate(excess);
    ordered.retain(|machine| !object::is_deleting(machine));
    ordered
}

type Rank = (u8, std::cmp::Reverse<String>, String, String);

/// Smaller goes first.
fn rank(set: &Value, machine: &Value, nodes: &[Value]) -> Rank {
    let class = if object::is_deleting(machine) {
        0
    } else if object::annotation(machine, words::DELETE_MACHINE).is_some() {
        1
    } else if !is_healthy(machine, nodes) {
        2
    } else {
        3
    };
    let made = object::text(machine, "/metadata/creationTimestamp").to_owned();
    let (newest, oldest) = match object::text(set, "/spec/deletePolicy") {
        "Newest" => (made, String::new()),
        "Oldest" => (String::new(), made),
        _ => (String::new(), String::new()),
    };
    (class, std::cmp::Reverse(newest), oldest, object::name(machine).to_owned())
}

fn is_healthy(machine: &Value, nodes: &[Value]) -> bool {
    let failed =
        ["/status/failureReason", "/status/failureMessage"].iter().any(|p| !object::text(machine, p).is_empty());
    !failed && node_of(machine, nodes).is_some_and(is_ready)
}

/// The Node that the machine's `nodeRef` names.
pub(crate) fn node_of<'a>(machine: &Value, nodes: &'a [Value]) -> Option<&'a Value> {
    let name = object::text(machine, "/status/nodeRef/name");
    nodes.iter().find(|node| !name.is_empty() && object::name(node) == name)
}

/// Whether a Node is Ready.
pub(crate) fn is_ready(node: &Value) -> bool {
    condition::is_true(node, "Ready")
}

/// Counts of a MachineSet's status.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) replicas: i64,
    pub(crate) labelled: i64,
    pub(crate) ready: i64,
    pub(crate) available: i64,
    /// Seconds until a machine that is ready counts as available too.
    pub(crate) next: Option<i64>,
}

/// Counts machines; one is available once its Node has been Ready for `minReadySeconds`.
pub(crate) fn count(set: &Value, machines: &[Value], nodes: &[Value], now: jiff::Timestamp) -> Counts {
    let template = object::member(set, "/spec/template/metadata/labels");
    let least = object::number(set, "/spec/minReadySeconds", 0);
    let mut counts = Counts::default();
    for machine in machines {
        counts.replicas += 1;
        counts.labelled += i64::from(has_labels(machine, &template));
        let Some(node) = node_of(machine, nodes).filter(|node| is_ready(node)) else { continue };
        counts.ready += 1;
        let left = least - ready_for(node, now);
        if least == 0 || left <= 0 {
            counts.available += 1;
        } else {
            counts.next = Some(counts.next.map_or(left, |next| next.min(left)));
        }
    }
    counts
}

fn has_labels(machine: &Value, labels: &Value) -> bool {
    labels
        .as_object()
        .is_none_or(|labels| labels.iter().all(|(key, value)| object::label(machine, key) == value.as_str()))
}

fn ready_for(node: &Value, now: jiff::Timestamp) -> i64 {
    let since = condition::get(node, "Ready").map(|c| object::text(c, "/lastTransitionTime"));
    let since = since.and_then(|t| t.parse::<jiff::Timestamp>().ok());
    since.map_or(0, |since| now.as_second() - since.as_second())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn machine(name: &str, made: &str) -> Value {
        json!({"metadata": {"name": name, "creationTimestamp": made}, "status": {"nodeRef": {"name": name}}})
    }

    fn node(name: &str, ready: &str) -> Value {
        json!({"metadata": {"name": name}, "status": {"conditions": [
            {"type": "Ready", "status": ready, "lastTransitionTime": "1970-01-01T00:00:10Z"}]}})
    }

    fn names(machines: Vec<&Value>) -> Vec<&str> {
        machines.into_iter().map(object::name).collect()
    }

    #[test]
    fn scale_down_takes_marked_then_unhealthy_then_by_policy_then_by_name() {
        let nodes: Vec<_> = ["a", "b", "c"].iter().map(|n| node(n, "True")).chain([node("d", "False")]).collect();
        let mut marked = machine("c", "3");
        object::set_annotation(&mut marked, words::DELETE_MACHINE, "");
        let machines = [machine("a", "1"), machine("b", "2"), marked, machine("d", "4")];
        let cases = [
            ("one", 3, "", vec!["c"]),
            ("two", 2, "", vec!["c", "d"]),
            ("by name", 1, "", vec!["c", "d", "a"]),
            ("newest", 1, "Newest", vec!["c", "d", "b"]),
            ("oldest", 1, "Oldest", vec!["c", "d", "a"]),
            ("none", 4, "", vec![]),
        ];
        for (case, replicas, policy, expected) in cases {
            let set = json!({"spec": {"replicas": replicas, "deletePolicy": policy}});
            assert_eq!(names(surplus(&set, &machines, &nodes)), expected, "{case}");
        }
    }

    #[test]
    fn a_machine_already_leaving_counts_as_the_one_to_go() {
        let mut leaving = machine("z", "1");
        object::put(&mut leaving, &["metadata", "deletionTimestamp"], json!("now"));
        let machines = [machine("a", "1"), leaving];
        assert!(surplus(&json!({"spec": {"replicas": 1}}), &machines, &[]).is_empty());
    }

    #[test]
    fn ready_becomes_available_after_the_time_asked_for() {
        let (machines, nodes) = ([machine("a", "1"), machine("b", "1")], [node("a", "True"), node("b", "False")]);
        let set = json!({"spec": {"minReadySeconds": 30}});
        let at = |second| count(&set, &machines, &nodes, jiff::Timestamp::from_second(second).expect("in range"));
        assert_eq!(at(20), Counts { replicas: 2, labelled: 2, ready: 1, available: 0, next: Some(20) });
        assert_eq!(at(40), Counts { replicas: 2, labelled: 2, ready: 1, available: 1, next: None });
    }
}
