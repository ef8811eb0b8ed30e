//! The `metav1.Status` with which the API server explains a refusal.

use std::time::Duration;

use http::HeaderMap;
use serde::Deserialize;

/// Longest pause that a server can talk us into: a proxy's `Retry-After: 3600` must not cost an hour.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What we read of a refusal.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Status {
    pub(crate) kind: String,
    pub(crate) code: u16,
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) details: Option<Details>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Details {
    pub(crate) uid: String,
    pub(crate) kind: String,
    pub(crate) retry_after_seconds: u64,
    pub(crate) causes: Vec<Cause>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Cause {
    pub(crate) reason: String,
    pub(crate) field: String,
}

impl Status {
    /// Reads a body; what is no Status (a proxy's page) gives an empty one.
    pub(crate) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// The pause that the server asks for, in its header or its Status.
    pub(crate) fn retry_after(&self, headers: &HeaderMap) -> Option<Duration> {
        let header = headers.get(http::header::RETRY_AFTER).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
        let details = self.details.as_ref().map(|d| d.retry_after_seconds).filter(|s| *s > 0);
        header.or(details).map(|seconds| Duration::from_secs(seconds).min(LONGEST_PAUSE))
    }
}
