//! StatefulSets: a field that the real server does not take.
//!
//! `maxUnavailable` of a rolling update waits for the feature `MaxUnavailableStatefulSet`, which is off.

use serde_json::Value;

/// Leaves out how many Pods may be missing.
pub(crate) fn drop_unavailable(set: &mut Value) {
    let rolling = set.pointer_mut("/spec/updateStrategy/rollingUpdate").and_then(Value::as_object_mut);
    if let Some(rolling) = rolling {
        rolling.remove("maxUnavailable");
    }
}
