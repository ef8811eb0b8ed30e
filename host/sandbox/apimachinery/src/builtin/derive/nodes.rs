//! Defaults of Nodes.

use serde_json::{Map, Value};

use super::or_insert;

pub(super) fn node(map: &mut Map<String, Value>) {
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
