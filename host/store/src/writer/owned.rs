//! Rebuilds from an object what a manager applied last, out of the fields that the server says are the manager's.
//!
//! Server-side apply keeps, for each manager, the set of fields of its last intent, less those that others have changed
//! since. The object's values at these fields *are* that intent, as far as it still holds; so an intent equal to what is
//! rebuilt here would change neither values nor ownership. Whatever cannot be rebuilt exactly (a key that the server
//! defaulted, a quantity that it rewrote, a list in another order) compares as different, and is applied again.
//!
//! The format of the field sets: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/>,
//! `FieldsV1`.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::memory::Part;
use crate::entry::members;

/// One entry of `metadata.managedFields`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Managed {
    #[serde(default)]
    manager: String,
    #[serde(default)]
    operation: String,
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    subresource: String,
    #[serde(default)]
    fields_v1: Map<String, Value>,
}

/// What the manager applied, by what it was applied to.
pub(super) fn applied(object: &[u8], manager: &str, api_version: &str) -> Vec<(Part, Value)> {
    let Some(managed) = managed(object) else { return Vec::new() };
    let ours = managed
        .iter()
        .filter(|entry| entry.manager == manager && entry.operation == "Apply" && entry.api_version == api_version);
    let ours: Vec<&Managed> = ours.collect();
    if ours.is_empty() {
        return Vec::new();
    }
    let Ok(live) = serde_json::from_slice::<Value>(object) else { return Vec::new() };
    ours.into_iter().filter_map(|entry| Some((part(entry)?, rebuilt(&live, &entry.fields_v1)?))).collect()
}

/// An intent without what names its object: what remains is what [`applied`] rebuilds.
pub(super) fn meaning(intent: &[u8], part: Part) -> Option<Value> {
    let mut intent: Map<String, Value> = serde_json::from_slice(intent).ok()?;
    if part == Part::Status {
        intent.retain(|name, _| name == "status");
        return Some(Value::Object(intent));
    }
    intent.retain(|name, _| name != "apiVersion" && name != "kind");
    let metadata = intent.get_mut("metadata")?.as_object_mut()?;
    metadata.retain(|name, _| name != "name" && name != "namespace");
    if metadata.is_empty() {
        intent.remove("metadata");
    }
    Some(Value::Object(intent))
}

fn managed(object: &[u8]) -> Option<Vec<Managed>> {
    let top = members(object).ok()?;
    let metadata = members(top.get("metadata")?.get().as_bytes()).ok()?;
    serde_json::from_str(metadata.get("managedFields")?.get()).ok()
}

fn part(entry: &Managed) -> Option<Part> {
    match entry.subresource.as_str() {
        "" => Some(Part::Main { with_status: entry.fields_v1.contains_key("f:status") }),
        "status" => Some(Part::Status),
        _ => None,
    }
}

/// The part of a value that a field set covers; `None` if it cannot be told.
fn rebuilt(live: &Value, fields: &Map<String, Value>) -> Option<Value> {
    if fields.is_empty() {
        return Some(live.clone());
    }
    let children = fields.iter().filter(|(step, _)| *step != ".");
    match live {
        Value::Object(live) => {
            let member = |(step, below): (&String, &Value)| {
                let name = step.strip_prefix("f:")?;
                Some((name.to_owned(), rebuilt(live.get(name)?, below.as_object()?)?))
            };
            children.map(member).collect::<Option<Map<_, _>>>().map(Value::Object)
        }
        Value::Array(live) => {
            let item = |(step, below): (&String, &Value)| {
                let at = live.iter().position(|item| is_at(item, step))?;
                Some((at, rebuilt(&live[at], below.as_object()?)?))
            };
            let mut items = children.map(item).collect::<Option<Vec<_>>>()?;
            items.sort_unstable_by_key(|(at, _)| *at);
            Some(items.into_iter().map(|(_, item)| item).collect())
        }
        _ => None,
    }
}

/// Whether a step of a field set leads to this item of a list: by its keys, or by its value.
fn is_at(item: &Value, step: &str) -> bool {
    if let Some(keys) = step.strip_prefix("k:") {
        let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
        return !keys.is_empty() && keys.iter().all(|(name, value)| item.get(name) == Some(value));
    }
    step.strip_prefix("v:").and_then(|value| serde_json::from_str::<Value>(value).ok()).is_some_and(|v| v == *item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(fields: &Value, subresource: &str) -> Vec<u8> {
        let managed = |manager: &str, operation: &str| {
            json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1",
                "subresource": subresource, "fieldsV1": fields})
        };
        let object = json!({
            "apiVersion": "v1", "kind": "Thing",
            "metadata": {"name": "a", "namespace": "n", "resourceVersion": "1", "labels": {"ours": "1", "theirs": "2"},
                "managedFields": [managed("somebody", "Apply"), managed("us", "Update"), managed("us", "Apply")]},
            "spec": {"replicas": 2, "ports": [{"port": 1, "name": "x"}, {"port": 2, "name": "y"}], "set": ["p", "q"],
                "atomic": {"b": 1, "a": [1]}},
            "status": {"ready": true},
        });
        object.to_string().into_bytes()
    }

    #[test]
    fn what_was_applied_is_rebuilt_from_the_fields_that_are_ours() {
        let cases = [
            (
                "a label",
                json!({"f:metadata": {"f:labels": {"f:ours": {}}}}),
                Some(json!({"metadata": {"labels": {"ours": "1"}}})),
            ),
            (
                "an item by key",
                json!({"f:spec": {"f:ports": {"k:{\"port\":2}": {".": {}, "f:port": {}}}}}),
                Some(json!({"spec": {"ports": [{"port": 2}]}})),
            ),
            (
                "items keep the object's order",
                json!({"f:spec": {"f:set": {"v:\"q\"": {}, "v:\"p\"": {}}}}),
                Some(json!({"spec": {"set": ["p", "q"]}})),
            ),
            (
                "an atomic map",
                json!({"f:spec": {"f:atomic": {}}}),
                Some(json!({"spec": {"atomic": {"a": [1], "b": 1}}})),
            ),
            (
                "a map of its own",
                json!({"f:spec": {".": {}, "f:replicas": {}}}),
                Some(json!({"spec": {"replicas": 2}})),
            ),
            ("a field that is not there", json!({"f:spec": {"f:gone": {}}}), None),
            ("a step by index", json!({"f:spec": {"f:set": {"i:0": {}}}}), None),
        ];
        for (name, fields, expected) in cases {
            let rebuilt = applied(&object(&fields, ""), "us", "v1");
            let expected: Vec<_> =
                expected.map(|value| (Part::Main { with_status: false }, value)).into_iter().collect();
            assert_eq!(rebuilt, expected, "{name}");
        }
        let status = applied(&object(&json!({"f:status": {"f:ready": {}}}), "status"), "us", "v1");
        assert_eq!(status, [(Part::Status, json!({"status": {"ready": true}}))]);
        assert!(applied(&object(&json!({"f:spec": {}}), "scale"), "us", "v1").is_empty());
        assert!(applied(&object(&json!({"f:spec": {}}), ""), "us", "v2").is_empty(), "applied in another version");
        assert!(applied(b"{", "us", "v1").is_empty());
    }

    #[test]
    fn an_intent_means_what_it_says_beside_its_name() {
        let named = br#"{"apiVersion":"v1","kind":"Thing","metadata":{"name":"a","namespace":"n"},"spec":{"x":1}}"#;
        assert_eq!(meaning(named, Part::Main { with_status: false }), Some(json!({"spec": {"x": 1}})));
        let status = br#"{"kind":"Thing","metadata":{"name":"a"},"spec":1,"status":{"y":1}}"#;
        assert_eq!(meaning(status, Part::Status), Some(json!({"status": {"y": 1}})));
        assert_eq!(meaning(b"[]", Part::Status), None);
    }
}
