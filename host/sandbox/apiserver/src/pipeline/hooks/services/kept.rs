//! What a changed Service keeps of what was chosen for it, and what it loses when its type no longer needs it.

use serde_json::Value;

use super::ports::{is_checked, is_open};

/// Fields that go with an address.
const ADDRESSED: [&str; 4] = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"];

fn has_address(spec: &Value) -> bool {
    spec["type"] != "ExternalName"
}

fn is_unsaid(value: &Value) -> bool {
    value.is_null() || *value == "" || *value == 0 || value.as_array().is_some_and(Vec::is_empty)
}

/// What was chosen before stays where the new object leaves it out.
pub(super) fn keep(old: &Value, new: &mut Value) {
    if has_address(old) && has_address(new) {
        for field in ["clusterIP", "clusterIPs"] {
            if is_unsaid(&new[field]) && !is_unsaid(&old[field]) {
                new[field] = old[field].clone();
            }
        }
    }
    if is_open(old) && is_open(new) {
        keep_ports(old, new);
    }
    if is_checked(old) && is_checked(new) && is_unsaid(&new["healthCheckNodePort"]) {
        new["healthCheckNodePort"] = old["healthCheckNodePort"].clone();
    }
}

/// Node ports go with the names of ports.
fn keep_ports(old: &Value, new: &mut Value) {
    let ports = |spec: &Value| spec["ports"].as_array().cloned().unwrap_or_default();
    let (before, given) = (ports(old), ports(new));
    for port in new["ports"].as_array_mut().into_iter().flatten().filter(|port| is_unsaid(&port["nodePort"])) {
        let same = before.iter().find(|other| other["name"] == port["name"]).map(|other| &other["nodePort"]);
        let chosen = same.filter(|chosen| !is_unsaid(chosen));
        if let Some(chosen) = chosen.filter(|chosen| given.iter().all(|other| other["nodePort"] != **chosen)) {
            port["nodePort"] = chosen.clone();
        }
    }
}

/// The one address and the list of addresses follow each other.
pub(super) fn same_address(old: &Value, new: &mut Value) {
    let (one, list) = (new["clusterIP"] != old["clusterIP"], new["clusterIPs"] != old["clusterIPs"]);
    match (one, list) {
        (true, false) if is_unsaid(&new["clusterIP"]) => {
            new.as_object_mut().map(|map| map.remove("clusterIPs"));
        }
        (true, false) if !is_unsaid(&new["clusterIPs"]) => new["clusterIPs"][0] = new["clusterIP"].clone(),
        (false, true) if is_unsaid(&new["clusterIPs"]) => {
            new.as_object_mut().map(|map| map.remove("clusterIP"));
        }
        (false, true) => new["clusterIP"] = new["clusterIPs"][0].clone(),
        _ => {}
    }
}

/// What only the old type needs is lost, unless the new object changes it.
pub(super) fn lose(old: &Value, new: &mut Value) {
    let balanced = |spec: &Value| spec["type"] == "LoadBalancer";
    let external = |spec: &Value| !is_unsaid(&spec["externalIPs"]);
    let reachable = |spec: &Value| is_open(spec) || (spec["type"] == "ClusterIP" && external(spec));
    let mut gone: Vec<&str> = Vec::new();
    if has_address(old) && !has_address(new) {
        gone.extend(ADDRESSED);
        gone.push("internalTrafficPolicy");
    }
    if is_checked(old) && !is_checked(new) {
        gone.push("healthCheckNodePort");
    }
    if balanced(old) && !balanced(new) {
        gone.extend(["allocateLoadBalancerNodePorts", "loadBalancerClass"]);
    }
    if reachable(old) && !reachable(new) {
        gone.push("externalTrafficPolicy");
    }
    if let Some(map) = new.as_object_mut() {
        map.retain(|name, value| !(gone.contains(&name.as_str()) && *value == old[name.as_str()]));
    }
    if is_open(old) && !is_open(new) && same_ports(old, new) {
        for port in new["ports"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            port.remove("nodePort");
        }
    }
}

fn same_ports(old: &Value, new: &Value) -> bool {
    let ports = |spec: &Value| -> Vec<Value> {
        spec["ports"].as_array().into_iter().flatten().map(|port| port["nodePort"].clone()).collect()
    };
    ports(old) == ports(new)
}
