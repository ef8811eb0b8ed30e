//! Kinds of the remaining groups.

use jiff::Timestamp;
use serde_json::Value;

use super::{Columns, Printer, age, core, list, name, number, selector, text, text_or};

pub(super) fn printer(group: &str, kind: &str) -> Option<(Columns, Printer)> {
    Some(match (group, kind) {
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") | ("apiextensions.k8s.io", _) => {
            (&[("Created At", "date", 0)], created_at)
        }
        ("rbac.authorization.k8s.io", _) => (BINDING, binding),
        ("coordination.k8s.io", "Lease") => (&[("Holder", "string", 0), ("Age", "string", 0)], lease),
        ("admissionregistration.k8s.io", _) => (&[("Webhooks", "integer", 0), ("Age", "string", 0)], webhooks),
        ("events.k8s.io", "Event") => (core::EVENT, core::event),
        ("discovery.k8s.io", "EndpointSlice") => (SLICE, slice),
        ("networking.k8s.io", "NetworkPolicy") => (&[("Pod-Selector", "string", 0), ("Age", "string", 0)], policy),
        ("networking.k8s.io", "Ingress") => (INGRESS, ingress),
        ("storage.k8s.io", "StorageClass") => (CLASS, storage_class),
        ("autoscaling", "Scale") => (SCALE, scale),
        ("certificates.k8s.io", "CertificateSigningRequest") => (SIGNING, signing),
        ("authentication.k8s.io" | "authorization.k8s.io", _) => (&[("Created At", "date", 0)], created_at),
        _ => return None,
    })
}

const SCALE: Columns =
    &[("Name", "string", 0), ("Desired", "integer", 0), ("Available", "integer", 0), ("Age", "string", 0)];

const BINDING: Columns = &[
    ("Role", "string", 0),
    ("Age", "string", 0),
    ("Users", "string", 1),
    ("Groups", "string", 1),
    ("ServiceAccounts", "string", 1),
];

const SLICE: Columns =
    &[("AddressType", "string", 0), ("Ports", "string", 0), ("Endpoints", "string", 0), ("Age", "string", 0)];

const INGRESS: Columns = &[
    ("Class", "string", 0),
    ("Hosts", "string", 0),
    ("Address", "string", 0),
    ("Ports", "string", 0),
    ("Age", "string", 0),
];

const CLASS: Columns = &[
    ("Provisioner", "string", 0),
    ("ReclaimPolicy", "string", 0),
    ("VolumeBindingMode", "string", 0),
    ("AllowVolumeExpansion", "string", 0),
    ("Age", "string", 0),
];

const SIGNING: Columns = &[
    ("Age", "string", 0),
    ("SignerName", "string", 0),
    ("Requestor", "string", 0),
    ("RequestedDuration", "string", 0),
    ("Condition", "string", 0),
];

fn created_at(object: &Value, _now: Timestamp) -> Vec<Value> {
    vec![name(object), text(object, "/metadata/creationTimestamp").into()]
}

fn binding(object: &Value, now: Timestamp) -> Vec<Value> {
    let role = format!("{}/{}", text(object, "/roleRef/kind"), text(object, "/roleRef/name"));
    let subjects = |kind: &str| {
        let named = |s: &&Value| text(s, "/kind") == kind;
        let shown = |s: &Value| match kind {
            "ServiceAccount" => format!("{}/{}", text(s, "/namespace"), text(s, "/name")),
            _ => text(s, "/name").to_owned(),
        };
        list(object, "/subjects").iter().filter(named).map(shown).collect::<Vec<_>>().join(", ")
    };
    vec![
        name(object),
        role.into(),
        age(object, now),
        subjects("User").into(),
        subjects("Group").into(),
        subjects("ServiceAccount").into(),
    ]
}

fn lease(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), text(object, "/spec/holderIdentity").into(), age(object, now)]
}

fn webhooks(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), list(object, "/webhooks").len().into(), age(object, now)]
}

/// The first few of many, as slices and endpoints show them.
fn few(items: &[String], none: &str) -> String {
    const SHOWN: usize = 3;
    match items.len() {
        0 => none.to_owned(),
        n if n > SHOWN => format!("{} + {} more...", items[..SHOWN].join(","), n - SHOWN),
        _ => items.join(","),
    }
}

fn slice(object: &Value, now: Timestamp) -> Vec<Value> {
    let port = |p: &Value| match number(p, "/port") {
        0 => "*".to_owned(),
        n => n.to_string(),
    };
    let ports: Vec<String> = list(object, "/ports").iter().map(port).collect();
    let addresses: Vec<String> = list(object, "/endpoints")
        .iter()
        .flat_map(|e| list(e, "/addresses"))
        .filter_map(|a| a.as_str().map(str::to_owned))
        .collect();
    vec![
        name(object),
        text(object, "/addressType").into(),
        few(&ports, "<unset>").into(),
        few(&addresses, "<unset>").into(),
        age(object, now),
    ]
}

fn policy(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), selector(object, "/spec/podSelector").into(), age(object, now)]
}

fn scale(object: &Value, now: Timestamp) -> Vec<Value> {
    let count = |pointer: &str| number(object, pointer).into();
    vec![name(object), count("/spec/replicas"), count("/status/replicas"), age(object, now)]
}

fn ingress(object: &Value, now: Timestamp) -> Vec<Value> {
    let mut hosts: Vec<&str> = list(object, "/spec/rules").iter().map(|r| text(r, "/host")).collect();
    hosts.retain(|h| !h.is_empty());
    let more = hosts.len().saturating_sub(3);
    let mut shown = hosts.iter().take(3).copied().collect::<Vec<_>>().join(",");
    if more > 0 {
        shown.push_str(&format!(" + {more} more..."));
    }
    let address = |i: &Value| text_or(i, "/ip", text(i, "/hostname")).to_owned();
    let addresses: Vec<String> = list(object, "/status/loadBalancer/ingress").iter().map(address).collect();
    vec![
        name(object),
        text_or(object, "/spec/ingressClassName", "<none>").into(),
        if shown.is_empty() { "*".into() } else { shown.into() },
        addresses.join(",").into(),
        if list(object, "/spec/tls").is_empty() { "80".into() } else { "80, 443".into() },
        age(object, now),
    ]
}

fn storage_class(object: &Value, now: Timestamp) -> Vec<Value> {
    let annotations = object.pointer("/metadata/annotations");
    let default = annotations.and_then(|a| a.get("storageclass.kubernetes.io/is-default-class"));
    let suffix = if default.and_then(Value::as_str) == Some("true") { " (default)" } else { "" };
    let expands = object.pointer("/allowVolumeExpansion") == Some(&Value::Bool(true));
    vec![
        format!("{}{suffix}", text(object, "/metadata/name")).into(),
        text(object, "/provisioner").into(),
        text_or(object, "/reclaimPolicy", "Delete").into(),
        text_or(object, "/volumeBindingMode", "Immediate").into(),
        expands.into(),
        age(object, now),
    ]
}

fn signing(object: &Value, now: Timestamp) -> Vec<Value> {
    let duration = match number(object, "/spec/expirationSeconds") {
        0 => "<none>".to_owned(),
        seconds => super::human_duration(
            Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(seconds),
            Timestamp::UNIX_EPOCH,
        ),
    };
    let conditions = list(object, "/status/conditions");
    let has = |wanted: &str| conditions.iter().any(|c| text(c, "/type") == wanted);
    let mut words = Vec::new();
    match () {
        () if has("Denied") => words.push("Denied"),
        () if has("Approved") => words.push("Approved"),
        () => words.push("Pending"),
    }
    if has("Failed") {
        words.push("Failed");
    }
    if !text(object, "/status/certificate").is_empty() {
        words.push("Issued");
    }
    vec![
        name(object),
        age(object, now),
        text_or(object, "/spec/signerName", "<none>").into(),
        text(object, "/spec/username").into(),
        duration.into(),
        words.join(",").into(),
    ]
}
