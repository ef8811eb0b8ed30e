//! Rules of network policies.

use serde_json::Value;

use crate::builtin::rules::addresses::Range;
use crate::builtin::rules::at::{At, Errors};
use crate::builtin::rules::texts;

const TYPES: [&str; 2] = ["Ingress", "Egress"];

pub(crate) fn policy(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    self::spec(&object.child("spec"), errors);
    if old.is_some() {
        // An update is judged twice: as a new policy, and as an update.
        self::spec(&object.child("spec"), errors);
    }
}

fn spec(spec: &At<'_>, errors: &mut Errors) {
    texts::selector(&spec.child("podSelector"), errors);
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in spec.child(direction).items() {
            rule.child("ports").items().iter().for_each(|port| self::port(port, errors));
            rule.child(peers).items().iter().for_each(|peer| self::peer(peer, errors));
        }
    }
    let types = spec.child("policyTypes");
    if types.len() > TYPES.len() {
        errors.push(types.invalid("may not specify more than two policyTypes"));
        return;
    }
    for kind in types.items() {
        kind.one_of_if_set(&TYPES, errors);
    }
}

fn port(at: &At<'_>, errors: &mut Errors) {
    at.child("protocol").one_of_if_set(&["TCP", "UDP", "SCTP"], errors);
    let (port, end) = (at.child("port"), at.child("endPort"));
    match port.value {
        Value::Null if end.is_set() => {
            errors.push(end.invalid("may not be specified when `port` is not specified"));
        }
        Value::Null => {}
        Value::String(name) => {
            if end.is_set() {
                errors.push(end.invalid("may not be specified when `port` is non-numeric"));
            }
            port.judged(texts::port_name(name), errors);
        }
        _ => {
            errors.extend(texts::port(port.number()).map(|why| port.invalid(&why)));
            if end.is_set() {
                end_port(&end, port.number(), errors);
            }
        }
    }
}

fn end_port(end: &At<'_>, start: i64, errors: &mut Errors) {
    if end.number() < start {
        // The real server shows the start where it names the end.
        errors.push(end.invalid_value(start, "must be greater than or equal to `port`"));
    }
    errors.extend(texts::port(end.number()).map(|why| end.invalid(&why)));
}

fn peer(at: &At<'_>, errors: &mut Errors) {
    let selectors = ["podSelector", "namespaceSelector"].map(|field| at.child(field));
    selectors.iter().for_each(|selector| texts::selector(selector, errors));
    let block = at.child("ipBlock");
    if block.is_set() {
        self::block(&block, errors);
    }
    let selected = selectors.iter().any(At::is_set);
    if !selected && !block.is_set() {
        errors.push(at.required("must specify a peer"));
    } else if selected && block.is_set() {
        errors.push(at.forbidden("may not specify both ipBlock and another peer"));
    }
}

fn block(at: &At<'_>, errors: &mut Errors) {
    let whole = at.child("cidr");
    whole.named(texts::range, errors);
    let Some(range) = Range::read(whole.text()) else { return };
    for part in at.child("except").items() {
        part.judged(texts::range(part.text()), errors);
        if Range::read(part.text()).is_some_and(|part| !range.exceeds(part)) {
            errors.push(part.invalid("must be a strict subset of `cidr`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(part: fn(&At<'_>, &mut Errors), value: &Value) -> Vec<String> {
        let mut errors = Vec::new();
        part(&At::root(value), &mut errors);
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_peer_is_chosen_by_labels_or_by_address() {
        let (labels, block) =
            (json!({"matchLabels": {"a": "b"}}), json!({"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}));
        let cases = [
            ("labels", json!({"podSelector": labels, "namespaceSelector": labels}), 0),
            ("address", json!({"ipBlock": block}), 0),
            ("both", json!({"podSelector": labels, "ipBlock": block}), 1),
            ("neither", json!({}), 1),
            ("outside", json!({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/8"]}}), 1),
        ];
        for (name, peer, count) in cases {
            assert_eq!(told(self::peer, &peer).len(), count, "{name}");
        }
    }

    #[test]
    fn only_a_numbered_port_starts_a_range() {
        let cases = [
            ("none", json!({}), 0),
            ("range", json!({"port": 80, "endPort": 90}), 0),
            ("backwards", json!({"port": 80, "endPort": 70}), 1),
            ("named", json!({"port": "http", "endPort": 90}), 1),
            ("end alone", json!({"endPort": 90}), 1),
        ];
        for (name, port, count) in cases {
            assert_eq!(told(self::port, &port).len(), count, "{name}");
        }
    }
}
