//! What a look at an object says: what comes next, conditions, events.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Result};

/// What comes next. Whatever it is, a change of the object or of what wakes it makes the host call again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to do until something changes.
    Done,
    /// Look again after so long at the latest.
    RequeueAfter(Duration),
    /// Not finished; a change of a related object will wake it.
    AwaitChange,
    /// The object asks for something impossible. Not looked at again until it changes.
    Refused {
        /// CamelCase word for the condition and the event.
        reason: String,
        /// For people: names the field and the rule.
        message: String,
    },
    /// Something went wrong that may go away; looked at again with back-off.
    Failed {
        /// For people: no credential, no whole object.
        message: String,
        /// If the other side asked for a pause.
        retry_after: Option<Duration>,
    },
}

impl Outcome {
    /// Finished, or waiting for a related object: the usual end of a reconcile.
    pub fn done_if(finished: bool) -> Self {
        if finished { Self::Done } else { Self::AwaitChange }
    }
}

/// An outcome with the conditions and events that go with it. `Outcome::Done.into()` is one without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// What comes next.
    pub outcome: Outcome,
    /// Conditions of the object, complete for the types this plugin owns. The host merges, times and writes them; a type
    /// left out keeps its last state.
    pub conditions: Vec<Condition>,
    /// Events about the object.
    pub events: Vec<Event>,
    /// What the object's status is to say; see [`Response::status`].
    pub status: Option<Value>,
}

impl Response {
    /// An outcome without conditions and events.
    pub fn new(outcome: Outcome) -> Self {
        Self { outcome, conditions: Vec::new(), events: Vec::new(), status: None }
    }

    /// Says what the object's status is. The host writes it together with the conditions, in one request, and only if the
    /// object does not say so already.
    ///
    /// It is merged (RFC 7386): a `None` that is serialised removes a member, what is left out stays. Its write does not wake the object
    /// again, and one that fails makes the look fail. To act on the answer use [`crate::Cluster::apply_status`].
    ///
    /// # Errors
    /// [`crate::Error::Shape`] for a status that is no JSON object.
    pub fn status<T: Serialize + ?Sized>(mut self, status: &T) -> Result<Self> {
        let shape = |cause: String| Error::Shape { what: "the status".into(), cause };
        let status = serde_json::to_value(status).map_err(|error| shape(error.to_string()))?;
        if !status.is_object() {
            return Err(shape("an object is expected".into()));
        }
        self.status = Some(status);
        Ok(self)
    }

    /// States a condition.
    pub fn condition(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// States several.
    pub fn conditions(mut self, conditions: impl IntoIterator<Item = Condition>) -> Self {
        self.conditions.extend(conditions);
        self
    }

    /// Adds an event.
    pub fn event(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    /// Adds several.
    pub fn events(mut self, events: impl IntoIterator<Item = Event>) -> Self {
        self.events.extend(events);
        self
    }
}

impl From<Outcome> for Response {
    fn from(outcome: Outcome) -> Self {
        Self::new(outcome)
    }
}

/// One condition. The host keeps the transition time and adds the observed generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// CamelCase type.
    pub kind: String,
    /// Whether it holds.
    pub status: Status,
    /// CamelCase word that programs may match on; never empty.
    pub reason: String,
    /// For people; may be empty.
    pub message: String,
    /// Only for a false condition of a kind with Cluster API `v1beta1` conditions.
    pub severity: Option<Severity>,
}

impl Condition {
    /// It holds.
    pub fn holds(kind: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::stated(kind.into(), Status::Holds, reason.into())
    }

    /// It does not hold.
    pub fn fails(kind: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::stated(kind.into(), Status::Fails, reason.into())
    }

    /// It is not known.
    pub fn unknown(kind: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::stated(kind.into(), Status::Unknown, reason.into())
    }

    /// Text for people.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// How grave it is that it does not hold.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    fn stated(kind: String, status: Status, reason: String) -> Self {
        Self { kind, status, reason, message: String::new(), severity: None }
    }
}

/// Truth of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// `True`.
    Holds,
    /// `False`.
    Fails,
    /// `Unknown`.
    Unknown,
}

/// How grave a false condition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Somebody must look.
    Error,
    /// It may heal.
    Warning,
    /// It is on its way.
    Info,
}

/// One event about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its class.
    pub kind: EventType,
    /// CamelCase reason.
    pub reason: String,
    /// For people; the host cuts it at 1,024 bytes.
    pub message: String,
}

impl Event {
    /// Something went as it should.
    pub fn normal(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: EventType::Normal, reason: reason.into(), message: message.into() }
    }

    /// Something did not.
    pub fn warning(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: EventType::Warning, reason: reason.into(), message: message.into() }
    }
}

/// Class of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventType {
    /// Something went as it should.
    Normal,
    /// Something did not.
    Warning,
}
