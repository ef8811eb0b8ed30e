//! The old discovery documents, one per path.

use std::sync::Arc;

use backplane_apimachinery::ResourceKind;
use backplane_apimachinery::kind::Origin;
use serde_json::{Value, json};

use super::{storage_version_hash, subresources, verbs};
use crate::registry::{Group, Kinds};

/// `/`.
pub(super) fn paths(kinds: &Kinds) -> Value {
    let mut paths = vec!["/api".to_owned(), "/api/v1".to_owned(), "/apis".to_owned()];
    for group in kinds.groups() {
        paths.push(format!("/apis/{}", group.name));
        paths.extend(group.versions.iter().map(|version| format!("/apis/{}/{version}", group.name)));
    }
    paths.extend(["/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"].map(str::to_owned));
    json!({"paths": paths})
}

/// `/api`.
pub(super) fn core(host: &str) -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": host}]})
}

/// `/apis`.
pub(super) fn groups(kinds: &Kinds) -> Value {
    let groups: Vec<Value> = kinds.groups().iter().map(describe).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/<group>`.
pub(super) fn group(kinds: &Kinds, name: &str) -> Option<Value> {
    let groups = kinds.groups();
    let mut document = describe(groups.iter().find(|group| group.name == name)?);
    document["kind"] = "APIGroup".into();
    document["apiVersion"] = "v1".into();
    Some(document)
}

fn describe(group: &Group) -> Value {
    let version = |version: &String| json!({"groupVersion": format!("{}/{version}", group.name), "version": version});
    let versions: Vec<Value> = group.versions.iter().map(version).collect();
    json!({"name": group.name, "preferredVersion": versions[0], "versions": versions})
}

/// `/api/v1` and `/apis/<group>/<version>`.
pub(super) fn resources(kinds: &Kinds, group: &str, version: &str) -> Option<Value> {
    if !kinds.serves(group, version) {
        return None;
    }
    let here = |kind: &&Arc<ResourceKind>| kind.group == group && kind.version == version;
    let mut resources: Vec<Value> = kinds.all().filter(here).flat_map(|kind| entries(kind)).collect();
    if kinds.all().find(here).is_some_and(|kind| kind.origin != Origin::Custom) {
        resources.sort_by_key(|entry| entry["name"].to_string());
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let mut list = json!({"kind": "APIResourceList", "groupVersion": group_version, "resources": resources});
    // Of the core group the list has no version of its own.
    if !group.is_empty() {
        list["apiVersion"] = "v1".into();
    }
    Some(list)
}

fn entries(kind: &ResourceKind) -> Vec<Value> {
    let mut entry = json!({"name": kind.plural, "singularName": kind.singular, "namespaced": kind.is_namespaced(),
        "kind": kind.kind, "verbs": verbs(kind)});
    for (key, list) in [("shortNames", &kind.short_names), ("categories", &kind.categories)] {
        if !list.is_empty() {
            entry[key] = list.clone().into();
        }
    }
    if kind.is_stored() {
        entry["storageVersionHash"] = storage_version_hash(kind).into();
    }
    let below = subresources(kind).into_iter().map(|sub| {
        let mut entry = json!({"name": format!("{}/{}", kind.plural, sub.name), "singularName": "",
            "namespaced": kind.is_namespaced(), "kind": sub.kind, "verbs": sub.verbs});
        if !sub.version.is_empty() {
            entry["group"] = sub.group.into();
            entry["version"] = sub.version.into();
        }
        entry
    });
    std::iter::once(entry).chain(below).collect()
}
