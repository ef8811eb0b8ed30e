//! Addresses: EIps, Services and the companion that names the outside address inside.

use std::net::{Ipv4Addr, TcpListener};

use crate::common::{Cluster, quick_world, text};
use serde_json::{Value, json};

const EIP: &str = "EIp.v1.kube-dc.com";

fn service(name: &str, annotations: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": name, "namespace": "default", "annotations": annotations},
        "spec": {"type": "LoadBalancer", "ports": [{"name": "api", "port": 6443, "protocol": "TCP", "targetPort": 6443}]}})
}

fn eip(name: &str) -> Value {
    json!({"apiVersion": "kube-dc.com/v1", "kind": "EIp", "metadata": {"name": name, "namespace": "default"},
        "spec": {"externalNetworkType": "public"}})
}

fn address(service: &Value) -> &str {
    text(service, "/status/loadBalancer/ingress/0/ip")
}

#[tokio::test(flavor = "multi_thread")]
async fn services_get_the_address_they_ask_for_and_it_can_be_listened_on() {
    let world = quick_world().await;
    let admin = Cluster::admin(&world).await;
    admin.apply(eip("mine")).await.expect("is accepted");
    for (name, annotations) in [
        ("gateway", json!({"service.nlb.kube-dc.com/bind-on-default-gw-eip": "true"})),
        ("named", json!({"service.nlb.kube-dc.com/bind-on-eip": "mine"})),
        ("own", json!({})),
    ] {
        admin.apply(service(name, annotations)).await.expect("is accepted");
    }
    let mut seen = Vec::new();
    for (name, eip) in [("gateway", "default-gw"), ("named", "mine"), ("own", "slb-own")] {
        let given = admin.becomes("Service", "default", name, |s| !address(s).is_empty()).await;
        let shared = |eip: &Value| text(eip, "/status/ownershipType") == "Shared";
        let eip = admin.becomes(EIP, "default", eip, shared).await;
        assert_eq!(text(&eip, "/status/ipAddress"), address(&given), "{name}");
        assert_eq!(eip["status"]["owners"], json!([{"type": "ServiceLb", "ownerRef": name}]));
        let cluster_ip: Ipv4Addr = text(&given, "/spec/clusterIP").parse().expect("an address");
        assert_eq!((cluster_ip.octets()[0], cluster_ip.octets()[1] & 0xf0), (10, 96), "{name}: of 10.96.0.0/12");
        seen.push(address(&given).parse::<Ipv4Addr>().expect("an address"));
    }
    seen.iter().for_each(|address| drop(TcpListener::bind((*address, 6443)).expect("can be listened on")));
    seen.dedup();
    assert_eq!(seen.len(), 3, "three addresses");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_balancer_has_a_companion_with_its_outside_address() {
    let world = quick_world().await;
    let admin = Cluster::admin(&world).await;
    let bind = json!({"service.nlb.kube-dc.com/bind-on-default-gw-eip": "true"});
    admin.apply(service("etcd-lb", bind)).await.expect("is accepted");
    let balancer = admin.becomes("Service", "default", "etcd-lb", |s| !address(s).is_empty()).await;
    let twin = admin.exists("Service", "default", "etcd-lb-ext").await;
    assert_eq!(text(&twin, "/spec/clusterIP"), "None");
    assert_eq!(text(&twin, "/metadata/ownerReferences/0/name"), "etcd-lb");
    let endpoints = admin.exists("Endpoints", "default", "etcd-lb-ext").await;
    assert_eq!(text(&endpoints, "/subsets/0/addresses/0/ip"), address(&balancer));
    assert_eq!(endpoints["subsets"][0]["ports"][0]["port"], json!(6443));
    admin.delete("Service", "default", "etcd-lb").await;
    admin.is_gone("Service", "default", "etcd-lb-ext").await;
    admin.is_gone("Endpoints", "default", "etcd-lb-ext").await;
    admin.becomes(EIP, "default", "default-gw", |eip| text(eip, "/status/ownershipType") == "Released").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_project_has_a_gateway_address_and_no_other_namespace_has() {
    let world = quick_world().await;
    let admin = Cluster::admin(&world).await;
    for (name, labels) in [("acme-web", json!({"kube-dc.com/project": ""})), ("plain", json!({}))] {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
        admin.apply(namespace).await.expect("is accepted");
    }
    let ready = |eip: &Value| eip["status"]["ready"] == json!(true);
    admin.becomes(EIP, "acme-web", "default-gw", ready).await;
    admin.becomes(EIP, "default", "default-gw", ready).await;
    assert!(admin.list(EIP, "plain").await.is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_use_outlives_its_deletion_until_it_is_free() {
    let world = quick_world().await;
    let admin = Cluster::admin(&world).await;
    admin.apply(eip("mine")).await.expect("is accepted");
    let bind = json!({"service.nlb.kube-dc.com/bind-on-eip": "mine"});
    admin.apply(service("user", bind)).await.expect("is accepted");
    admin.becomes(EIP, "default", "mine", |eip| text(eip, "/status/ownershipType") == "Shared").await;
    admin.delete(EIP, "default", "mine").await;
    let held = admin.exists(EIP, "default", "mine").await;
    assert!(held.pointer("/metadata/deletionTimestamp").is_some());
    admin.delete("Service", "default", "user").await;
    admin.is_gone(EIP, "default", "mine").await;
    world.stop().await;
}
