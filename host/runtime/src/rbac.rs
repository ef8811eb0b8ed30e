//! The Kubernetes permissions that a plugin needs, from what it declares.
//!
//! Reads are made by the daemon under its own name; writes are made under the plugin's. So a plugin's role holds its writes
//! and its events, and the daemon's role the reads of all.

use std::collections::{BTreeMap, BTreeSet};

use backplane_core::declaration::Verb;
use backplane_core::{Declaration, Kind};
use serde_json::{Value, json};

/// RBAC rules for the writes of one plugin. `plural` gives the REST name of a kind.
pub fn write_rules(declarations: &[Declaration], plural: impl Fn(&Kind) -> String) -> Vec<Value> {
    let mut verbs: BTreeMap<(String, String), BTreeSet<&'static str>> = BTreeMap::new();
    for write in declarations.iter().flat_map(|declaration| &declaration.writes) {
        for verb in &write.verbs {
            let (suffix, needed) = needs(*verb);
            let resource = format!("{}{suffix}", plural(&write.kind));
            verbs.entry((write.kind.group.clone(), resource)).or_default().extend(needed);
        }
    }
    for kind in declarations.iter().flat_map(|declaration| &declaration.reconciles) {
        // Conditions are written by the host under the plugin's name.
        verbs.entry((kind.group.clone(), format!("{}/status", plural(kind)))).or_default().insert("patch");
    }
    verbs.entry((String::new(), "events".into())).or_default().extend(["create", "patch"]);
    verbs
        .into_iter()
        .map(|((group, resource), verbs)| json!({"apiGroups": [group], "resources": [resource], "verbs": verbs}))
        .collect()
}

/// RBAC rules for the daemon's own reads.
pub fn read_rules(declarations: &[Declaration], plural: impl Fn(&Kind) -> String) -> Vec<Value> {
    let reads = declarations
        .iter()
        .flat_map(|declaration| declaration.reconciles.iter().chain(declaration.reads.iter().map(|read| &read.kind)));
    let resources: BTreeSet<(String, String)> = reads.map(|kind| (kind.group.clone(), plural(kind))).collect();
    resources
        .into_iter()
        .map(|(group, resource)| {
            json!({"apiGroups": [group], "resources": [resource], "verbs": ["get", "list", "watch"]})
        })
        .collect()
}

/// RBAC rules by which replicas share the plugins; a Role in the daemon's namespace is enough.
pub fn lease_rules() -> Vec<Value> {
    let verbs = ["get", "list", "watch", "create", "patch", "delete"];
    vec![json!({"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": verbs})]
}

/// Subresource and RBAC verbs of what a plugin may do. An apply is a patch that may create.
fn needs(verb: Verb) -> (&'static str, &'static [&'static str]) {
    match verb {
        Verb::Apply => ("", &["create", "patch"]),
        Verb::ApplyStatus => ("/status", &["patch"]),
        Verb::Create => ("", &["create"]),
        Verb::Patch => ("", &["patch"]),
        Verb::Delete => ("", &["delete"]),
    }
}

/// The REST name of a kind by the usual English rules; what most kinds are called, and all that we declare.
pub fn usual_plural(kind: &Kind) -> String {
    let name = kind.kind.to_lowercase();
    if let Some(stem) = name.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u'])) {
        return format!("{stem}ies");
    }
    if name.ends_with(['s', 'x']) || name.ends_with("ch") || name.ends_with("sh") {
        return format!("{name}es");
    }
    format!("{name}s")
}

#[cfg(test)]
mod tests {
    use super::*;
    use backplane_core::declaration::Write;

    #[test]
    fn a_role_holds_what_is_written_and_no_more() {
        let kind = Kind::new("apps", "v1", "Deployment");
        let declaration = Declaration {
            writes: vec![Write { kind, verbs: vec![Verb::Apply, Verb::ApplyStatus] }],
            ..Declaration::default()
        };
        let rules = write_rules(&[declaration], usual_plural);
        assert_eq!(
            rules,
            [
                json!({"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]}),
                json!({"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["create", "patch"]}),
                json!({"apiGroups": ["apps"], "resources": ["deployments/status"], "verbs": ["patch"]}),
            ]
        );
    }

    #[test]
    fn plurals_follow_the_usual_rules() {
        let cases = [("Deployment", "deployments"), ("NetworkPolicy", "networkpolicies"), ("Ingress", "ingresses")];
        for (kind, expected) in cases {
            assert_eq!(usual_plural(&Kind::new("", "v1", kind)), expected);
        }
    }
}
