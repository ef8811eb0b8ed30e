//! What the API server derives in objects of built-in kinds, beyond the defaults of their schemas.
//!
//! Source: the `defaults.go` and `strategy.go` of each group. Left out: what a controller or an allocator decides (cluster
//! addresses, node ports, service account tokens).

pub(super) mod access;
mod nodes;
mod pods;
mod services;

use base64::Engine;
use serde_json::{Map, Value, json};

use super::{daemon_sets, jobs, storage};
use crate::kind::{Origin, ResourceKind};
use crate::quantity;
use crate::schema::{Additional, Schema};

pub(crate) fn derive(kind: &ResourceKind, object: &mut Value) {
    quantities(&kind.schema, object);
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "PersistentVolume") => storage::type_host_path(object),
        ("apps", "DaemonSet") => daemon_sets::number(object),
        ("batch", "Job") => jobs::label_as_template(object),
        _ => {}
    }
    let Some(map) = object.as_object_mut() else { return };
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Namespace") => namespace(map),
        ("", "Node") => nodes::node(map),
        ("", "Pod") => pods::pod(map),
        ("", "Secret") => secret(map),
        ("", "Service") => services::service(map),
        ("", "PersistentVolumeClaim") => claim(map),
        ("apps", "Deployment") => deployment(map),
        ("apps", "ReplicaSet") => pods::template(map),
        ("apps", "StatefulSet") => stateful_set(map),
        ("apps", "DaemonSet") => daemon_set(map),
        ("batch", "Job") => job(map),
        ("batch", "CronJob") => {
            pods::pod_spec(map.get_mut("spec").and_then(|s| s.pointer_mut("/jobTemplate/spec/template/spec")))
        }
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => access::binding(map),
        ("networking.k8s.io", "NetworkPolicy") => network_policy(map),
        ("apiextensions.k8s.io", _) => definition(object),
        _ => {}
    }
}

/// What a new object of a built-in kind starts with: its first status.
pub(crate) fn newborn(kind: &ResourceKind, map: &mut Map<String, Value>) {
    if kind.origin != Origin::Builtin || !kind.subresources.status {
        return;
    }
    let status = match kind.kind.as_str() {
        "Node" => return,
        "Namespace" => json!({"phase": "Active"}),
        "Pod" | "PersistentVolumeClaim" | "PersistentVolume" => json!({"phase": "Pending"}),
        "Service" | "Ingress" => json!({"loadBalancer": {}}),
        "ReplicaSet" => json!({"replicas": 0}),
        "StatefulSet" => json!({"replicas": 0, "availableReplicas": 0}),
        "DaemonSet" => json!({
            "currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0,
        }),
        "PodDisruptionBudget" => {
            json!({"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0})
        }
        "VolumeAttachment" => json!({"attached": false}),
        _ => json!({}),
    };
    map.insert("status".into(), status);
}

/// Quantities may be written as numbers and in many ways; they are stored as text, in one way.
fn quantities(schema: &Schema, value: &mut Value) {
    match value {
        Value::Number(_) | Value::String(_) if schema.format.as_deref() == Some("quantity") => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            *value = quantity::canonical(&text).unwrap_or(text).into();
        }
        Value::Object(map) => {
            for (name, member) in map.iter_mut() {
                match (schema.properties.get(name), &schema.additional) {
                    (Some(property), _) => quantities(property, member),
                    (None, Additional::Schema(additional)) => quantities(additional, member),
                    _ => {}
                }
            }
        }
        Value::Array(items) => {
            if let Some(item_schema) = &schema.items {
                items.iter_mut().for_each(|item| quantities(item_schema, item));
            }
        }
        _ => {}
    }
}

fn or_insert(value: &mut Value, key: &str, default: Value) {
    if let Some(map) = value.as_object_mut()
        && map.get(key).is_none_or(Value::is_null)
    {
        map.insert(key.to_owned(), default);
    }
}

fn namespace(map: &mut Map<String, Value>) {
    let status = map.entry("status").or_insert_with(|| json!({}));
    or_insert(status, "phase", "Active".into());
    let Some(meta) = map.get_mut("metadata") else { return };
    let name = meta.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    let Some(name) = name.map(str::to_owned) else { return };
    or_insert(meta, "labels", json!({}));
    meta["labels"]["kubernetes.io/metadata.name"] = name.into();
}

fn secret(map: &mut Map<String, Value>) {
    let Some(Value::Object(texts)) = map.remove("stringData") else { return };
    let data = map.entry("data").or_insert_with(|| json!({}));
    for (key, text) in texts {
        if let Some(text) = text.as_str() {
            data[key] = base64::engine::general_purpose::STANDARD.encode(text).into();
        }
    }
}

fn claim(map: &mut Map<String, Value>) {
    let Some(spec) = map.get_mut("spec") else { return };
    if let Some(source) = spec.get("dataSource").cloned() {
        or_insert(spec, "dataSourceRef", source);
    }
}

fn deployment(map: &mut Map<String, Value>) {
    pods::template(map);
    let Some(strategy) = map.get_mut("spec").and_then(|s| s.get_mut("strategy")) else { return };
    if strategy.get("type").and_then(Value::as_str) == Some("RollingUpdate") {
        or_insert(strategy, "rollingUpdate", json!({}));
        or_insert(&mut strategy["rollingUpdate"], "maxUnavailable", "25%".into());
        or_insert(&mut strategy["rollingUpdate"], "maxSurge", "25%".into());
    }
}

fn stateful_set(map: &mut Map<String, Value>) {
    pods::template(map);
    let Some(spec) = map.get_mut("spec") else { return };
    or_insert(spec, "serviceName", "".into());
    rolling_partition(&mut spec["updateStrategy"]);
    let claims = spec.get_mut("volumeClaimTemplates").and_then(Value::as_array_mut);
    claims.into_iter().flatten().filter_map(Value::as_object_mut).for_each(claim_template);
}

/// What claims are made from is a claim, whatever it says itself.
fn claim_template(claim: &mut Map<String, Value>) {
    claim.insert("apiVersion".into(), "v1".into());
    claim.insert("kind".into(), "PersistentVolumeClaim".into());
    for part in ["metadata", "spec", "status"] {
        claim.entry(part).or_insert_with(|| json!({}));
    }
    if let Some(metadata) = claim["metadata"].as_object_mut() {
        metadata.retain(|_, value| !value.is_null());
    }
    or_insert(&mut claim["spec"], "resources", json!({}));
    or_insert(&mut claim["spec"], "volumeMode", "Filesystem".into());
    or_insert(&mut claim["status"], "phase", "Pending".into());
}

/// An update without a type rolls, from the first Pod on; one that says that it rolls may leave the rest open.
fn rolling_partition(strategy: &mut Value) {
    let unsaid = strategy["type"].is_null();
    or_insert(strategy, "type", "RollingUpdate".into());
    if unsaid {
        or_insert(strategy, "rollingUpdate", json!({}));
    }
    if strategy["type"] == "RollingUpdate" && strategy["rollingUpdate"].is_object() {
        or_insert(&mut strategy["rollingUpdate"], "partition", 0.into());
    }
}

fn daemon_set(map: &mut Map<String, Value>) {
    pods::template(map);
    let Some(strategy) = map.get_mut("spec").and_then(|s| s.get_mut("updateStrategy")) else { return };
    if strategy.get("type").and_then(Value::as_str) == Some("RollingUpdate") {
        or_insert(strategy, "rollingUpdate", json!({}));
        or_insert(&mut strategy["rollingUpdate"], "maxUnavailable", 1.into());
        or_insert(&mut strategy["rollingUpdate"], "maxSurge", 0.into());
    }
}

fn job(map: &mut Map<String, Value>) {
    pods::template(map);
    let Some(spec) = map.get_mut("spec") else { return };
    if spec["parallelism"].is_null() && spec["completions"].is_null() {
        spec["completions"] = 1.into();
    }
    or_insert(spec, "parallelism", 1.into());
    let retries = if spec["backoffLimitPerIndex"].is_null() { 6 } else { i32::MAX };
    or_insert(spec, "backoffLimit", retries.into());
    let replaced = if spec["podFailurePolicy"].is_null() { "TerminatingOrFailed" } else { "Failed" };
    or_insert(spec, "podReplacementPolicy", replaced.into());
}

fn network_policy(map: &mut Map<String, Value>) {
    let Some(spec) = map.get_mut("spec") else { return };
    let egress = spec.get("egress").and_then(Value::as_array).is_some_and(|e| !e.is_empty());
    if spec["policyTypes"].as_array().is_none_or(Vec::is_empty) {
        spec["policyTypes"] = if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
    }
}

fn definition(object: &mut Value) {
    for version in object["spec"]["versions"].as_array_mut().into_iter().flatten() {
        or_insert(version, "name", "".into());
        or_insert(version, "served", false.into());
        or_insert(version, "storage", false.into());
    }
    let names = crate::kind::crd::Names::of(object).to_value();
    let stored = object["spec"]["versions"].as_array().into_iter().flatten().find(|version| version["storage"] == true);
    let stored = stored.map(|version| version["name"].clone());
    let status = object.get_mut("status").filter(|status| status.is_object());
    if let (Some(status), Some(stored)) = (status, stored)
        && status["storedVersions"].as_array().is_none_or(Vec::is_empty)
    {
        status["storedVersions"] = json!([stored]);
    }
    let Some(spec) = object.get_mut("spec") else { return };
    for key in ["singular", "listKind"] {
        if let Some(own) = spec.get_mut("names") {
            or_insert(own, key, names[key].clone());
        }
    }
}
