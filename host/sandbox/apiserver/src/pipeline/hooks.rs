//! What some built-in kinds need besides their schema: the few places where the server knows a kind by name.

mod services;

use std::sync::Arc;

use backplane_apimachinery::Status;
use serde_json::{Value, json};

use super::Resource;
use crate::crds;
use crate::storage::Stored;

/// The kinds that this server treats specially.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Special {
    Namespace,
    Definition,
    Service,
    None,
}

fn special(resource: &Resource<'_>) -> Special {
    match (resource.kind.group.as_str(), resource.kind.kind.as_str()) {
        ("", "Namespace") => Special::Namespace,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => Special::Definition,
        ("", "Service") => Special::Service,
        _ => Special::None,
    }
}

/// Completes a new object.
///
/// # Errors
/// 403 while the definition of a kind is going away, 422 for addresses and ports that a Service cannot have.
pub(super) fn before_create(resource: &Resource<'_>, object: &mut Value) -> Result<(), Status> {
    resource.kind.admit(object);
    match special(resource) {
        Special::Namespace => {
            let name = object["metadata"]["name"].clone();
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
            let mut finalizers = object["spec"]["finalizers"].as_array().cloned().unwrap_or_default();
            if !finalizers.contains(&json!("kubernetes")) {
                finalizers.push(json!("kubernetes"));
            }
            object["spec"]["finalizers"] = finalizers.into();
            object["status"] = json!({"phase": "Active"});
        }
        Special::Definition => crds::begin(object),
        Special::Service => services::create(resource, object)?,
        Special::None => crds::accepts_new(resource, object["metadata"]["name"].as_str().unwrap_or_default())?,
    }
    Ok(())
}

/// Puts back what has a path of its own to be changed by; whoever left it out owns it no longer.
pub(super) fn restore(resource: &Resource<'_>, old: &Value, new: &mut Value) {
    if special(resource) == Special::Namespace {
        new["spec"] = old["spec"].clone();
    }
}

/// Completes a changed object.
///
/// # Errors
/// 422 for addresses and ports that a Service cannot have.
pub(super) fn before_update(resource: &Resource<'_>, old: &Value, new: &mut Value) -> Result<(), Status> {
    resource.kind.admit_change(old, new);
    match special(resource) {
        Special::Namespace if new["metadata"]["deletionTimestamp"].is_string() => {
            new["status"]["phase"] = "Terminating".into();
        }
        Special::Definition => crds::change(resource, old, new),
        Special::Service => services::update(resource, old, new)?,
        _ => {}
    }
    Ok(())
}

/// Prepares an object for its end.
///
/// # Errors
/// 403 for the namespaces that a cluster cannot be without.
pub(super) fn before_delete(resource: &Resource<'_>, object: &mut Value) -> Result<(), Status> {
    match special(resource) {
        Special::Namespace => {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            if ["default", "kube-system", "kube-public"].contains(&name) {
                let why = "this namespace may not be deleted";
                return Err(Status::forbidden_because("", "namespaces", name, why));
            }
        }
        Special::Definition => crds::end(object, &resource.server.env.timestamp()),
        _ => {}
    }
    Ok(())
}

/// Of an update of a namespace's finalizers only those are taken.
pub(super) fn prepare_finalize(new: &mut Value, old: &Value) {
    let finalizers = new["spec"]["finalizers"].take();
    *new = old.clone();
    set_finalizers(new, finalizers.as_array().cloned().unwrap_or_default());
}

/// Writes what a namespace is held by; nothing at all once nothing holds it.
pub(crate) fn set_finalizers(namespace: &mut Value, finalizers: Vec<Value>) {
    namespace["spec"] = if finalizers.is_empty() { json!({}) } else { json!({"finalizers": finalizers}) };
}

/// Follows up on a stored object.
pub(super) fn committed(resource: &Resource<'_>, stored: &Arc<Stored>) {
    match special(resource) {
        Special::Definition if stored.deleting && stored.finalizers.is_empty() => removed(resource, stored),
        Special::Definition => {
            let established = crds::establish(resource, stored);
            crds::serve(resource.server, &established);
        }
        _ => {}
    }
}

/// Follows up on an object that is gone.
pub(super) fn removed(resource: &Resource<'_>, last: &Stored) {
    if special(resource) == Special::Definition {
        crds::withdraw(resource.server, last);
    }
}
