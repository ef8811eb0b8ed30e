//! What the API server warns of in good objects of built-in kinds.
//!
//! Source: `pkg/api/pod/warnings.go`; only what a controller's Pods meet.

use serde_json::Value;

use crate::kind::ResourceKind;

/// Warnings about a new object, or one whose content changed.
pub(crate) fn warnings(kind: &ResourceKind, object: &Value) -> Vec<String> {
    let prefix = match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => "",
        ("apps", _) | ("batch", "Job") => "spec.template.",
        ("batch", "CronJob") => "spec.jobTemplate.spec.template.",
        _ => return Vec::new(),
    };
    let pointer = format!("/{}spec", prefix.replace('.', "/"));
    object.pointer(&pointer).map(|spec| pod(spec, prefix)).unwrap_or_default()
}

fn pod(spec: &Value, prefix: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    let constraints = spec["topologySpreadConstraints"].as_array().into_iter().flatten();
    for (i, _) in constraints.enumerate().filter(|(_, constraint)| constraint["labelSelector"].is_null()) {
        let place = format!("{prefix}spec.topologySpreadConstraints[{i}].labelSelector");
        warnings.push(format!("{place}: a null labelSelector results in matching no pod"));
    }
    for list in ["initContainers", "containers"] {
        for (i, container) in spec[list].as_array().into_iter().flatten().enumerate() {
            hidden_variables(container, &format!("{prefix}spec.{list}[{i}].env"), &mut warnings);
        }
    }
    warnings
}

/// A variable that is set twice, where the second value does not speak of the first.
fn hidden_variables(container: &Value, place: &str, warnings: &mut Vec<String>) {
    let variables = container["env"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (i, variable) in variables.iter().enumerate() {
        let name = variable["name"].as_str().unwrap_or_default();
        let value = variable["value"].as_str().unwrap_or_default();
        let reference = format!("$({name})");
        let speaks = value.contains(&reference) && value != reference && variable["valueFrom"].is_null();
        if variables[..i].iter().any(|other| other["name"] == name) && !speaks {
            warnings.push(format!(
                "{place}[{i}]: hides previous definition of {name:?}, which may be dropped when using apply"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_variable_may_be_set_twice_only_to_speak_of_itself() {
        let env = |second: &str| json!({"containers": [{"env": [{"name": "A", "value": "1"}, {"name": "A", "value": second}]}]});
        let cases = [("2", 1), ("$(A)", 1), ("$(A):2", 0)];
        for (second, count) in cases {
            assert_eq!(pod(&env(second), "").len(), count, "{second}");
        }
    }
}
