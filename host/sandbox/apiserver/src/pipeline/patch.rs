//! Patches: JSON patch, merge patch, strategic merge patch, and server-side apply.

use backplane_apimachinery::apply;
use backplane_apimachinery::field::FieldError;
use backplane_apimachinery::kind::Origin as KindOrigin;
use backplane_apimachinery::patch::{self, json_patch, merge_patch, read_object, strategic_merge_patch};
use backplane_apimachinery::{Status, decode};
use http::Response;
use serde_json::Value;

use super::accept::Accept;
use super::write::{self, FieldValidation, Origin, Part, WriteOptions, Written};
use super::{Call, Resource, body};
use crate::server::Body;

const JSON: &str = "application/json-patch+json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
pub(super) const APPLY: &str = "application/apply-patch+yaml";

/// Answers a patch.
pub(super) fn patch(
    call: &Call<'_>,
    resource: &Resource<'_>,
    accept: Accept,
    name: &str,
) -> Result<Response<Body>, Status> {
    patch_part(call, resource, accept, name, Part::Main)
}

/// Answers a patch of one part.
pub(super) fn patch_part(
    call: &Call<'_>,
    resource: &Resource<'_>,
    accept: Accept,
    name: &str,
    part: Part,
) -> Result<Response<Body>, Status> {
    let mut options = WriteOptions::read(call)?;
    let written = if body::media(call) == APPLY {
        apply(call, resource, name, part, &options)
    } else {
        let format = Format::of(call, resource)?;
        options.quoted = format.quoted(call.body);
        write::change(resource, name, part, Origin::Patched, &options, |old| {
            let mut patched = format.patched(old, call.body, resource)?;
            match &options.quoted {
                Some(quoted) => convertible(resource, &mut patched, quoted)?,
                None => decodable(resource, &patched)?,
            }
            body::located(resource, &mut patched, Some(name))?;
            Ok(patched)
        })
    }?;
    written.reply(call, resource, accept)
}

/// The formats that need nothing but the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Merge,
    Strategic,
}

impl Format {
    /// The format of a request's body.
    pub(super) fn of(call: &Call<'_>, resource: &Resource<'_>) -> Result<Self, Status> {
        match body::media(call) {
            JSON => Ok(Self::Json),
            MERGE => Ok(Self::Merge),
            STRATEGIC if resource.kind.origin != KindOrigin::Custom => Ok(Self::Strategic),
            _ if resource.kind.origin == KindOrigin::Custom => {
                Err(Status::unsupported_media_type(&[JSON, MERGE, APPLY]))
            }
            _ => Err(Status::unsupported_patch(&[JSON, MERGE, STRATEGIC, APPLY])),
        }
    }

    /// The patched object.
    pub(super) fn patched(self, old: &Value, patch: &[u8], resource: &Resource<'_>) -> Result<Value, Status> {
        if let Some(why) = decode::syntax_error(patch) {
            return Err(Status::bad_request(format!("{}{why}", self.undecodable())));
        }
        let patched = match self {
            Self::Json => json_patch(old, patch),
            Self::Merge => merge_patch(old, patch),
            Self::Strategic => {
                let patch = read_object(patch, self.undecodable())?;
                strategic_merge_patch(old, &patch, &resource.kind.schema)
            }
        }?;
        Ok(patched)
    }

    /// How it begins when a patch cannot be read.
    fn undecodable(self) -> &'static str {
        if self == Self::Strategic { "" } else { "error decoding patch: " }
    }

    /// Of a strategic merge patch, refusals quote the patch instead of its result.
    fn quoted(self, patch: &[u8]) -> Option<String> {
        let patch = || serde_json::from_slice(patch).unwrap_or_default();
        (self == Self::Strategic).then(|| patch::quoted(&patch()))
    }
}

/// Whether the result of a strategic merge patch fits its kind. It is not decoded, so that it need not say what it is.
fn convertible(resource: &Resource<'_>, patched: &mut Value, quoted: &str) -> Result<(), Status> {
    let kind = &resource.kind;
    if let Some(why) = decode::unconvertible(kind, patched) {
        return Err(Status::invalid_patch(quoted, &why));
    }
    patched["apiVersion"] = kind.api_version().into();
    patched["kind"] = kind.kind.as_str().into();
    Ok(())
}

/// Whether the result of a patch is still an object of its kind.
pub(super) fn decodable(resource: &Resource<'_>, patched: &Value) -> Result<(), Status> {
    let kind = &resource.kind;
    let text = |key: &str| patched[key].as_str().unwrap_or_default();
    let why = if !patched.is_object() {
        Some("the patched value is not an object".to_owned())
    } else if text("apiVersion") != kind.api_version() || text("kind") != kind.kind {
        Some(body::not_convertible(resource, text("apiVersion"), text("kind")))
    } else {
        body::mistyped(kind, patched)
    };
    match why {
        Some(why) => Err(Status::invalid_patch(&patched.to_string(), &why)),
        None => Ok(()),
    }
}

fn apply(
    call: &Call<'_>,
    resource: &Resource<'_>,
    name: &str,
    part: Part,
    options: &WriteOptions,
) -> Result<Written, Status> {
    let intent = intent(call, resource, name, options)?;
    apply_intent(resource, name, &intent, part, options)
}

/// Reads what an apply wants of an object of this kind.
pub(super) fn intent(
    call: &Call<'_>,
    resource: &Resource<'_>,
    name: &str,
    options: &WriteOptions,
) -> Result<Value, Status> {
    if call.request.query.get("fieldManager").is_none() {
        let error = FieldError::required("fieldManager", "is required for apply patch");
        return Err(Status::invalid("meta.k8s.io", "PatchOptions", "", &[error]));
    }
    if let Some(why) = options.faults.of_intent().filter(|_| options.validation == FieldValidation::Strict) {
        return Err(Status::bad_request(why));
    }
    let mut intent = body::yaml(call.body)?;
    let text = |key: &str| intent[key].as_str().unwrap_or_default();
    if text("apiVersion") != resource.kind.api_version() || text("kind") != resource.kind.kind {
        let (group, version) = text("apiVersion").rsplit_once('/').unwrap_or(("", text("apiVersion")));
        return Err(Status::bad_request(format!("invalid object type: {group}/{version}, Kind={}", text("kind"))));
    }
    if resource.holds(name) && intent["metadata"]["name"].as_str().unwrap_or_default().is_empty() {
        if !intent["metadata"].is_object() {
            intent["metadata"] = serde_json::json!({});
        }
        intent["metadata"]["name"] = name.into();
    }
    body::located(resource, &mut intent, Some(name))?;
    Ok(intent)
}

/// Applies an intent; creates the object if it is not there.
pub(super) fn apply_intent(
    resource: &Resource<'_>,
    name: &str,
    intent: &Value,
    part: Part,
    options: &WriteOptions,
) -> Result<Written, Status> {
    let applier = write::applier(resource, part, options);
    if resource.holds(name) || part != Part::Main {
        return write::change(resource, name, part, Origin::Applied, options, |old| {
            apply::apply(Some(old), intent.clone(), &resource.kind, &applier)
        });
    }
    if intent["metadata"]["uid"].as_str().is_some_and(|uid| !uid.is_empty()) {
        let uid = intent["metadata"]["uid"].as_str().unwrap_or_default();
        let why = format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
        return Err(resource.conflict(name, &why));
    }
    let object = apply::apply(None, intent.clone(), &resource.kind, &applier)?;
    write::insert(resource, object, Origin::Applied, options)
}
