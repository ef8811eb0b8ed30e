//! The shape in which the real server writes objects: what is empty is left out.
//!
//! Its types say `omitempty`, so that an empty map or list comes back absent; a few lists are always written. A `null` in a
//! map of texts is the empty text there. `metadata` has one type for all kinds, custom ones included.

use serde_json::{Map, Value};

use super::json_schema;
use crate::kind::{Origin, ResourceKind};
use crate::schema::{Additional, Schema, Type};

/// Lists that are written even when they are empty, besides those that may be `null`.
const KEPT: [&str; 8] =
    ["rules", "versions", "storedVersions", "verbs", "containers", "conditions", "addresses", "required"];

/// Leaves out what the real server would leave out.
pub(crate) fn shape(kind: &ResourceKind, object: &mut Value) {
    let Some(map) = object.as_object_mut() else { return };
    if let Some(Value::Object(metadata)) = map.get_mut("metadata") {
        metadata.retain(|_, value| !is_empty(value) && value.as_str() != Some(""));
    }
    if kind.origin == Origin::Builtin {
        let parts = map.iter_mut().filter(|(name, _)| *name != "metadata");
        for (name, value) in parts {
            if let Some(schema) = kind.schema.properties.get(name) {
                walk(schema, value);
            }
        }
        drop_empty(&kind.schema, map);
        null_times(&kind.kind, map);
    }
}

/// Times of conditions that are written even when they are not known.
const TIMES: [(&str, &[&str]); 10] = [
    ("CustomResourceDefinition", &["lastTransitionTime"]),
    ("Pod", &["lastProbeTime", "lastTransitionTime"]),
    ("PersistentVolumeClaim", &["lastProbeTime", "lastTransitionTime"]),
    ("Job", &["lastProbeTime", "lastTransitionTime"]),
    ("Node", &["lastHeartbeatTime", "lastTransitionTime"]),
    ("Deployment", &["lastUpdateTime", "lastTransitionTime"]),
    ("ReplicaSet", &["lastTransitionTime"]),
    ("StatefulSet", &["lastTransitionTime"]),
    ("DaemonSet", &["lastTransitionTime"]),
    ("Namespace", &["lastTransitionTime"]),
];

fn null_times(kind: &str, object: &mut Map<String, Value>) {
    let Some((_, times)) = TIMES.iter().find(|(known, _)| *known == kind) else { return };
    let conditions = object.get_mut("status").and_then(|status| status.get_mut("conditions"));
    for condition in conditions.and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut) {
        for time in *times {
            condition.entry(*time).or_insert(Value::Null);
        }
    }
}

/// Of a slice of endpoints, an empty list becomes none on the way into the store. Until then it belongs to who sent it.
pub(crate) fn stored(kind: &ResourceKind, object: &mut Value) {
    let lists = if kind.kind == "EndpointSlice" { ["endpoints", "ports"].as_slice() } else { &[] };
    for list in lists {
        if object[*list].as_array().is_some_and(Vec::is_empty) {
            object[*list] = Value::Null;
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn walk(schema: &Schema, value: &mut Value) {
    let schema = json_schema::resolved(schema, value);
    match value {
        Value::Object(map) => {
            if let Additional::Schema(each) = &schema.additional {
                texts(each, map);
            }
            for (name, member) in map.iter_mut() {
                if let Some(schema) = schema.member(name) {
                    walk(schema, member);
                }
            }
            drop_empty(schema, map);
        }
        Value::Array(items) => {
            if let Some(schema) = &schema.items {
                items.iter_mut().for_each(|item| walk(schema, item));
            }
        }
        _ => {}
    }
}

fn texts(each: &Schema, map: &mut Map<String, Value>) {
    if each.type_ == Some(Type::String) && matches!(each.format.as_deref(), None | Some("byte")) {
        map.values_mut().filter(|value| value.is_null()).for_each(|value| *value = "".into());
    }
}

fn drop_empty(schema: &Schema, map: &mut Map<String, Value>) {
    map.retain(|name, value| {
        let Some(member) = schema.properties.get(name) else { return true };
        match value {
            Value::Null => member.nullable,
            Value::Object(map) => !(map.is_empty() && matches!(member.additional, Additional::Schema(_))),
            Value::Array(items) => !items.is_empty() || member.nullable || KEPT.contains(&name.as_str()),
            _ => true,
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_empty_comes_back_absent() {
        let kinds = crate::builtin::kinds();
        let kind = |name: &str| kinds.iter().find(|kind| kind.kind == name).unwrap();
        let cases = [
            (
                "ConfigMap",
                json!({"metadata": {"name": "a", "labels": {}, "uid": ""}, "data": {}}),
                json!({"metadata": {"name": "a"}}),
            ),
            ("ConfigMap", json!({"metadata": {}, "data": {"x": null}}), json!({"metadata": {}, "data": {"x": ""}})),
            ("Role", json!({"metadata": {}, "rules": []}), json!({"metadata": {}, "rules": []})),
            (
                "Pod",
                json!({"metadata": {}, "spec": {"nodeSelector": {}, "volumes": [{"name": "v", "emptyDir": {}}]}}),
                json!({"metadata": {}, "spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}),
            ),
        ];
        for (name, mut object, expected) in cases {
            shape(kind(name), &mut object);
            assert_eq!(object, expected, "{name}");
        }
    }
}
