//! Affinity of Pods: to nodes by their labels and fields, and to other Pods by theirs.

use crate::builtin::rules::at::{At, Errors};
use crate::builtin::rules::node_selectors::{self, Values};
use crate::builtin::rules::texts;
use crate::meta::names;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

pub(super) fn check(affinity: &At<'_>, errors: &mut Errors) {
    let nodes = affinity.child("nodeAffinity");
    let required = nodes.child(REQUIRED);
    if required.is_set() {
        node_selectors::selector(&required, errors);
    }
    for term in nodes.child(PREFERRED).items() {
        weight(&term, errors);
        // A wish that no node can fulfil does no harm.
        node_selectors::term(&term.child("preference"), Values::Any, errors);
    }
    for pods in ["podAffinity", "podAntiAffinity"].map(|kind| affinity.child(kind)) {
        pods.child(REQUIRED).items().iter().for_each(|term| pod_term(term, errors));
        for term in pods.child(PREFERRED).items() {
            weight(&term, errors);
            pod_term(&term.child("podAffinityTerm"), errors);
        }
    }
}

fn weight(term: &At<'_>, errors: &mut Errors) {
    let weight = term.child("weight");
    if !(1..=100).contains(&weight.number()) {
        errors.push(weight.invalid_value(weight.number(), "must be in the range 1-100"));
    }
}

fn pod_term(term: &At<'_>, errors: &mut Errors) {
    texts::selector(&term.child("labelSelector"), errors);
    texts::selector(&term.child("namespaceSelector"), errors);
    // The real server names the list as if it were one name.
    let namespace = term.child("namespace");
    for name in term.child("namespaces").items() {
        errors.extend(names::label(name.text()).map(|why| namespace.invalid_value(name.text(), &why)));
    }
    label_keys(term, errors);
    let topology = term.child("topologyKey");
    if topology.text().is_empty() {
        errors.push(topology.required("can not be empty"));
    }
    topology.judged(names::qualified(topology.text()), errors);
}

/// Labels of the Pod itself that narrow a selector.
pub(super) fn label_keys(at: &At<'_>, errors: &mut Errors) {
    let selector = at.child("labelSelector");
    let [same, other] = ["matchLabelKeys", "mismatchLabelKeys"].map(|field| at.child(field));
    for keys in [&same, &other] {
        if keys.len() > 0 && !selector.is_set() {
            errors.push(keys.forbidden("must not be specified when labelSelector is not set"));
            continue;
        }
        keys.items().iter().for_each(|key| key.judged(names::qualified(key.text()), errors));
    }
    let others = other.items();
    for key in same.items().iter().filter(|key| others.iter().any(|other| other.text() == key.text())) {
        errors.push(key.invalid("exists in both matchLabelKeys and mismatchLabelKeys"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn messages(affinity: &Value) -> Vec<String> {
        let mut errors = Vec::new();
        check(&At::root(affinity), &mut errors);
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn values_of_labels_are_judged_only_where_a_node_must_have_them() {
        let term = json!({"matchExpressions": [{"key": "a", "operator": "In", "values": ["not valid"]}]});
        let wish = json!({"nodeAffinity": {PREFERRED: [{"weight": 1, "preference": term}]}});
        let need = json!({"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [term]}}});
        assert_eq!(messages(&wish), Vec::<String>::new());
        assert_eq!(messages(&need).len(), 1);
    }

    #[test]
    fn a_term_about_pods_needs_a_topology() {
        let affinity = json!({"podAffinity": {PREFERRED: [{"weight": 101, "podAffinityTerm": {}}]}});
        let found = messages(&affinity);
        assert!(found[0].ends_with("weight: Invalid value: 101: must be in the range 1-100"), "{found:?}");
        assert!(found[1].ends_with("podAffinityTerm.topologyKey: Required value: can not be empty"), "{found:?}");
    }
}
