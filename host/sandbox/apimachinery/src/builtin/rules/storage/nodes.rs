//! The nodes that reach a volume.

use serde_json::{Map, Value, json};

use crate::builtin::rules::at::{At, Errors};
use crate::builtin::rules::node_selectors;
use crate::field::{FieldError, FieldReason};

/// Labels that were renamed when they became stable.
const RENAMED: [(&str, &str); 5] = [
    ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
    ("beta.kubernetes.io/os", "kubernetes.io/os"),
    ("beta.kubernetes.io/arch", "kubernetes.io/arch"),
    ("beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"),
];

pub(super) fn check(at: &At<'_>, errors: &mut Errors) {
    let required = at.child("required");
    if required.is_set() {
        node_selectors::selector(&required, errors);
    } else {
        errors.push(required.required("must specify required node constraints"));
    }
}

/// The nodes may be said once, and a label may get its new name.
pub(super) fn kept(nodes: &Value, old: &Value, errors: &mut Errors) {
    if !old.is_null() && renamed(old, nodes) != *nodes {
        let why = "field is immutable, except for updating from beta label to GA";
        errors.push(FieldError::with_text(FieldReason::Invalid, "nodeAffinity", &shown(nodes), why));
    }
}

/// The old nodes with the keys of the new ones where these are the new names of the old keys.
fn renamed(old: &Value, new: &Value) -> Value {
    match (old, new) {
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            old.iter().zip(new).map(|(old, new)| renamed(old, new)).collect()
        }
        (Value::Object(old), Value::Object(new)) => Value::Object(renamed_members(old, new)),
        _ => old.clone(),
    }
}

fn renamed_members(old: &Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    let member = |name: &str| new.get(name).unwrap_or(&Value::Null);
    let mut map: Map<String, Value> =
        old.iter().map(|(name, value)| (name.clone(), renamed(value, member(name)))).collect();
    let former = old.get("key").and_then(Value::as_str);
    if former.is_some_and(|former| new_name(former) == member("key").as_str().unwrap_or_default()) {
        match new.get("key") {
            Some(key) => drop(map.insert("key".into(), key.clone())),
            None => drop(map.remove("key")),
        }
    }
    map
}

/// Where a label has no new name, the real server takes the empty name for it.
fn new_name(label: &str) -> &'static str {
    RENAMED.iter().find(|(old, _)| *old == label).map_or("", |(_, new)| new)
}

/// The nodes in the order and with the names that the fields have in Go.
fn shown(nodes: &Value) -> String {
    if nodes.is_null() {
        return "null".to_owned();
    }
    let Some(required) = nodes.get("required") else { return json!({"Required": null}).to_string() };
    let terms = list(&required["nodeSelectorTerms"], |term| {
        let [expressions, fields] = ["matchExpressions", "matchFields"].map(|field| list(&term[field], requirement));
        format!("{{\"MatchExpressions\":{expressions},\"MatchFields\":{fields}}}")
    });
    format!("{{\"Required\":{{\"NodeSelectorTerms\":{terms}}}}}")
}

fn list(value: &Value, each: impl Fn(&Value) -> String) -> String {
    value.as_array().map_or_else(
        || "null".to_owned(),
        |items| format!("[{}]", items.iter().map(each).collect::<Vec<_>>().join(",")),
    )
}

fn requirement(value: &Value) -> String {
    let text = |field: &str| Value::from(value[field].as_str().unwrap_or_default());
    format!("{{\"Key\":{},\"Operator\":{},\"Values\":{}}}", text("key"), text("operator"), value["values"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(key: &str, value: &str) -> Value {
        let requirement = json!({"key": key, "operator": "In", "values": [value]});
        json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [requirement]}]}})
    }

    #[test]
    fn nodes_stay_but_for_the_new_name_of_a_label() {
        let old = nodes("failure-domain.beta.kubernetes.io/zone", "a");
        let cases = [
            ("the same", old.clone(), 0),
            ("renamed", nodes("topology.kubernetes.io/zone", "a"), 0),
            ("another label", nodes("zone", "a"), 1),
            ("another value", nodes("topology.kubernetes.io/zone", "b"), 1),
            ("none", Value::Null, 1),
        ];
        for (name, new, count) in cases {
            let mut errors = Vec::new();
            kept(&new, &old, &mut errors);
            assert_eq!(errors.len(), count, "{name}");
        }
    }

    #[test]
    fn nodes_are_shown_as_go_names_them() {
        let expected = "{\"Required\":{\"NodeSelectorTerms\":[{\"MatchExpressions\":[{\"Key\":\"a\",\"Operator\":\"In\",\
                        \"Values\":[\"b\"]}],\"MatchFields\":null}]}}";
        assert_eq!(shown(&nodes("a", "b")), expected);
    }
}
