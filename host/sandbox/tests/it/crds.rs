//! The kinds that stand-ins serve: what upstream accepts is accepted, what it refuses is refused.

use crate::common::{Cluster, text, world};
use backplane_sandbox::{StandIn, World, WorldOptions};
use serde_json::{Value, json};

/// A world in which nobody touches the objects.
async fn still_world() -> World {
    world(WorldOptions { without: StandIn::ALL.into(), ..WorldOptions::default() }).await
}

fn object(api_version: &str, kind: &str, spec: Value) -> Value {
    let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "sample"}, "spec": spec});
    if kind != "DataStore" {
        object["metadata"]["namespace"] = json!("default");
    }
    object
}

const CORE: &str = "cluster.x-k8s.io/v1beta1";
const BOOTSTRAP: &str = "bootstrap.cluster.x-k8s.io/v1beta1";
const KAMAJI: &str = "kamaji.clastix.io/v1alpha1";
const KUBEVIRT: &str = "infrastructure.cluster.x-k8s.io/v1alpha1";

fn machine() -> Value {
    json!({"clusterName": "c", "version": "v1.34.0", "nodeDrainTimeout": "10s", "failureDomain": "a",
        "bootstrap": {"configRef": {"apiVersion": BOOTSTRAP, "kind": "KubeadmConfigTemplate", "name": "b", "namespace": "default"}},
        "infrastructureRef": {"apiVersion": KUBEVIRT, "kind": "KubevirtMachineTemplate", "name": "i", "namespace": "default"}})
}

fn kubeadm() -> Value {
    json!({"format": "cloud-config", "verbosity": 2, "preKubeadmCommands": ["true"], "postKubeadmCommands": ["true"],
        "ntp": {"enabled": true, "servers": ["ntp"]}, "users": [{"name": "u", "sudo": "ALL", "sshAuthorizedKeys": ["k"]}],
        "files": [{"path": "/a", "content": "x", "owner": "root:root", "permissions": "0600", "encoding": "base64"},
            {"path": "/b", "contentFrom": {"secret": {"name": "s", "key": "k"}}}],
        "joinConfiguration": {
            "discovery": {"bootstrapToken": {"token": "abcdef.0123456789abcdef", "apiServerEndpoint": "h:1", "caCertHashes": ["x"]}},
            "nodeRegistration": {"name": "n", "criSocket": "s", "kubeletExtraArgs": {"cloud-provider": "external"},
                "taints": [{"key": "k", "effect": "NoSchedule"}], "ignorePreflightErrors": ["all"]}}})
}

fn samples() -> Vec<Value> {
    let leaf = json!({"secretReference": {"name": "s", "namespace": "n", "keyPath": "tls.crt"}});
    vec![
        object(
            CORE,
            "Cluster",
            json!({"paused": false, "controlPlaneEndpoint": {"host": "h", "port": 6443},
            "clusterNetwork": {"apiServerPort": 6443, "serviceDomain": "cluster.local",
                "pods": {"cidrBlocks": ["10.0.0.0/8"]}, "services": {"cidrBlocks": ["10.0.0.0/8"]}},
            "infrastructureRef": {"apiVersion": KUBEVIRT, "kind": "KubevirtCluster", "name": "c", "namespace": "default"}}),
        ),
        object(
            CORE,
            "MachineDeployment",
            json!({"clusterName": "c", "replicas": 2, "paused": false, "selector": {"matchLabels": {"a": "b"}},
            "minReadySeconds": 1, "revisionHistoryLimit": 0, "progressDeadlineSeconds": 1, "rolloutAfter": "2026-01-01T00:00:00Z",
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0, "deletePolicy": "Oldest"}},
            "template": {"metadata": {"labels": {"a": "b"}, "annotations": {"a": "b"}}, "spec": machine()}}),
        ),
        object(
            CORE,
            "MachineSet",
            json!({"clusterName": "c", "selector": {"matchLabels": {"a": "b"}}, "deletePolicy": "Random",
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": machine()}}),
        ),
        object(CORE, "Machine", machine()),
        object(BOOTSTRAP, "KubeadmConfig", kubeadm()),
        object(
            BOOTSTRAP,
            "KubeadmConfigTemplate",
            json!({"template": {"metadata": {"labels": {"a": "b"}}, "spec": kubeadm()}}),
        ),
        object(
            "controlplane.cluster.x-k8s.io/v1alpha1",
            "KamajiControlPlane",
            json!({"version": "v1.34.0", "replicas": 3,
            "dataStoreName": "ds", "addons": {"coreDNS": {}, "kubeProxy": {}, "konnectivity": {}}, "kubelet": {"cgroupfs": "systemd"},
            "apiServer": {"extraArgs": ["--v=1"]}, "deployment": {"nodeSelector": {"a": "b"}},
            "network": {"serviceType": "LoadBalancer", "serviceAddress": "127.0.0.1", "certSANs": ["x"], "serviceAnnotations": {"a": "b"}}}),
        ),
        object(
            KAMAJI,
            "TenantControlPlane",
            json!({"dataStore": "ds", "kubernetes": {"version": "v1.34.0", "kubelet": {}},
            "controlPlane": {"service": {"serviceType": "LoadBalancer", "additionalMetadata": {"annotations": {"a": "b"}}},
                "deployment": {"replicas": 3, "resources": {"apiServer": {"requests": {"cpu": "1"}}}}},
            "networkProfile": {"address": "127.0.0.1", "port": 6443, "certSANs": ["x"]}, "addons": {"coreDNS": {}}}),
        ),
        object(
            KAMAJI,
            "DataStore",
            json!({"driver": "etcd", "endpoints": ["e:2379"], "tlsConfig": {
            "certificateAuthority": {"certificate": leaf, "privateKey": leaf},
            "clientCertificate": {"certificate": leaf, "privateKey": leaf}}}),
        ),
        object(KUBEVIRT, "KubevirtCluster", json!({"controlPlaneEndpoint": {"host": "h", "port": 1}})),
        object(
            KUBEVIRT,
            "KubevirtMachine",
            json!({"virtualMachineBootstrapCheck": {"checkStrategy": "none"},
            "virtualMachineTemplate": {"spec": {"runStrategy": "Always", "template": {"spec": {"domain": {"devices": {}}}}}}}),
        ),
        object(
            KUBEVIRT,
            "KubevirtMachineTemplate",
            json!({"template": {"spec": {"virtualMachineTemplate": {
            "spec": {"runStrategy": "Always", "dataVolumeTemplates": [{"metadata": {"name": "d"}, "spec": {}}], "template": {}}}}}}),
        ),
        object(
            "cert-manager.io/v1",
            "Certificate",
            json!({"secretName": "s", "issuerRef": {"name": "i", "kind": "ClusterIssuer"},
            "dnsNames": ["d"], "duration": "2160h", "usages": ["server auth"], "privateKey": {"algorithm": "ECDSA", "size": 256}}),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_of_every_kind_are_accepted_as_they_are() {
    let world = still_world().await;
    let admin = Cluster::admin(&world).await;
    for sample in samples() {
        let kind = text(&sample, "/kind").to_owned();
        let stored = admin.apply(sample.clone()).await.unwrap_or_else(|error| panic!("{kind} is refused: {error}"));
        assert!(contains(&stored["spec"], &sample["spec"]), "{kind} was changed: {:#}", stored["spec"]);
    }
    world.stop().await;
}

/// Whether every member that was sent has come back.
fn contains(stored: &Value, sent: &Value) -> bool {
    match (stored, sent) {
        (Value::Object(stored), Value::Object(sent)) => {
            sent.iter().all(|(key, value)| stored.get(key).is_some_and(|stored| contains(stored, value)))
        }
        (Value::Array(stored), Value::Array(sent)) => {
            stored.len() == sent.len() && stored.iter().zip(sent).all(|(stored, sent)| contains(stored, sent))
        }
        (stored, sent) => stored == sent,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_upstream_requires_is_required() {
    let world = still_world().await;
    let admin = Cluster::admin(&world).await;
    let cases = [
        (
            "MachineDeployment without template",
            object(CORE, "MachineDeployment", json!({"clusterName": "c", "selector": {}})),
        ),
        ("Machine without infrastructure", object(CORE, "Machine", json!({"clusterName": "c", "bootstrap": {}}))),
        ("MachineSet without selector", object(CORE, "MachineSet", json!({"clusterName": "c"}))),
        ("Cluster with half an endpoint", object(CORE, "Cluster", json!({"controlPlaneEndpoint": {"host": "h"}}))),
        (
            "unknown strategy",
            object(
                CORE,
                "MachineDeployment",
                json!({"clusterName": "c", "selector": {}, "strategy": {"type": "Big"},
            "template": {"spec": machine()}}),
            ),
        ),
        ("KubeadmConfigTemplate without template", object(BOOTSTRAP, "KubeadmConfigTemplate", json!({}))),
        (
            "TenantControlPlane without service",
            object(
                KAMAJI,
                "TenantControlPlane",
                json!({"kubernetes": {"version": "v1.34.0", "kubelet": {}}, "controlPlane": {}}),
            ),
        ),
        (
            "DataStore with an unknown driver",
            object(KAMAJI, "DataStore", json!({"driver": "files", "endpoints": ["e"]})),
        ),
        (
            "KamajiControlPlane without version",
            object("controlplane.cluster.x-k8s.io/v1alpha1", "KamajiControlPlane", json!({})),
        ),
        ("Certificate without issuer", object("cert-manager.io/v1", "Certificate", json!({"secretName": "s"}))),
        (
            "unknown member",
            object(CORE, "Machine", {
                let mut spec = machine();
                spec["colour"] = json!("red");
                spec
            }),
        ),
    ];
    for (case, object) in cases {
        assert!(admin.apply(object).await.is_err(), "{case} is accepted");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn defaults_are_upstreams() {
    let world = still_world().await;
    let admin = Cluster::admin(&world).await;
    let tenant = object(
        KAMAJI,
        "TenantControlPlane",
        json!({"kubernetes": {"version": "v1.34.0", "kubelet": {}},
        "controlPlane": {"service": {"serviceType": "LoadBalancer"}}}),
    );
    let tenant = admin.apply(tenant).await.expect("is accepted");
    assert_eq!(tenant["spec"]["controlPlane"]["deployment"]["replicas"], json!(2));
    assert_eq!(text(&tenant, "/spec/networkProfile/serviceCidr"), "10.96.0.0/16");
    assert_eq!(tenant["spec"]["networkProfile"]["port"], json!(6443));
    let plane = object("controlplane.cluster.x-k8s.io/v1alpha1", "KamajiControlPlane", json!({"version": "v1.34.0"}));
    let plane = admin.apply(plane).await.expect("is accepted");
    assert_eq!((text(&plane, "/spec/network/serviceType"), &plane["spec"]["replicas"]), ("LoadBalancer", &json!(2)));
    world.stop().await;
}
