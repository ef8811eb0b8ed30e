//! Cluster addresses and node ports of Services: chosen when a Service is created, kept as long as it lives.
//!
//! The range is that of a kubeadm cluster. Nothing routes these addresses.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::pipeline::Resource;

/// `10.96.0.0/12`, whose first address belongs to the API server itself.
const FIRST_ADDRESS: u32 = 0x0a60_0001;
const ADDRESSES: u64 = 1 << 20;
const FIRST_PORT: u64 = 30_000;
const PORTS: u64 = 2768;
/// Tries before an exhausted range is given up; each hits a free one unless the range is nearly full.
const TRIES: usize = 1000;

/// Fills in what a Service leaves to the server.
pub(super) fn allocate(resource: &Resource<'_>, old: Option<&Value>, service: &mut Value) {
    if service["spec"]["type"] == "ExternalName" {
        return;
    }
    keep(old, service);
    if text(&service["spec"]["clusterIP"]).is_empty() {
        let used = used(resource, |spec, used| used.extend([text(&spec["clusterIP"]).to_owned()]));
        if let Some(address) = choose(resource, address, &used) {
            service["spec"]["clusterIP"] = address.into();
        }
    }
    if !service["spec"]["clusterIPs"].is_array() {
        service["spec"]["clusterIPs"] = json!([service["spec"]["clusterIP"]]);
    }
    for (field, value) in [("ipFamilies", json!(["IPv4"])), ("ipFamilyPolicy", json!("SingleStack"))] {
        if service["spec"][field].is_null() || service["spec"][field] == "PreferDualStack" {
            let dual = service["spec"][field] == "PreferDualStack";
            service["spec"][field] = if dual { service["spec"][field].clone() } else { value };
        }
    }
    if wants_node_ports(&service["spec"]) {
        node_ports(resource, service);
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What was chosen before stays, unless the new object says otherwise.
pub(super) fn keep(old: Option<&Value>, service: &mut Value) {
    let Some(old) = old.map(|old| &old["spec"]) else { return };
    for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        if service["spec"][field].is_null() || service["spec"][field] == "" {
            service["spec"][field] = old[field].clone();
        }
    }
    if !wants_node_ports(&service["spec"]) {
        return;
    }
    for port in service["spec"]["ports"].as_array_mut().into_iter().flatten() {
        let before = old["ports"].as_array().into_iter().flatten();
        let same = before.into_iter().find(|o| o["port"] == port["port"] && protocol(o) == protocol(port));
        if let (Some(same), true) = (same, port["nodePort"].as_u64().unwrap_or(0) == 0) {
            port["nodePort"] = same["nodePort"].clone();
        }
    }
}

fn protocol(port: &Value) -> &str {
    port["protocol"].as_str().unwrap_or("TCP")
}

fn wants_node_ports(spec: &Value) -> bool {
    match text(&spec["type"]) {
        "NodePort" => true,
        "LoadBalancer" => spec["allocateLoadBalancerNodePorts"] != false,
        _ => false,
    }
}

fn node_ports(resource: &Resource<'_>, service: &mut Value) {
    let ports = |spec: &Value, used: &mut HashSet<String>| {
        let ports = spec["ports"].as_array().into_iter().flatten();
        used.extend(ports.filter_map(|port| port["nodePort"].as_u64()).map(|port| port.to_string()));
    };
    let mut used = used(resource, ports);
    ports(&service["spec"], &mut used);
    for port in service["spec"]["ports"].as_array_mut().into_iter().flatten() {
        if port["nodePort"].as_u64().unwrap_or(0) > 0 {
            continue;
        }
        if let Some(chosen) = choose(resource, |n| (FIRST_PORT + n % PORTS).to_string(), &used) {
            port["nodePort"] = chosen.parse::<u64>().unwrap_or_default().into();
            used.insert(chosen);
        }
    }
}

fn used(resource: &Resource<'_>, read: impl Fn(&Value, &mut HashSet<String>)) -> HashSet<String> {
    let mut used = HashSet::new();
    let listing = resource.server.storage.list(&resource.storage, None, None);
    for stored in listing.map(|listing| listing.objects).unwrap_or_default() {
        read(&stored.value()["spec"], &mut used);
    }
    used
}

fn address(n: u64) -> String {
    let offset = u32::try_from(1 + n % (ADDRESSES - 3)).unwrap_or(1);
    Ipv4Addr::from(FIRST_ADDRESS + offset).to_string()
}

fn choose(resource: &Resource<'_>, name: impl Fn(u64) -> String, used: &HashSet<String>) -> Option<String> {
    (0..TRIES).map(|_| name(resource.server.env.random.next_u64())).find(|name| !used.contains(name))
}
