//! Rules of built-in kinds, in the words and the order of the real server; a file for each family of kinds.
//!
//! The kinds of [`is_told_in_full`] are judged by these rules alone: their schemas say which types fields have, no more, so
//! that nothing is said twice. Of the other kinds the schemas say what is required and what is allowed.

mod access;
mod at;
mod config;
mod events;
mod jobs;
mod leases;
mod nodes;
mod pods;
mod services;
mod texts;
mod workloads;

use serde_json::Value;

use super::{networking, storage};
use crate::field::FieldError;
use crate::kind::ResourceKind;
use at::At;

/// Everything that is wrong with an object of a built-in kind, besides its metadata and its types.
pub(crate) fn rules(kind: &ResourceKind, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut found = Vec::new();
    let errors = &mut found;
    let (plain, former) = (object, old);
    let (object, old) = (&At::root(object), old.map(At::root));
    let old = old.as_ref();
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "ConfigMap") => config::config_map(object, old, errors),
        ("", "Secret") => config::secret(object, old, errors),
        ("", "Service") => services::service(object, old, errors),
        ("", "Pod") => pods::pod(object, old, errors),
        ("", "Node") => nodes::node(object, old, errors),
        ("", "Namespace") => nodes::namespace(object, old, errors),
        ("", "Event") => events::core(object, errors),
        ("", "PersistentVolume") => storage::volume_rules(plain, former, errors),
        ("", "PersistentVolumeClaim") => storage::claim_rules(plain, former, errors),
        ("events.k8s.io", "Event") => events::modern(object, old, errors),
        ("coordination.k8s.io", "Lease") => leases::lease(object, errors),
        ("apps", name) => workloads::workload(name, object, old, errors),
        ("batch", "Job") => jobs::job(object, old, errors),
        ("batch", "CronJob") => jobs::cron_job(object, errors),
        ("networking.k8s.io", "Ingress") => networking::ingress_rules(plain, errors),
        ("storage.k8s.io", "StorageClass") => storage::class_rules(plain, former, errors),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => access::role(object, kind.scope, errors),
        ("rbac.authorization.k8s.io", _) => access::binding(object, old, kind.scope, errors),
        ("apiextensions.k8s.io", _) => errors.extend(crate::kind::crd::check(plain, former)),
        _ => {}
    }
    found
}

/// Whether the schema has nothing to say about a field but its type.
pub(crate) fn is_told_in_full(kind: &ResourceKind, field: &str) -> bool {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", name) => ["ConfigMap", "Secret", "Service", "Pod", "Node", "Namespace", "Event"].contains(&name),
        ("events.k8s.io" | "coordination.k8s.io" | "apps" | "rbac.authorization.k8s.io", _) => true,
        ("batch", _) => field.contains("template") || ["parallelism", "completions"].iter().any(|f| field.ends_with(f)),
        _ => false,
    }
}
