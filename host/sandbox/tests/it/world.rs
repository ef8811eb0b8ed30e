//! The world as a whole: who may do what in it, how fast it begins, and that nothing of it is left.

use std::time::{Duration, Instant};

use crate::common::{Cluster, quick_world, tenant};
use backplane_sandbox::{World, WorldOptions};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_reads_what_is_declared_and_writes_only_as_its_plugins() {
    let world = quick_world().await;
    let daemon = Cluster::of(&world.daemon_kubeconfig()).await;
    assert!(daemon.try_list("ConfigMap", "default").await.is_err(), "nothing is declared yet");
    let reads = vec![json!({"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]})];
    world.grant_daemon("test", reads).await.expect("is granted");
    daemon.try_list("ConfigMap", "default").await.expect("is declared");
    assert!(daemon.try_list("Secret", "default").await.is_err(), "only what is declared");
    let map = json!({"metadata": {"name": "made"}});
    assert!(daemon.create("ConfigMap", "default", map.clone()).await.is_err(), "the daemon itself may not write");

    let plugin = Cluster::acting_as(&world.daemon_kubeconfig(), "system:serviceaccount:backplane:backplane-test").await;
    assert!(plugin.create("ConfigMap", "default", map.clone()).await.is_err(), "nothing is granted yet");
    let rules = vec![json!({"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "get"]})];
    world.grant_plugin("test", rules).await.expect("is granted");
    plugin.create("ConfigMap", "default", map).await.expect("is granted");
    let secret = json!({"metadata": {"name": "made"}});
    assert!(plugin.create("Secret", "default", secret).await.is_err(), "only what was granted");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_stops_at_once_and_leaves_its_ports() {
    let world = quick_world().await;
    let admin = Cluster::admin(&world).await;
    tenant::create(&admin, "one").await;
    tenant::connect(&admin, "one").await;
    let (api, cloud) = (port(&world.url()), port(&world.cloud_url()));
    let begin = Instant::now();
    world.stop().await;
    // Some milliseconds on a quiet machine; whatever waits for a timer or a client takes longer than this.
    assert!(begin.elapsed() < Duration::from_secs(5), "stopping took {:?}", begin.elapsed());
    for port in [api, cloud] {
        std::net::TcpListener::bind(("127.0.0.1", port)).expect("the port is free again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_world_leaves_no_task_behind() {
    let metrics = tokio::runtime::Handle::current().metrics();
    let before = metrics.num_alive_tasks();
    let world = quick_world().await;
    let admin = Cluster::admin(&world).await;
    tenant::create(&admin, "one").await;
    drop(tenant::connect(&admin, "one").await);
    drop(admin);
    world.stop().await;
    crate::common::eventually("end of every task", async || match metrics.num_alive_tasks() {
        left if left <= before => Ok(()),
        left => Err(Some(json!(left))),
    })
    .await;
}

fn port(url: &str) -> u16 {
    let authority = url.split("://").nth(1).and_then(|rest| rest.split('/').next()).expect("an authority");
    authority.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_and_a_bad_definition_are_said_in_words() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = taken.local_addr().expect("an address");
    let refused = World::start(WorldOptions { listen, ..WorldOptions::default() }).await.err().expect("is refused");
    assert!(refused.to_string().contains(&listen.to_string()), "{refused}");
    let crds = vec!["kind: [".to_owned()];
    let refused = World::start(WorldOptions { crds, ..WorldOptions::default() }).await.err().expect("is refused");
    assert!(refused.to_string().contains("cannot be read"), "{refused}");
}
