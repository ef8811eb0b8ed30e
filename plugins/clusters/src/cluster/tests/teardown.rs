//! The end of a cluster, step by step.

use backplane_sdk::{Key, Kind, Outcome};
use serde_json::{Value, json};

use crate::kinds;
use crate::world::{World, guide, message};

/// A running cluster whose deletion was asked for, with objects that go slowly.
fn leaving(manifest: Value) -> World {
    let world = World::running(manifest);
    for (kind, name) in SLOW {
        hold(&world, kind, name);
    }
    world.fake.ask_to_delete(&world.cluster_ref());
    world
}

/// Objects that others keep with a finalizer of theirs.
const SLOW: &[(Kind, &str)] = &[
    (kinds::MACHINE_DEPLOYMENT, "test-cluster-test-workers"),
    (kinds::CAPI_CLUSTER, "test-cluster"),
    (kinds::CLOUDSIGMA_CLUSTER, "test-cluster"),
    (kinds::SERVICE, "test-cluster-cp"),
    (kinds::EIP, "test-cluster-cp"),
    (kinds::KDC_DATASTORE, "test-cluster-etcd"),
];

fn hold(world: &World, kind: &Kind, name: &str) {
    world.change(kind, name, |object| object["metadata"]["finalizers"] = json!(["example.org/slow"]));
}

fn is_leaving(world: &World, kind: &Kind, name: &str) -> bool {
    world.object(kind, name)["metadata"].get("deletionTimestamp").is_some()
}

fn gone(world: &World, kind: &Kind, name: &str) {
    world.fake.remove(&kind.at(&Key::new("default", name)));
}

/// Looks, and says what the cluster waits for and what was newly deleted.
fn step(world: &World) -> (String, Vec<String>) {
    world.fake.take_writes();
    let response = world.look();
    assert_eq!(response.outcome, Outcome::AwaitChange);
    assert_eq!(world.phase(), "Deleting");
    let deleted =
        world.fake.take_writes().into_iter().filter_map(|write| write.strip_prefix("delete ").map(Into::into));
    (message(&response, "Ready").into(), deleted.collect())
}

#[test]
fn a_cluster_goes_in_order_and_each_step_waits() {
    let world = leaving(guide());
    let expect = |waits_for: &str, deleted: &[&str]| {
        let (said, now) = step(&world);
        assert_eq!((said.as_str(), now.iter().map(String::as_str).collect::<Vec<_>>()), (waits_for, deleted.to_vec()));
        let (again, nothing) = step(&world);
        assert_eq!((again.as_str(), nothing), (waits_for, Vec::new()), "nothing is asked for twice");
    };

    expect("waits for 2 machines in 1 pools", &["MachineDeployment default/test-cluster-test-workers"]);
    gone(&world, &kinds::MACHINE_DEPLOYMENT, "test-cluster-test-workers");
    expect("waits for 2 machines in 0 pools", &[]);
    for machine in world.machines("test-cluster-test-workers") {
        world.fake.remove(&machine);
    }

    expect("waits for the Cluster and its control plane", &["Cluster default/test-cluster"]);
    gone(&world, &kinds::CAPI_CLUSTER, "test-cluster");
    gone(&world, &kinds::KAMAJI_CONTROL_PLANE, "test-cluster-cp");
    gone(&world, &kinds::KUBEVIRT_CLUSTER, "test-cluster");

    expect(
        "waits for infrastructure clusters and templates",
        &[
            "CloudSigmaCluster default/test-cluster",
            "KubeadmConfigTemplate default/test-cluster-test-workers-bootstrap",
            "CloudSigmaMachineTemplate default/test-cluster-cloudsigma-test-workers",
        ],
    );
    gone(&world, &kinds::CLOUDSIGMA_CLUSTER, "test-cluster");

    expect("waits for Service test-cluster-cp", &["Service default/test-cluster-cp"]);
    gone(&world, &kinds::SERVICE, "test-cluster-cp");
    expect("waits for EIp test-cluster-cp", &["EIp default/test-cluster-cp"]);
    gone(&world, &kinds::EIP, "test-cluster-cp");
    expect("waits for datastore test-cluster-etcd", &["KdcClusterDatastore default/test-cluster-etcd"]);
    gone(&world, &kinds::KDC_DATASTORE, "test-cluster-etcd");

    assert_eq!(world.look().outcome, Outcome::Done);
    assert_eq!(world.fake.objects(), Vec::new(), "nothing is left");
}

#[test]
fn a_control_plane_that_cluster_api_left_behind_is_deleted() {
    let world = leaving(guide());
    gone(&world, &kinds::MACHINE_DEPLOYMENT, "test-cluster-test-workers");
    for machine in world.machines("test-cluster-test-workers") {
        world.fake.remove(&machine);
    }
    gone(&world, &kinds::CAPI_CLUSTER, "test-cluster");
    assert_eq!(
        step(&world),
        ("waits for the control plane".into(), vec!["KamajiControlPlane default/test-cluster-cp".to_owned()])
    );
}

#[test]
fn what_was_only_given_stays() {
    let mut manifest = guide();
    manifest["spec"]["eip"] = json!({"create": false, "name": "default-gw"});
    manifest["spec"]["dataStore"] = json!({"name": "shared"});
    let store = json!({
        "apiVersion": "k8s.kube-dc.com/v1alpha1", "kind": "KdcClusterDatastore",
        "metadata": {"name": "shared", "namespace": "default"}, "status": {"phase": "Ready"},
    });
    let gateway = json!({"apiVersion": "kube-dc.com/v1", "kind": "EIp", "metadata": {"name": "default-gw", "namespace": "default"}});
    let world = World::with([manifest, store, gateway]);
    world.look();
    world.answer_address();
    world.look();
    world.fake.ask_to_delete(&world.cluster_ref());
    for _ in 0..8 {
        world.look();
    }
    let left: Vec<String> = world.fake.objects().iter().map(ToString::to_string).collect();
    assert_eq!(left, ["KdcClusterDatastore default/shared", "EIp default/default-gw"]);
}

#[test]
fn a_cluster_that_was_refused_from_the_start_just_goes() {
    let mut manifest = guide();
    manifest["spec"]["version"] = json!("latest");
    let world = World::with([manifest]);
    world.look();
    world.fake.ask_to_delete(&world.cluster_ref());
    assert_eq!(world.look().outcome, Outcome::Done);
    assert_eq!(world.fake.objects(), Vec::new());
}

#[test]
fn a_manifest_that_broke_later_does_not_keep_a_cluster_from_going() {
    let world = leaving(guide());
    world.edit(|spec| spec["workers"] = json!([{"name": "x", "infrastructureProvider": "aws"}]));
    step(&world);
    assert!(is_leaving(&world, &kinds::MACHINE_DEPLOYMENT, "test-cluster-test-workers"));
    assert!(!is_leaving(&world, &kinds::CAPI_CLUSTER, "test-cluster"));
}
