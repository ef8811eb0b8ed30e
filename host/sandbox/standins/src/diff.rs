//! The JSON merge patch between two states of one object.
//!
//! Controllers read an object, change a copy and send the difference, as Cluster API's patch helper does: fields that
//! others own are never sent, so two controllers on one object do not undo each other's work.

use serde_json::{Map, Value, json};

use crate::object;

/// What has to be sent to turn one state into the other.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Changes {
    /// Merge patch for the object itself, without `status`.
    pub(crate) main: Option<Value>,
    /// Merge patch for the status subresource.
    pub(crate) status: Option<Value>,
}

/// The difference between what was read and what should be. Lists that several controllers write (finalizers, owners)
/// are guarded by the version that was read: a merge patch replaces lists as a whole.
pub(crate) fn changes(before: &Value, after: &Value) -> Changes {
    let Some(Value::Object(mut difference)) = merge_patch(before, after) else { return Changes::default() };
    let status = difference.remove("status").map(|status| json!({"status": status}));
    let mut main = (!difference.is_empty()).then_some(Value::Object(difference));
    if let Some(patch) = &mut main {
        let shared = ["/metadata/finalizers", "/metadata/ownerReferences"];
        if shared.iter().any(|pointer| patch.pointer(pointer).is_some()) {
            object::put(patch, &["metadata", "resourceVersion"], object::member(before, "/metadata/resourceVersion"));
        }
    }
    Changes { main, status }
}

/// The merge patch (RFC 7386) from `before` to `after`; `None` if they are equal.
pub(crate) fn merge_patch(before: &Value, after: &Value) -> Option<Value> {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return (before != after).then(|| after.clone());
    };
    let mut patch = Map::new();
    for (key, value) in new {
        match old.get(key) {
            Some(present) => patch.extend(merge_patch(present, value).map(|p| (key.clone(), p))),
            None => patch.extend([(key.clone(), value.clone())]),
        }
    }
    let gone = old.keys().filter(|key| !new.contains_key(*key));
    patch.extend(gone.map(|key| (key.clone(), Value::Null)));
    (!patch.is_empty()).then_some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_objects_need_no_patch() {
        let object = json!({"metadata": {"name": "a"}, "spec": {"x": [1]}});
        assert_eq!(changes(&object, &object), Changes::default());
    }

    #[test]
    fn status_and_the_rest_are_sent_apart() {
        let before = json!({"spec": {"a": 1, "b": 2}});
        let after = json!({"spec": {"a": 1, "c": 3}, "status": {"ready": true}});
        let found = changes(&before, &after);
        assert_eq!(found.main, Some(json!({"spec": {"b": null, "c": 3}})));
        assert_eq!(found.status, Some(json!({"status": {"ready": true}})));
    }

    #[test]
    fn a_changed_list_of_owners_is_guarded_by_the_version_read() {
        let before = json!({"metadata": {"resourceVersion": "7"}});
        let after = json!({"metadata": {"resourceVersion": "7", "finalizers": ["f"]}});
        let patch = changes(&before, &after).main.expect("differs");
        assert_eq!(object::text(&patch, "/metadata/resourceVersion"), "7");
    }
}
