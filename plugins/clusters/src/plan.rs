//! What a look at an object decided: everything that is to be written, and what is said about it.
//!
//! Decisions are pure: from a snapshot to a plan. [`crate::act`] carries plans out.

use backplane_sdk::{Key, Kind, Obj, ObjectRef, Outcome, Response};
use serde_json::Value;

/// Everything one look wants done, in this order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// Whole intents, applied.
    pub(crate) applies: Vec<Value>,
    /// Merge patches of parts that others may change afterwards.
    pub(crate) patches: Vec<(ObjectRef, Value)>,
    /// Status of infrastructure clusters that we manage ourselves.
    pub(crate) statuses: Vec<(ObjectRef, Value)>,
    /// Objects to delete, each with the uid that was seen.
    pub(crate) deletes: Vec<(ObjectRef, String)>,
    /// Status of the reconciled object; `None` leaves it as it is.
    pub(crate) status: Option<Value>,
    /// Conditions, events and what comes next.
    pub(crate) response: Response,
    /// Whether the reconciled object may go.
    pub(crate) release: bool,
}

impl Plan {
    /// A plan that does nothing yet.
    pub(crate) fn new(outcome: Outcome) -> Self {
        Self {
            applies: Vec::new(),
            patches: Vec::new(),
            statuses: Vec::new(),
            deletes: Vec::new(),
            status: None,
            response: outcome.into(),
            release: false,
        }
    }

    /// Deletes an object unless it is on its way out already.
    pub(crate) fn delete<T>(&mut self, kind: &Kind, object: &Obj<T>) {
        if !object.is_deleting() {
            self.deletes.push((kind.at(&object.key()), object.uid().into()));
        }
    }
}

/// Which object an intent is about.
pub(crate) fn target(intent: &Value) -> ObjectRef {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = Kind::parse(&text(&intent["apiVersion"]), &text(&intent["kind"]));
    let metadata = &intent["metadata"];
    kind.at(&Key { namespace: metadata["namespace"].as_str().map(Into::into), name: text(&metadata["name"]) })
}

/// Whether the object was made for the owner with this uid.
pub(crate) fn belongs_to<T>(object: &Obj<T>, uid: &str) -> bool {
    object.metadata.is_owned_by(uid) || object.metadata.label(crate::names::OWNER_UID) == Some(uid)
}
