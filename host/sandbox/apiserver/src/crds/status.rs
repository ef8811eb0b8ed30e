//! The status of a definition, from itself and its neighbours.

use backplane_apimachinery::kind;
use serde_json::{Value, json};

/// Writes the status; what did not change keeps its time.
pub(super) fn fill(definition: &mut Value, old: Option<&Value>, others: &[Value], now: &str) {
    let conflict = conflict(definition, others);
    let accepted = conflict.is_none();
    let (reason, message) = conflict.unwrap_or(("NoConflicts", "no conflicts found".into()));
    set(definition, "NamesAccepted", accepted, reason, &message, now);
    if accepted {
        established(definition, now);
        definition["status"]["acceptedNames"] = definition["spec"]["names"].clone();
    } else if !is_true(definition, "Established") {
        set(definition, "Established", false, "NotAccepted", "not all names are accepted", now);
    }
    if definition["metadata"]["deletionTimestamp"].is_string() {
        let message = "CustomResource deletion is in progress";
        set(definition, "Terminating", true, "InstanceDeletionInProgress", message, now);
    }
    definition["status"]["storedVersions"] = stored_versions(definition, old);
}

/// A definition whose conversion webhook cannot be trusted is not served; one that is served stays so.
fn established(definition: &mut Value, now: &str) {
    if kind::is_mistrusted(definition) && !is_true(definition, "Established") {
        let message = "The conversion webhook CABundle is invalid";
        set(definition, "Established", false, "InvalidCABundle", message, now);
    } else {
        set(definition, "Established", true, "InitialNamesAccepted", "the initial names have been accepted", now);
    }
}

/// Writes what is said of a definition in the moment in which it is deleted.
pub(super) fn ending(definition: &mut Value, now: &str) {
    let message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
    set(definition, "Terminating", true, "InstanceDeletionPending", message, now);
}

/// Whether a condition of the definition holds.
pub(super) fn is_true(definition: &Value, condition: &str) -> bool {
    let conditions = definition["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|c| c["type"] == condition && c["status"] == "True")
}

fn set(definition: &mut Value, condition: &str, holds: bool, reason: &str, message: &str, now: &str) {
    let status = if holds { "True" } else { "False" };
    let conditions = &mut definition["status"]["conditions"];
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    let Some(conditions) = conditions.as_array_mut() else { return };
    let fresh = json!({"type": condition, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": now});
    match conditions.iter_mut().find(|c| c["type"] == condition) {
        Some(present) if present["status"] == status && present["reason"] == reason => {}
        Some(present) => *present = fresh,
        None => conditions.push(fresh),
    }
}

/// The first name that another definition of the group already has.
fn conflict(definition: &Value, others: &[Value]) -> Option<(&'static str, String)> {
    let same_group = |other: &&Value| {
        other["spec"]["group"] == definition["spec"]["group"]
            && other["metadata"]["name"] != definition["metadata"]["name"]
    };
    let names = &definition["spec"]["names"];
    for other in others.iter().filter(same_group) {
        let taken = &other["status"]["acceptedNames"];
        let resources = resource_names(taken);
        if let Some(name) = resource_names(names).into_iter().find(|name| resources.contains(name)) {
            return Some(("NameConflict", format!("{name:?} is already in use")));
        }
        let kinds = kind_names(taken);
        if let Some(name) = kind_names(names).into_iter().find(|name| kinds.contains(name)) {
            return Some(("KindConflict", format!("{name:?} is already in use")));
        }
    }
    None
}

fn resource_names(names: &Value) -> Vec<&str> {
    let short = names["shortNames"].as_array().into_iter().flatten();
    short.chain([&names["plural"], &names["singular"]]).filter_map(Value::as_str).filter(|n| !n.is_empty()).collect()
}

fn kind_names(names: &Value) -> Vec<&str> {
    [&names["kind"], &names["listKind"]].into_iter().filter_map(Value::as_str).filter(|n| !n.is_empty()).collect()
}

pub(super) fn stored_versions(definition: &Value, old: Option<&Value>) -> Value {
    let given = definition["status"]["storedVersions"].as_array();
    let kept = given.or_else(|| old?["status"]["storedVersions"].as_array());
    let mut versions = kept.cloned().unwrap_or_default();
    let all = definition["spec"]["versions"].as_array().into_iter().flatten();
    // Of several only the first counts; the definition is refused for the others.
    let stored = all.into_iter().find(|v| v["storage"] == true).map(|v| v["name"].clone());
    versions.extend(stored.filter(|version| !versions.contains(version)));
    versions.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(name: &str, kind: &str, short: &str) -> Value {
        json!({"metadata": {"name": name}, "spec": {"group": "g", "versions": [{"name": "v1", "storage": true}],
            "names": {"plural": name, "singular": kind.to_lowercase(), "kind": kind, "shortNames": [short]}}})
    }

    #[test]
    fn the_second_definition_of_a_name_is_not_served() {
        let mut first = definition("as", "A", "x");
        fill(&mut first, None, &[], "t1");
        assert!(is_true(&first, "Established") && is_true(&first, "NamesAccepted"));
        assert_eq!(first["status"]["storedVersions"], json!(["v1"]));
        for (name, kind, short, free) in [("bs", "B", "x", false), ("bs", "A", "y", false), ("bs", "B", "y", true)] {
            let mut second = definition(name, kind, short);
            fill(&mut second, None, std::slice::from_ref(&first), "t2");
            assert_eq!(is_true(&second, "Established"), free, "{name} {kind} {short}");
        }
    }

    #[test]
    fn filling_again_changes_nothing() {
        let mut first = definition("as", "A", "x");
        fill(&mut first, None, &[], "t1");
        let mut again = first.clone();
        fill(&mut again, Some(&first), &[first.clone()], "t2");
        assert_eq!(first, again);
    }
}
