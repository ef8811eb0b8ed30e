//! A started server runs its cloud-init and becomes a Node with what that says, or does not and says why.

use std::time::{Duration, Instant};

use backplane_cloudsigma_sim::{Cloud, CloudOptions, Credentials, Delays, Env, KUBERNETES_IMAGES, PLAIN_IMAGE};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::common::{GIB, World, uuid};
use crate::kubernetes::{Kubernetes, TOKEN};

/// The image with kubelet v1.34.0.
pub(crate) const IMAGE: &str = KUBERNETES_IMAGES[2].1;

/// A cloud in a hurry, on the machine's clock: guests talk over real sockets.
pub(crate) fn hurried() -> World {
    let world = World::new(|_| {});
    let delays = Delays { heartbeat: Duration::from_millis(20), ..Delays::scaled(0.005) };
    let credentials = Credentials::new("me@example.com", "secret");
    let options = CloudOptions { credentials, delays, ..CloudOptions::default() };
    World { cloud: Cloud::new(Env::system(11), options), ..world }
}

/// User data as the kubeadm bootstrap provider writes it.
fn user_data(kubernetes: &Kubernetes, change: impl FnOnce(&mut Value)) -> String {
    user_data_for(&kubernetes.endpoint, &kubernetes.ca_hash, change)
}

pub(crate) fn user_data_for(endpoint: &str, ca_hash: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut join = json!({
        "apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "JoinConfiguration",
        "discovery": { "bootstrapToken": {
            "apiServerEndpoint": endpoint, "token": TOKEN, "caCertHashes": [ca_hash],
        }},
        "nodeRegistration": {
            "name": "{{ ds.meta_data.local_hostname }}",
            "kubeletExtraArgs": [
                { "name": "cloud-provider", "value": "external" },
                { "name": "provider-id", "value": "cloudsigma://{{ ds.meta_data.instance_id }}" },
            ],
            "taints": [{ "key": "node.cluster.x-k8s.io/uninitialized", "effect": "NoSchedule" }],
        },
    });
    change(&mut join);
    // Placeholders are filled in before anything is decoded, so this file is written in the clear.
    let clear = join.to_string().replace('\'', "''");
    format!(
        "## template: jinja\n#cloud-config\nwrite_files:\n- path: /run/kubeadm/join.yaml\n  permissions: '0640'\n  \
         content: '{clear}'\nruncmd:\n- kubeadm join --config /run/kubeadm/join.yaml && touch /run/done\n"
    )
}

/// Clones an image, makes a server of it and starts it.
pub(crate) async fn started(world: &World, image: &str, data: &str) -> String {
    let made = world.expect(202, "POST", &format!("/drives/{image}/action/?do=clone"), json!({ "name": "root" })).await;
    let drive = uuid(&made["objects"][0]);
    until("the drive is filled", async || world.drive_status(&drive).await == "unmounted").await;
    let server = world
        .server(json!({
            "name": "pool-a-1", "cpu": 4000, "mem": 4 * GIB, "nics": [{ "ip_v4_conf": { "conf": "dhcp" } }],
            "drives": [{ "device": "virtio", "dev_channel": "0:0", "boot_order": 1, "drive": drive }],
            "meta": { "base64_fields": "cloudinit-user-data", "cloudinit-user-data": STANDARD.encode(data) },
        }))
        .await;
    world.act(&server, "start").await;
    server
}

pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub(crate) fn readiness(node: &Value) -> Option<&str> {
    node["status"]["conditions"].as_array()?.iter().find(|one| one["type"] == "Ready")?["status"].as_str()
}

pub(crate) fn console(world: &World, server: &str) -> String {
    world.cloud.console(server).join("\n")
}

#[tokio::test]
async fn a_started_server_becomes_a_ready_node() {
    let (world, kubernetes) = (hurried(), Kubernetes::start().await);
    let server = started(&world, IMAGE, &user_data(&kubernetes, |_| {})).await;
    let node = async || kubernetes.node("pool-a-1").is_some_and(|node| readiness(&node) == Some("True"));
    until("the node is ready", node).await;
    let node = kubernetes.node("pool-a-1").unwrap();
    assert_eq!(node["spec"]["providerID"], format!("cloudsigma://{server}"));
    assert_eq!(node["status"]["nodeInfo"]["kubeletVersion"], "v1.34.0");
    assert_eq!(
        (&node["status"]["capacity"]["cpu"], &node["status"]["capacity"]["memory"]),
        (&json!("2"), &json!("4194304Ki"))
    );
    let taints: Vec<&str> =
        node["spec"]["taints"].as_array().unwrap().iter().map(|t| t["key"].as_str().unwrap()).collect();
    assert_eq!(taints, ["node.cluster.x-k8s.io/uninitialized", "node.cloudprovider.kubernetes.io/uninitialized"]);
    let said = console(&world, &server);
    assert!(said.contains("kubelet: registered node pool-a-1"), "{said}");
    assert!(!said.contains("0123456789abcdef"), "the console shows the token");
}

#[tokio::test]
async fn heartbeats_end_with_the_power_and_a_restart_takes_the_node_up_again() {
    let (world, kubernetes) = (hurried(), Kubernetes::start().await);
    let server = started(&world, IMAGE, &user_data(&kubernetes, |_| {})).await;
    let ready = async || kubernetes.node("pool-a-1").is_some_and(|node| readiness(&node) == Some("True"));
    until("the node is ready", ready).await;
    world.act(&server, "stop").await;
    until("the server is stopped", async || world.status(&server).await == "stopped").await;
    kubernetes.put("pool-a-1", json!({ "mark": "untouched" }));
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(kubernetes.node("pool-a-1").unwrap(), json!({ "mark": "untouched" }), "three beats would have been due");
    world.act(&server, "start").await;
    until("the node is ready again", ready).await;
    assert_eq!(kubernetes.node("pool-a-1").unwrap()["mark"], "untouched", "it was taken up, not made anew");
    assert_eq!(console(&world, &server).matches("kubeadm: joining").count(), 1, "kubeadm ran once");
    let path = format!("/servers/{server}/action/?do=stop");
    world.expect(202, "POST", &path, Value::Null).await;
    until("the server is stopped", async || world.status(&server).await == "stopped").await;
    world.expect(204, "DELETE", &format!("/servers/{server}/?recurse=all_drives"), Value::Null).await;
    assert_eq!(kubernetes.names(), ["pool-a-1"], "the node object is somebody else's to delete");
}

#[tokio::test]
async fn a_server_with_wrong_data_does_not_join_and_says_why() {
    let kubernetes = Kubernetes::start().await;
    let token = |text: &'static str| move |join: &mut Value| join["discovery"]["bootstrapToken"]["token"] = json!(text);
    let hash = |text: &str| json!([format!("sha256:{}", text.repeat(64))]);
    let cases = [
        ("wrong token id", IMAGE, user_data(&kubernetes, token("aaaaaa.0123456789abcdef")), "not signed with it"),
        ("wrong token secret", IMAGE, user_data(&kubernetes, token("abcdef.aaaaaaaaaaaaaaaa")), "signature"),
        (
            "wrong hash",
            IMAGE,
            user_data(&kubernetes, |join| join["discovery"]["bootstrapToken"]["caCertHashes"] = hash("0")),
            "does not match caCertHashes",
        ),
        (
            "nobody there",
            IMAGE,
            user_data(&kubernetes, |join| {
                join["discovery"]["bootstrapToken"]["apiServerEndpoint"] = json!("127.0.0.1:1")
            }),
            "connection failed",
        ),
        ("no join command", IMAGE, user_data(&kubernetes, |_| {}).replace("kubeadm join", "true"), "no command runs"),
        ("no join file", IMAGE, user_data(&kubernetes, |_| {}).replace("path: /run", "path: /var"), "no such file"),
        ("not YAML", IMAGE, "#cloud-config\nruncmd: [".to_owned(), "not valid YAML"),
        ("no kubelet", PLAIN_IMAGE, user_data(&kubernetes, |_| {}), "no kubelet"),
    ];
    for (name, image, data, reason) in cases {
        let world = hurried();
        let server = started(&world, image, &data).await;
        until(name, async || console(&world, &server).contains(reason)).await;
        assert!(kubernetes.names().is_empty(), "{name} joined");
        world.cloud.stop().await;
    }
}

#[tokio::test]
async fn undecodable_user_data_is_reported() {
    let world = hurried();
    let made = world.expect(202, "POST", &format!("/drives/{IMAGE}/action/?do=clone"), json!({})).await;
    let drive = uuid(&made["objects"][0]);
    until("the drive is filled", async || world.drive_status(&drive).await == "unmounted").await;
    let meta = json!({ "base64_fields": "cloudinit-user-data", "cloudinit-user-data": "%%%" });
    let server = world.server(json!({ "drives": [crate::common::attached(&drive, "0:0")], "meta": meta })).await;
    world.act(&server, "start").await;
    until("it says so", async || console(&world, &server).contains("not valid base64")).await;
}

#[tokio::test]
async fn joining_is_tried_again_until_it_works_or_the_server_stops() {
    let (world, kubernetes) = (hurried(), Kubernetes::start().await);
    let taken = json!({ "spec": { "providerID": "cloudsigma://other" },
        "status": { "conditions": [{ "type": "Ready", "status": "True" }] } });
    kubernetes.put("pool-a-1", taken);
    let server = started(&world, IMAGE, &user_data(&kubernetes, |_| {})).await;
    let attempts = || console(&world, &server).matches("status Ready already exists").count();
    until("it has tried twice", async || attempts() >= 2).await;
    kubernetes.put("pool-a-1", json!({ "spec": {}, "status": {} }));
    let ready = async || kubernetes.node("pool-a-1").is_some_and(|node| readiness(&node) == Some("True"));
    until("the node is ready", ready).await;
}
