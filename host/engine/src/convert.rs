//! From the generated types to core's and back. Texts that have a limit are cut here.

use std::time::Duration;

use backplane_core::condition::{Condition, Event, EventType, Severity, Status};
use backplane_core::reconcile::{Outcome, Request, Response};
use backplane_core::{Kind, ObjectRef};

use crate::bindings::{reconciler, types};
use crate::imports::logging::cut;

mod machines;

/// Longest message of an event, in bytes; the contract names this number.
const EVENT_BYTES: usize = 1_024;

impl From<types::Kind> for Kind {
    fn from(kind: types::Kind) -> Self {
        Self { group: kind.group, version: kind.version, kind: kind.kind }
    }
}

impl From<&Kind> for types::Kind {
    fn from(kind: &Kind) -> Self {
        Self { group: kind.group.clone(), version: kind.version.clone(), kind: kind.kind.clone() }
    }
}

impl From<types::ObjectRef> for ObjectRef {
    fn from(object: types::ObjectRef) -> Self {
        Self { kind: object.kind.into(), namespace: object.namespace, name: object.name }
    }
}

impl From<&ObjectRef> for types::ObjectRef {
    fn from(object: &ObjectRef) -> Self {
        Self { kind: (&object.kind).into(), namespace: object.namespace.clone(), name: object.name.clone() }
    }
}

impl From<types::Event> for Event {
    fn from(event: types::Event) -> Self {
        let kind = match event.kind {
            types::EventType::Normal => EventType::Normal,
            types::EventType::Warning => EventType::Warning,
        };
        Self { kind, reason: event.reason, message: cut(&event.message, EVENT_BYTES).to_owned() }
    }
}

impl From<types::Condition> for Condition {
    fn from(condition: types::Condition) -> Self {
        let status = match condition.status {
            types::ConditionStatus::Holds => Status::True,
            types::ConditionStatus::Fails => Status::False,
            types::ConditionStatus::Unknown => Status::Unknown,
        };
        let severity = condition.severity.map(|severity| match severity {
            types::ConditionSeverity::Error => Severity::Error,
            types::ConditionSeverity::Warning => Severity::Warning,
            types::ConditionSeverity::Info => Severity::Info,
        });
        Self {
            kind: condition.kind,
            status,
            reason: condition.reason,
            message: condition.message,
            severity: severity.filter(|_| status == Status::False),
        }
    }
}

impl From<&Request> for reconciler::Request {
    fn from(request: &Request) -> Self {
        Self { object: (&request.object).into(), reason: request.reason.to_string(), attempt: request.attempt }
    }
}

impl From<reconciler::Response> for Response {
    fn from(response: reconciler::Response) -> Self {
        Self {
            outcome: response.outcome.into(),
            conditions: response.conditions.into_iter().map(Into::into).collect(),
            events: response.events.into_iter().map(Into::into).collect(),
            status: None,
        }
    }
}

impl From<reconciler::Outcome> for Outcome {
    fn from(outcome: reconciler::Outcome) -> Self {
        match outcome {
            reconciler::Outcome::Done => Self::Done,
            reconciler::Outcome::RequeueAfter(ms) => Self::RequeueAfter(Duration::from_millis(ms)),
            reconciler::Outcome::AwaitChange => Self::AwaitChange,
            reconciler::Outcome::Refused(refusal) => Self::Refused { reason: refusal.reason, message: refusal.message },
            reconciler::Outcome::Failed(failure) => Self::Failed {
                message: failure.message,
                retry_after: failure.retry_after_ms.map(Duration::from_millis),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_message_is_cut_at_the_contracts_limit() {
        let event = types::Event { kind: types::EventType::Normal, reason: "R".into(), message: "x".repeat(2_000) };
        assert_eq!(Event::from(event).message.len(), EVENT_BYTES);
    }

    #[test]
    fn a_severity_goes_with_a_false_condition_only() {
        let condition = |status| types::Condition {
            kind: "Ready".into(),
            status,
            reason: "R".into(),
            message: String::new(),
            severity: Some(types::ConditionSeverity::Error),
        };
        assert_eq!(Condition::from(condition(types::ConditionStatus::Holds)).severity, None);
        assert_eq!(Condition::from(condition(types::ConditionStatus::Fails)).severity, Some(Severity::Error));
    }
}
