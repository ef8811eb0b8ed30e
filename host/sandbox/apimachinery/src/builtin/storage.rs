//! What the API server adds to new volumes and claims.
//!
//! Source: `k8s.io/kubernetes/pkg/registry/core`, and the admission plugin that protects what is in use.

use serde_json::{Value, json};

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
