//! What `#[reconciler]` leaves to the library: fetching the object, and the two ways of ending its life.

use serde::de::DeserializeOwned;

use crate::cluster::Cluster;
use crate::controller::Request;
use crate::declare::{Declaration, Verb};
use crate::error::Result;
use crate::object::{Obj, Object};
use crate::outcome::{Outcome, Response};

/// The part of the declaration that follows from the object's kind.
pub fn declare<T: Object>(name: &str, version: &str, finalizes: bool) -> Declaration {
    let verbs: &[Verb] = if finalizes { &[Verb::ApplyStatus, Verb::Patch] } else { &[Verb::ApplyStatus] };
    Declaration::new(name, version).reconciles(T::KIND).writes(T::KIND, verbs)
}

/// Looks at the object unless it is gone or going: its children follow it by their owner references.
pub fn plain<T, F>(request: &Request, cluster: &Cluster, look: F) -> Result<Response>
where
    T: Object + DeserializeOwned,
    F: FnOnce(Obj<T>, &Cluster) -> Result<Response>,
{
    match cluster.get_ref::<T>(&request.object)? {
        Some(object) if !object.is_deleting() => look(object, cluster),
        _ => Ok(Outcome::Done.into()),
    }
}

/// The same for a plugin that has something to remove outside of the cluster first.
pub fn guarded<T, F, D>(request: &Request, cluster: &Cluster, finalizer: &str, look: F, remove: D) -> Result<Response>
where
    T: Object + DeserializeOwned,
    F: FnOnce(Obj<T>, &Cluster) -> Result<Response>,
    D: FnOnce(Obj<T>, &Cluster) -> Result<Response>,
{
    let Some(object) = cluster.get_ref::<T>(&request.object)? else { return Ok(Outcome::Done.into()) };
    if !object.is_deleting() {
        cluster.add_finalizer(&object, finalizer)?;
        return look(object, cluster);
    }
    if !object.metadata.has_finalizer(finalizer) {
        return Ok(Outcome::Done.into());
    }
    let metadata = object.metadata.clone();
    let response = remove(object, cluster)?;
    if response.outcome == Outcome::Done {
        cluster.drop_finalizer(&request.object, &metadata, finalizer)?;
    }
    Ok(response)
}
