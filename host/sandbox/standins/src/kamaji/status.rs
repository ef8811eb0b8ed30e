//! Status of a TenantControlPlane. Values in, values out.

use serde_json::{Value, json};

use super::NAME;
use super::parts::port;
use super::secrets::{name, schema};
use crate::object;

/// What its parts look like.
pub(super) struct Seen<'a> {
    pub(super) service: &'a Value,
    pub(super) deployment: &'a Value,
    pub(super) store: &'a Value,
    /// Where the API server listens; `None` while it does not.
    pub(super) address: Option<&'a str>,
}

/// Where the control plane stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Provisioning,
    Upgrading,
    NotReady,
    Ready,
}

impl Stage {
    /// From the version that ran last, the one wanted, and whether the wanted one is up.
    pub(super) fn of(running: &str, wanted: &str, up: bool) -> Self {
        match (running, up) {
            (_, true) => Self::Ready,
            ("", false) => Self::Provisioning,
            (running, false) if running != wanted => Self::Upgrading,
            _ => Self::NotReady,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Provisioning => "Provisioning",
            Self::Upgrading => "Upgrading",
            Self::NotReady => "NotReady",
            Self::Ready => "Ready",
        }
    }
}

/// Writes the status; the version that runs changes only when the stage is Ready.
pub(super) fn fill(tenant: &mut Value, seen: &Seen<'_>, stage: Stage) {
    let wanted = object::text(tenant, "/spec/kubernetes/version").to_owned();
    object::put(tenant, &["status", "kubernetesResources", "version", "status"], json!(stage.word()));
    if stage == Stage::Ready {
        object::put(tenant, &["status", "kubernetesResources", "version", "version"], json!(wanted));
    }
    object::put(tenant, &["status", "kubernetesResources", "deployment"], deployment(tenant, seen.deployment));
    let service = json!({
        "name": object::name(tenant), "namespace": object::namespace(tenant), "port": port(tenant),
        "loadBalancer": seen.service.pointer("/status/loadBalancer").cloned().unwrap_or_else(|| json!({})),
    });
    object::put(tenant, &["status", "kubernetesResources", "service"], service);
    let storage = json!({
        "dataStoreName": object::name(seen.store), "driver": object::text(seen.store, "/spec/driver"),
        "config": {"secretName": name(tenant, "datastore-config")},
        "setup": {"schema": schema(tenant), "user": schema(tenant)},
    });
    object::put(tenant, &["status", "storage"], storage);
    for addon in ["coreDNS", "kubeProxy", "konnectivity"] {
        let enabled = tenant.pointer(&format!("/spec/addons/{addon}")).is_some_and(Value::is_object);
        object::put(tenant, &["status", "addons", addon, "enabled"], json!(enabled));
    }
    if let Some(address) = seen.address {
        access(tenant, address);
    }
}

fn access(tenant: &mut Value, address: &str) {
    let endpoint = format!("{address}:{}", port(tenant));
    object::put(tenant, &["status", "controlPlaneEndpoint"], json!(endpoint));
    for (member, suffix) in [
        ("admin", "admin-kubeconfig"),
        ("controllerManager", "controller-manager-kubeconfig"),
        ("scheduler", "scheduler-kubeconfig"),
    ] {
        let secret = name(tenant, suffix);
        object::put(tenant, &["status", "kubeconfig", member, "secretName"], json!(secret));
    }
    let ca = name(tenant, "ca");
    object::put(tenant, &["status", "certificates", "ca", "secretName"], json!(ca));
    let config = name(tenant, "kubeadmconfig");
    object::put(tenant, &["status", "kubeadmconfig", "configmapName"], json!(config));
}

fn deployment(tenant: &Value, deployment: &Value) -> Value {
    let mut out = json!({
        "name": object::name(tenant), "namespace": object::namespace(tenant),
        "selector": format!("{NAME}={}", object::name(tenant)),
    });
    for member in ["replicas", "readyReplicas", "availableReplicas", "updatedReplicas", "unavailableReplicas"] {
        if let Some(value) = deployment.pointer(&format!("/status/{member}")) {
            object::put(&mut out, &[member], value.clone());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_tells_first_start_upgrade_and_trouble_apart() {
        let cases = [
            ("first start", "", "v1.34.0", false, Stage::Provisioning),
            ("up", "", "v1.34.0", true, Stage::Ready),
            ("upgrade", "v1.34.0", "v1.35.0", false, Stage::Upgrading),
            ("trouble", "v1.34.0", "v1.34.0", false, Stage::NotReady),
        ];
        for (case, running, wanted, up, expected) in cases {
            assert_eq!(Stage::of(running, wanted, up), expected, "{case}");
        }
    }
}
