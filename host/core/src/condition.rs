//! Conditions and events: what a reconcile says about its object.
//!
//! A reconciler names facts; the host writes them. It keeps `lastTransitionTime` (only a changed `status` moves it),
//! adds `observedGeneration`, and writes nothing when nothing changed.

use serde::{Deserialize, Serialize};

/// Truth of a condition, spelled as Kubernetes spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the three values of metav1.ConditionStatus")]
pub enum Status {
    True,
    False,
    Unknown,
}

impl Status {
    /// The text that goes into the object.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// How grave a `False` condition is; only the Cluster API `v1beta1` condition style carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the three values of Cluster API's ConditionSeverity")]
pub enum Severity {
    Error,
    Warning,
    Info,
}

impl Severity {
    /// The text that goes into the object.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "Error",
            Self::Warning => "Warning",
            Self::Info => "Info",
        }
    }
}

/// One condition as a reconciler states it; times are the host's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// CamelCase type, unique within the object, such as `Ready`.
    pub kind: String,
    /// Whether it holds.
    pub status: Status,
    /// CamelCase word that programs may match on; never empty.
    pub reason: String,
    /// Text for people; may be empty.
    pub message: String,
    /// Cluster API `v1beta1` severity; only with [`Status::False`] and only for kinds of that style.
    pub severity: Option<Severity>,
}

impl Condition {
    /// States that `kind` holds or not, for a reason.
    pub fn new(kind: &str, status: Status, reason: &str, message: impl Into<String>) -> Self {
        Self { kind: kind.into(), status, reason: reason.into(), message: message.into(), severity: None }
    }
}

/// Class of an event, spelled as Kubernetes spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the two values of an Event's type")]
pub enum EventType {
    Normal,
    Warning,
}

/// One event about an object. Repetitions are counted on one Event object by the host, not written anew.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Event {
    /// Class.
    pub kind: EventType,
    /// CamelCase reason.
    pub reason: String,
    /// Text for people; at most 1,024 bytes, the rest is cut.
    pub message: String,
}
