//! What the API server derives in objects of built-in kinds, beyond the defaults of their schemas.
//!
//! Source: the `defaults.go` and `strategy.go` of each group. Left out: what a controller or an allocator decides (cluster
//! addresses, node ports, service account tokens).

use base64::Engine;
use serde_json::{Map, Value, json};

use super::{daemon_sets, jobs, networking, storage};
use crate::kind::{Origin, ResourceKind};
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
        ("", "Pod") => pod(map),
        ("", "Secret") => secret(map),
        ("", "Service") => service(map),
        ("", "PersistentVolumeClaim") => claim(map),
        ("apps", "Deployment") => deployment(map),
        ("apps", "ReplicaSet") => selector_from_template(map),
        ("apps", "StatefulSet") => stateful_set(map),
        ("apps", "DaemonSet") => daemon_set(map),
        ("batch", "Job") => job(map),
        ("batch", "CronJob") => {
            jobs::fill_cron(map);
            pod_spec(map.get_mut("spec").and_then(|s| s.pointer_mut("/jobTemplate/spec/template/spec")))
        }
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => subjects(map),
        ("networking.k8s.io", "NetworkPolicy") => network_policy(map),
        ("apiextensions.k8s.io", _) => definition(object),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration") => reinvocation(map),
        _ => {}
    }
}

/// What a new object of a built-in kind starts with: its first status, and the name label of namespaces.
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
        _ => json!({}),
    };
    map.insert("status".into(), status);
    if kind.kind == "Namespace" {
        namespace(map);
    }
}

/// Quantities may be written as numbers; they are stored as text.
fn quantities(schema: &Schema, value: &mut Value) {
    match value {
        Value::Number(number) if schema.format.as_deref() == Some("quantity") => *value = number.to_string().into(),
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
    let Some(name) = meta.get("name").and_then(Value::as_str).map(str::to_owned) else { return };
    or_insert(meta, "labels", json!({}));
    meta["labels"]["kubernetes.io/metadata.name"] = name.into();
}

fn pod(map: &mut Map<String, Value>) {
    pod_spec(map.get_mut("spec"));
    if let Some(spec) = map.get_mut("spec") {
        or_insert(spec, "enableServiceLinks", true.into());
    }
    let status = map.entry("status").or_insert_with(|| json!({}));
    or_insert(status, "phase", "Pending".into());
}

fn pod_spec(spec: Option<&mut Value>) {
    let Some(spec) = spec else { return };
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
            let policy = if floats(image) { "Always" } else { "IfNotPresent" };
            or_insert(container, "imagePullPolicy", policy.into());
            requests_from_limits(container);
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

fn secret(map: &mut Map<String, Value>) {
    let Some(Value::Object(texts)) = map.remove("stringData") else { return };
    let data = map.entry("data").or_insert_with(|| json!({}));
    for (key, text) in texts {
        if let Some(text) = text.as_str() {
            data[key] = base64::engine::general_purpose::STANDARD.encode(text).into();
        }
    }
}

fn service(map: &mut Map<String, Value>) {
    let Some(spec) = map.get_mut("spec") else { return };
    let type_ = spec.get("type").and_then(Value::as_str).unwrap_or("ClusterIP").to_owned();
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(number) = port.get("port").cloned() {
            or_insert(port, "targetPort", number);
        }
    }
    if type_ != "ExternalName" {
        or_insert(spec, "internalTrafficPolicy", "Cluster".into());
    }
    if type_ == "LoadBalancer" || type_ == "NodePort" {
        or_insert(spec, "externalTrafficPolicy", "Cluster".into());
    }
    if type_ == "LoadBalancer" {
        or_insert(spec, "allocateLoadBalancerNodePorts", true.into());
    }
    if spec.get("sessionAffinity").and_then(Value::as_str) == Some("ClientIP") {
        or_insert(spec, "sessionAffinityConfig", json!({"clientIP": {"timeoutSeconds": 10800}}));
    }
}

fn claim(map: &mut Map<String, Value>) {
    let Some(spec) = map.get_mut("spec") else { return };
    if let Some(source) = spec.get("dataSource").cloned() {
        or_insert(spec, "dataSourceRef", source);
    }
}

fn template(map: &mut Map<String, Value>) {
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

fn deployment(map: &mut Map<String, Value>) {
    template(map);
    let Some(strategy) = map.get_mut("spec").and_then(|s| s.get_mut("strategy")) else { return };
    if strategy.get("type").and_then(Value::as_str) == Some("RollingUpdate") {
        or_insert(strategy, "rollingUpdate", json!({}));
        or_insert(&mut strategy["rollingUpdate"], "maxUnavailable", "25%".into());
        or_insert(&mut strategy["rollingUpdate"], "maxSurge", "25%".into());
    }
}

fn selector_from_template(map: &mut Map<String, Value>) {
    template(map);
}

fn stateful_set(map: &mut Map<String, Value>) {
    template(map);
    let Some(spec) = map.get_mut("spec") else { return };
    or_insert(spec, "serviceName", "".into());
    let strategy = &mut spec["updateStrategy"];
    if strategy.get("type").and_then(Value::as_str) == Some("RollingUpdate") {
        or_insert(strategy, "rollingUpdate", json!({}));
        or_insert(&mut strategy["rollingUpdate"], "partition", 0.into());
    }
    for claim in spec.get_mut("volumeClaimTemplates").and_then(Value::as_array_mut).into_iter().flatten() {
        or_insert(claim, "apiVersion", "v1".into());
        or_insert(claim, "kind", "PersistentVolumeClaim".into());
        or_insert(claim, "status", json!({"phase": "Pending"}));
        or_insert(&mut claim["spec"], "volumeMode", "Filesystem".into());
    }
}

fn daemon_set(map: &mut Map<String, Value>) {
    template(map);
    let Some(strategy) = map.get_mut("spec").and_then(|s| s.get_mut("updateStrategy")) else { return };
    if strategy.get("type").and_then(Value::as_str) == Some("RollingUpdate") {
        or_insert(strategy, "rollingUpdate", json!({}));
        or_insert(&mut strategy["rollingUpdate"], "maxUnavailable", 1.into());
        or_insert(&mut strategy["rollingUpdate"], "maxSurge", 0.into());
    }
}

fn job(map: &mut Map<String, Value>) {
    jobs::fill(map);
    template(map);
    let Some(spec) = map.get_mut("spec") else { return };
    match (spec.get("completions").is_some(), spec.get("parallelism").is_some()) {
        (false, false) => {
            or_insert(spec, "completions", 1.into());
            or_insert(spec, "parallelism", 1.into());
        }
        (_, false) => or_insert(spec, "parallelism", 1.into()),
        _ => {}
    }
}

fn subjects(map: &mut Map<String, Value>) {
    for subject in map.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
        if ["User", "Group"].contains(&subject.get("kind").and_then(Value::as_str).unwrap_or_default()) {
            or_insert(subject, "apiGroup", "rbac.authorization.k8s.io".into());
        }
    }
}

fn network_policy(map: &mut Map<String, Value>) {
    networking::fill_policy(map);
    let Some(spec) = map.get_mut("spec") else { return };
    let egress = spec.get("egress").and_then(Value::as_array).is_some_and(|e| !e.is_empty());
    or_insert(spec, "policyTypes", if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) });
}

fn definition(object: &mut Value) {
    for version in object["spec"]["versions"].as_array_mut().into_iter().flatten() {
        flags(&mut version["schema"]["openAPIV3Schema"]);
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

/// Flags of a schema that say what is said without them.
fn flags(schema: &mut Value) {
    const FLAGS: [&str; 6] = [
        "nullable",
        "uniqueItems",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
    ];
    match schema {
        Value::Object(map) => {
            map.retain(|name, value| !(FLAGS.contains(&name.as_str()) && *value == false));
            let literal = |name: &str| ["default", "example", "enum"].contains(&name);
            map.iter_mut().filter(|(name, _)| !literal(name)).for_each(|(_, member)| flags(member));
        }
        Value::Array(items) => items.iter_mut().for_each(flags),
        _ => {}
    }
}

fn reinvocation(map: &mut Map<String, Value>) {
    for webhook in map.get_mut("webhooks").and_then(Value::as_array_mut).into_iter().flatten() {
        or_insert(webhook, "reinvocationPolicy", "Never".into());
    }
}
