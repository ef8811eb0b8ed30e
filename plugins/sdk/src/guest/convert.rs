//! The library's words as the contract's, and back.

use std::time::Duration;

use super::lifecycle::exports::backplane::lifecycle::lifecycle as wit_lifecycle;
use super::machines::exports::backplane::provider::machines as wit_machines;
use super::reconciler::exports::backplane::reconciler::reconciler as wit_reconciler;
use super::types;
use crate::controller::Request;
use crate::declare::{Declaration, Read, Verb, Wake, Write};
use crate::machines::{Address, Bootstrap, MachineError, MachineKinds, MachineRequest, MachineState, Phase};
use crate::outcome::{Condition, Event, EventType, Outcome, Response, Severity, Status};
use crate::refs::{Kind, ObjectRef};

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn each<A: Into<B>, B>(list: Vec<A>) -> Vec<B> {
    list.into_iter().map(Into::into).collect()
}

impl From<&Kind> for types::Kind {
    fn from(kind: &Kind) -> Self {
        Self { group: kind.group.to_string(), version: kind.version.to_string(), kind: kind.kind.to_string() }
    }
}

impl From<Kind> for types::Kind {
    fn from(kind: Kind) -> Self {
        Self::from(&kind)
    }
}

impl From<types::Kind> for Kind {
    fn from(kind: types::Kind) -> Self {
        Self { group: kind.group.into(), version: kind.version.into(), kind: kind.kind.into() }
    }
}

impl From<&ObjectRef> for types::ObjectRef {
    fn from(object: &ObjectRef) -> Self {
        Self { kind: (&object.kind).into(), namespace: object.namespace.clone(), name: object.name.clone() }
    }
}

impl From<types::ObjectRef> for ObjectRef {
    fn from(object: types::ObjectRef) -> Self {
        Self { kind: object.kind.into(), namespace: object.namespace, name: object.name }
    }
}

impl From<Event> for types::Event {
    fn from(event: Event) -> Self {
        let kind = match event.kind {
            EventType::Normal => types::EventType::Normal,
            EventType::Warning => types::EventType::Warning,
        };
        Self { kind, reason: event.reason, message: event.message }
    }
}

impl From<Condition> for types::Condition {
    fn from(condition: Condition) -> Self {
        Self {
            kind: condition.kind,
            status: match condition.status {
                Status::Holds => types::ConditionStatus::Holds,
                Status::Fails => types::ConditionStatus::Fails,
                Status::Unknown => types::ConditionStatus::Unknown,
            },
            reason: condition.reason,
            message: condition.message,
            severity: condition.severity.map(|severity| match severity {
                Severity::Error => types::ConditionSeverity::Error,
                Severity::Warning => types::ConditionSeverity::Warning,
                Severity::Info => types::ConditionSeverity::Info,
            }),
        }
    }
}

impl From<Declaration> for wit_lifecycle::Declaration {
    fn from(declaration: Declaration) -> Self {
        Self {
            name: declaration.name,
            version: declaration.version,
            reconciles: each(declaration.reconciles),
            reads: each(declaration.reads),
            writes: each(declaration.writes),
            endpoints: declaration.endpoints,
            settings_schema: declaration.settings_schema,
        }
    }
}

impl From<Read> for wit_lifecycle::Read {
    fn from(read: Read) -> Self {
        Self { kind: read.kind.into(), selector: read.selector, wakes: each(read.wakes) }
    }
}

impl From<Wake> for wit_lifecycle::Wake {
    fn from(wake: Wake) -> Self {
        use wit_lifecycle::{LabelReference, Reference};
        match wake {
            Wake::Owners(kind) => Self::Owners(kind.into()),
            Wake::Dependents(kind) => Self::Dependents(kind.into()),
            Wake::Reference(kind, path) => Self::Reference(Reference { kind: kind.into(), path }),
            Wake::Label(kind, key) => Self::Label(LabelReference { kind: kind.into(), key }),
            Wake::Labelled(kind, key) => Self::Labelled(LabelReference { kind: kind.into(), key }),
        }
    }
}

impl From<Write> for wit_lifecycle::Write {
    fn from(write: Write) -> Self {
        Self { kind: write.kind.into(), verbs: each(write.verbs) }
    }
}

impl From<Verb> for wit_lifecycle::Verb {
    fn from(verb: Verb) -> Self {
        match verb {
            Verb::Apply => Self::Apply,
            Verb::ApplyStatus => Self::ApplyStatus,
            Verb::Create => Self::Create,
            Verb::Patch => Self::Patch,
            Verb::Delete => Self::Delete,
        }
    }
}

impl From<wit_reconciler::Request> for Request {
    fn from(request: wit_reconciler::Request) -> Self {
        Self { object: request.object.into(), reason: request.reason, attempt: request.attempt }
    }
}

/// Without the status, which goes its own way: [`super::host::return_status`].
impl From<Response> for wit_reconciler::Response {
    fn from(response: Response) -> Self {
        Self { outcome: response.outcome.into(), conditions: each(response.conditions), events: each(response.events) }
    }
}

impl From<Outcome> for wit_reconciler::Outcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::RequeueAfter(pause) => Self::RequeueAfter(milliseconds(pause)),
            Outcome::AwaitChange => Self::AwaitChange,
            Outcome::Refused { reason, message } => Self::Refused(wit_reconciler::Refusal { reason, message }),
            Outcome::Failed { message, retry_after } => {
                Self::Failed(wit_reconciler::Failure { message, retry_after_ms: retry_after.map(milliseconds) })
            }
        }
    }
}

impl From<MachineKinds> for wit_machines::MachineKinds {
    fn from(kinds: MachineKinds) -> Self {
        Self {
            machine: kinds.machine.into(),
            cluster: kinds.cluster.into(),
            template: kinds.template.into(),
            instance_id_field: kinds.instance_id_field,
            instance_state_field: kinds.instance_state_field,
            ready_condition: kinds.ready_condition,
            cluster_condition: kinds.cluster_condition,
            provider_id_prefix: kinds.provider_id_prefix,
        }
    }
}

impl From<wit_machines::MachineRequest> for MachineRequest {
    fn from(request: wit_machines::MachineRequest) -> Self {
        let bootstrap = request.bootstrap.map(|bootstrap| Bootstrap { data: bootstrap.data, format: bootstrap.format });
        Self { object: request.object, machine: request.machine, cluster: request.cluster, bootstrap }
    }
}

impl From<MachineState> for wit_machines::MachineState {
    fn from(state: MachineState) -> Self {
        Self {
            phase: match state.phase {
                Phase::Pending => wit_machines::Phase::Pending,
                Phase::Running => wit_machines::Phase::Running,
                Phase::Stopped => wit_machines::Phase::Stopped,
                Phase::Deleting => wit_machines::Phase::Deleting,
                Phase::Gone => wit_machines::Phase::Gone,
            },
            instance_id: state.instance_id,
            instance_state: state.instance_state,
            provider_id: state.provider_id,
            addresses: each(state.addresses),
            message: state.message,
            poll_after_ms: state.poll_after.map(milliseconds),
            events: each(state.events),
        }
    }
}

impl From<Address> for wit_machines::Address {
    fn from(address: Address) -> Self {
        Self { kind: address.kind, address: address.address }
    }
}

impl From<MachineError> for wit_machines::MachineError {
    fn from(error: MachineError) -> Self {
        match error {
            MachineError::Invalid(text) => Self::Invalid(text),
            MachineError::Unauthorised(text) => Self::Unauthorised(text),
            MachineError::Throttled(pause) => Self::Throttled(milliseconds(pause)),
            MachineError::Exhausted(text) => Self::Exhausted(text),
            MachineError::Other(text) => Self::Other(text),
        }
    }
}
