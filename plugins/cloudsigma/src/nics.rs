//! Network interfaces: from the spec's words to the cloud's.
//!
//! An interface has a private network or an address configuration, never both: the cloud refuses that. An empty list means
//! one public interface, as the kind has always been read.

use backplane_sdk::machines::MachineError;
use backplane_sdk::prelude::*;

use crate::kinds::Nic;

/// The `nics` of a new server.
pub(crate) fn wanted(nics: &[Nic]) -> Result<Vec<Value>, MachineError> {
    if nics.is_empty() {
        return Ok(vec![public(&json!({"conf": "dhcp"}))]);
    }
    nics.iter().enumerate().map(|(index, nic)| one(index, nic)).collect()
}

/// Addresses that the spec gives to the machine.
pub(crate) fn static_addresses(nics: &[Nic]) -> Vec<&str> {
    let fixed = nics.iter().filter(|nic| nic.vlan.is_empty()).filter_map(|nic| nic.ipv4_conf.as_ref());
    fixed.filter(|conf| conf.conf == "static").filter_map(|conf| conf.ip.as_ref()).map(|ip| ip.uuid.as_str()).collect()
}

fn one(index: usize, nic: &Nic) -> Result<Value, MachineError> {
    let conf = nic.ipv4_conf.as_ref().map_or("dhcp", |conf| conf.conf.as_str());
    let address = nic.ipv4_conf.as_ref().and_then(|conf| conf.ip.as_ref());
    if !nic.vlan.is_empty() {
        return match conf {
            "static" => Err(invalid(index, "vlan and a static address exclude each other")),
            _ => Ok(json!({"model": "virtio", "vlan": nic.vlan})),
        };
    }
    match (conf, address) {
        ("dhcp" | "manual", _) => Ok(public(&json!({"conf": conf}))),
        ("static", Some(ip)) => Ok(public(&json!({"conf": conf, "ip": {"uuid": ip.uuid}}))),
        ("static", None) => Err(invalid(index, "ipv4_conf.conf is static, so ipv4_conf.ip.uuid is needed")),
        _ => Err(invalid(index, &format!("ipv4_conf.conf is {conf:?}, dhcp, static or manual is needed"))),
    }
}

fn public(conf: &Value) -> Value {
    json!({"model": "virtio", "ip_v4_conf": conf})
}

fn invalid(index: usize, rule: &str) -> MachineError {
    MachineError::Invalid(format!("spec.nics[{index}]: {rule}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_interface_has_a_network_or_an_address_but_never_both() {
        let conf = |conf: &str, ip: Option<&str>| json!({"conf": conf, "ip": ip.map(|ip| json!({"uuid": ip}))});
        let cases = [
            ("none given", json!([]), Ok(json!([{"model": "virtio", "ip_v4_conf": {"conf": "dhcp"}}]))),
            (
                "no vlan",
                json!([{"vlan": "", "ipv4_conf": conf("dhcp", None)}]),
                Ok(json!([{"model": "virtio", "ip_v4_conf": {"conf": "dhcp"}}])),
            ),
            (
                "vlan",
                json!([{"vlan": "v1", "ipv4_conf": conf("dhcp", None)}]),
                Ok(json!([{"model": "virtio", "vlan": "v1"}])),
            ),
            (
                "static",
                json!([{"vlan": "", "ipv4_conf": conf("static", Some("1.2.3.4"))}]),
                Ok(json!([{"model": "virtio", "ip_v4_conf": {"conf": "static", "ip": {"uuid": "1.2.3.4"}}}])),
            ),
            ("static without address", json!([{"vlan": "", "ipv4_conf": conf("static", None)}]), Err("spec.nics[0]")),
            (
                "static in a vlan",
                json!([{}, {"vlan": "v1", "ipv4_conf": conf("static", Some("1.2.3.4"))}]),
                Err("spec.nics[1]"),
            ),
            ("unknown", json!([{"vlan": "", "ipv4_conf": conf("magic", None)}]), Err("magic")),
        ];
        for (name, nics, expected) in cases {
            let nics: Vec<Nic> = serde_json::from_value(nics).expect(name);
            match (wanted(&nics), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(Value::from(found), expected, "{name}"),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{name}: {error}"),
                (found, expected) => panic!("{name}: {found:?} instead of {expected:?}"),
            }
        }
    }
}
