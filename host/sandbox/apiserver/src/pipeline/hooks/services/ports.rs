//! Ports of the nodes.

use std::collections::HashSet;

use backplane_apimachinery::FieldError;
use serde_json::Value;

use super::{free, used};
use crate::pipeline::Resource;

const FIRST: u64 = 30_000;
const COUNT: u64 = 2768;

/// Takes the ports that a Service asks for, and chooses the others.
pub(super) fn choose(resource: &Resource<'_>, old: Option<&Value>, spec: &mut Value) -> Vec<FieldError> {
    if !is_open(spec) {
        return Vec::new();
    }
    let mine: HashSet<u64> = old.map(|old| given(old).into_iter().map(|(_, port)| port).collect()).unwrap_or_default();
    let mut taken = used(resource, |spec, used| used.extend(given(spec).into_iter().map(|(_, port)| port.to_string())));
    let wanted = given(spec).into_iter().filter(|(_, port)| !mine.contains(port));
    let errors: Vec<FieldError> = wanted.filter_map(|(i, port)| refused(i, port, &taken)).collect();
    if errors.is_empty() {
        taken.extend(given(spec).into_iter().map(|(_, port)| port.to_string()));
        fill(resource, spec, &mut taken);
    }
    errors
}

fn fill(resource: &Resource<'_>, spec: &mut Value, taken: &mut HashSet<String>) {
    let mut next = || {
        let chosen = free(resource, |n| (FIRST + n % COUNT).to_string(), taken)?;
        taken.insert(chosen.clone());
        chosen.parse::<u64>().ok()
    };
    if wants_ports(spec) {
        for port in spec["ports"].as_array_mut().into_iter().flatten().filter(|port| number(&port["nodePort"]) == 0) {
            if let Some(chosen) = next() {
                port["nodePort"] = chosen.into();
            }
        }
    }
    if is_checked(spec)
        && number(&spec["healthCheckNodePort"]) == 0
        && let Some(chosen) = next()
    {
        spec["healthCheckNodePort"] = chosen.into();
    }
}

fn refused(i: usize, port: u64, taken: &HashSet<String>) -> Option<FieldError> {
    let why = if !(FIRST..FIRST + COUNT).contains(&port) {
        let last = FIRST + COUNT - 1;
        format!("provided port is not in the valid range. The range of valid ports is {FIRST}-{last}")
    } else if taken.contains(&port.to_string()) {
        "provided port is already allocated".to_owned()
    } else {
        return None;
    };
    Some(FieldError::invalid(&format!("spec.ports[{i}].nodePort"), &port.into(), &why))
}

fn number(port: &Value) -> u64 {
    port.as_u64().unwrap_or_default()
}

/// The node ports of a spec, by place.
fn given(spec: &Value) -> Vec<(usize, u64)> {
    let ports = spec["ports"].as_array().into_iter().flatten().map(|port| number(&port["nodePort"]));
    ports.enumerate().filter(|(_, port)| *port != 0).collect()
}

/// Whether nodes may have ports for a Service.
pub(super) fn is_open(spec: &Value) -> bool {
    spec["type"] == "NodePort" || spec["type"] == "LoadBalancer"
}

/// Whether nodes must have ports for a Service.
fn wants_ports(spec: &Value) -> bool {
    is_open(spec) && (spec["type"] == "NodePort" || spec["allocateLoadBalancerNodePorts"] != false)
}

/// Whether a load balancer asks each node if it has Pods of the Service.
pub(super) fn is_checked(spec: &Value) -> bool {
    spec["type"] == "LoadBalancer" && spec["externalTrafficPolicy"] == "Local"
}
