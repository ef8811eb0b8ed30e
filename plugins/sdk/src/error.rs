//! What can go wrong while looking at an object, and what comes next then. `?` works on all of it.

use std::time::Duration;

use crate::http;
use crate::outcome::{Outcome, Response};

/// The result of everything that may fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a look at an object could not be finished. [`Error::outcome`] decides what comes next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A kind is not in the cache yet, or the API server does not serve it (yet).
    #[error("{0} cannot be read yet")]
    NotReady(String),
    /// Not declared or not granted.
    #[error("denied: {0}")]
    Denied(String),
    /// The API server refused the plugin's identity (403).
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// The object to be written, or its namespace, is not there.
    #[error("not found: {0}")]
    NotFound(String),
    /// The object to be created is there already.
    #[error("already exists: {0}")]
    AlreadyExists(String),
    /// Somebody else was faster.
    #[error("conflict: {0}")]
    Conflict(String),
    /// The API server judged the object wrong.
    #[error("invalid: {0}")]
    Invalid(String),
    /// The API server asks for a pause.
    #[error("the API server asks for a pause of {0:?}")]
    Throttled(Duration),
    /// The reconciled object asks for something impossible; see [`crate::refuse!`].
    #[error("{message}")]
    Refused {
        /// CamelCase word.
        reason: String,
        /// Names the field and the rule.
        message: String,
    },
    /// JSON does not have the expected shape.
    #[error("{what} is not as expected: {cause}")]
    Shape {
        /// Which text.
        what: String,
        /// What was expected, and where.
        cause: String,
    },
    /// An HTTP endpoint gave no answer.
    #[error(transparent)]
    Http(#[from] http::Error),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// When a kind is looked for again that is not in the cache: a kind that appears without objects wakes nobody.
const AFTER_NOT_READY: Duration = Duration::from_secs(2);
/// A lost race is run again soon; the cache holds the winner by then.
const AFTER_CONFLICT: Duration = Duration::from_millis(200);

impl Error {
    /// The object asks for something impossible.
    pub fn refused(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Refused { reason: reason.into(), message: message.into() }
    }

    /// Something went wrong that may go away.
    pub fn other(message: impl Into<String>) -> Self {
        Self::Other(message.into())
    }

    /// What comes next when a look ends with this error.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::NotReady(_) => Outcome::RequeueAfter(AFTER_NOT_READY),
            Self::Conflict(_) | Self::AlreadyExists(_) => Outcome::RequeueAfter(AFTER_CONFLICT),
            Self::Refused { reason, message } => Outcome::Refused { reason: reason.clone(), message: message.clone() },
            Self::Throttled(pause) => Outcome::Failed { message: self.to_string(), retry_after: Some(*pause) },
            _ => Outcome::Failed { message: self.to_string(), retry_after: None },
        }
    }
}

impl From<Error> for Response {
    fn from(error: Error) -> Self {
        Self::new(error.outcome())
    }
}

/// Ends a look with a refusal: `refuse!("InvalidReplicas", "spec.replicas is {n}, at least 0 is needed")`.
#[macro_export]
macro_rules! refuse {
    ($reason:expr, $($message:tt)+) => {
        return ::core::result::Result::Err($crate::Error::refused($reason, ::std::format!($($message)+)))
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_says_what_comes_next() {
        let failed = |error: &Error, retry_after| Outcome::Failed { message: error.to_string(), retry_after };
        let pause = Duration::from_secs(3);
        let cases = [
            ("not ready", Error::NotReady("Pod".into()), Outcome::RequeueAfter(AFTER_NOT_READY)),
            ("conflict", Error::Conflict("x".into()), Outcome::RequeueAfter(AFTER_CONFLICT)),
            ("throttled", Error::Throttled(pause), failed(&Error::Throttled(pause), Some(pause))),
            ("denied", Error::Denied("x".into()), failed(&Error::Denied("x".into()), None)),
        ];
        for (name, error, expected) in cases {
            assert_eq!(error.outcome(), expected, "{name}");
        }
    }

    #[test]
    fn a_refusal_names_reason_and_field() {
        fn check(replicas: i32) -> Result<()> {
            if replicas < 0 {
                refuse!("InvalidReplicas", "spec.replicas is {replicas}, at least 0 is needed");
            }
            Ok(())
        }
        let outcome = check(-1).expect_err("refused").outcome();
        let message = "spec.replicas is -1, at least 0 is needed".to_owned();
        assert_eq!(outcome, Outcome::Refused { reason: "InvalidReplicas".into(), message });
    }
}
