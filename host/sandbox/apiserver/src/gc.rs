//! The garbage collector: objects whose owners are gone go too, or first, as the deletion said.
//!
//! Stands for the garbage collector of kube-controller-manager, but follows the store instead of watches, and so acts within
//! microseconds. An owner whose kind is not served, or that cannot own, is left in doubt: its dependents stay.
//!
//! ```text
//!   owner gone ───────────────> dependents without another owner are deleted; the others lose the reference
//!   owner waits (foreground) ─> dependents are deleted; when none blocks any more, its finalizer goes
//!   owner waits (orphan) ─────> dependents lose the reference; its finalizer goes
//! ```

use std::sync::Arc;

use backplane_core::Kind;
use serde_json::Value;

use crate::controller;
use crate::pipeline::Resource;
use crate::pipeline::delete::{DeleteOptions, FOREGROUND, ORPHAN, Propagation, delete};
use crate::pipeline::write::Part;
use crate::server::Inner;
use crate::storage::{Change, ChangeKind, Owner, Stored};

/// The service account of the controller.
const ACCOUNT: &str = "generic-garbage-collector";

/// Follows every change.
pub(crate) fn start(server: &Arc<Inner>) {
    controller::follow(server, on_change);
}

fn on_change(server: &Inner, change: &Change) {
    let object = &change.object;
    if change.kind == ChangeKind::Deleted {
        for dependent in server.storage.dependents(&object.uid) {
            collect(server, &dependent, Some(&object.uid));
        }
        for owner in object.owners.iter().filter_map(|owner| server.storage.by_uid(&owner.uid)) {
            on_waiting(server, &owner);
        }
        return;
    }
    let references_changed = change.before.as_ref().is_none_or(|before| before.owners != object.owners);
    if !object.owners.is_empty() && references_changed {
        collect(server, object, None);
    }
    for owner in change.before.iter().flat_map(|before| &before.owners).filter(|_| references_changed) {
        if let Some(owner) = server.storage.by_uid(&owner.uid) {
            on_waiting(server, &owner);
        }
    }
    on_waiting(server, object);
}

/// Moves on an object that is being deleted and waits for its dependents.
fn on_waiting(server: &Inner, owner: &Stored) {
    if waits_for(owner, FOREGROUND) {
        let dependents = server.storage.dependents(&owner.uid);
        for dependent in &dependents {
            collect(server, dependent, None);
        }
        let left = server.storage.dependents(&owner.uid);
        let blocks = |stored: &Arc<Stored>| stored.owners.iter().any(|o| o.uid == owner.uid && o.blocks);
        if !left.iter().any(blocks) {
            edit(server, owner, |object| remove_finalizer(object, FOREGROUND));
        }
    } else if waits_for(owner, ORPHAN) {
        for dependent in server.storage.dependents(&owner.uid) {
            edit(server, &dependent, |object| remove_owners(object, &[&owner.uid]));
        }
        edit(server, owner, |object| remove_finalizer(object, ORPHAN));
    }
}

fn waits_for(stored: &Stored, finalizer: &str) -> bool {
    stored.deleting && stored.finalizers.iter().any(|f| **f == *finalizer)
}

/// Looks whether anybody still owns an object. `gone` is an owner that is known to be gone, whatever became of its kind.
fn collect(server: &Inner, seen: &Stored, gone: Option<&str>) {
    let Some(object) = server.storage.by_uid(&seen.uid) else { return };
    let (mut solid, mut absent, mut waiting) = (0, Vec::new(), Vec::new());
    for owner in &object.owners {
        match server.storage.by_uid(&owner.uid).filter(|found| is_owner(found, owner, &object)) {
            Some(found) if waits_for(&found, FOREGROUND) => waiting.push(&*owner.uid),
            Some(_) => solid += 1,
            None if gone == Some(&*owner.uid) || can_own(server, owner, &object) => absent.push(&*owner.uid),
            None => solid += 1,
        }
    }
    if absent.is_empty() && waiting.is_empty() {
        return;
    }
    if solid > 0 {
        let gone: Vec<&str> = absent.into_iter().chain(waiting).collect();
        edit(server, &object, |object| remove_owners(object, &gone));
    } else if !object.deleting {
        let blocked = !waiting.is_empty() && !server.storage.dependents(&object.uid).is_empty();
        remove(server, &object, if blocked { Propagation::Foreground } else { Propagation::Background });
    }
}

/// A reference only counts for the object that it describes, in the same namespace or at the cluster scope.
fn is_owner(found: &Stored, reference: &Owner, dependent: &Stored) -> bool {
    let in_reach = found.key.namespace.is_none() || found.key.namespace == dependent.key.namespace;
    in_reach && *found.kind == *reference.kind && found.key.name == *reference.name
}

/// Whether the reference names a kind that is served and whose objects the dependent could belong to: an object of the
/// cluster cannot belong to one in a namespace.
fn can_own(server: &Inner, owner: &Owner, dependent: &Stored) -> bool {
    let kinds = server.registry.kinds();
    let kind = kinds.kind(&Kind::from_api_version(&owner.api_version, &owner.kind));
    kind.is_some_and(|kind| dependent.key.namespace.is_some() || !kind.is_namespaced())
}

fn remove(server: &Inner, object: &Stored, propagation: Propagation) {
    if let Some(resource) = resource(server, object) {
        // A failure means that somebody else changed or removed it, which brings the next look.
        let _ = delete(&resource, &object.key.name, &DeleteOptions::of_controller(ACCOUNT, propagation, &object.uid));
    }
}

/// Changes the metadata of an object, again and again until nobody was faster.
fn edit(server: &Inner, object: &Stored, change: impl Fn(&mut Value)) {
    let Some(resource) = resource(server, object) else { return };
    controller::change(&resource, Part::Main, || server.storage.by_uid(&object.uid), change);
}

fn resource<'a>(server: &'a Inner, object: &Stored) -> Option<Resource<'a>> {
    let kinds = server.registry.kinds();
    let kind = kinds.kind(&Kind::from_api_version(&object.api_version, &object.kind));
    let stored = kinds.stored();
    let kind = kind.or_else(|| stored.get(&object.resource))?;
    Some(Resource::new(server, Arc::clone(kind), object.key.namespace.as_deref()))
}

fn remove_finalizer(object: &mut Value, finalizer: &str) {
    retain(object, "finalizers", |f| f != finalizer);
}

fn remove_owners(object: &mut Value, uids: &[&str]) {
    retain(object, "ownerReferences", |owner| owner["uid"].as_str().is_none_or(|uid| !uids.contains(&uid)));
}

/// Keeps some items of a list in the metadata; a list that is empty then goes as a whole.
fn retain(object: &mut Value, list: &str, keep: impl Fn(&Value) -> bool) {
    let Some(metadata) = object["metadata"].as_object_mut() else { return };
    let Some(items) = metadata.get_mut(list).and_then(Value::as_array_mut) else { return };
    items.retain(keep);
    if items.is_empty() {
        metadata.remove(list);
    }
}
