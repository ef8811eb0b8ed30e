//! Defaults of Pods and of the templates that become Pods.

use serde_json::{Map, Value, json};

use super::or_insert;

pub(super) fn pod(map: &mut Map<String, Value>) {
    pod_spec(map.get_mut("spec"));
    if let Some(spec) = map.get_mut("spec") {
        let hosted = spec["hostNetwork"] == true;
        for list in ["containers", "initContainers"] {
            for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                requests_from_limits(container);
                if hosted {
                    host_ports(container);
                }
            }
        }
        or_insert(spec, "enableServiceLinks", true.into());
    }
    let status = map.entry("status").or_insert_with(|| json!({}));
    or_insert(status, "phase", "Pending".into());
}

/// Of the template in the spec of a workload.
pub(super) fn template(map: &mut Map<String, Value>) {
    let template = map.get_mut("spec").and_then(|s| s.get_mut("template"));
    if let Some(template) = template {
        template_meta(template);
        pod_spec(template.get_mut("spec"));
    }
}

fn template_meta(template: &mut Value) {
    if let Some(meta) = template.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.retain(|key, value| key != "creationTimestamp" || !value.is_null());
    }
}

/// What Pods and templates have in common.
pub(super) fn pod_spec(spec: Option<&mut Value>) {
    let Some(spec) = spec else { return };
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
            let policy = if floats(image) { "Always" } else { "IfNotPresent" };
            or_insert(container, "imagePullPolicy", policy.into());
        }
    }
    for volume in spec.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
        // A volume that says nothing but its name is an empty directory.
        let source = volume.as_object().is_some_and(|map| map.iter().any(|(k, v)| k != "name" && !v.is_null()));
        if !source {
            or_insert(volume, "emptyDir", json!({}));
        }
    }
    // The two names of one field.
    for (from, to) in [("serviceAccountName", "serviceAccount"), ("serviceAccount", "serviceAccountName")] {
        if let Some(name) = spec.get(from).cloned() {
            or_insert(spec, to, name);
        }
    }
}

/// Whether an image names no version, or the moving one.
fn floats(image: &str) -> bool {
    let last = image.rsplit('/').next().unwrap_or_default();
    !last.contains('@') && last.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

fn requests_from_limits(container: &mut Value) {
    let Some(limits) = container.pointer("/resources/limits").and_then(Value::as_object).cloned() else { return };
    let resources = &mut container["resources"];
    or_insert(resources, "requests", json!({}));
    for (name, quantity) in limits {
        or_insert(&mut resources["requests"], &name, quantity);
    }
}

/// On the network of its node, a port is the node's.
fn host_ports(container: &mut Value) {
    for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(number) = port.get("containerPort").cloned() {
            or_insert(port, "hostPort", number);
        }
    }
}
