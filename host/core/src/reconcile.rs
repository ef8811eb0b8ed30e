//! What it means to reconcile one object.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use crate::call::CallError;
use crate::condition::{Condition, Event};
use crate::object::ObjectRef;

/// Brings objects to the state they ask for. Level-based: it reads the present state and never the event.
///
/// Implemented by a guest in a slot and, natively, by the provider rooms; the queue cannot tell them apart.
#[async_trait]
pub trait Reconciler: Send + Sync {
    /// Looks at one object and says what comes next. Safe to repeat at any time.
    ///
    /// # Errors
    /// A call that ended without an answer; see [`CallError`].
    async fn reconcile(&self, request: &Request) -> Result<Response, CallError>;
}

/// Which object is to be looked at, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The object. It may be gone by now.
    pub object: ObjectRef,
    /// Why it is looked at again; for logs and traces, never for decisions.
    pub reason: Reason,
    /// How many looks in a row have failed before this one.
    pub attempt: u32,
}

/// Why an object is looked at again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It is new to us or changed.
    Changed,
    /// Something related changed.
    Related(ObjectRef),
    /// It asked to be looked at again after a time.
    Timer,
    /// The previous look failed.
    Retry,
    /// The plugin was loaded or replaced.
    Loaded,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed => f.write_str("changed"),
            Self::Related(object) => write!(f, "related {object}"),
            Self::Timer => f.write_str("timer"),
            Self::Retry => f.write_str("retry"),
            Self::Loaded => f.write_str("loaded"),
        }
    }
}

/// What a look at an object found, and when to look again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// What comes next.
    pub outcome: Outcome,
    /// Conditions of the object, complete for the types this reconciler owns. The host merges and times them.
    pub conditions: Vec<Condition>,
    /// Events to record.
    pub events: Vec<Event>,
    /// A JSON object to merge into the object's status (RFC 7386), in one request with the conditions. `None`: leave it.
    pub status: Option<Vec<u8>>,
}

impl From<Outcome> for Response {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, conditions: Vec::new(), events: Vec::new(), status: None }
    }
}

/// What comes next for an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to do until something changes.
    Done,
    /// Look again after this time at the latest.
    RequeueAfter(Duration),
    /// Not finished, but only a change of a related object can help; that change wakes it.
    AwaitChange,
    /// The object asks for something impossible. Permanent until the object changes.
    Refused {
        /// CamelCase word for the condition and the event.
        reason: String,
        /// Text for people: names the field and the rule.
        message: String,
    },
    /// Something went wrong that may go away; retried with back-off.
    Failed {
        /// Text for people; never a credential, never a whole object.
        message: String,
        /// If the other side asked for a pause, at least this long.
        retry_after: Option<Duration>,
    },
}

impl Outcome {
    /// A word from a closed set, for metrics and spans.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::RequeueAfter(_) => "requeue",
            Self::AwaitChange => "await-change",
            Self::Refused { .. } => "refused",
            Self::Failed { .. } => "failed",
        }
    }
}
