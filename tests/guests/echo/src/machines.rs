//! Machines that exist in the answer only.

use crate::bindings::exports::backplane::provider::machines::{
    Address, Guest, MachineError, MachineKinds, MachineRequest, MachineState, Phase,
};
use crate::{Echo, kind};

impl Guest for Echo {
    fn describe_kinds() -> MachineKinds {
        MachineKinds {
            machine: kind("EchoMachine"),
            cluster: kind("EchoCluster"),
            template: kind("EchoMachineTemplate"),
            instance_id_field: Some("instanceID".into()),
            instance_state_field: None,
            ready_condition: "ServerReady".into(),
            cluster_condition: "NetworkReady".into(),
            provider_id_prefix: "echo://".into(),
        }
    }

    fn ensure(request: MachineRequest) -> Result<MachineState, MachineError> {
        match &request.bootstrap {
            Some(bootstrap) => {
                Ok(state(Phase::Running, &format!("{} bytes, {}", bootstrap.data.len(), bootstrap.format)))
            }
            None => Err(MachineError::Throttled(1_500)),
        }
    }

    fn observe(request: MachineRequest) -> Result<MachineState, MachineError> {
        Ok(state(Phase::Pending, &String::from_utf8_lossy(&request.object)))
    }

    fn delete(_: MachineRequest) -> Result<MachineState, MachineError> {
        Ok(state(Phase::Gone, ""))
    }
}

fn state(phase: Phase, message: &str) -> MachineState {
    MachineState {
        phase,
        instance_id: Some("1".into()),
        instance_state: "on".into(),
        provider_id: Some("echo://1".into()),
        addresses: vec![Address { kind: "InternalIP".into(), address: "10.0.0.1".into() }],
        message: message.into(),
        poll_after_ms: Some(2_000),
        events: vec![],
    }
}
