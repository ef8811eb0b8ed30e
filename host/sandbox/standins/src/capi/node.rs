//! The Node of a Machine: which one it is, how it does, and what is written on it. Values in, values out.

use serde_json::{Value, json};

use super::words;
use crate::condition::{self, Condition};
use crate::object;

/// Domains of labels that go from a Machine to its Node.
const LABEL_DOMAINS: [&str; 2] = ["node-restriction.kubernetes.io", "node.cluster.x-k8s.io"];
const ROLE: &str = "node-role.kubernetes.io";
const ANNOTATION_DOMAIN: &str = "node.cluster.x-k8s.io";
/// Names of the labels that came from the Machine, so that they can be taken away again.
const LABELS_FROM_MACHINE: &str = "cluster.x-k8s.io/labels-from-machine";
/// Conditions of a Node that mean trouble when true.
const TROUBLE: [&str; 3] = ["MemoryPressure", "DiskPressure", "PIDPressure"];

/// The Node with the Machine's providerID, byte for byte.
pub(super) fn matching<'a>(machine: &Value, nodes: &'a [Value]) -> Option<&'a Value> {
    let id = object::text(machine, "/spec/providerID");
    nodes.iter().find(|node| !id.is_empty() && object::text(node, "/spec/providerID") == id)
}

/// Writes down which Node it is.
pub(super) fn refer(machine: &mut Value, node: &Value) {
    let reference = json!({"apiVersion": "v1", "kind": "Node", "name": object::name(node), "uid": object::uid(node)});
    object::put(machine, &["status", "nodeRef"], reference);
    let info = object::member(node, "/status/nodeInfo");
    if info.is_object() {
        object::put(machine, &["status", "nodeInfo"], info);
    }
}

/// `NodeHealthy` from the Node's conditions.
pub(super) fn health(node: &Value) -> Condition {
    let ready = condition::get(node, "Ready");
    let mut messages = Vec::new();
    let mut unknown = ready.is_none();
    if let Some(ready) = ready {
        match object::text(ready, "/status") {
            "True" => {}
            "False" => messages.push(format!("Node condition Ready is False. {}", object::text(ready, "/message"))),
            _ => unknown = true,
        }
    }
    for kind in TROUBLE.iter().filter(|kind| condition::is_true(node, kind)) {
        messages.push(format!("Node condition {kind} is True. "));
    }
    if !messages.is_empty() {
        return Condition::fails(
            "NodeHealthy",
            "Warning",
            "NodeConditionsFailed",
            messages.join("; ").trim().to_owned(),
        );
    }
    if unknown {
        let message = "Node condition Ready is Unknown";
        return Condition::unknown("NodeHealthy", "NodeConditionsFailed", message);
    }
    Condition::holds("NodeHealthy")
}

/// The patch that writes the Machine's marks on its Node: annotations, labels of certain domains, and the end of the
/// `uninitialized` taint. `None` if all is there.
pub(super) fn marks(machine: &Value, node: &Value) -> Option<Value> {
    let mut changed = node.clone();
    let owner = object::controller(machine);
    let owner_text = |member: &str| owner.map_or("", |owner| object::text(owner, member)).to_owned();
    for (key, value) in [
        ("cluster.x-k8s.io/cluster-name", object::text(machine, "/spec/clusterName").to_owned()),
        ("cluster.x-k8s.io/cluster-namespace", object::namespace(machine).to_owned()),
        ("cluster.x-k8s.io/machine", object::name(machine).to_owned()),
        ("cluster.x-k8s.io/owner-kind", owner_text("/kind")),
        ("cluster.x-k8s.io/owner-name", owner_text("/name")),
    ] {
        if !value.is_empty() {
            object::set_annotation(&mut changed, key, &value);
        }
    }
    labels(machine, node, &mut changed);
    for (key, value) in synced(machine, "/metadata/annotations", |domain| in_domain(domain, ANNOTATION_DOMAIN)) {
        object::put(&mut changed, &["metadata", "annotations", key], value.clone());
    }
    let taints = object::list(node, "/spec/taints");
    let left: Vec<&Value> = taints.iter().filter(|t| object::text(t, "/key") != words::UNINITIALIZED).collect();
    if left.len() != taints.len() {
        object::put(&mut changed, &["spec", "taints"], json!(left));
    }
    let mut patch = crate::diff::merge_patch(node, &changed)?;
    if left.len() != taints.len() {
        // The list is replaced as a whole, so nobody else's taint may have come in between.
        object::put(&mut patch, &["metadata", "resourceVersion"], object::member(node, "/metadata/resourceVersion"));
    }
    Some(patch)
}

fn labels(machine: &Value, node: &Value, changed: &mut Value) {
    let wanted: Vec<_> = synced(machine, "/metadata/labels", is_label_domain).collect();
    let before = object::annotation(node, LABELS_FROM_MACHINE).unwrap_or_default();
    for key in before.split(',').filter(|key| !key.is_empty() && !wanted.iter().any(|(k, _)| k == key)) {
        object::take(changed, &["metadata", "labels", key]);
    }
    for (key, value) in &wanted {
        object::put(changed, &["metadata", "labels", key], (*value).clone());
    }
    let names: Vec<&str> = wanted.iter().map(|(key, _)| *key).collect();
    object::set_annotation(changed, LABELS_FROM_MACHINE, &names.join(","));
}

fn synced<'a>(
    machine: &'a Value,
    pointer: &str,
    takes: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let entries = machine.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    entries
        .filter(move |(key, _)| takes(key.split('/').next().unwrap_or_default()))
        .map(|(key, value)| (key.as_str(), value))
}

fn is_label_domain(domain: &str) -> bool {
    domain == ROLE || LABEL_DOMAINS.iter().any(|allowed| in_domain(domain, allowed))
}

fn in_domain(domain: &str, allowed: &str) -> bool {
    domain == allowed || domain.strip_suffix(allowed).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Value {
        json!({
            "metadata": {"name": "m", "namespace": "ns",
                "labels": {"node-role.kubernetes.io/worker": "", "x.node.cluster.x-k8s.io/a": "1",
                    "other": "no", "fake-node.cluster.x-k8s.iox/a": "no"},
                "ownerReferences": [{"kind": "MachineSet", "name": "ms", "uid": "u", "controller": true}]},
            "spec": {"clusterName": "c", "providerID": "cloudsigma://1"},
        })
    }

    #[test]
    fn a_node_is_found_by_its_whole_provider_id() {
        let nodes =
            [json!({"spec": {"providerID": "cloudsigma://12"}}), json!({"spec": {"providerID": "cloudsigma://1"}})];
        assert_eq!(matching(&machine(), &nodes), Some(&nodes[1]));
        assert_eq!(matching(&json!({}), &[json!({})]), None, "no id matches nothing");
    }

    #[test]
    fn marks_are_written_once_and_only_for_known_domains() {
        let node = json!({"metadata": {"name": "n", "resourceVersion": "5"}, "spec": {"taints": [
            {"key": words::UNINITIALIZED, "effect": "NoSchedule"}, {"key": "mine", "effect": "NoSchedule"}]}});
        let patch = marks(&machine(), &node).expect("new node");
        let labels = patch["metadata"]["labels"].as_object().expect("labels");
        assert_eq!(labels.keys().collect::<Vec<_>>(), ["node-role.kubernetes.io/worker", "x.node.cluster.x-k8s.io/a"]);
        assert_eq!(object::annotation(&patch, "cluster.x-k8s.io/machine"), Some("m"));
        assert_eq!(object::annotation(&patch, "cluster.x-k8s.io/owner-name"), Some("ms"));
        assert_eq!(patch["spec"]["taints"], json!([{"key": "mine", "effect": "NoSchedule"}]));
        assert_eq!(object::text(&patch, "/metadata/resourceVersion"), "5");
        let mut marked = node.clone();
        for (key, value) in patch["metadata"]["annotations"].as_object().expect("annotations") {
            object::put(&mut marked, &["metadata", "annotations", key], value.clone());
        }
        object::put(&mut marked, &["metadata", "labels"], patch["metadata"]["labels"].clone());
        object::put(&mut marked, &["spec", "taints"], patch["spec"]["taints"].clone());
        assert_eq!(marks(&machine(), &marked), None);
    }

    #[test]
    fn a_label_taken_from_the_machine_leaves_the_node() {
        let mut node = json!({"metadata": {"name": "n", "labels": {"node-role.kubernetes.io/old": ""}}});
        object::set_annotation(&mut node, LABELS_FROM_MACHINE, "node-role.kubernetes.io/old");
        let patch = marks(&machine(), &node).expect("differs");
        assert_eq!(patch["metadata"]["labels"]["node-role.kubernetes.io/old"], Value::Null);
    }

    #[test]
    fn health_follows_the_conditions_of_the_node() {
        let node = |kind: &str, status: &str| {
            let extra = json!({"type": kind, "status": status});
            json!({"status": {"conditions": [{"type": "Ready", "status": "True"}, extra]}})
        };
        assert_eq!(health(&node("X", "True")), Condition::holds("NodeHealthy"));
        assert_ne!(health(&node("DiskPressure", "True")), Condition::holds("NodeHealthy"));
        let not_ready = json!({"status": {"conditions": [{"type": "Ready", "status": "False"}]}});
        assert_ne!(health(&not_ready), Condition::holds("NodeHealthy"));
        assert_ne!(health(&json!({})), Condition::holds("NodeHealthy"));
    }
}
