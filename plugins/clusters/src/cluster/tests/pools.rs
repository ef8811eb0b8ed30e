//! Pools of a running cluster: scaled, added, changed, removed.

use backplane_sdk::Key;
use serde_json::{Value, json};

use crate::kinds;
use crate::world::{World, guide, message, pool, refusal, said};

const DEPLOYMENT: &str = "test-cluster-test-workers";

fn two_pools() -> Value {
    let mut manifest = guide();
    manifest["spec"]["workers"] = json!([pool("test-workers", 2), pool("high-memory", 2)]);
    manifest
}

#[test]
fn scaling_changes_the_replicas_and_nothing_else() {
    let world = World::running(guide());
    world.look();
    let before = world.object(&kinds::MACHINE_DEPLOYMENT, DEPLOYMENT)["spec"].clone();
    for replicas in [4, 1] {
        world.edit(|spec| spec["workers"][0]["replicas"] = replicas.into());
        world.fake.take_writes();
        world.look();
        assert_eq!(
            world.fake.take_writes(),
            [
                format!("apply MachineDeployment default/{DEPLOYMENT}"),
                "apply-status KdcCluster default/test-cluster".into(),
            ]
        );
        assert_eq!(world.phase(), "Provisioning");
        world.answer_workers();
        world.look();
        assert_eq!(
            (world.phase().as_str(), &world.pool_status("test-workers")["replicas"]),
            ("Ready", &json!(replicas))
        );
    }
    let mut after = world.object(&kinds::MACHINE_DEPLOYMENT, DEPLOYMENT)["spec"].clone();
    after["replicas"] = 2.into();
    assert_eq!(after, before);
}

#[test]
fn machines_on_their_way_out_are_counted_and_said() {
    let world = World::running(guide());
    world.change(&kinds::MACHINE, &format!("{DEPLOYMENT}-m1"), |machine| {
        machine["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        machine["metadata"]["finalizers"] = json!(["machine.cluster.x-k8s.io"]);
    });
    world.look();
    let pool = world.pool_status("test-workers");
    assert_eq!((&pool["phase"], &pool["deletingReplicas"]), (&json!("Deleting"), &json!(1)));
}

#[test]
fn an_added_pool_gets_objects_of_its_own() {
    let world = World::running(guide());
    let mut added = pool("high-memory", 2);
    added["cloudsigma"] = json!({"cpu": 4000, "memory": 16384, "diskSize": 100, "imageUUID": crate::world::IMAGE});
    world.edit(|spec| spec["workers"].as_array_mut().expect("workers").push(added));
    world.look();
    assert_eq!(world.names(&kinds::MACHINE_DEPLOYMENT), ["test-cluster-high-memory", DEPLOYMENT]);
    let template = world.object(&kinds::CLOUDSIGMA_TEMPLATE, "test-cluster-cloudsigma-high-memory");
    let machine = &template["spec"]["template"]["spec"];
    assert_eq!((&machine["cpu"], &machine["memory"]), (&json!(4000), &json!(16384)));
    assert_eq!(machine["disks"][0]["size"], json!(107_374_182_400_i64));
    world.answer_workers();
    world.look();
    assert_eq!(world.phase(), "Ready");
}

#[test]
fn a_removed_pool_loses_its_machines_first_and_its_templates_last() {
    let world = World::running(two_pools());
    let other = [kinds::MACHINE_DEPLOYMENT, kinds::CLOUDSIGMA_TEMPLATE, kinds::BOOTSTRAP_TEMPLATE];
    let names =
        ["test-cluster-high-memory", "test-cluster-cloudsigma-high-memory", "test-cluster-high-memory-bootstrap"];
    let untouched: Vec<Value> = other.iter().zip(names).map(|(kind, name)| world.object(kind, name)).collect();
    world.edit(|spec| drop(spec["workers"].as_array_mut().expect("workers").remove(0)));
    world.look();
    assert_eq!(world.names(&kinds::MACHINE_DEPLOYMENT), ["test-cluster-high-memory"]);
    world.look();
    assert_eq!(world.pool_status("test-workers")["phase"], "Deleting");
    assert_eq!(world.names(&kinds::CLOUDSIGMA_TEMPLATE).len(), 2, "its machines are still there");

    for machine in world.machines(DEPLOYMENT) {
        world.fake.remove(&machine);
    }
    world.look();
    world.look();
    assert_eq!(world.names(&kinds::CLOUDSIGMA_TEMPLATE), ["test-cluster-cloudsigma-high-memory"]);
    assert_eq!(world.names(&kinds::BOOTSTRAP_TEMPLATE), ["test-cluster-high-memory-bootstrap"]);
    assert_eq!(world.pool_status("test-workers"), json!(null));
    let now: Vec<Value> = other.iter().zip(names).map(|(kind, name)| world.object(kind, name)).collect();
    assert_eq!(now, untouched);
}

#[test]
fn the_last_pool_may_be_removed_and_takes_its_cloud_with_it() {
    let world = World::running(guide());
    world.edit(|spec| spec["workers"] = json!([]));
    world.look();
    world.look();
    assert_eq!(world.names(&kinds::CLOUDSIGMA_CLUSTER), ["test-cluster"], "machines need it to go");
    for machine in world.machines(DEPLOYMENT) {
        world.fake.remove(&machine);
    }
    let response = world.look();
    assert_eq!((world.phase().as_str(), said(&response, "WorkersReady").as_str()), ("Ready", "True/NoWorkers"));
    assert_eq!(world.names(&kinds::CLOUDSIGMA_CLUSTER), Vec::<String>::new());
}

#[test]
fn a_pool_that_comes_back_waits_until_its_predecessor_is_gone() {
    let world = World::running(guide());
    world.change(&kinds::MACHINE_DEPLOYMENT, DEPLOYMENT, |deployment| {
        deployment["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        deployment["metadata"]["finalizers"] = json!(["cluster.x-k8s.io/machinedeployment"]);
    });
    world.edit(|spec| spec["workers"][0]["replicas"] = 5.into());
    world.look();
    assert_eq!(world.object(&kinds::MACHINE_DEPLOYMENT, DEPLOYMENT)["spec"]["replicas"], 2);
    world.fake.remove(&kinds::MACHINE_DEPLOYMENT.at(&Key::new("default", DEPLOYMENT)));
    world.look();
    assert_eq!(world.object(&kinds::MACHINE_DEPLOYMENT, DEPLOYMENT)["spec"]["replicas"], 5);
}

#[test]
fn a_changed_template_gets_a_new_name_and_the_old_one_goes_when_unused() {
    const PLAIN: &str = "test-cluster-cloudsigma-test-workers";
    let world = World::running(guide());
    let reference = || {
        world.object(&kinds::MACHINE_DEPLOYMENT, DEPLOYMENT)["spec"]["template"]["spec"]["infrastructureRef"]["name"]
            .as_str()
            .expect("name")
            .to_owned()
    };
    world.fake.put(json!({
        "apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "MachineSet",
        "metadata": {"name": "old", "namespace": "default", "labels": {"cluster.x-k8s.io/cluster-name": "test-cluster"}},
        "spec": {"template": {"spec": {"infrastructureRef": {"kind": "CloudSigmaMachineTemplate", "name": PLAIN}}}},
    }));
    let before = world.object(&kinds::CLOUDSIGMA_TEMPLATE, PLAIN);
    world.edit(|spec| spec["workers"][0]["cloudsigma"]["cpu"] = 3000.into());
    world.look();
    let changed = reference();
    assert!(changed.starts_with(&format!("{PLAIN}-")), "{changed}");
    world.look();
    assert_eq!(
        world.object(&kinds::CLOUDSIGMA_TEMPLATE, PLAIN),
        before,
        "still used by the old set, and never changed"
    );
    assert_eq!(reference(), changed, "the name is stable");

    world.fake.remove(&kinds::MACHINE_SET.at(&Key::new("default", "old")));
    world.look();
    assert_eq!(world.names(&kinds::CLOUDSIGMA_TEMPLATE), [changed.clone()]);
    world.edit(|spec| spec["workers"][0]["cloudsigma"]["cpu"] = 2000.into());
    world.look();
    assert_eq!(reference(), PLAIN, "the plain name is free again");
}

#[test]
fn a_change_that_is_taken_back_finds_its_old_template() {
    let world = World::running(guide());
    for (cpu, expected) in [(3000, 2), (2000, 2)] {
        world.edit(|spec| spec["workers"][0]["cloudsigma"]["cpu"] = cpu.into());
        world.look();
        assert_eq!(world.names(&kinds::CLOUDSIGMA_TEMPLATE).len(), expected, "{cpu}");
    }
    let deployment = world.object(&kinds::MACHINE_DEPLOYMENT, DEPLOYMENT);
    let name = &deployment["spec"]["template"]["spec"]["infrastructureRef"]["name"];
    assert_eq!(name, "test-cluster-cloudsigma-test-workers");
}

#[test]
fn labels_and_taints_reach_the_nodes_by_a_new_bootstrap_template() {
    let world = World::running(guide());
    world.edit(|spec| {
        spec["workers"][0]["labels"] = json!({"tier": "web", "disk": "ssd"});
        spec["workers"][0]["taints"] = json!([{"key": "only", "value": "web", "effect": "NoSchedule"}]);
    });
    world.look();
    let deployment = world.object(&kinds::MACHINE_DEPLOYMENT, DEPLOYMENT);
    let name = deployment["spec"]["template"]["spec"]["bootstrap"]["configRef"]["name"].as_str().expect("name");
    assert!(name.starts_with("test-cluster-test-workers-bootstrap-"), "{name}");
    let template = world.object(&kinds::BOOTSTRAP_TEMPLATE, name);
    let registration = &template["spec"]["template"]["spec"]["joinConfiguration"]["nodeRegistration"];
    assert_eq!(registration["kubeletExtraArgs"]["node-labels"], "disk=ssd,tier=web");
    assert_eq!(registration["taints"], json!([{"key": "only", "value": "web", "effect": "NoSchedule"}]));
}

#[test]
fn drain_timeout_and_pause_are_cluster_apis() {
    let world = World::running(guide());
    world.edit(|spec| {
        spec["workers"][0]["paused"] = true.into();
        spec["workers"][0]["nodeDrainTimeoutSeconds"] = 300.into();
    });
    world.look();
    let spec = world.object(&kinds::MACHINE_DEPLOYMENT, DEPLOYMENT)["spec"].clone();
    assert_eq!((&spec["paused"], &spec["template"]["spec"]["nodeDrainTimeout"]), (&json!(true), &json!("5m0s")));
    assert_eq!(world.pool_status("test-workers")["paused"], true);
}

fn strategy(world: &World) -> Value {
    world.object(&kinds::MACHINE_DEPLOYMENT, DEPLOYMENT)["spec"]["strategy"]["rollingUpdate"].clone()
}

fn drift(world: &World) {
    world.change(&kinds::MACHINE_DEPLOYMENT, DEPLOYMENT, |deployment| {
        deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"] = 7.into();
    });
}

#[test]
fn without_a_strategy_drift_is_corrected() {
    let world = World::running(guide());
    drift(&world);
    world.look();
    assert_eq!(strategy(&world), json!({"maxSurge": 1, "maxUnavailable": 0}));
}

#[test]
fn a_given_strategy_is_written_once_and_then_left_alone() {
    let world = World::running(guide());
    world.edit(|spec| spec["workers"][0]["strategy"] = json!({"maxSurge": "50%"}));
    world.look();
    assert_eq!(strategy(&world), json!({"maxSurge": "50%", "maxUnavailable": 0}));
    drift(&world);
    world.look();
    world.look();
    assert_eq!(strategy(&world)["maxSurge"], 7, "hand-tuned values stay");

    world.edit(|spec| spec["workers"][0]["strategy"] = json!({"maxSurge": 2}));
    world.look();
    assert_eq!(strategy(&world)["maxSurge"], 2, "a changed block is written");
    world.edit(|spec| drop(spec["workers"][0].as_object_mut().expect("pool").remove("strategy")));
    world.look();
    assert_eq!(strategy(&world)["maxSurge"], 1, "without the block it is ours again");
    world.edit(|spec| spec["workers"][0]["strategy"] = json!({"maxSurge": 2}));
    world.look();
    assert_eq!(strategy(&world)["maxSurge"], 2, "and the same block is written anew");
}

#[test]
fn the_last_ready_pool_is_not_scaled_to_zero() {
    let world = World::running(guide());
    world.edit(|spec| spec["workers"][0]["replicas"] = 0.into());
    let response = world.look();
    assert_eq!(
        refusal(&response),
        ("LastReadyPool", "spec.workers[0].replicas: 0 needs another pool with ready workers")
    );
    assert_eq!(world.object(&kinds::MACHINE_DEPLOYMENT, DEPLOYMENT)["spec"]["replicas"], 2);
}

#[test]
fn a_pool_is_emptied_only_while_another_carries_on() {
    let empty = |pools: &[usize]| {
        let world = World::running(two_pools());
        world.edit(|spec| pools.iter().for_each(|at| spec["workers"][*at]["replicas"] = 0.into()));
        world
    };
    let one = empty(&[0]);
    assert_eq!(said(&one.look(), "Accepted"), "True/Valid");
    one.answer_workers();
    one.look();
    assert_eq!(one.phase(), "Ready");
    // Emptied once, it stays so, whatever becomes of the other.
    one.change(&kinds::MACHINE_DEPLOYMENT, "test-cluster-high-memory", |deployment| {
        deployment["status"]["readyReplicas"] = 0.into();
    });
    assert_eq!(said(&one.look(), "Accepted"), "True/Valid");

    assert_eq!(refusal(&empty(&[0, 1]).look()).0, "LastReadyPool");

    let lame = empty(&[0]);
    lame.change(&kinds::MACHINE_DEPLOYMENT, "test-cluster-high-memory", |deployment| {
        deployment["status"]["readyReplicas"] = 0.into();
    });
    assert_eq!(refusal(&lame.look()).0, "LastReadyPool");
}

#[test]
fn a_pool_may_begin_empty() {
    let mut manifest = guide();
    manifest["spec"]["workers"][0]["replicas"] = 0.into();
    World::running(manifest);
}

#[test]
fn what_keeps_a_machine_from_running_is_said_of_its_pool() {
    let cases = [("Error", "Failed"), ("Warning", "Provisioning")];
    for (severity, phase) in cases {
        let world = World::running(guide());
        world.change(&kinds::MACHINE_DEPLOYMENT, DEPLOYMENT, |deployment| {
            deployment["status"]["readyReplicas"] = 1.into()
        });
        world.change(&kinds::MACHINE, &format!("{DEPLOYMENT}-m1"), |machine| {
            machine["status"] = json!({"conditions": [{
                "type": "InfrastructureReady", "status": "False", "severity": severity, "message": "there is no such image",
            }]});
        });
        let response = world.look();
        assert_eq!(world.pool_status("test-workers")["phase"], phase, "{severity}");
        let expected = format!("pool test-workers: {DEPLOYMENT}-m1: there is no such image");
        assert_eq!(message(&response, "WorkersReady"), expected, "{severity}");
    }
}
