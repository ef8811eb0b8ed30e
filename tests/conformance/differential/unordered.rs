//! Lists that the real server writes in the order of a Go map, another each time: put in one order.

use serde_json::Value;

/// Sorts what has no order in an answer's body. Refusals are put in order by `normal/refusal.rs`.
pub(crate) fn sort(body: &mut Value) {
    if body["kind"] != "SelfSubjectRulesReview" {
        return;
    }
    for rules in ["resourceRules", "nonResourceRules"] {
        if let Some(items) = body["status"][rules].as_array_mut() {
            items.sort_by_key(ToString::to_string);
        }
    }
}
