//! Rules of built-in kinds, in the words and the order of the real server; a file for each family of kinds.
//!
//! The kinds of [`is_told_in_full`] are judged by these rules alone: their schemas say which types fields have, no more, so
//! that nothing is said twice. Of the other kinds the schemas say what is required and what is allowed.

mod access;
mod addresses;
mod at;
mod budgets;
mod config;
mod endpoints;
mod events;
mod jobs;
mod leases;
mod networking;
mod node_selectors;
mod nodes;
mod pods;
mod services;
mod storage;
mod texts;
mod webhooks;
mod workloads;

use serde_json::Value;

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
        ("", "Endpoints") => endpoints::endpoints(object, old, errors),
        ("", "Pod") => pods::pod(object, old, errors),
        ("", "Node") => nodes::node(object, old, errors),
        ("", "Namespace") => nodes::namespace(object, old, errors),
        ("", "Event") => events::core(object, errors),
        ("", "PersistentVolume") => storage::volume(object, old, errors),
        ("", "PersistentVolumeClaim") => storage::claim(object, old, errors),
        ("events.k8s.io", "Event") => events::modern(object, old, errors),
        ("coordination.k8s.io", "Lease") => leases::lease(object, errors),
        ("apps", name) => workloads::workload(name, object, old, errors),
        ("batch", "Job") => jobs::job(object, old, errors),
        ("batch", "CronJob") => jobs::cron_job(object, old, errors),
        ("discovery.k8s.io", "EndpointSlice") => endpoints::slice(object, old, errors),
        ("networking.k8s.io", "Ingress") => networking::ingress(object, old, errors),
        ("networking.k8s.io", "NetworkPolicy") => networking::policy(object, old, errors),
        ("policy", "PodDisruptionBudget") => budgets::budget(object, old, errors),
        ("storage.k8s.io", "StorageClass") => storage::class(object, old, errors),
        ("storage.k8s.io", "VolumeAttachment") => storage::attachment(object, old, errors),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => access::role(object, kind.scope, errors),
        ("rbac.authorization.k8s.io", _) => access::binding(object, old, kind.scope, errors),
        ("apiextensions.k8s.io", _) => errors.extend(crate::kind::crd::check(plain, former)),
        ("admissionregistration.k8s.io", _) => webhooks::configuration(object, errors),
        _ => {}
    }
    found
}

/// Everything wrong with whom a conversion webhook is asked at, which stands at `path`.
pub(crate) fn webhook_client(client: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    webhooks::client_config(&At { value: client, path: path.to_owned() }, &mut errors);
    errors
}

/// Everything wrong with the versions of reviews that a webhook understands.
pub(crate) fn review_versions(versions: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    webhooks::understood(&At { value: versions, path: path.to_owned() }, &mut errors);
    errors
}

/// Whether the schema has nothing to say about fields but their types.
pub(crate) fn is_told_in_full(kind: &ResourceKind) -> bool {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", name) => name != "ServiceAccount",
        ("events.k8s.io" | "coordination.k8s.io" | "apps" | "batch" | "rbac.authorization.k8s.io", _) => true,
        ("discovery.k8s.io" | "networking.k8s.io" | "policy" | "storage.k8s.io", _) => true,
        ("apiextensions.k8s.io" | "admissionregistration.k8s.io", _) => true,
        _ => false,
    }
}
