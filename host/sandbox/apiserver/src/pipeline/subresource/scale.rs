//! `scale`: the wanted replicas of an object, seen and changed as an `autoscaling/v1` Scale.
//!
//! A Scale is read from the object, changed as any object is, and written back into it.

use std::sync::{Arc, LazyLock};

use backplane_apimachinery::scale::{apply_scale, scale_of};
use backplane_apimachinery::{ResourceKind, Status, apply, kind};
use http::Response;
use serde_json::{Value, json};

use crate::pipeline::accept::Accept;
use crate::pipeline::write::{self, Origin, Part, WriteOptions, Written};
use crate::pipeline::{Call, Resource, body, patch, read, reply};
use crate::server::Body;

static SCALE: LazyLock<Arc<ResourceKind>> = LazyLock::new(|| Arc::new(kind::scale()));

/// Answers a request for the scale of an object.
pub(super) fn answer(
    call: &Call<'_>,
    resource: &Resource<'_>,
    accept: Accept,
    name: &str,
    verb: &str,
) -> Result<Response<Body>, Status> {
    let scales = Resource { kind: Arc::clone(&SCALE), ..resource.clone() };
    let written = match verb {
        "get" => {
            let stored = resource.get(name)?;
            let scale = shown(resource, &resource.value(&stored)?)?;
            return read::object(call, &scales, accept, 200, scale.to_string().into());
        }
        "update" => put(call, resource, &scales, name),
        "patch" if body::media(call) == patch::APPLY => applied(call, resource, &scales, name),
        "patch" => patched(call, resource, &scales, name),
        _ => return Err(resource.not_allowed()),
    }?;
    let scale = shown(resource, &read::parse(&written.bytes)?)?;
    let mut response = read::object(call, &scales, accept, written.code, scale.to_string().into())?;
    reply::warn(&mut response, &written.warnings);
    Ok(response)
}

fn put(call: &Call<'_>, resource: &Resource<'_>, scales: &Resource<'_>, name: &str) -> Result<Written, Status> {
    let options = WriteOptions::read(call)?;
    let mut wanted = body::object(call, &scales.kind)?;
    body::agree(scales, &mut wanted, Some(name))?;
    rescale(resource, name, Origin::Sent, &options, |_| Ok(wanted.clone()))
}

fn patched(call: &Call<'_>, resource: &Resource<'_>, scales: &Resource<'_>, name: &str) -> Result<Written, Status> {
    let options = WriteOptions::read(call)?;
    let format = patch::Format::of(call, resource)?;
    rescale(resource, name, Origin::Patched, &options, |scale| {
        let patched = format.patched(scale, call.body, scales)?;
        patch::decodable(scales, &patched)?;
        Ok(patched)
    })
}

/// An applied Scale is an intent about the replicas of the object.
fn applied(call: &Call<'_>, resource: &Resource<'_>, scales: &Resource<'_>, name: &str) -> Result<Written, Status> {
    let options = WriteOptions::read(call)?;
    let wanted = patch::intent(call, scales, name, &options)?;
    let mut intent = json!({
        "apiVersion": resource.kind.api_version(), "kind": resource.kind.kind, "metadata": {"name": name},
    });
    if !wanted["spec"]["replicas"].is_null() {
        apply_scale(&resource.kind, &mut intent, &wanted)?;
    }
    let applier = write::applier(resource, Part::Scale, &options);
    write::change(resource, name, Part::Scale, Origin::Applied, &options, |old| {
        apply::apply(Some(old), intent.clone(), &resource.kind, &applier)
    })
}

/// Changes an object through its scale.
fn rescale(
    resource: &Resource<'_>,
    name: &str,
    origin: Origin,
    options: &WriteOptions,
    wanted: impl Fn(&Value) -> Result<Value, Status>,
) -> Result<Written, Status> {
    write::change(resource, name, Part::Scale, origin, options, |old| {
        let scale = wanted(&shown(resource, old)?)?;
        let mut new = old.clone();
        apply_scale(&resource.kind, &mut new, &scale)?;
        for field in ["resourceVersion", "uid"] {
            if let Some(text) = scale["metadata"][field].as_str() {
                new["metadata"][field] = text.into();
            }
        }
        Ok(new)
    })
}

fn shown(resource: &Resource<'_>, object: &Value) -> Result<Value, Status> {
    scale_of(&resource.kind, object).ok_or_else(Status::no_such_resource)
}
