//! The new discovery documents: all resources of all groups at once.

use backplane_apimachinery::ResourceKind;
use backplane_apimachinery::kind::Origin;
use serde_json::{Value, json};

use super::{subresources, verbs};
use crate::registry::Kinds;

/// `/api`.
pub(super) fn core(kinds: &Kinds) -> Value {
    list(vec![item(kinds, "", &["v1".to_owned()])])
}

/// `/apis`.
pub(super) fn named(kinds: &Kinds) -> Value {
    list(kinds.groups().iter().map(|group| item(kinds, &group.name, &group.versions)).collect())
}

fn list(items: Vec<Value>) -> Value {
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

fn item(kinds: &Kinds, group: &str, versions: &[String]) -> Value {
    let mut metadata = json!({});
    if !group.is_empty() {
        metadata["name"] = group.into();
    }
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| {
            let here = kinds.all().filter(|kind| kind.group == group && kind.version == *version);
            let mut kinds: Vec<_> = here.collect();
            if kinds.first().is_some_and(|kind| kind.origin != Origin::Custom) {
                kinds.sort_by(|a, b| a.plural.cmp(&b.plural));
            }
            let resources: Vec<Value> = kinds.into_iter().map(|kind| resource(kind)).collect();
            json!({"version": version, "resources": resources, "freshness": "Current"})
        })
        .collect();
    json!({"metadata": metadata, "versions": versions})
}

/// Group and version of a kind as this document names them: built-in kinds leave both to the place where they stand.
fn own(kind: &ResourceKind) -> (&str, &str) {
    if kind.origin == Origin::Custom { (&kind.group, &kind.version) } else { ("", "") }
}

fn resource(kind: &ResourceKind) -> Value {
    let response = |group: &str, version: &str, name: &str| json!({"group": group, "version": version, "kind": name});
    let mut entry = json!({
        "resource": kind.plural,
        "responseKind": response(own(kind).0, own(kind).1, &kind.kind),
        "scope": if kind.is_namespaced() { "Namespaced" } else { "Cluster" },
        "singularResource": kind.singular,
        "verbs": verbs(kind),
    });
    for (key, list) in [("shortNames", &kind.short_names), ("categories", &kind.categories)] {
        if !list.is_empty() {
            entry[key] = list.clone().into();
        }
    }
    let below: Vec<Value> = subresources(kind)
        .iter()
        .map(|sub| {
            let (group, version) = match sub.version {
                "" => own(kind),
                version => (sub.group, version),
            };
            json!({"subresource": sub.name, "responseKind": response(group, version, &sub.kind), "verbs": sub.verbs})
        })
        .collect();
    if !below.is_empty() {
        entry["subresources"] = below.into();
    }
    entry
}
