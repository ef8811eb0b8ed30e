//! Defaults of Services.

use serde_json::{Map, Value, json};

use super::or_insert;

pub(super) fn service(map: &mut Map<String, Value>) {
    let type_ =
        map.get("spec").and_then(|spec| spec.get("type")).and_then(Value::as_str).unwrap_or("ClusterIP").to_owned();
    if let Some(spec) = map.get_mut("spec") {
        target_ports(spec);
        policies(spec, &type_);
        affinity(spec);
    }
    if type_ == "LoadBalancer" {
        ingress(map.get_mut("status"));
    }
}

/// How long clients stay with a Pod is said if they do, and only then.
fn affinity(spec: &mut Value) {
    match spec["sessionAffinity"].as_str() {
        Some("ClientIP")
            if spec.pointer("/sessionAffinityConfig/clientIP/timeoutSeconds").is_none_or(Value::is_null) =>
        {
            spec["sessionAffinityConfig"] = json!({"clientIP": {"timeoutSeconds": 10800}});
        }
        Some("None") => drop(spec.as_object_mut().map(|spec| spec.remove("sessionAffinityConfig"))),
        _ => {}
    }
}

fn target_ports(spec: &mut Value) {
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        let target = &port["targetPort"];
        let unsaid = target.is_null() || *target == 0 || *target == "";
        if unsaid {
            port["targetPort"] = port.get("port").cloned().unwrap_or_else(|| 0.into());
        }
    }
}

fn policies(spec: &mut Value, type_: &str) {
    let open = spec.get("externalIPs").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    if ["ClusterIP", "NodePort", "LoadBalancer"].contains(&type_) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_clients_stay_is_said_if_they_do() {
        let usual = json!({"clientIP": {"timeoutSeconds": 10800}});
        let own = json!({"clientIP": {"timeoutSeconds": 60}});
        let cases = [
            ("unsaid", json!({"sessionAffinity": "ClientIP"}), Some(&usual)),
            (
                "half said",
                json!({"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": null}}),
                Some(&usual),
            ),
            ("said", json!({"sessionAffinity": "ClientIP", "sessionAffinityConfig": own}), Some(&own)),
            ("for nothing", json!({"sessionAffinity": "None", "sessionAffinityConfig": own}), None),
        ];
        for (name, mut spec, expected) in cases {
            affinity(&mut spec);
            assert_eq!(spec.get("sessionAffinityConfig"), expected, "{name}");
        }
    }
}
