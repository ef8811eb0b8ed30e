//! The etcd: its members, the names they find each other by, and who may reach them.

use backplane_sdk::Obj;
use serde_json::{Value, json};

use crate::api::KdcClusterDatastore;
use crate::intent::{Owner, Steer, label};
use crate::settings::Settings;
use crate::{kinds, names};

const CLIENT_PORT: u16 = 2379;
const PEER_PORT: u16 = 2380;
/// Plain HTTP for health and metrics, inside the Pod network only.
const METRICS_PORT: u16 = 2381;
const CERTIFICATES: &str = "/etc/etcd/tls";
const DATA: &str = "/var/lib/etcd";

/// Intents of the headless Service and the StatefulSet.
pub(super) fn intents(owner: &Owner, store: &Obj<KdcClusterDatastore>, settings: &Settings) -> [Value; 2] {
    [headless(owner), members(owner, store, settings)]
}

/// Labels by which the members are selected; platform policies let such Pods into the management network.
fn selector(owner: &Owner) -> Value {
    json!({"app": "etcd", names::DATASTORE: owner.name})
}

fn headless(owner: &Owner) -> Value {
    let mut service = owner.intent(&kinds::SERVICE, &names::etcd(&owner.name), Steer::Yes);
    label(&mut service, &[(names::DATASTORE, &owner.name)]);
    service["spec"] = json!({
        "clusterIP": "None",
        // Members find each other before they are ready: they become so only together.
        "publishNotReadyAddresses": true,
        "selector": selector(owner),
        "ports": [
            {"name": "client", "protocol": "TCP", "port": CLIENT_PORT, "targetPort": CLIENT_PORT},
            {"name": "peer", "protocol": "TCP", "port": PEER_PORT, "targetPort": PEER_PORT},
        ],
    });
    service
}

/// The load balancer in front of the members, bound to an EIp.
pub(super) fn front_spec(owner: &Owner, port: i64) -> Value {
    let port = json!({"name": "client", "protocol": "TCP", "port": port, "targetPort": CLIENT_PORT});
    json!({"type": "LoadBalancer", "selector": selector(owner), "ports": [port]})
}

/// Endpoints of the members, for clients within the cluster.
pub(super) fn endpoints(namespace: &str, store: &str, replicas: i64) -> Vec<String> {
    let name = names::etcd(store);
    (0..replicas).map(|at| format!("https://{name}-{at}.{name}.{namespace}.svc.cluster.local:{CLIENT_PORT}")).collect()
}

fn members(owner: &Owner, store: &Obj<KdcClusterDatastore>, settings: &Settings) -> Value {
    let etcd = &store.spec.etcd;
    let name = names::etcd(&owner.name);
    let mut set = owner.intent(&kinds::STATEFUL_SET, &name, Steer::Yes);
    label(&mut set, &[(names::DATASTORE, &owner.name)]);
    let mut labels = selector(owner);
    labels[names::APP_MANAGED_BY] = names::MANAGER.into();
    let claim = json!({
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": etcd.storage.storage_class_name,
            "resources": {"requests": {"storage": etcd.storage.size}},
        },
    });
    set["spec"] = json!({
        "serviceName": name,
        "replicas": etcd.replicas,
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": selector(owner)},
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": retention(store), "whenScaled": "Retain"},
        "template": {"metadata": {"labels": labels}, "spec": pod(owner, store, settings)},
        "volumeClaimTemplates": [claim],
    });
    set
}

/// A dedicated datastore dies with its cluster; the data of a shared one is for a human to delete.
fn retention(store: &Obj<KdcClusterDatastore>) -> &'static str {
    if is_dedicated(store) { "Delete" } else { "Retain" }
}

/// Whether a cluster made the datastore for itself.
pub(super) fn is_dedicated(store: &Obj<KdcClusterDatastore>) -> bool {
    store.metadata.controller().is_some_and(|owner| owner.kind == kinds::KDC_CLUSTER.kind)
}

fn pod(owner: &Owner, store: &Obj<KdcClusterDatastore>, settings: &Settings) -> Value {
    let name = names::etcd(&owner.name);
    let spread = json!({
        "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector(owner)},
    });
    json!({
        "automountServiceAccountToken": false,
        "subdomain": name,
        "topologySpreadConstraints": [spread],
        "containers": [container(owner, store, settings)],
        "volumes": [{"name": "certificates", "secret": {"secretName": names::etcd_certificates(&owner.name)}}],
    })
}

fn container(owner: &Owner, store: &Obj<KdcClusterDatastore>, settings: &Settings) -> Value {
    let etcd = &store.spec.etcd;
    let standard = || format!("{}:{}", settings.etcd_image_repository, etcd.version);
    let probe = |path: &str| json!({"httpGet": {"path": path, "port": METRICS_PORT}, "periodSeconds": 10, "failureThreshold": 6});
    let baseline = || json!({"requests": {"memory": "256Mi"}, "limits": {"memory": "512Mi"}});
    json!({
        "name": "etcd",
        "image": etcd.image.clone().unwrap_or_else(standard),
        "command": ["etcd"],
        "args": arguments(owner, store),
        "env": [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "ports": [
            {"name": "client", "containerPort": CLIENT_PORT, "protocol": "TCP"},
            {"name": "peer", "containerPort": PEER_PORT, "protocol": "TCP"},
            {"name": "metrics", "containerPort": METRICS_PORT, "protocol": "TCP"},
        ],
        "readinessProbe": probe("/readyz"),
        "livenessProbe": probe("/livez"),
        "resources": etcd.resources.clone().unwrap_or_else(baseline),
        "volumeMounts": [
            {"name": "data", "mountPath": DATA},
            {"name": "certificates", "mountPath": CERTIFICATES, "readOnly": true},
        ],
    })
}

/// Every member is told of all at its first start; with data on its disk it goes by that instead.
fn arguments(owner: &Owner, store: &Obj<KdcClusterDatastore>) -> Vec<String> {
    let etcd = &store.spec.etcd;
    let name = names::etcd(&owner.name);
    let host = |pod: &str| format!("{pod}.{name}.{}.svc.cluster.local", owner.namespace);
    let own = host("$(POD_NAME)");
    let member = |at: i64| format!("{name}-{at}=https://{}:{PEER_PORT}", host(&format!("{name}-{at}")));
    let all: Vec<String> = (0..etcd.replicas).map(member).collect();
    let mut arguments = vec![
        "--name=$(POD_NAME)".into(),
        format!("--data-dir={DATA}"),
        format!("--listen-client-urls=https://0.0.0.0:{CLIENT_PORT}"),
        format!("--advertise-client-urls=https://{own}:{CLIENT_PORT}"),
        format!("--listen-peer-urls=https://0.0.0.0:{PEER_PORT}"),
        format!("--initial-advertise-peer-urls=https://{own}:{PEER_PORT}"),
        format!("--listen-metrics-urls=http://0.0.0.0:{METRICS_PORT}"),
        format!("--initial-cluster={}", all.join(",")),
        format!("--initial-cluster-token={}-{name}", owner.namespace),
        "--initial-cluster-state=new".into(),
        format!("--quota-backend-bytes={}", etcd.quota_backend_bytes),
        format!("--auto-compaction-mode={}", etcd.compaction.mode),
        format!("--auto-compaction-retention={}", etcd.compaction.retention),
    ];
    for side in ["", "peer-"] {
        arguments.push(format!("--{side}client-cert-auth=true"));
        arguments.push(format!("--{side}trusted-ca-file={CERTIFICATES}/ca.crt"));
        arguments.push(format!("--{side}cert-file={CERTIFICATES}/tls.crt"));
        arguments.push(format!("--{side}key-file={CERTIFICATES}/tls.key"));
    }
    arguments
}

/// Members among themselves, its own namespace, and the namespaces that were named. Kamaji comes by the load balancer.
pub(super) fn policy(owner: &Owner, allowed: &[String]) -> Value {
    let mut policy = owner.intent(&kinds::NETWORK_POLICY, &names::etcd(&owner.name), Steer::Yes);
    label(&mut policy, &[(names::DATASTORE, &owner.name)]);
    let namespace =
        |name: &String| json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}});
    let mut clients = vec![json!({"podSelector": {}})];
    clients.extend(allowed.iter().map(namespace));
    let members = json!([{"podSelector": {"matchLabels": selector(owner)}}]);
    policy["spec"] = json!({
        "podSelector": {"matchLabels": selector(owner)},
        "policyTypes": ["Ingress"],
        "ingress": [
            {"from": clients, "ports": [{"protocol": "TCP", "port": CLIENT_PORT}]},
            {"from": members, "ports": [{"protocol": "TCP", "port": PEER_PORT}]},
        ],
    });
    policy
}
