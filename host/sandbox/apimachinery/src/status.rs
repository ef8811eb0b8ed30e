//! Every negative answer of the API server: `kind: Status` with its code, reason, message and details.
//!
//! Source: `k8s.io/apimachinery/pkg/api/errors`. Only builds answers; deciding them belongs to the callers.

mod conflicts;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde_json::{Value, json};

use crate::field::{FieldError, go_quote};
pub use conflicts::ApplyConflict;

/// A negative answer. `Display` is its message.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    code: u16,
    reason: Cow<'static, str>,
    message: String,
    details: Option<Value>,
    plain: bool,
    warnings: Vec<String>,
}

/// Whom and what an authorizer refused; the words of the sentence that kubectl prints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Denial<'a> {
    /// User name.
    pub user: &'a str,
    /// Verb, such as `get`.
    pub verb: &'a str,
    /// API group; empty for the core group.
    pub group: &'a str,
    /// Plural resource.
    pub resource: &'a str,
    /// Subresource, if one was asked for.
    pub subresource: Option<&'a str>,
    /// Namespace; `None` at the cluster scope.
    pub namespace: Option<&'a str>,
    /// Object name, if one was asked for.
    pub name: Option<&'a str>,
    /// What the authorizer adds; empty for nothing.
    pub detail: &'a str,
}

impl Status {
    /// An answer from its parts.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), message: message.into(), details: None, plain: false, warnings: Vec::new() }
    }

    fn about(mut self, group: &str, kind: &str, name: &str) -> Self {
        let details = self.details.get_or_insert_with(|| json!({}));
        for (key, value) in [("group", group), ("kind", kind), ("name", name)] {
            if !value.is_empty() {
                details[key] = value.into();
            }
        }
        self
    }

    fn causes(mut self, causes: Vec<Value>) -> Self {
        self.details.get_or_insert_with(|| json!({}))["causes"] = causes.into();
        self
    }

    /// Adds `details.retryAfterSeconds`.
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.details.get_or_insert_with(|| json!({}))["retryAfterSeconds"] = seconds.into();
        self
    }

    /// 404: no such object.
    pub fn not_found(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {} not found", qualified(resource, group), go_quote(name));
        Self::new(404, "NotFound", message).about(group, resource, name)
    }

    /// 404: no such path, group, version or resource.
    pub fn no_such_resource() -> Self {
        let mut status = Self::new(404, "NotFound", "the server could not find the requested resource");
        status.details = Some(json!({}));
        status
    }

    /// 404: nothing is served there at all. The answer is a plain text.
    pub fn no_such_path() -> Self {
        Self { plain: true, ..Self::new(404, "NotFound", "404 page not found") }
    }

    /// Whether the answer is the bare message.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// 409: the name is taken.
    pub fn already_exists(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {} already exists", qualified(resource, group), go_quote(name));
        Self::new(409, "AlreadyExists", message).about(group, resource, name)
    }

    /// 409: the name is taken by an object that is going away.
    pub fn being_deleted(group: &str, resource: &str, name: &str) -> Self {
        let taken = Self::already_exists(group, resource, name);
        Self { message: format!("object is being deleted: {}", taken.message), ..taken }
    }

    /// 409: the object changed meanwhile, or a precondition does not hold.
    pub fn conflict(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {} {}: {why}", qualified(resource, group), go_quote(name));
        Self::new(409, "Conflict", message).about(group, resource, name)
    }

    /// 409 for a stale `resourceVersion`, in the words clients know.
    pub fn modified(group: &str, resource: &str, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(group, resource, name, why)
    }

    /// 422: the object is wrong; every error becomes a cause.
    pub fn invalid(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Self {
        let message = format!("{} {} is invalid: {}", qualified(kind, group), go_quote(name), aggregate(errors));
        let causes =
            errors.iter().map(|e| json!({"reason": e.kind.as_str(), "message": e.message, "field": e.field})).collect();
        Self::new(422, "Invalid", message).about(group, kind, name).causes(causes)
    }

    /// 422 for a patch whose result cannot be taken; `shown` is the value the message quotes.
    pub fn invalid_patch(shown: &str, why: &str) -> Self {
        Self::invalid("", "", "", &[FieldError::invalid("patch", &shown.into(), why)])
    }

    /// 422 as a JSON patch that cannot be applied gets it; the API server does not say why.
    pub fn unprocessable() -> Self {
        let message = "the server rejected our request due to an error in our request";
        let mut status = Self::new(422, "Invalid", message);
        status.details = Some(json!({}));
        status
    }

    /// 400: the request cannot be read.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 400 for unknown or doubled fields in a create or update under `fieldValidation=Strict`; `wrong` says which, such as
    /// `unknown field "spec.x"`.
    pub fn strict_decoding(kind: &str, version: &str, wrong: &[String]) -> Self {
        let errors = strict_errors(wrong);
        let version = go_quote(version);
        Self::bad_request(format!("{kind} in version {version} cannot be handled as a {kind}: {errors}"))
    }

    /// 422 for unknown fields in a patch under `fieldValidation=Strict`; `patched` is the JSON of the patched object.
    pub fn strict_patch(patched: &str, wrong: &[String]) -> Self {
        Self::invalid_patch(patched, &strict_errors(wrong))
    }

    /// 403 with the authorizer's sentence.
    pub fn forbidden(denial: &Denial<'_>) -> Self {
        let resource = match denial.subresource {
            Some(sub) => format!("{}/{sub}", denial.resource),
            None => denial.resource.to_owned(),
        };
        let place = match denial.namespace {
            Some(namespace) => format!("in the namespace {}", go_quote(namespace)),
            None => "at the cluster scope".to_owned(),
        };
        let mut why = format!(
            "User {} cannot {} resource {} in API group {} {place}",
            go_quote(denial.user),
            denial.verb,
            go_quote(&resource),
            go_quote(denial.group)
        );
        if !denial.detail.is_empty() {
            why.push_str(": ");
            why.push_str(denial.detail);
        }
        Self::forbidden_because(denial.group, denial.resource, denial.name.unwrap_or_default(), &why)
    }

    /// 403 for any other reason: an admission rule, a namespace that is going away.
    pub fn forbidden_because(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let what = qualified(resource, group);
        let message = match (resource, name) {
            ("", _) => format!("forbidden: {why}"),
            (_, "") => format!("{what} is forbidden: {why}"),
            _ => format!("{what} {} is forbidden: {why}", go_quote(name)),
        };
        Self::new(403, "Forbidden", message).about(group, resource, name)
    }

    /// 403 for a path that is no resource, such as `/metrics`.
    pub fn forbidden_path(user: &str, verb: &str, path: &str) -> Self {
        let why = format!("User {} cannot {verb} path {}", go_quote(user), go_quote(path));
        Self::forbidden_because("", "", "", &why)
    }

    /// 403 for a create in a namespace that is going away.
    pub fn namespace_terminating(group: &str, resource: &str, name: &str, namespace: &str) -> Self {
        let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
        let mut status = Self::forbidden_because(group, resource, name, &why);
        let message = format!("namespace {namespace} is being terminated");
        status = status
            .causes(vec![json!({"reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"})]);
        status
    }

    /// 401: who are you?
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 410 for a watch or list from a version that is no longer held.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 410 in the words of a watch that starts too far back.
    pub fn too_old(asked: u64, oldest: u64) -> Self {
        Self::expired(format!("too old resource version: {asked} ({oldest})"))
    }

    /// 410 for a list whose continue token is no longer good.
    pub fn continue_expired() -> Self {
        Self::expired(
            "The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.",
        )
    }

    /// 504 for a version that does not exist yet.
    pub fn version_too_large(asked: u64, current: u64) -> Self {
        let message = format!("Too large resource version: {asked}, current: {current}");
        Self::new(504, "Timeout", format!("Timeout: {message}"))
            .causes(vec![json!({"reason": "ResourceVersionTooLarge", "message": "Too large resource version"})])
            .retry_after(1)
    }

    /// 405: the resource does not do that.
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        let mut status = Self::new(405, "MethodNotAllowed", message);
        status.details = Some(json!({}));
        status
    }

    /// 406: no form that we can write was asked for.
    pub fn not_acceptable(accepted: &str) -> Self {
        Self::new(406, "NotAcceptable", format!("only the following media types are accepted: {accepted}"))
    }

    /// 406 as the router answers it: no media type that anything here is written in was asked for.
    pub fn not_available(available: &str) -> Self {
        let message = format!("406: Not Acceptable\n\nAvailable representations: {available}");
        let mut status = Self::new(406, "NotAcceptable", message);
        status.details = Some(json!({}));
        status
    }

    /// 415: the body is in a format that is not read here.
    pub fn unsupported_media_type(accepted: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            accepted.join(", ")
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 415: a patch in a format that is not one; the real server names the formats in a header only.
    pub fn unsupported_patch(_accepted: &[&str]) -> Self {
        let mut status = Self::new(415, "UnsupportedMediaType", "415: Unsupported Media Type");
        status.details = Some(json!({}));
        status
    }

    /// 413: the body is too big.
    pub fn too_large(limit: usize) -> Self {
        Self::new(413, "RequestEntityTooLarge", format!("Request entity too large: limit is {limit}"))
    }

    /// 429: later, please.
    pub fn too_many_requests(message: &str, seconds: u32) -> Self {
        Self::new(429, "TooManyRequests", message).retry_after(seconds)
    }

    /// 500: something that is our fault.
    pub fn internal(why: &str) -> Self {
        Self::new(500, "InternalError", format!("Internal error occurred: {why}")).causes(vec![json!({"message": why})])
    }

    /// 500 as the API server answers errors that it has no reason for; apply's typing errors among them.
    pub fn unclassified(why: impl Into<String>) -> Self {
        Self::new(500, "", why)
    }

    /// The refusal of an admission webhook: what it answered, with who said so in front.
    pub fn denied(webhook: &str, result: &Value) -> Self {
        let text = |field: &str| result[field].as_str().filter(|text| !text.is_empty());
        let by = format!("admission webhook {} denied the request", go_quote(webhook));
        let message = match text("message").or_else(|| text("reason")) {
            Some(why) => format!("{by}: {why}"),
            None => format!("{by} without explanation"),
        };
        let code = result["code"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or_default();
        let reason = text("reason").unwrap_or_default().to_owned();
        let details = result.get("details").filter(|details| details.is_object()).cloned();
        Self { code: code.clamp(400, 599), reason: reason.into(), message, details, plain: false, warnings: Vec::new() }
    }

    /// Adds what the client is warned of besides.
    pub fn with_warnings(mut self, warnings: &[String]) -> Self {
        self.warnings.splice(0..0, warnings.iter().cloned());
        self
    }

    /// What the client is warned of besides.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// HTTP status code.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// CamelCase reason; empty if there is none.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Text for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The `kind: Status` object.
    pub fn to_value(&self) -> Value {
        let mut value = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code,
        });
        if !self.reason.is_empty() {
            value["reason"] = self.reason.as_ref().into();
        }
        if let Some(details) = &self.details {
            value["details"] = details.clone();
        }
        value
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Status {}

/// `resource.group`, or the resource alone in the core group.
fn qualified(resource: &str, group: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

fn aggregate(errors: &[FieldError]) -> String {
    let mut seen = HashSet::new();
    let texts: Vec<String> = errors.iter().map(ToString::to_string).filter(|t| seen.insert(t.clone())).collect();
    match texts.as_slice() {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

fn strict_errors(wrong: &[String]) -> String {
    format!("strict decoding error: {}", wrong.join(", "))
}

#[cfg(test)]
mod tests;
