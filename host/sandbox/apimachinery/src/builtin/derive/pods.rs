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
        if spec["terminationGracePeriodSeconds"].as_i64().is_some_and(|seconds| seconds < 0) {
            spec["terminationGracePeriodSeconds"] = 1.into();
        }
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
            let policy = pull_policy(image);
            or_insert(container, "imagePullPolicy", policy.into());
        }
    }
    for volume in spec.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
        // A volume that says nothing but its name is an empty directory.
        let source = volume.as_object().is_some_and(|map| map.iter().any(|(k, v)| k != "name" && !v.is_null()));
        if !source {
            or_insert(volume, "emptyDir", json!({}));
        }
        if let Some(image) = volume.get_mut("image").filter(|image| image.is_object()) {
            let policy = pull_policy(image["reference"].as_str().unwrap_or_default());
            or_insert(image, "pullPolicy", policy.into());
        }
    }
    account(spec);
}

/// The two names of one field, of which the newer one counts.
fn account(spec: &mut Value) {
    const NAMES: [&str; 2] = ["serviceAccountName", "serviceAccount"];
    let name = NAMES.iter().find_map(|field| spec.get(field).filter(|name| name.is_string()).cloned());
    if let Some(name) = name {
        NAMES.iter().for_each(|field| spec[field] = name.clone());
    }
}

/// What is newest on every start has to be pulled on every start.
fn pull_policy(image: &str) -> &'static str {
    if floats(image) { "Always" } else { "IfNotPresent" }
}

/// Whether an image names no version, or the moving one. What is no reference to an image has no version either way.
fn floats(image: &str) -> bool {
    let last = image.rsplit('/').next().unwrap_or_default();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-/:@".contains(&b);
    let readable = !image.is_empty() && image.bytes().all(plain);
    readable && !last.contains('@') && last.split_once(':').is_none_or(|(_, tag)| tag == "latest")
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
