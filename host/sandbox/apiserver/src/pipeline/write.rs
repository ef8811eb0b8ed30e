//! Objects coming in: create and update, and the steps that every changed object goes through.
//!
//! ```text
//!   create: namespace lives? ─> unknown fields ─> defaults ─> mutating webhooks ─> metadata ─> hooks ─> valid?
//!                                                          store <─ validating webhooks <─ field managers <─┘
//!   update: read ─> make the new object ─> the same steps ─> unchanged? done ─> finished? remove : replace
//!             ^────────────────────────── somebody was faster ──────────────────────────────┘
//! ```

mod commit;
mod options;
mod owners;
mod tracking;

use backplane_apimachinery::apply::{self, Applier, Versions};
use backplane_apimachinery::kind::Origin as KindOrigin;
use backplane_apimachinery::meta::{self, Birth};
use backplane_apimachinery::{FieldError, Status};
use backplane_core::ObjectKey;
use bytes::Bytes;
use http::Response;
use serde_json::Value;

use super::accept::Accept;
use super::rbac::escalation;
use super::{Call, Resource, authz, body, events, hooks, read, reply};
use crate::server::Body;
use crate::storage::{GroupResource, Stored};
pub(crate) use commit::commit;
use commit::unchanged;
pub(crate) use options::{DryRun, FieldValidation, WriteOptions, dry_run};
use tracking::Tracking;

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
    for attempt in 1.. {
        let mut warnings = Vec::new();
        let object = newborn(resource, object.clone(), origin, options, &mut warnings)
            .map_err(|status| status.with_warnings(&warnings))?;
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let present = resource.server.storage.get(&resource.storage, &resource.key(&name));
        let taken = present.is_some();
        if options.dry_run == DryRun::All && !taken {
            return Ok(Written { code: 201, bytes: object.to_string().into(), warnings });
        }
        match if taken { None } else { commit(resource, None, resource.to_storage(object)?).ok() } {
            Some(stored) => return Ok(Written { code: 201, bytes: resource.render(&stored)?, warnings }),
            None if generated && attempt < ATTEMPTS => {}
            None => return Err(resource.taken(&name, present.as_deref())),
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
    for _ in 0..ATTEMPTS {
        let stored = resource.get(name)?;
        let old = resource.value(&stored)?;
        let mut warnings = Vec::new();
        let new = successor(resource, &old, make(&old)?, part, origin, options, &mut warnings)
            .map_err(|status| status.with_warnings(&warnings))?;
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

/// The object as it will be created.
fn newborn(
    resource: &Resource<'_>,
    mut object: Value,
    origin: Origin,
    options: &WriteOptions,
    warnings: &mut Vec<String>,
) -> Result<Value, Status> {
    let (server, kind) = (resource.server, &resource.kind);
    namespace_lives(resource, &object)?;
    let version = object["metadata"]["resourceVersion"].as_str().unwrap_or_default();
    if origin == Origin::Sent && !matches!(version, "" | "0") {
        return Err(Status::unclassified("resourceVersion should not be set on objects to be created"));
    }
    warnings.extend(unknown_fields(resource, &mut object, origin, options)?);
    owners::once(&mut object, origin, warnings);
    kind.default(&mut object);
    let admission = options.admission(resource, Part::Main, None);
    let mut tracking = Tracking::new(resource, Part::Main, origin, options);
    if let Some(admission) = admission.as_ref().filter(|admission| admission.mutates(Some(&object))) {
        // What webhooks add belongs to nobody.
        tracking.settle(None, &mut object);
        admission.mutate(&mut object, warnings)?;
    }
    let uid = server.env.uuid();
    let random = std::array::from_fn(|_| (server.env.random.next_u64() >> 32) as u32);
    let birth = Birth { uid: &uid, random, namespace: resource.namespace.as_deref(), now: server.env.clock.now() };
    meta::prepare_create(kind, &mut object, &birth);
    // What the server itself chooses belongs to nobody either.
    tracking.settle(None, &mut object);
    hooks::before_create(resource, &mut object)?;
    if let Some(user) = &options.user {
        escalation::check(resource, user, &object, None)?;
    }
    valid(resource, kind.validate(&object, None), &object)?;
    warnings.extend(kind.warnings(&object));
    if let Some(admission) = &admission {
        admission.validate(Some(&object), warnings)?;
    }
    Ok(object)
}

/// The object as it will replace `old`.
fn successor(
    resource: &Resource<'_>,
    old: &Value,
    mut new: Value,
    part: Part,
    origin: Origin,
    options: &WriteOptions,
    warnings: &mut Vec<String>,
) -> Result<Value, Status> {
    let kind = &resource.kind;
    same_object(resource, old, &new, origin)?;
    warnings.extend(unknown_fields(resource, &mut new, origin, options)?);
    owners::once(&mut new, origin, warnings);
    let admission = options.admission(resource, part, Some(old));
    let mut tracking = Tracking::new(resource, part, origin, options);
    if part == Part::Finalizers {
        // Without defaults: they would put back what is to be removed.
        hooks::prepare_finalize(&mut new, old);
    } else {
        kind.default(&mut new);
        let mutating = admission.as_ref().filter(|admission| part != Part::Scale && admission.mutates(Some(&new)));
        if let Some(admission) = mutating {
            tracking.settle(Some(old), &mut new);
            admission.mutate(&mut new, warnings)?;
        }
        if part == Part::Status && kind.origin == KindOrigin::Custom {
            // The real server does not mind that labels sent with a status are not taken.
            tracking.settle(Some(old), &mut new);
        }
        match part {
            Part::Status => meta::prepare_status_update(kind, &mut new, old),
            _ => meta::prepare_update(kind, &mut new, old),
        }
    }
    kind.keep(old, &mut new);
    tracking.settle(Some(old), &mut new);
    if part != Part::Finalizers {
        hooks::restore(resource, old, &mut new);
    }
    hooks::before_update(resource, old, &mut new)?;
    if let Some(user) = &options.user {
        escalation::check(resource, user, &new, Some(old))?;
    }
    let errors = match part {
        Part::Status => kind.validate_status(&new, old),
        _ => kind.validate(&new, Some(old)),
    };
    valid(resource, errors, &new)?;
    if part == Part::Main && new["spec"] != old["spec"] {
        warnings.extend(kind.warnings(&new));
    }
    new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"].clone();
    if let Some(admission) = &admission {
        admission.validate(Some(&new), warnings)?;
    }
    Ok(new)
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

fn valid(resource: &Resource<'_>, errors: Vec<FieldError>, object: &Value) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    // Events are judged in the form in which they are stored.
    let group = events::storage_group(&resource.kind.group);
    Err(Status::invalid(group, &resource.kind.kind, name, &errors))
}

fn unknown_fields(
    resource: &Resource<'_>,
    object: &mut Value,
    origin: Origin,
    options: &WriteOptions,
) -> Result<Vec<String>, Status> {
    let kind = &resource.kind;
    let patched = (origin != Origin::Sent).then(|| object.clone());
    let mut unknown = kind.prune(object);
    if origin == Origin::Sent && kind.origin != KindOrigin::Custom {
        unknown = options.faults.in_order(unknown);
    }
    let wrong = options.faults.with(&unknown);
    match (options.validation, patched) {
        _ if wrong.is_empty() => Ok(Vec::new()),
        (FieldValidation::Ignore, _) => Ok(Vec::new()),
        (FieldValidation::Warn, _) => Ok(wrong),
        (FieldValidation::Strict, Some(patched)) => {
            let shown = options.quoted.clone().unwrap_or_else(|| patched.to_string());
            Err(Status::strict_patch(&shown, &wrong))
        }
        (FieldValidation::Strict, None) => {
            Err(Status::strict_decoding(&kind.kind, &kind.version, &options.faults.refusal(&unknown)))
        }
    }
}

/// A write may say which object and which version of it it means.
fn same_object(resource: &Resource<'_>, old: &Value, new: &Value, origin: Origin) -> Result<(), Status> {
    let text = |object: &Value, field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    let name = text(old, "name");
    let (wanted, present) = (text(new, "uid"), text(old, "uid"));
    // A patch that changes the uid is judged with the rest of the object.
    if origin == Origin::Sent && !wanted.is_empty() && wanted != present {
        let place = resource.namespace.as_deref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: /registry/{}/{place}{name}, ResourceVersion: 0, \
             AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, UID in object meta: {present}",
            resource.kind.plural
        );
        return Err(resource.conflict(&name, &why));
    }
    let wanted = text(new, "resourceVersion");
    if !wanted.is_empty() && wanted.parse::<u64>().is_err() {
        return Err(Status::unclassified(format!("strconv.ParseUint: parsing {wanted:?}: invalid syntax")));
    }
    if !wanted.is_empty() && wanted != "0" && wanted != text(old, "resourceVersion") {
        return Err(resource.modified(&name));
    }
    Ok(())
}

/// Nothing is created in a namespace that is not there or going away.
fn namespace_lives(resource: &Resource<'_>, object: &Value) -> Result<(), Status> {
    let Some(namespace) = &resource.namespace else { return Ok(()) };
    let key = ObjectKey { namespace: None, name: namespace.clone() };
    let stored = resource.server.storage.get(&GroupResource::new("", "namespaces"), &key);
    let stored: std::sync::Arc<Stored> = stored.ok_or_else(|| Status::not_found("", "namespaces", namespace))?;
    if stored.deleting {
        let (kind, name) = (&resource.kind, object["metadata"]["name"].as_str().unwrap_or_default());
        return Err(Status::namespace_terminating(&kind.group, &kind.plural, name, namespace));
    }
    Ok(())
}
