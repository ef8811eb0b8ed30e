//! Rules of Endpoints, and of the slices that took their place.

use super::at::{At, Errors};
use super::{addresses, texts};
use crate::field::FieldError;
use crate::meta::names;

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
const MAX_ENDPOINTS: usize = 1000;
const MAX_ADDRESSES: usize = 100;
const MAX_PORTS: usize = 20_000;
const MAX_HINTS: usize = 8;

pub(super) fn endpoints(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let subsets = object.child("subsets");
    if is_kept(&subsets, old) {
        return;
    }
    for subset in subsets.items() {
        self::subset(&subset, errors);
    }
}

/// What is stored may be older than the rules, and is not judged again.
fn is_kept(list: &At<'_>, old: Option<&At<'_>>) -> bool {
    old.is_some_and(|old| old.child(&list.path).value == list.value)
}

fn subset(subset: &At<'_>, errors: &mut Errors) {
    let (ready, unready, ports) =
        (subset.child("addresses"), subset.child("notReadyAddresses"), subset.child("ports").items());
    if ready.len() == 0 && unready.len() == 0 {
        errors.push(subset.required("must specify `addresses` or `notReadyAddresses`"));
    }
    for address in ready.items().iter().chain(&unready.items()) {
        self::address(address, errors);
    }
    for port in &ports {
        self::port(port, ports.len() > 1, errors);
    }
}

fn address(at: &At<'_>, errors: &mut Errors) {
    let (address, host, node) = (at.child("ip"), at.child("hostname"), at.child("nodeName"));
    address.judged(texts::address(address.text()), errors);
    if !host.text().is_empty() {
        host.judged(names::label(host.text()), errors);
    }
    if node.is_set() {
        node.judged(names::subdomain(node.text()), errors);
    }
    // An address that cannot be read is reported twice, in two ways.
    addresses::reachable(&address, errors);
}

fn port(port: &At<'_>, named: bool, errors: &mut Errors) {
    let (name, number) = (port.child("name"), port.child("port"));
    if named || !name.text().is_empty() {
        name.named(names::label, errors);
    }
    errors.extend(texts::port(number.number()).map(|why| number.invalid_value(number.number(), &why)));
    port.child("protocol").one_of(&PROTOCOLS, errors);
    app_protocol(port, errors);
}

fn app_protocol(port: &At<'_>, errors: &mut Errors) {
    let protocol = port.child("appProtocol");
    if protocol.is_set() {
        protocol.judged(names::qualified(protocol.text()), errors);
    }
}

pub(super) fn slice(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let kind = object.child("addressType");
    kind.one_of(&["FQDN", "IPv4", "IPv6"], errors);
    slice_ports(&object.child("ports"), errors);
    let endpoints = object.child("endpoints");
    if !is_kept(&endpoints, old) {
        slice_endpoints(&endpoints, kind.text(), errors);
    }
    if let Some(old) = old {
        kind.fixed(&old.child("addressType"), texts::IMMUTABLE, errors);
    }
}

/// Whether a list is short enough to be looked at.
fn is_short(list: &At<'_>, most: usize, errors: &mut Errors) -> bool {
    if list.len() > most {
        errors.push(FieldError::too_many(&list.path, list.len() as u64, most as u64));
    }
    list.len() <= most
}

fn slice_ports(list: &At<'_>, errors: &mut Errors) {
    if !is_short(list, MAX_PORTS, errors) {
        return;
    }
    let mut known = Vec::new();
    for port in list.items() {
        let name = port.child("name");
        if !name.text().is_empty() {
            name.judged(names::label(name.text()), errors);
        }
        unique(&name, &mut known, errors);
        let protocol = port.child("protocol");
        match protocol.is_set() {
            true => protocol.one_of_if_set(&PROTOCOLS, errors),
            false => errors.push(protocol.required("")),
        }
        app_protocol(&port, errors);
    }
}

fn unique<'a>(name: &At<'a>, known: &mut Vec<&'a str>, errors: &mut Errors) {
    if known.contains(&name.text()) {
        errors.push(FieldError::duplicate(&name.path, &name.text().into()));
    } else {
        known.push(name.text());
    }
}

fn slice_endpoints(list: &At<'_>, kind: &str, errors: &mut Errors) {
    if !is_short(list, MAX_ENDPOINTS, errors) {
        return;
    }
    for endpoint in list.items() {
        let addresses = endpoint.child("addresses");
        if addresses.len() == 0 {
            errors.push(addresses.required("must contain at least 1 address"));
        } else {
            is_short(&addresses, MAX_ADDRESSES, errors);
        }
        for address in addresses.items() {
            of_kind(&address, &addresses, kind, errors);
        }
        endpoint_names(&endpoint, errors);
        hints(&endpoint.child("hints"), errors);
    }
}

/// An address of an endpoint. That it is of another family is said of the list.
fn of_kind(address: &At<'_>, list: &At<'_>, kind: &str, errors: &mut Errors) {
    match kind {
        "IPv4" | "IPv6" if texts::address(address.text()).is_some() => {
            address.judged(texts::address(address.text()), errors);
        }
        "IPv4" | "IPv6" => {
            if address.text().contains(':') != (kind == "IPv6") {
                errors.push(list.invalid_value(address.text(), &format!("must be an {kind} address")));
            }
            addresses::reachable(address, errors);
        }
        "FQDN" => domain(address, errors),
        _ => {}
    }
}

/// A name with at least two parts, which may end with a dot.
fn domain(at: &At<'_>, errors: &mut Errors) {
    let name = at.text().strip_suffix('.').unwrap_or(at.text());
    if at.text().is_empty() {
        errors.push(at.required(""));
    } else if let Some(why) = names::subdomain(name) {
        errors.push(at.invalid_value(name, &why));
    } else if !name.contains('.') {
        errors.push(at.invalid_value(name, "should be a domain with at least two segments separated by dots"));
    } else if let Some((part, why)) = name.split('.').find_map(|part| Some((part, names::label(part)?))) {
        errors.push(at.invalid_value(part, &why));
    }
}

fn endpoint_names(endpoint: &At<'_>, errors: &mut Errors) {
    let (node, host) = (endpoint.child("nodeName"), endpoint.child("hostname"));
    if node.is_set() {
        node.judged(names::subdomain(node.text()), errors);
    }
    texts::labels(&endpoint.child("deprecatedTopology"), errors);
    if host.is_set() {
        host.judged(names::label(host.text()), errors);
    }
}

/// For whom an endpoint is meant.
fn hints(hints: &At<'_>, errors: &mut Errors) {
    type Check = fn(&str) -> Vec<String>;
    let lists: [(&str, Check); 2] =
        [("forZones", names::label_value), ("forNodes", |name| names::subdomain(name).into_iter().collect())];
    for (field, check) in lists {
        let list = hints.child(field);
        if !is_short(&list, MAX_HINTS, errors) {
            return;
        }
        let mut known = Vec::new();
        for name in list.items().iter().map(|item| item.child("name")) {
            unique(&name, &mut known, errors);
            name.judged(check(name.text()), errors);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_is_of_the_type_of_its_slice() {
        let cases = [
            ("IPv4", "192.0.2.1", 0),
            ("IPv4", "2001:db8::1", 1),
            ("IPv6", "2001:db8::1", 0),
            ("IPv6", "192.0.2.1", 1),
            ("IPv4", "x", 1),
            ("FQDN", "a.example.org.", 0),
            ("FQDN", "a", 1),
            ("FQDN", "A.b", 1),
        ];
        for (kind, address, count) in cases {
            let object = json!({"addressType": kind, "endpoints": [{"addresses": [address]}]});
            let mut errors = Vec::new();
            slice(&At::root(&object), None, &mut errors);
            assert_eq!(errors.len(), count, "{kind} {address} {errors:?}");
        }
    }
}
