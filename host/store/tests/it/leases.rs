//! Replicas that share leases, and the fence at their sockets, against the embedded API server over TLS.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use backplane_apiserver::{ApiServer, Authority, Env, Options as ServerOptions, Serving, Token, kubeconfig};
use backplane_core::Kind;
use backplane_core::declaration::{Declaration, Verb, Write};
use backplane_core::grant::{Grant, Permissions};
use backplane_core::ports::Writes;
use backplane_store::lease::{BootClock, Claim, Cluster, Election, ElectionOptions, Fence, Seat, Timing, boot_clock};
use backplane_store::{Identity, Store};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::json;

use crate::support::options;

const PLUGINS: [&str; 4] = ["a", "b", "c", "d"];

struct Server {
    api: ApiServer,
    cluster: Cluster,
    _serving: Serving,
}

async fn server() -> Server {
    let admin = Token { token: "admin".into(), user: "admin".into(), groups: vec!["system:masters".into()] };
    let api = ApiServer::new(Env::system(1), ServerOptions { tokens: vec![admin], ..ServerOptions::default() });
    let authority = Authority::new("leases").expect("authority");
    let certificate = authority.issue(&["127.0.0.1"]).expect("certificate");
    let serving = api.serve(([127, 0, 0, 1], 0).into(), Some(certificate)).await.expect("a port");
    let text = kubeconfig(&format!("https://{}", serving.addr), &authority.ca_pem(), "admin", "leases");
    let parsed = Kubeconfig::from_yaml(&text).expect("kubeconfig");
    let config = kube::Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await.expect("config");
    Server { api, cluster: Cluster::new(config), _serving: serving }
}

struct Replica {
    store: Store,
    election: Election,
    fences: BTreeMap<String, Fence>,
}

/// A replica whose work ends at once when it is asked to.
fn replica(server: &Server, name: &str, clock: BootClock) -> Replica {
    let store = Store::new(server.cluster.client().expect("client"), options());
    let claims: Vec<Claim> = PLUGINS.iter().flat_map(|plugin| Claim::all(plugin, 1)).collect();
    let millis = Duration::from_millis;
    let timing = Timing { lease: millis(3000), renew: millis(1800), retry: millis(400) };
    let options = ElectionOptions { timing, clock, ..ElectionOptions::new(name, "default") };
    let (election, seats) = store.elect(server.cluster.client().expect("client"), claims, options).expect("election");
    let fences = seats.iter().map(|seat| (seat.claim().plugin.clone(), seat.fence().clone())).collect();
    seats.into_iter().for_each(|seat| drop(tokio::spawn(sit(seat))));
    election.begin();
    Replica { store, election, fences }
}

async fn sit(mut seat: Seat) {
    while let Some(tenure) = seat.next().await {
        tenure.ending().await;
    }
}

impl Replica {
    fn held(&self) -> usize {
        self.fences.values().filter(|fence| fence.is_open()).count()
    }
}

async fn within(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < limit, "{what} not within {limit:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_share_and_one_that_leaves_hands_over_at_once() {
    let server = server().await;
    let one = replica(&server, "one", boot_clock());
    within("one holds all", Duration::from_secs(20), || one.held() == 4).await;
    let other = replica(&server, "other", boot_clock());
    within("two each", Duration::from_secs(30), || (one.held(), other.held()) == (2, 2)).await;
    let state = other.election.state();
    assert_eq!(state.members.iter().map(|member| member.holds).collect::<Vec<_>>(), [2, 2], "{state:?}");
    let (election, store) = (one.election, one.store);
    let (took, ()) =
        tokio::join!(within("handed over", Duration::from_secs(10), || other.held() == 4), election.stop());
    println!("handed over in {took:?}");
    let lost: u64 = other.election.state().leases.iter().map(|lease| lease.lost).sum();
    assert_eq!(lost, 0);
    other.election.stop().await;
    store.shutdown().await;
}

fn config_map() -> Kind {
    Kind::new("", "v1", "ConfigMap")
}

fn permissions() -> Arc<Permissions> {
    let writes = vec![Write { kind: config_map(), verbs: vec![Verb::Apply] }];
    Arc::new(Permissions::new(Declaration { name: "a".into(), writes, ..Declaration::default() }, Grant::default()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_end_of_its_right_a_replica_sends_nothing_even_if_nobody_told_it() {
    let server = server().await;
    let ahead = Arc::new(AtomicU64::new(0));
    let (machine, jump) = (boot_clock(), Arc::clone(&ahead));
    let clock: BootClock = Arc::new(move || machine() + Duration::from_secs(jump.load(Ordering::SeqCst)));
    let replica = replica(&server, "one", clock);
    within("it holds all", Duration::from_secs(20), || replica.held() == 4).await;
    let fence = &replica.fences["a"];
    let client = server.cluster.fenced(fence, Duration::from_secs(1)).expect("client");
    let writer = replica.store.fenced_writer(Identity::without_impersonation("a"), permissions(), client, fence);
    let intent = |value: u32| {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "namespace": "default"},
            "data": {"value": value.to_string()}});
        object.to_string().into_bytes()
    };
    writer.apply(&intent(1)).await.expect("written while the lease is held");
    ahead.store(60, Ordering::SeqCst);
    assert!(!fence.is_open());
    writer.apply(&intent(2)).await.expect_err("its right has ended");
    let map = server.api.client().get(&config_map(), Some("default"), "m").await.expect("asked").expect("there");
    assert_eq!(map["data"]["value"], "1");
    within("taken again", Duration::from_secs(20), || replica.held() == 4).await;
    writer.apply(&intent(3)).await.expect("written in a new term, over a new connection");
    assert!(fence.refused() >= 1);
    replica.election.stop().await;
    writer.apply(&intent(4)).await.expect_err("given back");
}
