//! What the controllers inside this server have in common: each follows every change, and changes objects until nobody was
//! faster.

use std::sync::{Arc, Weak};

use serde_json::Value;

use crate::pipeline::Resource;
use crate::pipeline::write::{self, Part};
use crate::server::Inner;
use crate::storage::{Change, Stored};
use crate::webhook::aside;

/// The program that they are parts of, as field managers are called.
const MANAGER: &str = "kube-controller-manager";

/// Hands every change to a controller, one after the other; on a thread that may block if the server calls out.
pub(crate) fn follow(server: &Arc<Inner>, on_change: fn(&Inner, &Change)) {
    let mut feed = server.storage.feed();
    let server = Arc::downgrade(server);
    tokio::spawn(async move {
        while let Some(change) = feed.recv().await {
            let Some(server) = Weak::upgrade(&server) else { return };
            match server.calls_out() {
                true => aside(move || on_change(&server, &change)).await,
                false => on_change(&server, &change),
            }
        }
    });
}

/// Changes what is stored, again and again until nobody was faster or it is gone.
pub(crate) fn change(
    resource: &Resource<'_>,
    part: Part,
    stored: impl Fn() -> Option<Arc<Stored>>,
    make: impl Fn(&mut Value),
) {
    while let Some(stored) = stored() {
        let old = stored.value();
        let mut new = old.clone();
        make(&mut new);
        write::track(resource, MANAGER, part, &old, &mut new);
        if new == old || write::commit(resource, Some(&stored), new).is_ok() {
            return;
        }
    }
}
