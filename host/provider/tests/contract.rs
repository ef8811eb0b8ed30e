//! The Cluster API infrastructure contract, line by line.

#![expect(clippy::unwrap_used, reason = "a broken fixture fails its test")]

mod support;

use std::time::Duration;

use backplane_core::condition::Status;
use backplane_core::machines::{MachineError, MachinePhase, MachineState};
use backplane_core::reconcile::{Outcome, Response};
use serde_json::{Value, json};
use support::{World, kinds, running};

const FINALIZER: &str = "testmachine.infrastructure.cluster.x-k8s.io";

fn reason(response: &Response) -> &str {
    let ready = response.conditions.iter().find(|condition| condition.kind == "Ready");
    ready.map_or("no Ready condition", |condition| condition.reason.as_str())
}

fn deleting(world: &World) {
    let metadata = json!({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [FINALIZER, "other/one"]});
    world.edit("TestMachine", json!({"metadata": metadata}));
}

#[tokio::test]
async fn a_machine_gets_finalizer_identity_status_and_conditions() {
    let world = World::complete();
    let response = world.look_at_machine().await;
    let object = world.object("TestMachine");
    assert_eq!(object["metadata"]["finalizers"], json!([FINALIZER]));
    assert_eq!(object["spec"]["providerID"], "test://7");
    assert_eq!(object["status"]["ready"], true);
    assert_eq!(object["status"]["initialization"], json!({"provisioned": true}));
    assert_eq!(object["status"]["instanceID"], "7");
    assert_eq!(object["status"]["addresses"], json!([{"type": "InternalIP", "address": "10.0.0.7"}]));
    assert_eq!(response.outcome, Outcome::RequeueAfter(Duration::from_secs(60)));
    for kind in ["Ready", "ServerReady"] {
        assert!(response.conditions.iter().any(|c| c.kind == kind && c.status == Status::True), "{kind}");
    }
}

#[tokio::test]
async fn the_identity_is_written_before_the_done_flag() {
    let world = World::complete();
    world.look_at_machine().await;
    let patches = world.patches.lock().unwrap().clone();
    let position = |pointer: &str| patches.iter().position(|patch| patch.pointer(pointer).is_some());
    assert!(position("/spec/providerID") < position("/status/ready"), "{patches:?}");
}

#[tokio::test]
async fn nothing_is_asked_of_the_cloud_before_everything_needed_is_there() {
    type Take = fn(&World);
    let cases: [(&str, Take, &str); 6] = [
        ("no owner", |w| w.edit("TestMachine", json!({"metadata": {"ownerReferences": null}})), "WaitingForOwner"),
        ("no Cluster", |w| w.remove("Cluster"), "WaitingForCluster"),
        ("infrastructure", |w| w.edit("Cluster", json!({"status": null})), "WaitingForClusterInfrastructure"),
        ("no name", |w| w.edit("Machine", json!({"spec": {"bootstrap": null}})), "WaitingForBootstrapData"),
        ("no Secret", |w| w.remove("Secret"), "WaitingForBootstrapData"),
        ("no key", |w| w.edit("Secret", json!({"data": null})), "InvalidBootstrapData"),
    ];
    for (name, take, expected) in cases {
        let world = World::complete();
        take(&world);
        let response = world.look_at_machine().await;
        assert_eq!(reason(&response), expected, "{name}");
        assert_eq!(world.calls(), Vec::<&str>::new(), "{name}");
    }
}

#[tokio::test]
async fn a_missing_bootstrap_key_is_named_with_its_secret() {
    let world = World::complete();
    world.edit("Secret", json!({"data": {"value": null, "format": "eA=="}}));
    let response = world.look_at_machine().await;
    let Outcome::Failed { message, .. } = response.outcome else { panic!("{:?}", response.outcome) };
    assert!(message.contains("boot") && message.contains("\"value\""), "{message}");
}

#[tokio::test]
async fn v1beta2_flags_of_the_cluster_count_as_well() {
    let world = World::complete();
    world.edit(
        "Cluster",
        json!({"status": {"infrastructureReady": null, "initialization": {"infrastructureProvisioned": true}}}),
    );
    world.look_at_machine().await;
    assert_eq!(world.calls(), ["ensure"]);
}

#[tokio::test]
async fn a_paused_object_or_cluster_is_left_alone_even_when_deleting() {
    for (kind, patch) in [
        ("TestMachine", json!({"metadata": {"annotations": {"cluster.x-k8s.io/paused": ""}}})),
        ("Cluster", json!({"spec": {"paused": true}})),
    ] {
        let world = World::complete();
        deleting(&world);
        world.edit(kind, patch);
        let response = world.look_at_machine().await;
        assert_eq!(world.calls(), Vec::<&str>::new(), "{kind}");
        assert!(world.patches.lock().unwrap().is_empty(), "{kind}");
        assert_eq!(response.conditions[0].kind, "Paused", "{kind}");
    }
}

#[tokio::test]
async fn an_existing_machine_needs_no_bootstrap_data() {
    let world = World::complete();
    world.remove("Secret");
    world.edit("TestMachine", json!({"spec": {"providerID": "test://7"}}));
    world.look_at_machine().await;
    assert_eq!(world.calls(), ["ensure"]);
}

#[tokio::test]
async fn a_wrong_provider_id_is_corrected() {
    let world = World::complete();
    world.edit("TestMachine", json!({"spec": {"providerID": "test://wrong"}}));
    world.look_at_machine().await;
    assert_eq!(world.object("TestMachine")["spec"]["providerID"], "test://7");
}

#[tokio::test]
async fn a_settled_machine_is_not_written_again() {
    let world = World::complete();
    world.look_at_machine().await;
    world.patches.lock().unwrap().clear();
    world.look_at_machine().await;
    assert_eq!(*world.patches.lock().unwrap(), Vec::<Value>::new());
}

#[tokio::test]
async fn the_done_flag_is_never_withdrawn() {
    let world = World::complete();
    world.look_at_machine().await;
    world.answer(Ok(MachineState { phase: MachinePhase::Stopped, instance_state: "stopped".into(), ..running() }));
    let response = world.look_at_machine().await;
    assert_eq!(world.object("TestMachine")["status"]["ready"], true);
    assert_eq!(reason(&response), "ServerNotRunning");
}

#[tokio::test]
async fn each_failure_of_the_cloud_has_its_own_outcome() {
    let pause = Duration::from_secs(9);
    let cases = [
        (MachineError::Invalid("spec.disks[0].uuid".into()), "InvalidConfiguration", "refused"),
        (MachineError::Unauthorised("401".into()), "Unauthorised", "failed"),
        (MachineError::Throttled(pause), "Throttled", "failed"),
        (MachineError::Exhausted("no".into()), "Exhausted", "failed"),
        (MachineError::Other("500".into()), "ProviderFailed", "failed"),
    ];
    for (error, expected, label) in cases {
        let world = World::complete();
        world.answer(Err(error.clone()));
        let response = world.look_at_machine().await;
        assert_eq!((reason(&response), response.outcome.label()), (expected, label), "{error}");
        if let Outcome::Failed { retry_after, .. } = response.outcome {
            assert_eq!(retry_after.is_some(), matches!(error, MachineError::Throttled(_)), "{error}");
        }
    }
}

#[tokio::test]
async fn deletion_needs_nothing_but_the_cloud_and_keeps_foreign_finalizers() {
    let world = World::complete();
    for kind in ["Machine", "Cluster", "Secret"] {
        world.remove(kind);
    }
    deleting(&world);
    world.answer(Ok(MachineState { phase: MachinePhase::Deleting, ..running() }));
    let response = world.look_at_machine().await;
    assert_eq!(response.outcome.label(), "requeue");
    assert_eq!(world.object("TestMachine")["metadata"]["finalizers"], json!([FINALIZER, "other/one"]));
    world.answer(Ok(MachineState { phase: MachinePhase::Gone, ..running() }));
    world.look_at_machine().await;
    assert_eq!(world.object("TestMachine")["metadata"]["finalizers"], json!(["other/one"]));
    assert_eq!(world.calls(), ["delete", "delete"]);
}

#[tokio::test]
async fn the_infrastructure_cluster_is_found_by_reference_or_by_name() {
    for (name, reference) in [("c", json!(null)), ("other", json!({"kind": "TestCluster", "name": "other"}))] {
        let world = World::complete();
        world.edit("Cluster", json!({"spec": {"infrastructureRef": reference}}));
        world.put(json!({"apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1", "kind": "TestCluster",
            "metadata": {"name": name, "namespace": "n"}}));
        world.look_at_machine().await;
        let asked = world.asked.lock().unwrap();
        assert!(asked[0].1.cluster.is_some(), "{name}");
    }
}

fn cluster(metadata: Value) -> Value {
    let mut object = json!({"apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1", "kind": "TestCluster",
        "metadata": {"name": "c", "namespace": "n", "resourceVersion": "1",
            "ownerReferences": [{"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Cluster", "name": "c", "uid": "y"}]}});
    json_patch::merge(&mut object, &json!({"metadata": metadata}));
    object
}

#[tokio::test]
async fn a_cluster_is_claimed_and_reported_ready_under_both_contracts() {
    let world = World::complete();
    world.put(cluster(json!({})));
    let response = world.look_at_cluster().await;
    let object = world.object("TestCluster");
    assert_eq!(object["metadata"]["finalizers"], json!(["testcluster.infrastructure.cluster.x-k8s.io"]));
    assert_eq!(object["status"], json!({"ready": true, "initialization": {"provisioned": true}}));
    assert_eq!(response.conditions.iter().map(|c| c.kind.as_str()).collect::<Vec<_>>(), ["Ready", "NetworkReady"]);
}

#[tokio::test]
async fn an_externally_managed_cluster_is_left_alone() {
    let world = World::complete();
    world.put(cluster(json!({"annotations": {"cluster.x-k8s.io/managed-by": "somebody"}})));
    world.look_at_cluster().await;
    assert!(world.patches.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_deleted_cluster_stays_until_its_last_machine_is_gone() {
    let world = World::complete();
    world.put(cluster(json!({"deletionTimestamp": "2026-01-01T00:00:00Z",
        "finalizers": ["testcluster.infrastructure.cluster.x-k8s.io"]})));
    let response = world.look_at_cluster().await;
    assert_eq!(reason(&response), "WaitingForMachines");
    world.remove(&kinds().machine.kind);
    world.look_at_cluster().await;
    assert_eq!(world.object("TestCluster")["metadata"]["finalizers"], json!([]));
}
