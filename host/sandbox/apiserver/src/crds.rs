//! Custom resource definitions: their status, the kinds that they add, and their end.
//!
//! ```text
//!   created ─> names free? ─> Established, served at once ─> deleted: Terminating, instances go ─> finalizer off ─> gone
//!                  └─ no ──> NamesAccepted=False, not served
//! ```
//!
//! A definition is served in the same moment in which it is stored; the real server takes some hundred milliseconds.

mod status;

use std::sync::{Arc, Weak};

use backplane_apimachinery::apply::{self, Applier};
use backplane_apimachinery::kind::Origin;
use backplane_apimachinery::{ResourceKind, Status};
use backplane_core::ObjectKey;
use serde_json::{Value, json};

use crate::pipeline::delete::{DeleteOptions, Propagation, delete};
use crate::pipeline::{Resource, write};
use crate::registry::storage_of;
use crate::server::Inner;
use crate::storage::{Change, ChangeKind, GroupResource, Stored};
use crate::webhook::aside;

const GROUP: &str = "apiextensions.k8s.io";
/// Whom the status belongs to.
const MANAGER: &str = "kube-apiserver";
const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

fn definitions() -> GroupResource {
    GroupResource::new(GROUP, "customresourcedefinitions")
}

/// Fills in what the server says of a new definition: which version it stores. The rest of the status follows once it is
/// stored.
pub(crate) fn begin(definition: &mut Value) {
    definition["status"] = json!({"conditions": null, "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": status::stored_versions(definition, None)});
}

/// Fills in what the server says of a changed definition.
pub(crate) fn change(resource: &Resource<'_>, old: &Value, new: &mut Value) {
    let ending = |object: &Value| object["metadata"]["deletionTimestamp"].is_string();
    if ending(new) {
        if ending(old) {
            complete(resource, Some(old), new);
        }
    } else {
        new["status"]["storedVersions"] = status::stored_versions(new, Some(old));
    }
}

/// Marks a definition that is going away. Neither its generation nor a time of grace says so.
pub(crate) fn end(definition: &mut Value, now: &str) {
    if definition["metadata"]["deletionTimestamp"].is_null() {
        definition["metadata"]["deletionTimestamp"] = now.into();
        status::ending(definition, now);
    }
    let finalizers = &mut definition["metadata"]["finalizers"];
    if !finalizers.is_array() {
        *finalizers = json!([]);
    }
    if let Some(list) = finalizers.as_array_mut().filter(|list| !list.contains(&json!(CLEANUP))) {
        list.push(CLEANUP.into());
    }
}

/// Writes the status of a stored definition, as the controller does that is part of the real server.
pub(crate) fn establish(resource: &Resource<'_>, stored: &Arc<Stored>) -> Arc<Stored> {
    let old = stored.value();
    let mut new = old.clone();
    complete(resource, Some(&old), &mut new);
    if new == old {
        return Arc::clone(stored);
    }
    let now = resource.server.env.clock.now();
    let applier = Applier { manager: MANAGER, subresource: Some("status"), force: true, now, versions: None };
    apply::track(Some(&old), &mut new, &resource.kind, &applier);
    // Somebody who was faster has seen to it.
    resource.server.storage.put(&resource.storage, Some(stored.revision), new).unwrap_or_else(|_| Arc::clone(stored))
}

/// Fills in what the server says of a definition.
pub(crate) fn complete(resource: &Resource<'_>, old: Option<&Value>, definition: &mut Value) {
    let others = resource.server.storage.list(&definitions(), None, None);
    let others: Vec<Value> = others.map(|l| l.objects.iter().map(|o| o.value()).collect()).unwrap_or_default();
    status::fill(definition, old, &others, &resource.server.env.timestamp());
}

/// Serves the kinds of a stored definition.
pub(crate) fn serve(server: &Inner, stored: &Stored) {
    let definition = stored.value();
    if !status::is_true(&definition, "Established") {
        return;
    }
    // A change of its status or labels leaves the kinds, and whoever watches them, alone.
    let spec = format!("{}/{}", stored.uid, definition["metadata"]["generation"]);
    if server.registry.serves_definition(&stored.key.name, &spec) {
        return;
    }
    // The object was validated before it was stored, so nothing is left to say about errors here.
    let kinds = ResourceKind::from_crd(&definition).unwrap_or_default();
    server.conversions.clear();
    let place = kinds.first().map(storage_of);
    server.registry.define(&stored.key.name, stored.revision, spec, kinds);
    if let Some(place) = place {
        // Wakes the watches, so that those of the former definition end.
        server.storage.set_open(&place, true);
    }
}

/// Stops serving the kinds of a definition that is gone.
pub(crate) fn withdraw(server: &Inner, last: &Stored) {
    server.registry.define(&last.key.name, last.revision, String::new(), Vec::new());
    server.storage.set_open(&instances(&last.value()), false);
}

/// Refuses new objects of a kind whose definition is going away.
///
/// # Errors
/// 403.
pub(crate) fn accepts_new(resource: &Resource<'_>, name: &str) -> Result<(), Status> {
    if resource.kind.origin != Origin::Custom {
        return Ok(());
    }
    let key = ObjectKey { namespace: None, name: format!("{}.{}", resource.kind.plural, resource.kind.group) };
    match resource.server.storage.get(&definitions(), &key) {
        Some(definition) if definition.deleting => {
            let why = "create not allowed while custom resource definition is terminating";
            let kind = &resource.kind;
            Err(Status::forbidden_because(&kind.group, &kind.plural, name, why))
        }
        _ => Ok(()),
    }
}

/// Follows every change to finish the definitions that are going away.
pub(crate) fn start(server: &Arc<Inner>) {
    let mut feed = server.storage.feed();
    let server = Arc::downgrade(server);
    tokio::spawn(async move {
        while let Some(change) = feed.recv().await {
            let Some(server) = Weak::upgrade(&server) else { return };
            let Some(definition) = concerned(&server, &change) else { continue };
            match server.calls_out() {
                true => aside(move || finish(&server, &definition)).await,
                false => finish(&server, &definition),
            }
        }
    });
}

/// The terminating definitions that a change is about: itself, or that of a deleted object.
fn concerned(server: &Inner, change: &Change) -> Option<Arc<Stored>> {
    let object = &change.object;
    let key = if object.resource == definitions() {
        object.key.clone()
    } else if change.kind == ChangeKind::Deleted {
        ObjectKey { namespace: None, name: format!("{}.{}", object.resource.resource, object.resource.group) }
    } else {
        return None;
    };
    server.storage.get(&definitions(), &key).filter(|definition| definition.deleting)
}

fn finish(server: &Inner, definition: &Stored) {
    if !definition.finalizers.iter().any(|finalizer| **finalizer == *CLEANUP) {
        return;
    }
    let instances = instances(&definition.value());
    let kinds = server.registry.kinds().stored();
    if let Some(kind) = kinds.get(&instances).filter(|kind| kind.origin == Origin::Custom) {
        let left = server.storage.list(&instances, None, None).map(|l| l.objects).unwrap_or_default();
        for stored in left.iter().filter(|stored| !stored.deleting) {
            let resource = Resource::new(server, Arc::clone(kind), stored.key.namespace.as_deref());
            // Whatever goes wrong here comes back with the next change of the object.
            let _ = delete(&resource, &stored.key.name, &DeleteOptions::internal(Propagation::Background, &stored.uid));
        }
    }
    if server.storage.count(&instances, None) == 0 {
        remove_finalizer(server, &definition.key.name);
    }
}

fn remove_finalizer(server: &Inner, name: &str) {
    let kinds = server.registry.kinds();
    let Some(kind) = kinds.resource(GROUP, "v1", "customresourcedefinitions") else { return };
    let resource = Resource::new(server, Arc::clone(kind), None);
    while let Some(stored) = server.storage.get(&definitions(), &resource.key(name)) {
        let mut definition = stored.value();
        if let Some(finalizers) = definition["metadata"]["finalizers"].as_array_mut() {
            finalizers.retain(|finalizer| finalizer != CLEANUP);
        }
        if write::commit(&resource, Some(&stored), definition).is_ok() {
            return;
        }
    }
}

fn instances(definition: &Value) -> GroupResource {
    let text = |pointer: &str| definition.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    GroupResource::new(text("/spec/group"), text("/spec/names/plural"))
}
