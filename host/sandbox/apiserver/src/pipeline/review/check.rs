//! What a question about access has to say, and must not.
//!
//! Source: `k8s.io/kubernetes/pkg/apis/authorization/validation`.

use backplane_apimachinery::Status;
use backplane_apimachinery::field::FieldError;
use serde_json::{Value, json};

const RESOURCE: &str = "spec.resourceAttributes";
const PATH: &str = "spec.nonResourceAttributes";

/// Checks a review of the group `authorization.k8s.io` that asks one question.
///
/// # Errors
/// 422; the real server forgets to say of which kind.
pub(super) fn access(review: &Value, kind: &str) -> Result<(), Status> {
    let mut errors: Vec<FieldError> = about(&review["spec"]).into_iter().collect();
    if kind != "SelfSubjectAccessReview" {
        errors.extend(subject(&review["spec"]));
    }
    let local = kind == "LocalSubjectAccessReview";
    errors.extend(nameless(&review["metadata"], local));
    if local {
        errors.extend(in_namespace(review));
    }
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid("authorization.k8s.io", "", "", &errors)) }
}

/// Checks that a token is shown.
///
/// # Errors
/// 400.
pub(super) fn token(review: &Value) -> Result<(), Status> {
    match review["spec"]["token"].as_str() {
        None | Some("") => Err(Status::bad_request("token is required for TokenReview in authentication")),
        Some(_) => Ok(()),
    }
}

/// A question is about a resource or about a path.
fn about(spec: &Value) -> Option<FieldError> {
    let path = &spec["nonResourceAttributes"];
    match (spec["resourceAttributes"].is_object(), path.is_object()) {
        (true, true) => {
            Some(FieldError::invalid(PATH, &shown(path), "cannot be specified in combination with resourceAttributes"))
        }
        (false, false) => {
            let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            Some(FieldError::invalid(RESOURCE, &Value::Null, why))
        }
        _ => None,
    }
}

/// A path as the real server shows it.
fn shown(path: &Value) -> Value {
    let text = |field: &str| path[field].as_str().unwrap_or_default().to_owned();
    json!({"Path": text("path"), "Verb": text("verb")})
}

fn subject(spec: &Value) -> Option<FieldError> {
    let named = spec["user"].as_str().is_some_and(|user| !user.is_empty());
    let grouped = spec["groups"].as_array().is_some_and(|groups| !groups.is_empty());
    let why = "at least one of user or group must be specified";
    (!named && !grouped).then(|| FieldError::invalid("spec.user", &"".into(), why))
}

/// Nothing is stored, so nothing has a name.
fn nameless(metadata: &Value, local: bool) -> Option<FieldError> {
    let allowed = |field: &str| field == "managedFields" || (local && field == "namespace");
    let why = if local { "must be empty except for namespace" } else { "must be empty" };
    let named = metadata.as_object().into_iter().flatten().any(|(field, _)| !allowed(field));
    named.then(|| FieldError::invalid("metadata", metadata, why))
}

fn in_namespace(review: &Value) -> Option<FieldError> {
    let spec = &review["spec"];
    if spec["nonResourceAttributes"].is_object() {
        let why = "disallowed on this kind of request";
        return Some(FieldError::invalid(PATH, &shown(&spec["nonResourceAttributes"]), why));
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let wanted = text(&spec["resourceAttributes"]["namespace"]);
    let differs = spec["resourceAttributes"].is_object() && wanted != text(&review["metadata"]["namespace"]);
    let why = "must match metadata.namespace";
    differs.then(|| FieldError::invalid("spec.resourceAttributes.namespace", &wanted.into(), why))
}
