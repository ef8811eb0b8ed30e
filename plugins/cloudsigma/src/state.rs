//! A server as the host wants to hear of it.

use backplane_sdk::machines::{Address, MachineState, Phase};

use crate::api::Server;
use crate::machine::PROVIDER_ID_PREFIX;
use crate::plugin::Work;

/// A machine that has no server.
pub(crate) fn gone() -> MachineState {
    MachineState::new(Phase::Gone)
}

/// A machine whose server is still to be bought.
pub(crate) fn awaited(message: impl Into<String>) -> MachineState {
    MachineState::new(Phase::Pending).message(message)
}

/// A machine with a server, as the server is now.
pub(crate) fn of(work: &Work<'_>, server: &Server) -> MachineState {
    let mut state = MachineState::new(phase(&server.status));
    state.instance_id = Some(server.uuid.clone());
    state.provider_id = Some(format!("{PROVIDER_ID_PREFIX}{}", server.uuid));
    state.instance_state.clone_from(&server.status);
    state.addresses = addresses(server);
    if state.phase != Phase::Running {
        state.message = format!("the server is {}", server.status);
        state.poll_after = Some(work.settings.poll());
    } else if awaits_address(server, &state.addresses) {
        state.message = "the server runs and has no address yet".into();
        state.poll_after = Some(work.settings.poll());
    }
    state
}

fn phase(status: &str) -> Phase {
    match status {
        "running" => Phase::Running,
        "starting" => Phase::Pending,
        "deleting" => Phase::Deleting,
        _ => Phase::Stopped,
    }
}

/// A dhcp address shows some seconds after the server runs; one in a private network never does.
fn awaits_address(server: &Server, addresses: &[Address]) -> bool {
    addresses.iter().all(|address| address.kind == "Hostname") && server.nics.iter().any(|nic| nic.ip_v4_conf.is_some())
}

/// What the server has, else what it was given; then its name.
fn addresses(server: &Server) -> Vec<Address> {
    let runtime = server.runtime.nics.iter().filter_map(|nic| nic.ip_v4.as_ref());
    let of_nics = server.nics.iter().filter_map(|nic| nic.runtime.ip_v4.as_ref());
    let mut found: Vec<&str> = Vec::new();
    for address in runtime.chain(of_nics).chain(given(server)) {
        if !found.contains(&address.uuid.as_str()) {
            found.push(&address.uuid);
        }
    }
    let internal = found.into_iter().map(|address| Address { kind: "InternalIP".into(), address: address.to_owned() });
    internal.chain([Address { kind: "Hostname".into(), address: server.name.clone() }]).collect()
}

fn given(server: &Server) -> impl Iterator<Item = &crate::api::Link> {
    server.nics.iter().filter_map(|nic| nic.ip_v4_conf.as_ref()).filter_map(|conf| conf.ip.as_ref())
}

#[cfg(test)]
mod tests {
    use backplane_sdk::prelude::*;

    use super::*;

    fn shown(server: Value) -> Vec<String> {
        let server: Server = serde_json::from_value(server).expect("server");
        addresses(&server).into_iter().map(|address| format!("{} {}", address.kind, address.address)).collect()
    }

    #[test]
    fn addresses_are_what_the_server_has_or_was_given() {
        let link = |address: &str| json!({"uuid": address, "resource_uri": format!("/api/2.0/ips/{address}/")});
        let cases = [
            (
                "stopped",
                json!({"name": "m", "runtime": null, "nics": [{"ip_v4_conf": {"conf": "dhcp", "ip": null}}]}),
                vec!["Hostname m"],
            ),
            (
                "dhcp",
                json!({"name": "m", "runtime": {"nics": [{"ip_v4": link("1.2.3.4")}]}}),
                vec!["InternalIP 1.2.3.4", "Hostname m"],
            ),
            (
                "static, told twice",
                json!({
                    "name": "m", "runtime": {"nics": [{"ip_v4": link("1.2.3.4")}]},
                    "nics": [{"ip_v4_conf": {"conf": "static", "ip": link("1.2.3.4")}, "runtime": {"ip_v4": "1.2.3.4"}}],
                }),
                vec!["InternalIP 1.2.3.4", "Hostname m"],
            ),
        ];
        for (name, server, expected) in cases {
            assert_eq!(shown(server), expected, "{name}");
        }
    }
}
