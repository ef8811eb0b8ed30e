//! How the kinds of Kubernetes differ in how they are deleted.

use backplane_apimachinery::{ResourceKind, meta};
use serde_json::Value;

use super::{DeleteOptions, Propagation};
use crate::pipeline::Resource;

const PODS_STAY: &str = "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to \
                         remove them or set propagationPolicy=Orphan to suppress this warning";

/// What happens to dependents: what was asked for, or what is usual for the kind.
pub(super) fn propagation(resource: &Resource<'_>, options: &DeleteOptions) -> Option<Propagation> {
    match options.propagation {
        // Events own nothing, and are not asked.
        _ if resource.kind.kind == "Event" && is_of(&resource.kind, &["", "events.k8s.io"]) => None,
        None if is_job(&resource.kind) => Some(Propagation::Orphan),
        asked => asked,
    }
}

/// Jobs leave their pods behind unless told otherwise, which surprises people.
pub(super) fn warning(resource: &Resource<'_>, options: &DeleteOptions) -> Option<String> {
    (is_job(&resource.kind) && options.propagation.is_none()).then(|| PODS_STAY.to_owned())
}

/// Marks an object that waits for its finalizers. Namespaces are given no time.
pub(super) fn mark(resource: &Resource<'_>, object: &mut Value) {
    let marked = object["metadata"]["deletionTimestamp"].is_string();
    meta::mark_deleted(object, 0, resource.server.env.clock.now());
    if !marked && resource.kind.kind == "Namespace" && is_of(&resource.kind, &[""]) {
        object["metadata"].as_object_mut().map(|metadata| metadata.remove("deletionGracePeriodSeconds"));
    }
}

fn is_job(kind: &ResourceKind) -> bool {
    kind.kind == "Job" && is_of(kind, &["batch"])
}

fn is_of(kind: &ResourceKind, groups: &[&str]) -> bool {
    groups.contains(&kind.group.as_str())
}
