//! The words between the host and a provider of machines.

use std::time::Duration;

use backplane_core::machines::{Address, MachineError, MachineKinds, MachinePhase, MachineRequest, MachineState};
use backplane_core::ports::ObjectBytes;

use crate::bindings::machines as wit;

impl From<&MachineRequest> for wit::MachineRequest {
    fn from(request: &MachineRequest) -> Self {
        let bytes = |object: &ObjectBytes| object.to_vec();
        Self {
            object: request.object.to_vec(),
            machine: request.machine.as_ref().map(bytes),
            cluster: request.cluster.as_ref().map(bytes),
            bootstrap: request
                .bootstrap
                .as_ref()
                .map(|bootstrap| wit::Bootstrap { data: bootstrap.data.clone(), format: bootstrap.format.clone() }),
        }
    }
}

impl From<wit::MachineKinds> for MachineKinds {
    fn from(kinds: wit::MachineKinds) -> Self {
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

impl From<wit::MachineState> for MachineState {
    fn from(state: wit::MachineState) -> Self {
        Self {
            phase: match state.phase {
                wit::Phase::Pending => MachinePhase::Pending,
                wit::Phase::Running => MachinePhase::Running,
                wit::Phase::Stopped => MachinePhase::Stopped,
                wit::Phase::Deleting => MachinePhase::Deleting,
                wit::Phase::Gone => MachinePhase::Gone,
            },
            instance_id: state.instance_id,
            instance_state: state.instance_state,
            provider_id: state.provider_id,
            addresses: state.addresses.into_iter().map(|a| Address { kind: a.kind, address: a.address }).collect(),
            message: state.message,
            poll_after: state.poll_after_ms.map(Duration::from_millis),
            events: state.events.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<wit::MachineError> for MachineError {
    fn from(error: wit::MachineError) -> Self {
        match error {
            wit::MachineError::Invalid(text) => Self::Invalid(text),
            wit::MachineError::Unauthorised(text) => Self::Unauthorised(text),
            wit::MachineError::Throttled(ms) => Self::Throttled(Duration::from_millis(ms)),
            wit::MachineError::Exhausted(text) => Self::Exhausted(text),
            wit::MachineError::Other(text) => Self::Other(text),
        }
    }
}
