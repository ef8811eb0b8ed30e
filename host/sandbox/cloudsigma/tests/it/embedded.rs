//! Joining the embedded Kubernetes API server: a real token, real access rules, real subresources.

use backplane_apiserver::{ApiServer, Authority, Env, LocalClient, Options};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::joining::{IMAGE, console, hurried, readiness, started, until, user_data_for};
use crate::kubernetes::{TOKEN, cluster_info};

const RBAC: &str = "rbac.authorization.k8s.io";

/// What kubeadm leaves in a new cluster, and the permission of a kubelet for whoever shows the token.
async fn furnish(client: &LocalClient, ca: &str) {
    let mut info = cluster_info(ca);
    info["apiVersion"] = json!("v1");
    info["kind"] = json!("ConfigMap");
    info["metadata"] = json!({ "name": "cluster-info", "namespace": "kube-public" });
    let (id, secret) = TOKEN.split_once('.').unwrap();
    let data = [
        ("token-id", id),
        ("token-secret", secret),
        ("usage-bootstrap-authentication", "true"),
        ("usage-bootstrap-signing", "true"),
    ];
    let data: serde_json::Map<String, Value> =
        data.into_iter().map(|(name, value)| (name.to_owned(), json!(STANDARD.encode(value)))).collect();
    let name = format!("bootstrap-token-{id}");
    let token = json!({ "apiVersion": "v1", "kind": "Secret", "type": "bootstrap.kubernetes.io/token", "data": data,
        "metadata": { "name": name, "namespace": "kube-system" } });
    let nodes =
        json!({ "apiGroups": [""], "resources": ["nodes", "nodes/status"], "verbs": ["get", "create", "patch"] });
    let read =
        json!({ "apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["cluster-info"], "verbs": ["get"] });
    let role = |kind: &str, metadata: Value, rule: Value| json!({ "apiVersion": format!("{RBAC}/v1"), "kind": kind, "metadata": metadata, "rules": [rule] });
    let bind = |kind: &str, metadata: Value, role: &str, subject: &str, name: &str| {
        json!({ "apiVersion": format!("{RBAC}/v1"), "kind": kind, "metadata": metadata,
            "roleRef": { "apiGroup": RBAC, "kind": role, "name": metadata["name"] },
            "subjects": [{ "apiGroup": RBAC, "kind": subject, "name": name }] })
    };
    let (public, wide) = (json!({ "name": "info", "namespace": "kube-public" }), json!({ "name": "kubelet" }));
    let objects = [
        info,
        token,
        role("Role", public.clone(), read),
        bind("RoleBinding", public, "Role", "User", "system:anonymous"),
        role("ClusterRole", wide.clone(), nodes),
        bind("ClusterRoleBinding", wide, "ClusterRole", "Group", "system:bootstrappers"),
    ];
    for object in objects {
        client.create(&object).await.unwrap_or_else(|status| panic!("{}: {status:?}", object["kind"]));
    }
}

#[tokio::test]
async fn a_started_server_joins_the_embedded_api_server() {
    let authority = Authority::new("tenant").unwrap();
    let api = ApiServer::new(Env::system(5), Options { bootstrap_tokens: true, ..Options::default() });
    furnish(&api.client(), &authority.ca_pem()).await;
    let certificate = authority.issue(&["127.0.0.1"]).unwrap();
    let serving = api.serve("127.0.0.1:0".parse().unwrap(), Some(certificate)).await.unwrap();

    let world = hurried();
    let data = user_data_for(&serving.addr.to_string(), &authority.pin(), |_| {});
    let server = started(&world, IMAGE, &data).await;
    let kind = backplane_core::Kind { group: String::new(), version: "v1".to_owned(), kind: "Node".to_owned() };
    let node = async || api.client().get(&kind, None, "pool-a-1").await.unwrap();
    let ready = async || node().await.is_some_and(|node| readiness(&node) == Some("True"));
    until("the node is ready", async || ready().await || console(&world, &server).contains("refuses")).await;
    let node = node().await.unwrap_or_else(|| panic!("{}", console(&world, &server)));
    assert_eq!(readiness(&node), Some("True"), "{}", console(&world, &server));
    assert_eq!(node["spec"]["providerID"], format!("cloudsigma://{server}"));
    assert_eq!(node["status"]["nodeInfo"]["kubeletVersion"], "v1.34.0");
    world.cloud.stop().await;
    serving.stop().await;
}
