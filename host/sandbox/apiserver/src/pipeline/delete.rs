//! Deletion: at once, or by a mark that finalizers and the garbage collector wait for.
//!
//! Pods go at once, too: no kubelet would end them. Source:
//! <https://kubernetes.io/docs/concepts/architecture/garbage-collection/#cascading-deletion>.

mod answer;
mod options;
mod policy;

use std::sync::Arc;

use backplane_apimachinery::Status;
use backplane_apimachinery::kind::Origin;
use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

use super::accept::Accept;
use super::selection::Selection;
use super::write::{DryRun, commit};
use super::{Call, Resource, hooks, list, read, reply};
use crate::server::Body;
use crate::storage::Stored;
pub(crate) use options::{DeleteOptions, Propagation};

/// Finalizer of objects whose dependents go first.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";
/// Finalizer of objects whose dependents stay.
pub(crate) const ORPHAN: &str = "orphan";

const ATTEMPTS: usize = 16;

/// What became of an object.
pub(crate) enum Deleted {
    /// It is gone; this was its last state.
    Gone(Arc<Stored>),
    /// It is marked, and waits for its finalizers.
    Waiting(Bytes),
}

/// Answers a delete of one object.
pub(super) fn one(
    call: &Call<'_>,
    resource: &Resource<'_>,
    accept: Accept,
    name: &str,
) -> Result<Response<Body>, Status> {
    let options = DeleteOptions::read(call)?;
    let mut warnings: Vec<String> = policy::warning(resource, &options).into_iter().collect();
    let mut response = match delete_warning(resource, name, &options, &mut warnings)? {
        Deleted::Waiting(bytes) => read::object(call, resource, accept, 200, bytes)?,
        Deleted::Gone(last) => match answer::shown(resource, resource.value(&last)?) {
            Some(object) => read::object(call, resource, accept, 200, object.to_string().into())?,
            None => reply::json(200, &answer::success(resource, &last), accept.format),
        },
    };
    reply::warn(&mut response, &warnings);
    Ok(response)
}

/// Answers a delete of all objects that match.
pub(super) fn collection(call: &Call<'_>, resource: &Resource<'_>, accept: Accept) -> Result<Response<Body>, Status> {
    let options = DeleteOptions::read(call)?;
    let selection = Selection::parse(&call.request.query, resource)?;
    let listing = resource.server.storage.list(&resource.storage, resource.namespace.as_deref(), None);
    let listing = listing.map_err(|_| Status::internal("the latest revision is always held"))?;
    let mut items = Vec::new();
    for stored in listing.objects.iter().filter(|stored| selection.matches(stored)) {
        let one = Resource { namespace: stored.key.namespace.clone(), ..resource.clone() };
        match delete(&one, &stored.key.name, &options) {
            Ok(_) => items.push(shown_in_list(resource, stored)?),
            Err(status) if status.code() == 404 => {}
            Err(status) => return Err(status),
        }
    }
    let mut metadata = json!({"resourceVersion": listing.revision.to_string()});
    list::complete(&resource.kind, &mut metadata);
    let list = json!({"kind": resource.kind.list_kind, "apiVersion": resource.kind.api_version(),
        "metadata": metadata, "items": items});
    Ok(reply::json(200, &list, accept.format))
}

/// An object as a list shows it.
fn shown_in_list(resource: &Resource<'_>, stored: &Stored) -> Result<Value, Status> {
    let bytes = resource.render(stored)?;
    read::parse(&if resource.kind.origin == Origin::Custom { bytes } else { list::untyped(&bytes) })
}

/// Deletes an object, or marks it.
pub(crate) fn delete(resource: &Resource<'_>, name: &str, options: &DeleteOptions) -> Result<Deleted, Status> {
    delete_warning(resource, name, options, &mut Vec::new())
}

fn delete_warning(
    resource: &Resource<'_>,
    name: &str,
    options: &DeleteOptions,
    warnings: &mut Vec<String>,
) -> Result<Deleted, Status> {
    for _ in 0..ATTEMPTS {
        let stored = resource.get(name)?;
        options.check(resource, &stored)?;
        let old = resource.value(&stored)?;
        options.admit(resource, &old, warnings)?;
        let mut new = old.clone();
        adjust_finalizers(&mut new, policy::propagation(resource, options));
        hooks::before_delete(resource, &mut new)?;
        let waits = !finalizers(&new).is_empty() || !finalizers_of_namespace(&new).is_empty();
        if waits {
            policy::mark(resource, &mut new);
            hooks::before_update(resource, &old, &mut new)?;
            if new == old || options.dry_run == DryRun::All {
                return Ok(Deleted::Waiting(new.to_string().into()));
            }
            if let Ok(marked) = commit(resource, Some(&stored), resource.to_storage(new)?) {
                return Ok(Deleted::Waiting(resource.render(&marked)?));
            }
        } else if options.dry_run == DryRun::All {
            return Ok(Deleted::Gone(stored));
        } else if let Ok(last) = resource.server.storage.remove(&resource.storage, &stored.key, stored.revision) {
            hooks::removed(resource, &last);
            return Ok(Deleted::Gone(last));
        }
    }
    Err(resource.modified(name))
}

fn finalizers(object: &Value) -> Vec<Value> {
    object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default()
}

fn finalizers_of_namespace(object: &Value) -> Vec<Value> {
    if object["kind"] != "Namespace" || object["apiVersion"] != "v1" {
        return Vec::new();
    }
    object["spec"]["finalizers"].as_array().cloned().unwrap_or_default()
}

fn adjust_finalizers(object: &mut Value, propagation: Option<Propagation>) {
    let Some(propagation) = propagation else { return };
    let mut list = finalizers(object);
    let had = list.len();
    list.retain(|finalizer| finalizer != FOREGROUND && finalizer != ORPHAN);
    match propagation {
        Propagation::Background if list.len() == had => return,
        Propagation::Background => {}
        Propagation::Foreground => list.push(FOREGROUND.into()),
        Propagation::Orphan => list.push(ORPHAN.into()),
    }
    object["metadata"]["finalizers"] = list.into();
}
