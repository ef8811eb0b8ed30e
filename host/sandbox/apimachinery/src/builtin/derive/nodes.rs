//! Defaults of Nodes.

use serde_json::{Map, Value, json};

use super::or_insert;

pub(super) fn node(map: &mut Map<String, Value>) {
    if let Some(spec) = map.get_mut("spec").and_then(Value::as_object_mut) {
        ranges(spec);
    }
    let Some(status) = map.get_mut("status") else { return };
    if let Some(capacity) = status.get("capacity").cloned() {
        or_insert(status, "allocatable", capacity);
    }
    // The times of a condition are written even when nobody set them.
    for condition in status.get_mut("conditions").and_then(Value::as_array_mut).into_iter().flatten() {
        or_insert(condition, "lastHeartbeatTime", Value::Null);
        or_insert(condition, "lastTransitionTime", Value::Null);
    }
}

/// The one range of old, and the list of today. Where they differ, the old field is believed.
fn ranges(spec: &mut Map<String, Value>) {
    let first = |spec: &Map<String, Value>| spec.get("podCIDRs").and_then(|list| list.get(0)).cloned();
    if let Some(range) = spec.get("podCIDR").filter(|range| range.as_str().is_some_and(|r| !r.is_empty())).cloned() {
        if first(spec).as_ref() != Some(&range) {
            spec.insert("podCIDRs".into(), json!([range]));
        }
    } else if let Some(range) = first(spec).filter(|range| *range != "") {
        spec.insert("podCIDR".into(), range);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_range_of_a_node_and_the_list_say_the_same() {
        let cases = [
            (json!({"podCIDR": "a"}), json!({"podCIDR": "a", "podCIDRs": ["a"]})),
            (json!({"podCIDR": "a", "podCIDRs": ["b", "c"]}), json!({"podCIDR": "a", "podCIDRs": ["a"]})),
            (json!({"podCIDRs": ["b", "c"]}), json!({"podCIDR": "b", "podCIDRs": ["b", "c"]})),
            (json!({}), json!({})),
        ];
        for (given, expected) in cases {
            let mut spec = given.as_object().cloned().unwrap_or_default();
            ranges(&mut spec);
            assert_eq!(Value::from(spec), expected, "{given}");
        }
    }
}
