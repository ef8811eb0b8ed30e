//! A tenant's control plane: how it comes up, what can be reached, what is refused, how it goes.

use crate::common::{Cluster, condition, name, number, quick_world, secret_text, tenant, text, world};
use backplane_sandbox::{StandIn, WorldOptions};
use serde_json::json;

const PLANE: &str = "KamajiControlPlane.v1alpha1.controlplane.cluster.x-k8s.io";
const TENANT: &str = "TenantControlPlane.v1alpha1.kamaji.clastix.io";
const CLUSTER: &str = "Cluster.v1beta1.cluster.x-k8s.io";
const STORE: &str = "DataStore.v1alpha1.kamaji.clastix.io";

#[tokio::test(flavor = "multi_thread")]
async fn a_control_plane_comes_up_with_secrets_that_lead_to_it() {
    let world = quick_world().await;
    let admin = Cluster::admin(&world).await;
    tenant::create(&admin, "one").await;
    let connected = tenant::connect(&admin, "one").await;
    assert_eq!(connected.version().await, "v1.34.0");
    assert_eq!(connected.list("Node", "").await.len(), 0);
    connected.exists("ConfigMap", "kube-system", "kubeadm-config").await;

    let up = admin
        .becomes(TENANT, "default", "one-cp", |t| text(t, "/status/kubernetesResources/version/status") == "Ready")
        .await;
    let endpoint = text(&up, "/status/controlPlaneEndpoint").to_owned();
    assert_eq!(text(&up, "/status/kubernetesResources/version/version"), "v1.34.0");
    assert_eq!(text(&up, "/status/kubeconfig/admin/secretName"), "one-cp-admin-kubeconfig");
    assert_eq!(text(&up, "/status/storage/dataStoreName"), "store");
    assert_eq!(number(&up, "/status/kubernetesResources/deployment/readyReplicas"), 2);

    let cluster = admin.becomes(CLUSTER, "default", "one", |c| condition(c, "Ready") == "True").await;
    let host = text(&cluster, "/spec/controlPlaneEndpoint/host");
    assert_eq!(format!("{host}:{}", number(&cluster, "/spec/controlPlaneEndpoint/port")), endpoint);
    let service = admin.exists("Service", "default", "one-cp").await;
    assert_eq!(text(&service, "/status/loadBalancer/ingress/0/ip"), host);

    let plane = admin.becomes(PLANE, "default", "one-cp", |p| p["status"]["ready"] == json!(true)).await;
    assert_eq!((text(&plane, "/status/version"), number(&plane, "/status/readyReplicas")), ("v1.34.0", 2));
    let kubeconfig = admin.exists("Secret", "default", "one-kubeconfig").await;
    assert_eq!(text(&kubeconfig, "/type"), "cluster.x-k8s.io/secret");
    let by_cluster_api = Cluster::of(&secret_text(&kubeconfig, "value")).await;
    by_cluster_api.exists("Namespace", "", "kube-public").await;
    let ca = admin.exists("Secret", "default", "one-ca").await;
    assert!(secret_text(&ca, "tls.crt").starts_with("-----BEGIN CERTIFICATE-----"));
    let used = admin.becomes(STORE, "", "store", |s| s["status"]["usedBy"] == json!(["default/one-cp"])).await;
    assert_eq!(used["status"]["ready"], json!(true));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_may_read_cluster_info_and_nothing_else() {
    let world = quick_world().await;
    let admin = Cluster::admin(&world).await;
    tenant::create(&admin, "one").await;
    let connected = tenant::connect(&admin, "one").await;
    let token = json!({"apiVersion": "v1", "kind": "Secret", "type": "bootstrap.kubernetes.io/token",
        "metadata": {"name": "bootstrap-token-abcdef", "namespace": "kube-system"},
        "stringData": {"token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-signing": "true",
            "usage-bootstrap-authentication": "true", "expiration": "2999-01-01T00:00:00Z",
            "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token"}});
    connected.create("Secret", "kube-system", token).await.expect("token is accepted");
    let signed = |info: &serde_json::Value| text(info, "/data/jws-kubeconfig-abcdef").contains("..");
    connected.becomes("ConfigMap", "kube-public", "cluster-info", signed).await;

    let cluster = admin.exists(CLUSTER, "default", "one").await;
    let base = format!("https://{}:6443", text(&cluster, "/spec/controlPlaneEndpoint/host"));
    let ca = secret_text(&admin.exists("Secret", "default", "one-ca").await, "tls.crt");
    let anyone = unauthenticated(&ca);
    let ask = async |path: &str, token: &str| {
        let mut request = anyone.get(format!("{base}{path}"));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        request.send().await.expect("is answered").status().as_u16()
    };
    assert_eq!(ask("/api/v1/namespaces/kube-public/configmaps/cluster-info", "").await, 200);
    assert_eq!(ask("/api/v1/namespaces/kube-system/configmaps/kubeadm-config", "").await, 403);
    assert_eq!(ask("/api/v1/nodes", "").await, 403);
    assert_eq!(ask("/api/v1/nodes", "abcdef.0123456789abcdef").await, 200);
    assert_eq!(ask("/api/v1/namespaces/kube-system/secrets", "abcdef.0123456789abcdef").await, 403);
    assert_eq!(ask("/api/v1/nodes", "abcdef.fedcba9876543210").await, 401);
    world.stop().await;
}

fn unauthenticated(ca: &str) -> reqwest::Client {
    crate::common::choose_crypto();
    let ca = reqwest::Certificate::from_pem(ca.as_bytes()).expect("PEM");
    reqwest::Client::builder().tls_certs_only([ca]).build().expect("client")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_runs_in_place_and_a_downgrade_is_refused() {
    let world = quick_world().await;
    let admin = Cluster::admin(&world).await;
    tenant::create(&admin, "one").await;
    let connected = tenant::connect(&admin, "one").await;
    connected.create("ConfigMap", "default", json!({"metadata": {"name": "mine"}})).await.expect("is accepted");

    admin.patch(PLANE, "default", "one-cp", json!({"spec": {"version": "v1.35.0"}})).await.expect("is accepted");
    admin
        .becomes(PLANE, "default", "one-cp", |p| {
            text(p, "/status/version") == "v1.35.0" && p["status"]["ready"] == json!(true)
        })
        .await;
    connected.exists("ConfigMap", "default", "mine").await;

    for (version, why) in [("v1.34.0", "downgrade"), ("v1.35", "parse")] {
        admin.patch(PLANE, "default", "one-cp", json!({"spec": {"version": version}})).await.expect("is accepted");
        let refused = admin
            .becomes(PLANE, "default", "one-cp", |p| {
                condition(p, "TenantControlPlaneCreated") == "False" && p.to_string().contains(why)
            })
            .await;
        assert_eq!(text(&refused, "/status/version"), "v1.35.0", "{version}");
    }
    let running = admin.exists(TENANT, "default", "one-cp").await;
    assert_eq!(text(&running, "/spec/kubernetes/version"), "v1.35.0");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_datastore_is_refused_until_it_exists() {
    let world = quick_world().await;
    let admin = Cluster::admin(&world).await;
    let tenant = json!({"apiVersion": "kamaji.clastix.io/v1alpha1", "kind": "TenantControlPlane",
        "metadata": {"name": "direct", "namespace": "default"},
        "spec": {"dataStore": "late", "kubernetes": {"version": "v1.34.0", "kubelet": {}},
            "controlPlane": {"service": {"serviceType": "LoadBalancer"}}}});
    admin.apply(tenant).await.expect("is accepted");
    crate::common::eventually("an event that refuses", async || {
        let events = admin.list("Event", "default").await;
        let refusing = events.iter().any(|event| text(event, "/message").contains("late DataStore does not exist"));
        if refusing { Ok(()) } else { Err(Some(json!(events))) }
    })
    .await;
    assert!(admin.get("Deployment.v1.apps", "default", "direct").await.is_none(), "nothing is made for it");
    admin
        .apply(json!({"apiVersion": "kamaji.clastix.io/v1alpha1", "kind": "DataStore", "metadata": {"name": "late"},
            "spec": {"driver": "etcd", "endpoints": ["etcd:2379"]}}))
        .await
        .expect("is accepted");
    admin
        .becomes(TENANT, "default", "direct", |t| text(t, "/status/kubernetesResources/version/status") == "Ready")
        .await;
    let secret = admin.exists("Secret", "default", "direct-admin-kubeconfig").await;
    Cluster::of(&secret_text(&secret, "admin.conf")).await.exists("Namespace", "", "default").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_cluster_takes_its_control_plane_and_its_listener_along() {
    let world = quick_world().await;
    let admin = Cluster::admin(&world).await;
    tenant::create(&admin, "one").await;
    tenant::connect(&admin, "one").await;
    let cluster = admin.exists(CLUSTER, "default", "one").await;
    let address = format!("{}:6443", text(&cluster, "/spec/controlPlaneEndpoint/host"));
    admin.delete(CLUSTER, "default", "one").await;
    admin.is_gone(CLUSTER, "default", "one").await;
    admin.is_gone(PLANE, "default", "one-cp").await;
    admin.is_gone(TENANT, "default", "one-cp").await;
    admin.is_gone("TestCluster.v1beta1.infrastructure.cluster.x-k8s.io", "default", "one").await;
    for secret in ["one-cp-admin-kubeconfig", "one-kubeconfig", "one-ca"] {
        admin.is_gone("Secret", "default", secret).await;
    }
    admin.is_gone("Deployment.v1.apps", "default", "one-cp").await;
    crate::common::eventually("end of the listener", async || match tokio::net::TcpStream::connect(&address).await {
        Err(_) => Ok(()),
        Ok(_) => Err(None),
    })
    .await;
    admin.delete(STORE, "", "store").await;
    admin.is_gone(STORE, "", "store").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_worlds_live_side_by_side_with_clusters_of_one_name() {
    let options = || WorldOptions { seed: 7, ..WorldOptions::default() };
    let (left, right) = tokio::join!(world(options()), world(options()));
    let (one, other) = (Cluster::admin(&left).await, Cluster::admin(&right).await);
    tokio::join!(tenant::create(&one, "same"), tenant::create(&other, "same"));
    let (one, other) = tokio::join!(tenant::connect(&one, "same"), tenant::connect(&other, "same"));
    one.create("ConfigMap", "default", json!({"metadata": {"name": "mine"}})).await.expect("is accepted");
    assert!(other.get("ConfigMap", "default", "mine").await.is_none());
    tokio::join!(left.stop(), right.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_kamaji_nothing_happens_to_its_objects() {
    let world = world(WorldOptions { without: [StandIn::Kamaji].into(), ..WorldOptions::default() }).await;
    let admin = Cluster::admin(&world).await;
    tenant::create(&admin, "one").await;
    let waiting = |cluster: &serde_json::Value| condition(cluster, "ControlPlaneReady") == "False";
    let cluster = admin.becomes(CLUSTER, "default", "one", waiting).await;
    assert_eq!(name(&cluster), "one");
    assert!(admin.get(TENANT, "default", "one-cp").await.is_none());
    world.stop().await;
}
