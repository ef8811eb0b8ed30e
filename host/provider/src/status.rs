//! Turns a machine's state into what its object shows.

use backplane_core::condition::{Condition, Severity, Status};
use backplane_core::machines::{Address, MachineKinds, MachinePhase, MachineState};
use serde_json::{Map, Value, json};

use crate::object::Object;

/// The members of `status` that differ from what the object shows; `None` if nothing does.
pub(crate) fn status_patch(kinds: &MachineKinds, object: &Object, state: &MachineState) -> Option<Value> {
    let current = &object.value["status"];
    let mut wanted = Map::new();
    if let Some(field) = &kinds.instance_id_field {
        wanted.insert(field.clone(), state.instance_id.clone().into());
    }
    if let Some(field) = &kinds.instance_state_field {
        wanted.insert(field.clone(), state.instance_state.clone().into());
    }
    if !state.addresses.is_empty() {
        let entry = |a: &Address| json!({"type": a.kind, "address": a.address});
        wanted.insert("addresses".into(), state.addresses.iter().map(entry).collect());
    }
    wanted.retain(|name, value| current[name.as_str()] != *value);
    wanted.extend(done_flags(object, is_usable(state)));
    (!wanted.is_empty()).then(|| json!({"status": wanted}))
}

/// The done flag of both contract versions; a schema drops the one it does not know.
///
/// It is never withdrawn once it was true: core 1.8 would move a running Machine's phase backwards. Trouble shows as
/// `Ready=False`. The first status always carries it, because published schemas require it. Source: InfraMachine contract.
fn done_flags(object: &Object, usable: bool) -> Map<String, Value> {
    let done = object.flag("/status/ready") || object.flag("/status/initialization/provisioned");
    let flags = match (done, usable) {
        (false, true) => json!({"ready": true, "initialization": {"provisioned": true}}),
        (false, false) if object.value["status"].is_null() => json!({"ready": false}),
        _ => json!({}),
    };
    flags.as_object().cloned().unwrap_or_default()
}

/// A machine counts as provisioned when it runs, has an identity and an address.
pub(crate) fn is_usable(state: &MachineState) -> bool {
    state.phase == MachinePhase::Running && state.provider_id.is_some() && !state.addresses.is_empty()
}

/// The conditions of a machine in this state.
pub(crate) fn state_conditions(kinds: &MachineKinds, state: &MachineState) -> Vec<Condition> {
    if is_usable(state) {
        return conditions(kinds, Condition::new("", Status::True, "Running", ""));
    }
    let (reason, severity) = match state.phase {
        MachinePhase::Running => ("WaitingForAddress", Severity::Info),
        MachinePhase::Pending => ("Provisioning", Severity::Info),
        MachinePhase::Stopped => ("ServerNotRunning", Severity::Warning),
        MachinePhase::Deleting | MachinePhase::Gone => ("Deleting", Severity::Info),
    };
    let text =
        if state.message.is_empty() { format!("state is {}", state.instance_state) } else { state.message.clone() };
    failing(kinds, reason, severity, text)
}

/// The conditions of a machine for which something is missing or wrong.
pub(crate) fn failing(kinds: &MachineKinds, reason: &str, severity: Severity, message: String) -> Vec<Condition> {
    let mut condition = Condition::new("", Status::False, reason, message);
    condition.severity = Some(severity);
    conditions(kinds, condition)
}

/// The same statement as `Ready` and as the provider's own condition.
fn conditions(kinds: &MachineKinds, statement: Condition) -> Vec<Condition> {
    ["Ready", kinds.ready_condition.as_str()]
        .into_iter()
        .map(|kind| Condition { kind: kind.into(), ..statement.clone() })
        .collect()
}
