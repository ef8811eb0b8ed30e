//! Owners that an object names twice.

use serde_json::Value;

use super::Origin;

/// Leaves each owner once, and says so.
pub(super) fn once(object: &mut Value, origin: Origin, warnings: &mut Vec<String>) {
    let Some(list) = object.pointer_mut("/metadata/ownerReferences").and_then(Value::as_array_mut) else { return };
    let mut kept: Vec<Value> = Vec::new();
    let mut again = Vec::new();
    for owner in list.drain(..) {
        match kept.contains(&owner) {
            true => again.push(owner["uid"].as_str().unwrap_or_default().to_owned()),
            false => kept.push(owner),
        }
    }
    *list = kept;
    if again.is_empty() {
        return;
    }
    // Patches are looked at only once the object is complete.
    let when = if origin == Origin::Sent { "" } else { " after mutating admission happens" };
    warnings.push(format!(
        ".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in 1.20+, and may \
         reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
        again.join(", ")
    ));
}
