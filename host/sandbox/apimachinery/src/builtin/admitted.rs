//! What the admission plugins that every API server has on add to objects.
//!
//! Sources: `plugin/pkg/admission/priority`, `plugin/pkg/admission/defaulttolerationseconds`,
//! `plugin/pkg/admission/nodetaint`, and the quality of service that the strategy of Pods writes.

use serde_json::{Value, json};

use super::{derive, jobs, stateful_sets, storage};
use crate::kind::ResourceKind;

/// Completes a new object of a built-in kind.
pub(crate) fn admit(kind: &ResourceKind, object: &mut Value) {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => {
            object.as_object_mut().map(pod);
        }
        ("", "Node") => {
            object.as_object_mut().map(node);
        }
        ("", name @ ("PersistentVolumeClaim" | "PersistentVolume")) => {
            storage::protect(name, object);
            if name == "PersistentVolume" {
                storage::begin_phase(object);
            }
        }
        ("apps", "StatefulSet") => stateful_sets::drop_unavailable(object),
        ("batch", "Job") => jobs::select_own_pods(object),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => {
            object.as_object_mut().map(derive::access::role);
        }
        _ => {}
    }
}

/// Completes a changed object of a built-in kind.
pub(crate) fn admit_change(kind: &ResourceKind, old: &Value, object: &mut Value) {
    let Some(spec) = object.get_mut("spec").filter(|spec| spec.is_object()) else { return };
    if kind.group.is_empty() && kind.kind == "Pod" {
        for field in ["priority", "preemptionPolicy"] {
            if spec[field].is_null() && !old["spec"][field].is_null() {
                spec[field] = old["spec"][field].clone();
            }
        }
        tolerations(spec);
        if *spec == old["spec"] {
            unchanged(&old["metadata"], &mut object["metadata"]);
        }
    }
}

/// What is only put back is no new generation; the beginning of the end is one.
fn unchanged(old: &Value, metadata: &mut Value) {
    let ends = |metadata: &Value| !metadata["deletionTimestamp"].is_null();
    if ends(old) == ends(metadata) && !old["generation"].is_null() {
        metadata["generation"] = old["generation"].clone();
    }
}

/// A new Node is not ready until a controller says so.
fn node(node: &mut serde_json::Map<String, Value>) {
    let spec = node.entry("spec").or_insert_with(|| json!({}));
    let mut taints = spec["taints"].as_array().cloned().unwrap_or_default();
    let taint = json!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"});
    if !taints.iter().any(|t| t["key"] == taint["key"] && t["effect"] == taint["effect"]) {
        taints.push(taint);
    }
    spec["taints"] = taints.into();
}

fn pod(pod: &mut serde_json::Map<String, Value>) {
    let Some(spec) = pod.get_mut("spec").filter(|spec| spec.is_object()) else { return };
    priority(spec);
    tolerations(spec);
    let class = quality(spec);
    if let Some(status) = pod.get_mut("status").filter(|status| status.is_object()) {
        status["qosClass"] = class.into();
    }
}

fn priority(spec: &mut Value) {
    let priority = match spec["priorityClassName"].as_str() {
        Some("system-node-critical") => 2_000_001_000,
        Some("system-cluster-critical") => 2_000_000_000,
        _ => 0,
    };
    for (field, value) in [("priority", json!(priority)), ("preemptionPolicy", json!("PreemptLowerPriority"))] {
        if spec[field].is_null() {
            spec[field] = value;
        }
    }
}

/// Pods stay five minutes on a node that is lost.
fn tolerations(spec: &mut Value) {
    let mut list = spec["tolerations"].as_array().cloned().unwrap_or_default();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let covers = |t: &Value| {
            let effect = t["effect"].as_str().unwrap_or_default();
            let any = t["key"].as_str().unwrap_or_default().is_empty();
            (t["key"] == key || any) && (effect == "NoExecute" || effect.is_empty())
        };
        if !list.iter().any(covers) {
            list.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
        }
    }
    spec["tolerations"] = list.into();
}

/// Source: <https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/>.
fn quality(spec: &Value) -> &'static str {
    let containers =
        ["containers", "initContainers"].into_iter().flat_map(|list| spec[list].as_array().into_iter().flatten());
    let (mut best_effort, mut guaranteed) = (true, true);
    for container in containers {
        let resources = &container["resources"];
        let part = |name: &str, what: &str| resources[name][what].as_str().filter(|amount| *amount != "0");
        for what in ["cpu", "memory"] {
            let (request, limit) = (part("requests", what), part("limits", what));
            best_effort &= request.is_none() && limit.is_none();
            guaranteed &= limit.is_some() && request == limit;
        }
    }
    match (best_effort, guaranteed) {
        (true, _) => "BestEffort",
        (_, true) => "Guaranteed",
        _ => "Burstable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_replacement_leaves_out_is_put_back_and_is_no_change() {
        let kinds = crate::builtin::kinds();
        let pod = kinds.iter().find(|kind| kind.kind == "Pod").unwrap();
        let sent = json!({"metadata": {"generation": 1}, "spec": {"containers": []}, "status": {}});
        let mut old = sent.clone();
        admit(pod, &mut old);
        let mut new = json!({"metadata": {"generation": 2}, "spec": sent["spec"]});
        admit_change(pod, &old, &mut new);
        assert_eq!(new["spec"], old["spec"]);
        assert_eq!(new["metadata"]["generation"], 1);
        let mut ending = json!({"metadata": {"generation": 2, "deletionTimestamp": "now"}, "spec": sent["spec"]});
        admit_change(pod, &old, &mut ending);
        assert_eq!(ending["metadata"]["generation"], 2);
    }

    #[test]
    fn the_quality_of_service_follows_from_requests_and_limits() {
        let spec = |resources: Value| json!({"containers": [{"name": "c", "resources": resources}]});
        let all = json!({"cpu": "1", "memory": "1Gi"});
        let cases = [
            (json!({}), "BestEffort"),
            (json!({"requests": {"cpu": "1"}}), "Burstable"),
            (json!({"requests": all, "limits": all}), "Guaranteed"),
            (json!({"requests": {"cpu": "1"}, "limits": all}), "Burstable"),
        ];
        for (resources, class) in cases {
            assert_eq!(quality(&spec(resources.clone())), class, "{resources}");
        }
    }
}
