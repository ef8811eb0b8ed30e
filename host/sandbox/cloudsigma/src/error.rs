//! The error answers of the API: always a JSON array, even for one error.
//!
//! Callers match on status and on parts of the texts, so the texts that are known from the real cloud are kept here.

use http::StatusCode;
use serde_json::{Value, json};

/// One refusal of the API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status} {kind}: {message}")]
pub(crate) struct ApiError {
    /// Status of the answer.
    pub(crate) status: StatusCode,
    /// `error_type`, such as `validation`.
    pub(crate) kind: &'static str,
    /// Text for people.
    pub(crate) message: String,
    /// Name of the field that is wrong.
    pub(crate) point: Option<String>,
}

impl ApiError {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into(), point: None }
    }

    /// A field is missing or wrong.
    pub(crate) fn validation(point: &str, message: impl Into<String>) -> Self {
        Self { point: Some(point.to_owned()), ..Self::new(StatusCode::BAD_REQUEST, "validation", message) }
    }

    /// The body as a whole cannot be read.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "validation", message)
    }

    /// A required field is absent.
    pub(crate) fn required(point: &str) -> Self {
        Self::validation(point, "This field is required")
    }

    /// Credentials are absent or wrong.
    pub(crate) fn unauthorised() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "permission", "Authentication required")
    }

    /// The operation is not allowed, in this state or for this user.
    pub(crate) fn permission(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "permission", message)
    }

    /// The object belongs to somebody else.
    pub(crate) fn foreign(user: &str, uuid: &str) -> Self {
        Self::permission(format!(
            "User {user} does not have all of the permissions [LIST] in order to complete the operation on resources \
             [{uuid}]"
        ))
    }

    /// The object never existed or is gone.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "notexist", "notfound")
    }

    /// The verb is not offered here.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "validation", "Method not allowed")
    }

    /// The client wants an answer in a format that is not offered.
    pub(crate) fn not_acceptable() -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, "validation", "Not acceptable")
    }

    /// The cloud is full.
    pub(crate) fn no_capacity(what: &str) -> Self {
        let message = format!("We currently cannot provide enough resources to create a {what}");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "backend", message)
    }

    /// Body of the answer.
    pub(crate) fn body(&self) -> Value {
        json!([{ "error_type": self.kind, "error_point": self.point, "error_message": self.message }])
    }
}
