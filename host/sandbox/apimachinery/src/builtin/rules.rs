//! Rules of built-in kinds that a schema cannot say: what may not change, what must agree.

use serde_json::Value;

use super::{jobs, networking, storage};
use crate::field::FieldError;
use crate::kind::ResourceKind;

pub(crate) fn rules(kind: &ResourceKind, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Secret") => data(object, old, "stringData", &mut errors),
        ("", "ConfigMap") => data(object, old, "binaryData", &mut errors),
        ("", "Service") => service(object, old, &mut errors),
        ("", "Pod") => pod(object, old, &mut errors),
        ("", "PersistentVolume") => storage::volume_rules(object, old, &mut errors),
        ("", "PersistentVolumeClaim") => storage::claim_rules(object, old, &mut errors),
        ("apps", _) => workload(object, old, &mut errors),
        ("batch", "Job") => job(object, old, &mut errors),
        ("batch", "CronJob") => jobs::cron_rules(object, &mut errors),
        ("networking.k8s.io", "Ingress") => networking::ingress_rules(object, &mut errors),
        ("storage.k8s.io", "StorageClass") => storage::class_rules(object, old, &mut errors),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => binding(object, old, &mut errors),
        ("apiextensions.k8s.io", _) => errors.extend(crate::kind::crd::check(object, old)),
        _ => {}
    }
    errors
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A field that may not change once the object exists.
fn fixed(object: &Value, old: Option<&Value>, pointer: &str, why: &str, errors: &mut Vec<FieldError>) {
    let Some(old) = old else { return };
    let value = object.pointer(pointer).unwrap_or(&Value::Null);
    if value != old.pointer(pointer).unwrap_or(&Value::Null) {
        errors.push(FieldError::invalid(&pointer[1..].replace('/', "."), value, why));
    }
}

fn data(object: &Value, old: Option<&Value>, second: &str, errors: &mut Vec<FieldError>) {
    for (field, map) in ["data", second].map(|f| (f, object.get(f).and_then(Value::as_object))) {
        for key in map.into_iter().flatten().map(|(key, _)| key) {
            if let Some(why) = config_key(key) {
                errors.push(FieldError::invalid(&format!("{field}[{key}]"), &key.as_str().into(), &why));
            }
        }
    }
    let Some(old) = old else { return };
    if object.get("type") != old.get("type") {
        errors.push(FieldError::invalid("type", object.get("type").unwrap_or(&Value::Null), "field is immutable"));
    }
    if old["immutable"] == true {
        let why = "field is immutable when `immutable` is set";
        for field in ["immutable", "data", second].iter().filter(|f| object.get(f) != old.get(f)) {
            errors.push(FieldError::forbidden(field, why));
        }
    }
}

fn config_key(key: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    match key {
        "." | ".." => Some(format!("must not be '{key}'")),
        _ if key.len() > 253 => Some(crate::meta::names::too_long(253)),
        _ if key.is_empty() || !key.bytes().all(plain) => Some(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or \
             'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
                .to_owned(),
        ),
        _ if key.starts_with("..") => Some("must not start with '..'".to_owned()),
        _ => None,
    }
}

fn service(object: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let type_ = text(object, "/spec/type");
    let ports = object.pointer("/spec/ports").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let headless = text(object, "/spec/clusterIP") == "None";
    if ports.is_empty() && type_ != "ExternalName" && !headless {
        errors.push(FieldError::required("spec.ports", ""));
    }
    for (i, port) in ports.iter().enumerate() {
        let name = text(port, "/name");
        if !name.is_empty() && ports[..i].iter().any(|other| text(other, "/name") == name) {
            errors.push(FieldError::duplicate(&format!("spec.ports[{i}].name"), &name.into()));
        }
        if ports.len() > 1 && text(port, "/name").is_empty() {
            errors.push(FieldError::required(&format!("spec.ports[{i}].name"), ""));
        }
    }
    if type_ == "ExternalName" && text(object, "/spec/externalName").is_empty() {
        errors.push(FieldError::required("spec.externalName", ""));
    }
    let kept = old.is_some_and(|o| !text(o, "/spec/clusterIP").is_empty() && text(o, "/spec/type") != "ExternalName");
    if kept && type_ != "ExternalName" {
        let why = "may not change once set";
        let first = |o: &Value| o.pointer("/spec/clusterIP").cloned().unwrap_or_default();
        if old.map(first) != Some(first(object)) {
            let value = object.pointer("/spec/clusterIPs/0").cloned().unwrap_or_else(|| first(object));
            errors.push(FieldError::invalid("spec.clusterIPs[0]", &value, why));
        }
    }
}

/// A Pod that exists may change little but its images.
fn pod(object: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let Some(old) = old else { return };
    let count = |pod: &Value, list: &str| pod["spec"][list].as_array().map_or(0, Vec::len);
    let mut same_size = true;
    for list in ["containers", "initContainers"] {
        if count(object, list) != count(old, list) {
            let why = "pod updates may not add or remove containers";
            errors.push(FieldError::forbidden(&format!("spec.{list}"), why));
            same_size = false;
        }
    }
    if same_size && fixed_part(object) != fixed_part(old) {
        let why = "pod updates may not change fields other than `spec.containers[*].image`,\
                   `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing \
                   tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
        errors.push(FieldError::forbidden("spec", why));
    }
}

fn fixed_part(pod: &Value) -> Value {
    let mut spec = pod["spec"].clone();
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            container["image"] = Value::Null;
            container["imagePullPolicy"] = Value::Null;
        }
    }
    if let Some(map) = spec.as_object_mut() {
        map.retain(|name, value| {
            !value.is_null()
                && !["tolerations", "activeDeadlineSeconds", "terminationGracePeriodSeconds", "schedulingGates"]
                    .contains(&name.as_str())
        });
    }
    spec
}

fn workload(object: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    selection(object, errors);
    fixed(object, old, "/spec/selector", "field is immutable", errors);
}

fn selection(object: &Value, errors: &mut Vec<FieldError>) {
    let Some(selector) = object.pointer("/spec/selector") else { return };
    let labels = object.pointer("/spec/template/metadata/labels").cloned().unwrap_or_default();
    let wanted = selector.get("matchLabels").and_then(Value::as_object);
    let expressions = selector.get("matchExpressions").and_then(Value::as_array).is_some_and(|e| !e.is_empty());
    if wanted.is_none_or(|w| w.is_empty()) && !expressions {
        let why = "empty selector is invalid for deployment";
        errors.push(FieldError::invalid("spec.selector", selector, why));
    } else if wanted.into_iter().flatten().any(|(key, value)| labels.get(key) != Some(value)) {
        let why = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid("spec.template.metadata.labels", &labels, why));
    }
    let policy = text(object, "/spec/template/spec/restartPolicy");
    if !policy.is_empty() && policy != "Always" {
        let field = "spec.template.spec.restartPolicy";
        errors.push(FieldError::not_supported(field, &policy.into(), &["Always"]));
    }
}

fn job(object: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let policy = text(object, "/spec/template/spec/restartPolicy");
    if policy == "Always" {
        let field = "spec.template.spec.restartPolicy";
        let why = "valid values: \"OnFailure\", \"Never\"";
        errors.push(FieldError::required(field, why));
    }
    for pointer in ["/spec/selector", "/spec/completionMode"] {
        fixed(object, old, pointer, "field is immutable", errors);
    }
}

fn binding(object: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    fixed(object, old, "/roleRef", "cannot change roleRef", errors);
    let kind = text(object, "/roleRef/kind");
    if !kind.is_empty() && !["Role", "ClusterRole"].contains(&kind) {
        errors.push(FieldError::not_supported("roleRef.kind", &kind.into(), &["ClusterRole", "Role"]));
    }
}
