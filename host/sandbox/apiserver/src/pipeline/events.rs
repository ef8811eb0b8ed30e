//! Events have two faces, `v1` and `events.k8s.io/v1`, and are the same objects: stored as `v1`, shown as asked.

use serde_json::Value;

const GROUP: &str = "events.k8s.io";

/// Field of `events.k8s.io/v1`, field of `v1`.
const NAMES: [(&str, &str); 7] = [
    ("note", "message"),
    ("regarding", "involvedObject"),
    ("reportingController", "reportingComponent"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
];

/// Who reports; `v1` always says so, `events.k8s.io/v1` only if somebody does.
const REPORTER: [&str; 2] = ["reportingController", "reportingInstance"];

/// Turns the event into its other face if it is shown in that group; leaves everything else alone.
pub(crate) fn show(object: &mut Value, group: &str) {
    if group == GROUP && object["kind"] == "Event" {
        NAMES.iter().for_each(|(new, core)| rename(object, core, new));
        if let Some(map) = object.as_object_mut() {
            map.retain(|name, value| !(REPORTER.contains(&name.as_str()) && value == ""));
        }
    }
}

/// Turns an object of `events.k8s.io` into the form in which it is stored.
pub(super) fn store(object: &mut Value, group: &str) {
    if group == GROUP && object["kind"] == "Event" {
        NAMES.iter().for_each(|(new, core)| rename(object, new, core));
        for field in ["reportingComponent", "reportingInstance"] {
            if object[field].is_null() {
                object[field] = "".into();
            }
        }
        object["apiVersion"] = "v1".into();
    }
}

/// Where objects of a group are stored.
pub(crate) fn storage_group(group: &str) -> &str {
    if group == GROUP { "" } else { group }
}

fn rename(object: &mut Value, from: &str, to: &str) {
    let Some(map) = object.as_object_mut() else { return };
    if let Some(value) = map.remove(from) {
        map.insert(to.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_survives_the_round_trip_between_its_faces() {
        let event = json!({"apiVersion": "events.k8s.io/v1", "kind": "Event", "note": "n", "regarding": {"name": "x"},
            "reportingController": "c", "eventTime": "t"});
        let mut changed = event.clone();
        store(&mut changed, GROUP);
        let stored = json!({"apiVersion": "v1", "kind": "Event", "message": "n", "involvedObject": {"name": "x"},
            "reportingComponent": "c", "reportingInstance": "", "eventTime": "t"});
        assert_eq!(changed, stored);
        show(&mut changed, GROUP);
        changed["apiVersion"] = "events.k8s.io/v1".into();
        assert_eq!(changed, event);
    }
}
