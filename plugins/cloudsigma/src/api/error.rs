//! What the cloud says when it says no, sorted by what can be done about it.

use std::time::Duration;

use backplane_sdk::http::{Error as HttpError, Response};
use backplane_sdk::machines::MachineError;
use serde::Deserialize;

/// A pause for an answer of 429 that names none.
const DEFAULT_PAUSE: Duration = Duration::from_secs(5);
/// Longest text of the cloud that is passed on.
const MAX_TEXT: usize = 240;

/// Why a request was not done. Only after [`ApiError::Unclear`] it may have been done all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    /// 400: the request is wrong.
    #[error("the cloud refuses the request: {0}")]
    Refused(String),
    /// The host does not let the request out: the endpoint is not granted, or has no such region.
    #[error("the cloud cannot be asked: {0}")]
    Barred(String),
    /// 401: the credential is wrong.
    #[error("the cloud refuses the credential: {0}")]
    Unauthorised(String),
    /// 402: no money.
    #[error("the cloud wants to be paid: {0}")]
    Payment(String),
    /// 403: no right, or not in this state.
    #[error("the cloud forbids it: {0}")]
    Forbidden(String),
    /// 404.
    #[error("the cloud does not know it")]
    NotFound,
    /// 429.
    #[error("the cloud asks for a pause of {0:?}")]
    Throttled(Duration),
    /// 503 for want of capacity.
    #[error("the cloud is out of capacity: {0}")]
    Capacity(String),
    /// No answer, half an answer, 409 or 5xx: the request may have been done.
    #[error("the cloud gave no clear answer: {0}")]
    Unclear(String),
}

/// One entry of an error body, which is always a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    error_type: Option<String>,
    error_message: Option<String>,
    error_point: Option<String>,
}

impl ApiError {
    pub(super) fn from_response(response: &Response) -> Self {
        // The body may be empty or a proxy's page: then the status has to do.
        let entry = serde_json::from_slice::<Vec<Entry>>(&response.body).ok().and_then(|list| list.into_iter().next());
        let entry = entry.unwrap_or_default();
        let text = entry.text(response.status);
        match response.status {
            400 | 405 | 406 | 413 | 422 => Self::Refused(text),
            401 => Self::Unauthorised(text),
            402 => Self::Payment(text),
            403 => Self::Forbidden(text),
            404 => Self::NotFound,
            429 => Self::Throttled(response.retry_after().unwrap_or(DEFAULT_PAUSE)),
            503 if entry.error_type.as_deref() == Some("backend") => Self::Capacity(text),
            _ => Self::Unclear(text),
        }
    }

    /// Whether the request was certainly not done and will not be done if repeated.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Payment(_) | Self::Forbidden(_) | Self::NotFound)
    }

    /// Whether a 403 is about the object's state, such as a start of what runs already.
    pub(crate) fn is_about_state(&self) -> bool {
        matches!(self, Self::Forbidden(text) if text.contains("in state"))
    }

    /// The same without any of these texts, which may be credentials that the cloud quoted back.
    pub(crate) fn without(self, secrets: &[&str]) -> Self {
        let clean = |text: String| match secrets.iter().any(|secret| !secret.is_empty() && text.contains(secret)) {
            true => "(text withheld, it quotes the request)".to_owned(),
            false => text,
        };
        match self {
            Self::Refused(text) => Self::Refused(clean(text)),
            Self::Payment(text) => Self::Payment(clean(text)),
            Self::Forbidden(text) => Self::Forbidden(clean(text)),
            Self::Capacity(text) => Self::Capacity(clean(text)),
            Self::Unclear(text) => Self::Unclear(clean(text)),
            other => other,
        }
    }
}

impl Entry {
    fn text(&self, status: u16) -> String {
        let message = self.error_message.as_deref().filter(|message| !message.is_empty());
        let mut text: String = message.unwrap_or("no reason given").chars().take(MAX_TEXT).collect();
        if let Some(point) = &self.error_point {
            text = format!("{point}: {text}");
        }
        format!("{text} (status {status})")
    }
}

impl From<HttpError> for ApiError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Denied(text) => Self::Barred(text),
            other => Self::Unclear(other.to_string()),
        }
    }
}

impl From<ApiError> for MachineError {
    fn from(error: ApiError) -> Self {
        let text = error.to_string();
        match error {
            ApiError::Refused(_) => Self::Invalid(text),
            ApiError::Barred(_) | ApiError::Unauthorised(_) | ApiError::Forbidden(_) => Self::Unauthorised(text),
            ApiError::Payment(_) | ApiError::Capacity(_) => Self::Exhausted(text),
            ApiError::Throttled(pause) => Self::Throttled(pause),
            ApiError::NotFound | ApiError::Unclear(_) => Self::Other(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, kind: &str) -> ApiError {
        let body = format!(r#"[{{"error_type": "{kind}", "error_message": "why", "error_point": null}}]"#);
        ApiError::from_response(&Response::new(status, body))
    }

    #[test]
    fn each_status_leads_to_what_can_be_done_about_it() {
        let text = |status| format!("why (status {status})");
        let cases = [
            ("400", answer(400, "validation"), ApiError::Refused(text(400))),
            ("401", answer(401, "permission"), ApiError::Unauthorised(text(401))),
            ("402", answer(402, "billing"), ApiError::Payment(text(402))),
            ("403", answer(403, "permission"), ApiError::Forbidden(text(403))),
            ("404", answer(404, "notexist"), ApiError::NotFound),
            ("409", answer(409, ""), ApiError::Unclear(text(409))),
            ("429", answer(429, ""), ApiError::Throttled(DEFAULT_PAUSE)),
            ("500", answer(500, "backend"), ApiError::Unclear(text(500))),
            ("503 busy", answer(503, "concurrency"), ApiError::Unclear(text(503))),
            ("503 full", answer(503, "backend"), ApiError::Capacity(text(503))),
        ];
        for (name, found, expected) in cases {
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn a_body_that_is_no_error_list_is_survived() {
        for body in ["", "<html>Bad gateway</html>", r#"{"error": "x"}"#, "[]"] {
            let error = ApiError::from_response(&Response::new(502, body));
            assert_eq!(error, ApiError::Unclear("no reason given (status 502)".into()), "{body:?}");
        }
    }

    #[test]
    fn the_clouds_pause_is_kept() {
        let mut response = Response::new(429, "");
        response.headers.push(("retry-after".into(), "7".into()));
        assert_eq!(ApiError::from_response(&response), ApiError::Throttled(Duration::from_secs(7)));
    }

    #[test]
    fn a_quoted_secret_is_withheld() {
        let error = ApiError::Refused("vnc_password: s3cret is too short".into()).without(&["s3cret"]);
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}
