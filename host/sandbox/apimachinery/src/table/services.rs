//! Services.

use jiff::Timestamp;
use serde_json::Value;

use super::{Columns, age, core, list, name, number, text, text_or};

pub(super) const COLUMNS: Columns = &[
    ("Type", "string", 0),
    ("Cluster-IP", "string", 0),
    ("External-IP", "string", 0),
    ("Port(s)", "string", 0),
    ("Age", "string", 0),
    ("Selector", "string", 1),
];

pub(super) fn cells(service: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        name(service),
        text(service, "/spec/type").into(),
        text_or(service, "/spec/clusterIP", "<none>").into(),
        external(service).into(),
        ports(service).into(),
        age(service, now),
        core::labels(service, "/spec/selector"),
    ]
}

fn external(service: &Value) -> String {
    let mut addresses: Vec<String> = Vec::new();
    let own = || list(service, "/spec/externalIPs").iter().filter_map(Value::as_str).map(str::to_owned);
    match text(service, "/spec/type") {
        "ExternalName" => return text(service, "/spec/externalName").to_owned(),
        "LoadBalancer" => {
            for ingress in list(service, "/status/loadBalancer/ingress") {
                addresses.push(text_or(ingress, "/ip", text(ingress, "/hostname")).to_owned());
            }
            addresses.extend(own());
            if addresses.is_empty() {
                return "<pending>".into();
            }
        }
        _ => addresses.extend(own()),
    }
    if addresses.is_empty() { "<none>".into() } else { addresses.join(",") }
}

fn ports(service: &Value) -> String {
    let one = |port: &Value| {
        let (number_, protocol) = (number(port, "/port"), text_or(port, "/protocol", "TCP"));
        match number(port, "/nodePort") {
            0 => format!("{number_}/{protocol}"),
            node_port => format!("{number_}:{node_port}/{protocol}"),
        }
    };
    let ports: Vec<String> = list(service, "/spec/ports").iter().map(one).collect();
    if ports.is_empty() { "<none>".into() } else { ports.join(",") }
}
