//! The end of a namespace: everything in it goes, then its finalizer, then itself.
//!
//! Stands for the namespace controller of kube-controller-manager; leaves out its order of kinds.

mod conditions;

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use backplane_core::ObjectKey;
use serde_json::Value;

use crate::controller;
use crate::pipeline::Resource;
use crate::pipeline::delete::{DeleteOptions, Propagation, delete};
use crate::pipeline::set_finalizers;
use crate::pipeline::write::Part;
use crate::server::Inner;
use crate::storage::{Change, ChangeKind, GroupResource, Stored};
use crate::webhook::aside;
use conditions::Remains;

/// The service account of the controller.
const ACCOUNT: &str = "namespace-controller";
/// What it holds a namespace by.
const FINALIZER: &str = "kubernetes";
/// Changes that are looked at together.
const BATCH: usize = 256;

/// Follows every change.
pub(crate) fn start(server: &Arc<Inner>) {
    let mut feed = server.storage.feed();
    let server = Arc::downgrade(server);
    tokio::spawn(async move {
        let mut changes = Vec::new();
        while feed.recv_many(&mut changes, BATCH).await > 0 {
            let Some(server) = Weak::upgrade(&server) else { return };
            let calls_out = server.calls_out();
            let names: BTreeSet<String> = changes.drain(..).filter_map(|change| concerned(&change)).collect();
            let all = move || names.iter().for_each(|name| end(&server, name));
            if calls_out { aside(all).await } else { all() }
        }
    });
}

fn namespaces() -> GroupResource {
    GroupResource::new("", "namespaces")
}

/// The namespace that may be able to move on after a change.
fn concerned(change: &Change) -> Option<String> {
    let object = &change.object;
    match change.kind {
        ChangeKind::Deleted => object.key.namespace.clone(),
        _ if object.resource == namespaces() && object.deleting => Some(object.key.name.clone()),
        // Something that slipped in while the namespace was being emptied.
        ChangeKind::Added => object.key.namespace.clone(),
        ChangeKind::Modified => None,
    }
}

fn end(server: &Inner, name: &str) {
    let key = ObjectKey { namespace: None, name: name.to_owned() };
    if server.storage.get(&namespaces(), &key).is_none_or(|namespace| !namespace.deleting) {
        return;
    }
    let mut remains = Remains::default();
    for (place, kind) in server.registry.kinds().stored().into_iter().filter(|(_, kind)| kind.is_namespaced()) {
        let resource = Resource::new(server, kind, Some(name));
        for stored in objects(server, &place, name).iter().filter(|stored| !stored.deleting) {
            // A failure means that somebody else changed or removed it, which brings the next look.
            let options = DeleteOptions::of_controller(ACCOUNT, Propagation::Background, &stored.uid);
            let _ = delete(&resource, &stored.key.name, &options);
        }
        objects(server, &place, name).iter().for_each(|stored| remains.count(&place, stored));
    }
    if remains.is_empty() {
        finalize(server, name);
    } else {
        change(server, name, Part::Status, |namespace| remains.tell(namespace, &server.env.timestamp()));
    }
}

fn objects(server: &Inner, place: &GroupResource, namespace: &str) -> Vec<Arc<Stored>> {
    server.storage.list(place, Some(namespace), None).map(|listing| listing.objects).unwrap_or_default()
}

/// Takes away what this controller holds the namespace by; finalizers of others are for others.
fn finalize(server: &Inner, name: &str) {
    change(server, name, Part::Finalizers, |namespace| {
        let held = namespace["spec"]["finalizers"].as_array().cloned().unwrap_or_default();
        set_finalizers(namespace, held.into_iter().filter(|finalizer| finalizer != FINALIZER).collect());
    });
}

/// Changes a namespace.
fn change(server: &Inner, name: &str, part: Part, make: impl Fn(&mut Value)) {
    let kinds = server.registry.kinds();
    let Some(kind) = kinds.resource("", "v1", "namespaces") else { return };
    let resource = Resource::new(server, Arc::clone(kind), None);
    controller::change(&resource, part, || server.storage.get(&namespaces(), &resource.key(name)), make);
}
