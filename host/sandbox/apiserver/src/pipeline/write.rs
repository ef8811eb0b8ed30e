//! Objects coming in: create and update, and the steps that every changed object goes through.
//!
//! ```text
//!   create: namespace lives? ─> unknown fields ─> defaults ─> mutating webhooks ─> metadata ─> hooks ─> valid?
//!                                                          store <─ validating webhooks <─ field managers <─┘
//!   update: read ─> make the new object ─> the same steps ─> unchanged? done ─> finished? remove : replace
//!             ^────────────────────────── somebody was faster ──────────────────────────────┘
//! ```

mod check;
mod commit;
mod options;
mod owners;
mod steps;
mod tracking;

use backplane_apimachinery::Status;
use backplane_apimachinery::apply::{self, Applier, Versions};
use backplane_apimachinery::kind::Origin as KindOrigin;
use backplane_apimachinery::meta;
use bytes::Bytes;
use http::Response;
use serde_json::Value;

use super::accept::Accept;
use super::{Call, Resource, authz, body, read, reply};
use crate::server::Body;
pub(crate) use commit::commit;
use commit::unchanged;
pub(crate) use options::{DryRun, FieldValidation, WriteOptions, dry_run};
use steps::Steps;

/// How often a change is made again after somebody else was faster.
const ATTEMPTS: usize = 16;

/// Which part of an object a write is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Everything but the status, where that is a subresource.
    Main,
    /// The status alone.
    Status,
    /// The finalizers in the spec of a namespace.
    Finalizers,
    /// The wanted replicas.
    Scale,
}

impl Part {
    /// The subresource that field managers are told apart by.
    pub(crate) fn subresource(self) -> Option<&'static str> {
        match self {
            Self::Main => None,
            Self::Status => Some("status"),
            Self::Finalizers => Some("finalize"),
            Self::Scale => Some("scale"),
        }
    }
}

/// Where the new object comes from, which decides how it is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The client sent the object.
    Sent,
    /// It was patched.
    Patched,
    /// It was applied: `managedFields` are right already.
    Applied,
}

/// The result of a write.
pub(crate) struct Written {
    pub(crate) code: u16,
    pub(crate) bytes: Bytes,
    pub(crate) warnings: Vec<String>,
}

impl Written {
    pub(super) fn reply(
        self,
        call: &Call<'_>,
        resource: &Resource<'_>,
        accept: Accept,
    ) -> Result<Response<Body>, Status> {
        let mut response = read::object(call, resource, accept, self.code, self.bytes)?;
        reply::warn(&mut response, &self.warnings);
        Ok(response)
    }
}

/// Answers a create.
pub(super) fn create(call: &Call<'_>, resource: &Resource<'_>, accept: Accept) -> Result<Response<Body>, Status> {
    if resource.kind.is_namespaced() && resource.namespace.is_none() {
        return Err(match resource.kind.origin {
            KindOrigin::Custom => Status::no_such_path(),
            _ => resource.not_allowed(),
        });
    }
    let options = WriteOptions::read(call)?;
    let mut object = body::object(call, &resource.kind)?;
    body::agree(resource, &mut object, None)?;
    insert(resource, object, Origin::Sent, &options)?.reply(call, resource, accept)
}

/// Answers an update.
pub(super) fn update(
    call: &Call<'_>,
    resource: &Resource<'_>,
    accept: Accept,
    name: &str,
) -> Result<Response<Body>, Status> {
    put(call, resource, accept, name, Part::Main)
}

/// Answers an update of one part.
pub(super) fn put(
    call: &Call<'_>,
    resource: &Resource<'_>,
    accept: Accept,
    name: &str,
    part: Part,
) -> Result<Response<Body>, Status> {
    let options = WriteOptions::read(call)?;
    let mut object = body::object(call, &resource.kind)?;
    body::agree(resource, &mut object, Some(name))?;
    if part == Part::Main && meta::is_created_by_update(&resource.kind) && !resource.holds(name) {
        authz::require_create(call)?;
        // Which version it would replace does not matter where there is none.
        object["metadata"].as_object_mut().map(|metadata| metadata.remove("resourceVersion"));
        return insert(resource, object, Origin::Sent, &options)?.reply(call, resource, accept);
    }
    if let Some(error) = meta::require_version(&resource.kind, &object) {
        return Err(Status::invalid(&resource.kind.group, &resource.kind.plural, name, &[error]));
    }
    let written = change(resource, name, part, Origin::Sent, &options, |_| Ok(object.clone()))?;
    written.reply(call, resource, accept)
}

/// Creates an object.
pub(crate) fn insert(
    resource: &Resource<'_>,
    object: Value,
    origin: Origin,
    options: &WriteOptions,
) -> Result<Written, Status> {
    let generated = object["metadata"]["name"].as_str().unwrap_or_default().is_empty();
    let steps = Steps { resource, part: Part::Main, origin, options };
    for attempt in 1.. {
        let mut warnings = Vec::new();
        let object = steps.newborn(object.clone(), &mut warnings).map_err(|status| status.with_warnings(&warnings))?;
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let present = resource.server.storage.get(&resource.storage, &resource.key(&name));
        let taken = present.is_some();
        if options.dry_run == DryRun::All && !taken {
            return Ok(Written { code: 201, bytes: object.to_string().into(), warnings });
        }
        match if taken { None } else { commit(resource, None, resource.to_storage(object)?).ok() } {
            Some(stored) => return Ok(Written { code: 201, bytes: resource.render(&stored)?, warnings }),
            None if generated && attempt < ATTEMPTS => {}
            None => return Err(resource.taken(&name, present.as_deref()).with_warnings(&warnings)),
        }
    }
    Err(Status::internal("no attempt was made"))
}

/// Changes an object: `make` turns the present object into the wanted one. It is called again when somebody else was
/// faster, unless the wanted object names the version it replaces.
pub(crate) fn change(
    resource: &Resource<'_>,
    name: &str,
    part: Part,
    origin: Origin,
    options: &WriteOptions,
    make: impl Fn(&Value) -> Result<Value, Status>,
) -> Result<Written, Status> {
    let steps = Steps { resource, part, origin, options };
    for _ in 0..ATTEMPTS {
        let stored = resource.get(name)?;
        let old = resource.value(&stored)?;
        let mut warnings = Vec::new();
        let new =
            steps.successor(&old, make(&old)?, &mut warnings).map_err(|status| status.with_warnings(&warnings))?;
        let code = 200;
        if unchanged(&old, &new) {
            return Ok(Written { code, bytes: resource.render(&stored)?, warnings });
        }
        if options.dry_run == DryRun::All {
            return Ok(Written { code, bytes: new.to_string().into(), warnings });
        }
        if let Ok(stored) = commit(resource, Some(&stored), resource.to_storage(new)?) {
            return Ok(Written { code, bytes: resource.render(&stored)?, warnings });
        }
    }
    Err(resource.modified(name))
}

/// Who writes, for field ownership.
pub(super) fn applier<'a>(resource: &'a Resource<'_>, part: Part, options: &'a WriteOptions) -> Applier<'a> {
    let now = resource.server.env.clock.now();
    let versions = (resource.kind.origin == KindOrigin::Custom).then_some(resource as &dyn Versions);
    Applier { manager: &options.manager, subresource: part.subresource(), force: options.force, now, versions }
}

/// Marks what a controller inside this server changed as its own.
pub(crate) fn track(resource: &Resource<'_>, manager: &str, part: Part, old: &Value, new: &mut Value) {
    let options = WriteOptions::internal(manager);
    apply::track(Some(old), new, &resource.kind, &applier(resource, part, &options));
}
