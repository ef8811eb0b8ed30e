//! Defaults of roles and their bindings.

use serde_json::{Map, Value};

use super::or_insert;

const GROUP: &str = "rbac.authorization.k8s.io";

/// A role without rules says so, once it is stored: whoever sent an empty list owns it all the same.
pub(crate) fn role(map: &mut Map<String, Value>) {
    if let Some(rules) = map.get_mut("rules")
        && rules.as_array().is_some_and(Vec::is_empty)
    {
        *rules = Value::Null;
    }
}

pub(super) fn binding(map: &mut Map<String, Value>) {
    if let Some(reference) = map.get_mut("roleRef")
        && reference["apiGroup"].as_str().unwrap_or_default().is_empty()
    {
        reference["apiGroup"] = GROUP.into();
    }
    for subject in map.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
        if ["User", "Group"].contains(&subject.get("kind").and_then(Value::as_str).unwrap_or_default()) {
            or_insert(subject, "apiGroup", GROUP.into());
        }
    }
}
