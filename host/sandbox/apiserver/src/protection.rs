//! Claims and volumes that are being deleted go once nobody uses them any more.
//!
//! Stands for two controllers of kube-controller-manager. A claim is used by the Pods that name it, as long as they are not
//! through; a volume by the claim that it is bound to.

use std::sync::Arc;

use serde_json::Value;

use crate::controller;
use crate::pipeline::Resource;
use crate::pipeline::write::Part;
use crate::server::Inner;
use crate::storage::{Change, ChangeKind, GroupResource, Stored};

const CLAIM: &str = "kubernetes.io/pvc-protection";
const VOLUME: &str = "kubernetes.io/pv-protection";

/// Follows every change.
pub(crate) fn start(server: &Arc<Inner>) {
    controller::follow(server, on_change);
}

fn core(resource: &str) -> GroupResource {
    GroupResource::new("", resource)
}

fn on_change(server: &Inner, change: &Change) {
    let object = &change.object;
    if !object.resource.group.is_empty() {
        return;
    }
    match &*object.resource.resource {
        "pods" => release_claims(server, object.key.namespace.as_deref()),
        "persistentvolumeclaims" if change.kind != ChangeKind::Deleted => release_claim(server, object),
        "persistentvolumes" if change.kind != ChangeKind::Deleted => release_volume(server, object),
        _ => {}
    }
}

/// Looks again at the claims of a namespace.
fn release_claims(server: &Inner, namespace: Option<&str>) {
    let claims = server.storage.list(&core("persistentvolumeclaims"), namespace, None).map(|listing| listing.objects);
    claims.unwrap_or_default().iter().for_each(|claim| release_claim(server, claim));
}

fn release_claim(server: &Inner, claim: &Stored) {
    if !is_held(claim, CLAIM) {
        return;
    }
    let pods = server.storage.list(&core("pods"), claim.key.namespace.as_deref(), None);
    let used = pods.map(|listing| listing.objects).unwrap_or_default().iter().any(|pod| uses(&pod.value(), claim));
    if !used {
        release(server, claim, CLAIM);
    }
}

fn release_volume(server: &Inner, volume: &Stored) {
    if is_held(volume, VOLUME) && volume.value()["status"]["phase"] != "Bound" {
        release(server, volume, VOLUME);
    }
}

fn is_held(object: &Stored, finalizer: &str) -> bool {
    object.deleting && object.finalizers.iter().any(|held| **held == *finalizer)
}

fn uses(pod: &Value, claim: &Stored) -> bool {
    let through = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    let volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
    !through && volumes.into_iter().any(|volume| volume["persistentVolumeClaim"]["claimName"] == claim.key.name)
}

/// Takes the finalizer away.
fn release(server: &Inner, object: &Stored, finalizer: &str) {
    let kinds = server.registry.kinds();
    let Some(kind) = kinds.resource("", "v1", &object.resource.resource) else { return };
    let resource = Resource::new(server, Arc::clone(kind), object.key.namespace.as_deref());
    controller::change(
        &resource,
        Part::Main,
        || server.storage.get(&object.resource, &object.key),
        |new| {
            if let Some(finalizers) = new["metadata"]["finalizers"].as_array_mut() {
                finalizers.retain(|held| held != finalizer);
            }
        },
    );
}
