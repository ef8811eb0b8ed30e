//! What a client is told about a deletion, and how kinds differ in it: most say only that it succeeded, some show the object.

use backplane_apimachinery::{ResourceKind, meta};
use serde_json::{Value, json};

use crate::pipeline::Resource;
use crate::storage::Stored;

/// Kinds whose objects are shown as they were at their end; by group.
const SHOWN: [(&str, &[&str]); 2] = [
    ("", &["Namespace", "PersistentVolume", "PersistentVolumeClaim", "Pod", "Service", "ServiceAccount"]),
    ("storage.k8s.io", &["StorageClass", "VolumeAttachment"]),
];

/// The last state of an object, if its kind shows it; `None` if a few words do.
pub(super) fn shown(resource: &Resource<'_>, mut last: Value) -> Option<Value> {
    let kind = &resource.kind;
    let shows = SHOWN.iter().any(|(group, kinds)| *group == kind.group && kinds.contains(&kind.kind.as_str()));
    if kind.origin == backplane_apimachinery::kind::Origin::Custom || !shows {
        return None;
    }
    if is_pod(kind) {
        meta::mark_deleted(&mut last, 0, resource.server.env.clock.now());
    }
    Some(last)
}

/// Pods end in steps, of which a server without kubelets sees only the last: the mark.
fn is_pod(kind: &ResourceKind) -> bool {
    kind.group.is_empty() && kind.kind == "Pod"
}

/// That it succeeded, and with what.
pub(super) fn success(resource: &Resource<'_>, last: &Stored) -> Value {
    let mut details = json!({"name": last.key.name, "kind": resource.kind.plural, "uid": last.uid});
    if !resource.kind.group.is_empty() {
        details["group"] = resource.kind.group.as_str().into();
    }
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}
