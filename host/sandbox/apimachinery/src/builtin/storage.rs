//! Volumes, claims and storage classes.
//!
//! Source: `k8s.io/kubernetes/pkg/registry/core` and `pkg/apis/storage`, and the admission plugin that protects what is in use.

use serde_json::{Value, json};

use crate::field::FieldError;
use crate::quantity::Quantity;

/// What keeps a claim from vanishing under a Pod, and a volume from vanishing under a claim.
const PROTECTIONS: [(&str, &str); 2] =
    [("PersistentVolumeClaim", "kubernetes.io/pvc-protection"), ("PersistentVolume", "kubernetes.io/pv-protection")];

/// Protects a new volume or claim.
pub(crate) fn protect(kind: &str, object: &mut Value) {
    let Some((_, finalizer)) = PROTECTIONS.iter().find(|(protected, _)| *protected == kind) else { return };
    let mut finalizers = object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
    if !finalizers.contains(&json!(finalizer)) {
        finalizers.push(json!(finalizer));
        object["metadata"]["finalizers"] = finalizers.into();
    }
}

/// A new volume has been in its phase since it was made.
pub(crate) fn begin_phase(volume: &mut Value) {
    if volume["status"].is_object() && volume["status"]["lastPhaseTransitionTime"].is_null() {
        volume["status"]["lastPhaseTransitionTime"] = volume["metadata"]["creationTimestamp"].clone();
    }
}

/// A path of the host always has a type, if only the empty one.
pub(crate) fn type_host_path(volume: &mut Value) {
    let path = volume.pointer_mut("/spec/hostPath").and_then(Value::as_object_mut);
    if let Some(path) = path {
        path.entry("type").or_insert_with(|| "".into());
    }
}

/// What a claim has to say, and what may not change in it.
pub(crate) fn claim_rules(claim: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let modes = claim.pointer("/spec/accessModes").and_then(Value::as_array).is_some_and(|m| !m.is_empty());
    if !modes {
        errors.push(FieldError::required("spec.accessModes", "at least 1 access mode is required"));
    }
    if claim.pointer("/spec/resources/requests/storage").is_none() {
        errors.push(FieldError::required("spec.resources[storage]", ""));
    }
    let Some(old) = old else { return };
    if fixed_part(claim, old) != fixed_part(old, old) {
        let why =
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        errors.push(FieldError::forbidden("spec", why));
    }
    let size = |object: &Value, pointer: &str| {
        let text = object.pointer(pointer).and_then(Value::as_str).unwrap_or("0");
        text.parse::<Quantity>().ok()
    };
    let (request, capacity) = ("/spec/resources/requests/storage", "/status/capacity/storage");
    if size(claim, request) < size(old, request) && size(claim, request) <= size(old, capacity) {
        let field = "spec.resources.requests.storage";
        errors.push(FieldError::forbidden(field, "field can not be less than status.capacity"));
    }
}

/// Where the data of a volume can be.
const SOURCES: [&str; 22] = [
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "csi",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "glusterfs",
    "hostPath",
    "iscsi",
    "local",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
];

/// What a volume has to say, and what may not change in it.
pub(crate) fn volume_rules(volume: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let spec = &volume["spec"];
    if spec["accessModes"].as_array().is_none_or(Vec::is_empty) {
        errors.push(FieldError::required("spec.accessModes", ""));
    }
    let capacity = spec["capacity"].as_object().filter(|capacity| !capacity.is_empty());
    if capacity.is_none() {
        errors.push(FieldError::required("spec.capacity", ""));
    }
    if capacity.is_none_or(|capacity| capacity.len() > 1 || !capacity.contains_key("storage")) {
        errors.push(FieldError::not_supported("spec.capacity", &spec["capacity"], &["storage"]));
    }
    let source = |volume: &Value| SOURCES.map(|source| volume["spec"][source].clone());
    if source(volume).iter().all(Value::is_null) {
        errors.push(FieldError::required("spec", "must specify a volume type"));
    }
    if old.is_some_and(|old| source(old) != source(volume)) {
        let why = "spec.persistentvolumesource is immutable after creation";
        errors.push(FieldError::forbidden("spec.persistentvolumesource", why));
    }
}

/// What no update may change. A claim is given its volume once, and may grow once it is bound.
fn fixed_part(claim: &Value, old: &Value) -> Value {
    let mut spec = claim["spec"].clone();
    if !old["spec"]["volumeName"].is_string() {
        spec["volumeName"] = Value::Null;
    }
    if claim["status"]["phase"] == "Bound" {
        spec["resources"]["requests"]["storage"] = Value::Null;
        spec["volumeAttributesClassName"] = Value::Null;
    }
    spec
}

/// What may not change in a storage class.
pub(crate) fn class_rules(class: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let Some(old) = old else { return };
    for field in ["parameters", "provisioner", "reclaimPolicy"] {
        let text = |object: &Value| object[field].as_str().unwrap_or_default().to_owned();
        if text(class) != text(old) || class[field].as_object() != old[field].as_object() {
            errors.push(FieldError::forbidden(field, &format!("updates to {field} are forbidden.")));
        }
    }
    if class["volumeBindingMode"] != old["volumeBindingMode"] {
        let value = &class["volumeBindingMode"];
        errors.push(FieldError::invalid("volumeBindingMode", value, "field is immutable"));
    }
}
