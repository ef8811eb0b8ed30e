//! What the API server warns of in good objects of built-in kinds.
//!
//! Source: `pkg/api/pod/warnings.go`; only what a controller's Pods meet.

use serde_json::Value;

use crate::kind::ResourceKind;
use crate::meta::names;

/// Warnings about a new object, or one whose content changed from `old`.
pub(crate) fn warnings(kind: &ResourceKind, object: &Value, old: Option<&Value>) -> Vec<String> {
    if kind.group == "apiextensions.k8s.io" {
        return crate::kind::crd::warnings(object, old);
    }
    let prefix = match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => "",
        ("apps", _) | ("batch", "Job") => "spec.template.",
        ("batch", "CronJob") => "spec.jobTemplate.spec.template.",
        _ => return Vec::new(),
    };
    let pointer = format!("/{}spec", prefix.replace('.', "/"));
    let mut warnings = name(kind, object);
    warnings.extend(object.pointer(&pointer).map(|spec| pod(spec, prefix)).unwrap_or_default());
    let history = object.pointer("/spec/revisionHistoryLimit").and_then(Value::as_i64);
    if kind.kind == "StatefulSet" && history.is_some_and(|limit| limit < 0) {
        let why = "a negative value retains all historical revisions; a value >= 0 is recommended";
        warnings.push(format!("spec.revisionHistoryLimit: {why}"));
    }
    warnings
}

/// The name of a new object that its Pods will bear.
fn name(kind: &ResourceKind, object: &Value) -> Vec<String> {
    const BEARING: [&str; 4] = ["Deployment", "ReplicaSet", "Job", "CronJob"];
    let new = object["metadata"]["generation"] == 1 && BEARING.contains(&kind.kind.as_str());
    let why = object["metadata"]["name"].as_str().filter(|_| new).and_then(names::label);
    let warned = why.map(|why| {
        format!(
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label \
             is recommended: [{why}]"
        )
    });
    warned.into_iter().collect()
}

fn pod(spec: &Value, prefix: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    let constraints = spec["topologySpreadConstraints"].as_array().into_iter().flatten();
    for (i, _) in constraints.enumerate().filter(|(_, constraint)| constraint["labelSelector"].is_null()) {
        let place = format!("{prefix}spec.topologySpreadConstraints[{i}].labelSelector");
        warnings.push(format!("{place}: a null labelSelector results in matching no pod"));
    }
    deprecated_volumes(spec, &format!("{prefix}spec.volumes"), &mut warnings);
    repeated(spec, ("hostAliases", "ip"), prefix, &mut warnings);
    repeated(spec, ("imagePullSecrets", "name"), prefix, &mut warnings);
    nameless_secrets(spec, prefix, &mut warnings);
    for list in ["initContainers", "containers"] {
        for (i, container) in spec[list].as_array().into_iter().flatten().enumerate() {
            hidden_variables(container, &format!("{prefix}spec.{list}[{i}].env"), &mut warnings);
        }
    }
    unused_addresses(spec, prefix, &mut warnings);
    // In a Pod it is one already.
    if !prefix.is_empty() && spec["terminationGracePeriodSeconds"].as_i64().is_some_and(|seconds| seconds < 0) {
        let place = format!("{prefix}spec.terminationGracePeriodSeconds");
        warnings.push(format!("{place}: must be >= 0; negative values are invalid and will be treated as 1"));
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        unselective_terms(&spec["affinity"][kind], &format!("{prefix}spec.affinity.{kind}"), &mut warnings);
    }
    warnings
}

/// Terms about other Pods that name none.
fn unselective_terms(affinity: &Value, place: &str, warnings: &mut Vec<String>) {
    let lists = [("required", ""), ("preferred", ".podAffinityTerm")]
        .map(|(when, below)| (format!("{when}DuringSchedulingIgnoredDuringExecution"), below));
    for (list, below) in lists {
        for (i, term) in affinity[&list].as_array().into_iter().flatten().enumerate() {
            let term = if below.is_empty() { term } else { &term["podAffinityTerm"] };
            if term["labelSelector"].is_null() {
                let place = format!("{place}.{list}[{i}]{below}.labelSelector");
                warnings.push(format!("{place}: a null labelSelector results in matching no pod"));
            }
        }
    }
}

/// Addresses of the node without a port of the node.
fn unused_addresses(spec: &Value, prefix: &str, warnings: &mut Vec<String>) {
    for list in ["initContainers", "containers"] {
        for (i, container) in spec[list].as_array().into_iter().flatten().enumerate() {
            for (j, port) in container["ports"].as_array().into_iter().flatten().enumerate() {
                let text = |field: &str| port[field].as_str().unwrap_or_default().to_owned();
                if !text("hostIP").is_empty() && port["hostPort"].as_i64().unwrap_or_default() == 0 {
                    warnings.push(format!(
                        "{prefix}spec.{list}[{i}].ports[{j}]: hostIP set without hostPort: {{Name:{} HostPort:0 \
                         ContainerPort:{} Protocol:{} HostIP:{}}}",
                        text("name"),
                        port["containerPort"],
                        text("protocol"),
                        text("hostIP"),
                    ));
                }
            }
        }
    }
}

/// Volumes that nothing mounts any more: the field, the name in the warning, and since when.
const DEPRECATED: [(&str, &str, &str); 9] = [
    ("photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

fn deprecated_volumes(spec: &Value, place: &str, warnings: &mut Vec<String>) {
    for (i, volume) in spec["volumes"].as_array().into_iter().flatten().enumerate() {
        let used = DEPRECATED.iter().filter(|(field, ..)| !volume[field].is_null());
        warnings.extend(used.map(|(_, shown, since)| format!("{place}[{i}].{shown}: {since}")));
    }
}

/// Items of a list that have the same key.
fn repeated(spec: &Value, (list, key): (&str, &str), prefix: &str, warnings: &mut Vec<String>) {
    let items = spec[list].as_array().map(Vec::as_slice).unwrap_or_default();
    for (i, item) in items.iter().enumerate().filter(|(i, item)| items[..*i].iter().any(|o| o[key] == item[key])) {
        let shown = item[key].as_str().unwrap_or_default();
        warnings.push(format!("{prefix}spec.{list}[{i}].{key}: duplicate {key} {shown:?}"));
    }
}

fn nameless_secrets(spec: &Value, prefix: &str, warnings: &mut Vec<String>) {
    let secrets = spec["imagePullSecrets"].as_array().into_iter().flatten().enumerate();
    for (i, _) in secrets.filter(|(_, secret)| secret["name"].as_str().unwrap_or_default().is_empty()) {
        warnings.push(format!("{prefix}spec.imagePullSecrets[{i}].name: invalid empty name \"\""));
    }
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
    fn the_name_of_a_new_job_is_one_that_pods_can_bear() {
        let kinds = crate::builtin::kinds();
        let kind = kinds.iter().find(|kind| kind.kind == "Job").unwrap();
        let job = |name: &str, generation: u8| json!({"metadata": {"name": name, "generation": generation}});
        for (job, count) in [(job("a.b", 1), 1), (job("a", 1), 0), (job("a.b", 2), 0)] {
            assert_eq!(warnings(kind, &job, None).len(), count, "{job}");
        }
    }

    #[test]
    fn a_variable_may_be_set_twice_only_to_speak_of_itself() {
        let env = |second: &str| json!({"containers": [{"env": [{"name": "A", "value": "1"}, {"name": "A", "value": second}]}]});
        let cases = [("2", 1), ("$(A)", 1), ("$(A):2", 0)];
        for (second, count) in cases {
            assert_eq!(pod(&env(second), "").len(), count, "{second}");
        }
    }
}
