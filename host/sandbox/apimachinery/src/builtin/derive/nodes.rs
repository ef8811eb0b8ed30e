//! Defaults of Nodes.

use serde_json::{Map, Value};

use super::or_insert;

pub(super) fn node(map: &mut Map<String, Value>) {
    if let Some(spec) = map.get_mut("spec")
        && spec["podCIDR"].as_str().is_some_and(|range| !range.is_empty())
    {
        // The one range of old, in the list of today.
        let ranges = Value::Array(vec![spec["podCIDR"].clone()]);
        or_insert(spec, "podCIDRs", ranges);
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
