//! Rules of Services. What depends on the cluster, such as which addresses are free, is the allocator's.

use serde_json::Value;

use super::at::{At, Errors};
use super::{addresses, texts};
use crate::field::{FieldError, FieldReason};
use crate::meta::names;

const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const FAMILY_POLICIES: [&str; 3] = ["PreferDualStack", "RequireDualStack", "SingleStack"];
const DISTRIBUTIONS: [&str; 3] = ["PreferClose", "PreferSameZone", "PreferSameNode"];
/// How long a client may stay with a Pod, in seconds.
const MAX_AFFINITY: i64 = 86_400;
const ONLY_BALANCED: &str = "may only be used when `type` is 'LoadBalancer'";

pub(super) fn service(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let spec = object.child("spec");
    if let Some(old) = old {
        addresses_kept(&spec, &old.child("spec"), errors);
        class_kept(&spec, &old.child("spec"), errors);
        if old.child("status").value != object.child("status").value {
            ingress(&spec, &object.below(&["status", "loadBalancer", "ingress"]), errors);
        }
    }
    of_type(&spec, errors);
    let ports = spec.child("ports").items();
    for (i, port) in ports.iter().enumerate() {
        self::port(port, &ports[..i], ports.len() > 1, errors);
    }
    texts::labels(&spec.child("selector"), errors);
    spec.child("sessionAffinity").one_of(&["ClientIP", "None"], errors);
    affinity(&spec, errors);
    if text(&spec, "type") != "ExternalName" {
        cluster_addresses(&spec, errors);
    }
    for address in spec.child("externalIPs").items() {
        match texts::address(address.text()) {
            Some(why) => address.judged([why], errors),
            None => addresses::reachable(&address, errors),
        }
    }
    spec.child("type").one_of(&TYPES, errors);
    same_ports(&spec, &ports, errors);
    balancing(&spec, errors);
    policies(&spec, errors);
}

fn text<'a>(at: &At<'a>, field: &str) -> &'a str {
    at.child(field).text()
}

fn is_headless(spec: &At<'_>) -> bool {
    text(spec, "clusterIP") == "None"
}

/// What the type of a Service asks for.
fn of_type(spec: &At<'_>, errors: &mut Errors) {
    let type_ = text(spec, "type");
    if spec.child("ports").len() == 0 && type_ != "ExternalName" && !is_headless(spec) {
        errors.push(spec.child("ports").required(""));
    }
    match type_ {
        "LoadBalancer" | "NodePort" if is_headless(spec) => {
            let why = format!("may not be set to 'None' for {type_} services");
            errors.push(FieldError::invalid("spec.clusterIPs[0]", &"None".into(), &why));
        }
        "ExternalName" => external(spec, errors),
        _ => {}
    }
}

fn external(spec: &At<'_>, errors: &mut Errors) {
    for field in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"].map(|field| spec.child(field)) {
        if field.len() > 0 || !field.text().is_empty() {
            errors.push(field.forbidden("may not be set for ExternalName services"));
        }
    }
    // A name may end with a dot, which makes it a full one.
    let name =
        At { value: &Value::from(text(spec, "externalName").trim_end_matches('.')), path: "spec.externalName".into() };
    name.named(names::subdomain, errors);
}

fn port(port: &At<'_>, before: &[At<'_>], named: bool, errors: &mut Errors) {
    let name = port.child("name");
    if named || !name.text().is_empty() {
        name.named(names::label, errors);
    }
    if !name.text().is_empty() && before.iter().any(|other| text(other, "name") == name.text()) {
        errors.push(name.duplicate());
    }
    let number = port.child("port");
    errors.extend(texts::port(number.number()).map(|why| number.invalid_value(number.number(), &why)));
    port.child("protocol").one_of(&["SCTP", "TCP", "UDP"], errors);
    texts::port_or_name(&port.child("targetPort"), errors);
    let protocol = port.child("appProtocol");
    if protocol.is_set() {
        protocol.judged(names::qualified(protocol.text()), errors);
    }
}

/// How long clients stay with a Pod, where they do.
fn affinity(spec: &At<'_>, errors: &mut Errors) {
    let config = spec.child("sessionAffinityConfig");
    let timeout = config.below(&["clientIP", "timeoutSeconds"]);
    match text(spec, "sessionAffinity") {
        "ClientIP" if !(1..=MAX_AFFINITY).contains(&timeout.number()) => {
            let why = format!("must be greater than 0 and less than {MAX_AFFINITY}");
            errors.push(timeout.invalid(&why));
        }
        "None" if config.is_set() => errors.push(config.forbidden("must not be set when session affinity is None")),
        _ => {}
    }
}

/// Addresses and families that a Service asks for.
fn cluster_addresses(spec: &At<'_>, errors: &mut Errors) {
    let (list, one) = (spec.child("clusterIPs"), text(spec, "clusterIP"));
    match (one, list.items().first()) {
        ("", Some(_)) => errors.push(list.invalid("must be empty when `clusterIP` is not specified")),
        (one, Some(first)) if first.text() != one => errors.push(list.invalid("first value must match `clusterIP`")),
        _ => {}
    }
    for family in spec.child("ipFamilies").items() {
        family.one_of(&["IPv4", "IPv6"], errors);
    }
    spec.child("ipFamilyPolicy").one_of_if_set(&FAMILY_POLICIES, errors);
    for (i, address) in list.items().iter().enumerate() {
        if i > 0 || address.text() != "None" {
            address.judged(texts::address(address.text()), errors);
        } else if list.len() > 1 {
            errors.push(list.invalid("'None' must be the first and only value"));
        }
    }
    if list.len() > 2 {
        errors.push(list.invalid("may only hold up to 2 values"));
    }
}

/// The first address of a Service stays as long as it has one.
fn addresses_kept(spec: &At<'_>, old: &At<'_>, errors: &mut Errors) {
    let external = |spec: &At<'_>| text(spec, "type") == "ExternalName";
    if external(spec) || external(old) || (is_headless(spec) && is_headless(old)) {
        return;
    }
    let (list, before) = (spec.child("clusterIPs"), old.child("clusterIPs"));
    let first = |list: &At<'_>| list.value.get(0).cloned();
    let why = match (first(&before), first(&list)) {
        (Some(_), None) => "primary clusterIP can not be unset",
        (Some(was), Some(is)) if was != is => "may not change once set",
        _ => return,
    };
    errors.push(FieldError::invalid("spec.clusterIPs[0]", list.value, why));
}

/// Who balances a Service may not change while it is balanced.
fn class_kept(spec: &At<'_>, old: &At<'_>, errors: &mut Errors) {
    if [spec, old].iter().all(|spec| text(spec, "type") == "LoadBalancer") {
        spec.child("loadBalancerClass").fixed(&old.child("loadBalancerClass"), "may not change once set", errors);
    }
}

/// Ports of the cluster and of the nodes occur once for a protocol.
fn same_ports(spec: &At<'_>, ports: &[At<'_>], errors: &mut Errors) {
    if text(spec, "type") == "ClusterIP" {
        let given = ports.iter().map(|port| port.child("nodePort")).filter(|port| port.number() != 0);
        errors.extend(given.map(|port| port.forbidden("may not be used when `type` is 'ClusterIP'")));
    }
    let same = |a: &At<'_>, b: &At<'_>, field: &str| {
        text(a, "protocol") == text(b, "protocol") && a.child(field).number() == b.child(field).number()
    };
    for (i, port) in ports.iter().enumerate() {
        let node = port.child("nodePort");
        if node.number() != 0 && ports[..i].iter().any(|other| same(other, port, "nodePort")) {
            errors.push(node.duplicate());
        }
    }
    for (i, port) in ports.iter().enumerate() {
        if ports[..i].iter().any(|other| same(other, port, "port")) {
            let (protocol, number) = (text(port, "protocol"), port.child("port").number());
            let shown = format!(
                "{{\"Name\":\"\",\"Protocol\":\"{protocol}\",\"AppProtocol\":null,\"Port\":{number},\"TargetPort\":0,\
                 \"NodePort\":0}}"
            );
            errors.push(FieldError::with_text(FieldReason::Duplicate, &port.path, &shown, ""));
        }
    }
}

/// What only a load balancer may have.
fn balancing(spec: &At<'_>, errors: &mut Errors) {
    let balanced = text(spec, "type") == "LoadBalancer";
    // Spelled as the real server spells it.
    let ranges =
        At { value: spec.child("loadBalancerSourceRanges").value, path: "spec.LoadBalancerSourceRanges".into() };
    if ranges.len() > 0 && !balanced {
        errors.push(ranges.forbidden(ONLY_BALANCED));
    }
    for range in ranges.items() {
        range.judged(texts::range(range.text().trim()), errors);
    }
    for field in ["allocateLoadBalancerNodePorts", "loadBalancerClass"].map(|field| spec.child(field)) {
        if field.is_set() && !balanced {
            errors.push(field.forbidden(ONLY_BALANCED));
        }
    }
}

fn policies(spec: &At<'_>, errors: &mut Errors) {
    let external = spec.child("externalTrafficPolicy");
    let open = match text(spec, "type") {
        "NodePort" | "LoadBalancer" => true,
        "ClusterIP" => spec.child("externalIPs").len() > 0,
        _ => false,
    };
    if open {
        external.one_of(&["Cluster", "Local"], errors);
    } else if !external.text().is_empty() {
        errors.push(external.invalid("may only be set for externally-accessible services"));
    }
    let check = spec.child("healthCheckNodePort");
    let needed = text(spec, "type") == "LoadBalancer" && external.text() == "Local";
    if check.number() != 0 && !needed {
        let why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
        errors.push(check.invalid(why));
    }
    spec.child("internalTrafficPolicy").one_of_if_set(&["Cluster", "Local"], errors);
    spec.child("trafficDistribution").one_of_if_set(&DISTRIBUTIONS, errors);
}

/// Where a load balancer says it can be reached.
fn ingress(spec: &At<'_>, list: &At<'_>, errors: &mut Errors) {
    if text(spec, "type") != "LoadBalancer" && list.len() > 0 {
        errors.push(list.forbidden("may only be used when `spec.type` is 'LoadBalancer'"));
        return;
    }
    for item in list.items() {
        let (address, mode, host) = (item.child("ip"), item.child("ipMode"), item.child("hostname"));
        if !address.text().is_empty() {
            address.judged(texts::address(address.text()), errors);
        } else if mode.is_set() {
            errors.push(mode.forbidden("may not be specified when `ip` is not set"));
        }
        if mode.is_set() && !address.text().is_empty() {
            mode.one_of(&["Proxy", "VIP"], errors);
        }
        if !host.text().is_empty() {
            host.judged(names::subdomain(host.text()), errors);
        }
    }
}
