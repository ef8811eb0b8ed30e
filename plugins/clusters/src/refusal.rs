//! What a plugin says to an object that asks for something impossible: which field, which rule.

use backplane_sdk::{Error, Outcome};

/// A refusal. Its message names the field as users write it, such as `spec.workers[1].name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    /// A field breaks a rule.
    pub(crate) fn field(reason: &'static str, field: impl AsRef<str>, rule: impl AsRef<str>) -> Self {
        Self { reason, message: format!("{}: {}", field.as_ref(), rule.as_ref()) }
    }

    /// The outcome that the host gets.
    pub(crate) fn outcome(&self) -> Outcome {
        Outcome::Refused { reason: self.reason.into(), message: self.message.clone() }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::refused(refusal.reason, refusal.message)
    }
}
