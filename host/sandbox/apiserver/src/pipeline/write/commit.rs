//! The last step of a write: into the store, and out of it if the object was only waiting for its finalizers.

use std::sync::Arc;

use serde_json::Value;

use crate::pipeline::{Resource, events, hooks};
use crate::storage::{Stale, Stored};

/// Stores an object in place of `old`. An object that is being deleted and has no finalizer left is removed instead; the
/// answer is then its last state.
pub(crate) fn commit(resource: &Resource<'_>, old: Option<&Stored>, mut new: Value) -> Result<Arc<Stored>, Stale> {
    events::store(&mut new, &resource.kind.group);
    let storage = &resource.server.storage;
    let stored = match old {
        Some(old) if is_finished(&new) => {
            let last = storage.remove(&resource.storage, &old.key, old.revision)?;
            new["metadata"]["resourceVersion"] = last.revision.to_string().into();
            Arc::new(Stored::new(resource.storage.clone(), last.revision, &new))
        }
        old => storage.put(&resource.storage, old.map(|old| old.revision), new)?,
    };
    hooks::committed(resource, &stored);
    Ok(stored)
}

/// Whether nothing keeps an object that is being deleted.
pub(crate) fn is_finished(object: &Value) -> bool {
    let metadata = &object["metadata"];
    let none = |list: &Value| list.as_array().is_none_or(Vec::is_empty);
    let is_namespace = object["kind"] == "Namespace" && object["apiVersion"] == "v1";
    metadata["deletionTimestamp"].is_string()
        && none(&metadata["finalizers"])
        && (!is_namespace || none(&object["spec"]["finalizers"]))
}

/// Whether two objects are the same but for the times at which managers wrote.
pub(super) fn unchanged(old: &Value, new: &Value) -> bool {
    match (old.as_object(), new.as_object()) {
        (Some(a), Some(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| {
                    b.get(key).is_some_and(|other| value == other || (key == "metadata" && same_metadata(value, other)))
                })
        }
        _ => old == new,
    }
}

fn same_metadata(old: &Value, new: &Value) -> bool {
    let (Some(a), Some(b)) = (old.as_object(), new.as_object()) else { return false };
    a.len() == b.len()
        && a.iter().all(|(key, value)| {
            b.get(key).is_some_and(|other| value == other || (key == "managedFields" && same_managers(value, other)))
        })
}

fn same_managers(old: &Value, new: &Value) -> bool {
    let (Some(a), Some(b)) = (old.as_array(), new.as_array()) else { return false };
    let timeless = |entry: &Value| {
        let mut entry = entry.clone();
        entry.as_object_mut().map(|map| map.remove("time"));
        entry
    };
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| timeless(x) == timeless(y))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_times_of_managers_do_not_count_as_a_change() {
        let object = |time: &str, manager: &str, data: u32| json!({"metadata": {"managedFields": [{"manager": manager, "time": time}]}, "data": data});
        assert!(unchanged(&object("1", "a", 1), &object("2", "a", 1)));
        assert!(!unchanged(&object("1", "a", 1), &object("1", "b", 1)));
        assert!(!unchanged(&object("1", "a", 1), &object("1", "a", 2)));
        assert!(!unchanged(&json!({"a": 1}), &json!({"a": 1, "b": 2})));
    }

    #[test]
    fn a_namespace_also_waits_for_the_finalizers_of_its_spec() {
        let deleted = json!({"deletionTimestamp": "x"});
        let namespace = |finalizers: Value| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": deleted, "spec": {"finalizers": finalizers}});
        assert!(!is_finished(&namespace(json!(["kubernetes"]))));
        assert!(is_finished(&namespace(json!([]))));
        assert!(is_finished(&json!({"metadata": deleted})));
        assert!(!is_finished(&json!({"metadata": {}})));
    }
}
