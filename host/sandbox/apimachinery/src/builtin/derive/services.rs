//! Defaults of Services.

use serde_json::{Map, Value, json};

use super::or_insert;

pub(super) fn service(map: &mut Map<String, Value>) {
    let type_ =
        map.get("spec").and_then(|spec| spec.get("type")).and_then(Value::as_str).unwrap_or("ClusterIP").to_owned();
    if let Some(spec) = map.get_mut("spec") {
        target_ports(spec);
        policies(spec, &type_);
        if spec.get("sessionAffinity").and_then(Value::as_str) == Some("ClientIP") {
            or_insert(spec, "sessionAffinityConfig", json!({"clientIP": {"timeoutSeconds": 10800}}));
        }
    }
    if type_ == "LoadBalancer" {
        ingress(map.get_mut("status"));
    }
}

fn target_ports(spec: &mut Value) {
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        let target = &port["targetPort"];
        let unsaid = target.is_null() || *target == 0 || *target == "";
        if let Some(number) = port.get("port").cloned().filter(|_| unsaid) {
            port["targetPort"] = number;
        }
    }
}

fn policies(spec: &mut Value, type_: &str) {
    let open = spec.get("externalIPs").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    if type_ != "ExternalName" {
        or_insert(spec, "internalTrafficPolicy", "Cluster".into());
    }
    if type_ == "LoadBalancer" || type_ == "NodePort" || (type_ == "ClusterIP" && open) {
        or_insert(spec, "externalTrafficPolicy", "Cluster".into());
    }
    if type_ == "LoadBalancer" {
        or_insert(spec, "allocateLoadBalancerNodePorts", true.into());
    }
}

/// An address of a load balancer is one that it has itself, unless it says otherwise.
fn ingress(status: Option<&mut Value>) {
    let list = status.and_then(|status| status.pointer_mut("/loadBalancer/ingress")).and_then(Value::as_array_mut);
    for item in list.into_iter().flatten() {
        if item["ip"].as_str().is_some_and(|address| !address.is_empty()) {
            or_insert(item, "ipMode", "VIP".into());
        }
    }
}
