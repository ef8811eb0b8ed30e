//! The kinds that are part of Kubernetes: their schemas (files beside this one, in our own words), what is derived in
//! their objects, and the rules that no schema can say.

mod admitted;
mod daemon_sets;
mod derive;
mod inner;
mod jobs;
mod json_schema;
mod load;
mod rules;
mod shape;
mod stateful_sets;
mod storage;
mod typed;
mod warnings;
mod zero;

pub(crate) use admitted::{admit, admit_change};
pub(crate) use derive::{derive, newborn};
pub(crate) use jobs::share_labels;
pub(crate) use json_schema::{decodes_itself, mistyped, resolved};
pub(crate) use load::{kinds, scale};
pub(crate) use rules::{is_told_in_full, review_versions, rules, webhook_client};
pub(crate) use shape::{shape, stored};
pub(crate) use typed::typed;
pub(crate) use warnings::warnings;
pub(crate) use zero::{fill, zero};

use serde_json::Value;

use crate::kind::ResourceKind;

/// Keeps in a changed object what only the server may change.
pub(crate) fn keep(kind: &ResourceKind, old: &Value, new: &mut Value) {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("apps", "DaemonSet") => daemon_sets::count(old, new),
        ("apps", "StatefulSet") => stateful_sets::drop_unavailable(new),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => {
            new.as_object_mut().map(derive::access::role);
        }
        _ => {}
    }
}

/// Whether a new object without labels shares those of its Pods.
pub(crate) fn shares_labels(kind: &ResourceKind, object: &Value) -> bool {
    kind.group == "batch" && kind.kind == "Job" && jobs::is_unlabelled(object)
}

#[cfg(test)]
mod tests;
