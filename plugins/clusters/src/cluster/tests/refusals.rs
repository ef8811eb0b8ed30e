//! Manifests that cannot be: each is refused by field and rule, and nothing is written or taken away.

use serde_json::{Value, json};

use crate::kinds;
use crate::world::{World, guide, pool, refusal, said};

type Edit = fn(&mut Value);

/// What a manifest alone decides.
const CASES: &[(&str, Edit, &str, &str)] = &[
    (
        "unknown provider",
        |spec| spec["workers"][0]["infrastructureProvider"] = json!("aws"),
        "UnsupportedProvider",
        "spec.workers[0].infrastructureProvider: unsupported provider \"aws\"",
    ),
    (
        "two pools of one name",
        |spec| spec["workers"] = json!([pool("a", 1), pool("a", 1)]),
        "DuplicatePool",
        "spec.workers[1].name: \"a\" is used",
    ),
    (
        "negative replicas",
        |spec| spec["workers"][0]["replicas"] = json!(-1),
        "InvalidReplicas",
        "spec.workers[0].replicas: ",
    ),
    ("pool name", |spec| spec["workers"][0]["name"] = json!("A_b"), "InvalidName", "spec.workers[0].name: "),
    ("long names", |spec| spec["workers"][0]["name"] = json!("a".repeat(40)), "InvalidName", "spec.workers[0].name: "),
    (
        "no version",
        |spec| spec["version"] = json!("latest"),
        "InvalidVersion",
        "spec.version: \"latest\" is not of the form vX.Y.Z",
    ),
    ("two parts", |spec| spec["version"] = json!("v1.34"), "InvalidVersion", "spec.version: "),
    (
        "pool ahead",
        |spec| spec["workers"][0]["version"] = json!("v1.35.0"),
        "InvalidVersion",
        "spec.workers[0].version: v1.35.0 is ahead",
    ),
    (
        "pool far behind",
        |spec| spec["workers"][0]["version"] = json!("v1.31.9"),
        "InvalidVersion",
        "spec.workers[0].version: v1.31.9 is more than two",
    ),
    (
        "pool version",
        |spec| spec["workers"][0]["version"] = json!("1.34.0"),
        "InvalidVersion",
        "spec.workers[0].version: \"1.34.0\" is not",
    ),
    ("pod range", |spec| spec["network"]["podCIDR"] = json!("10.220.0.0"), "InvalidCIDR", "spec.network.podCIDR: "),
    (
        "service range",
        |spec| spec["network"]["serviceCIDR"] = json!("10.96.0.0/40"),
        "InvalidCIDR",
        "spec.network.serviceCIDR: ",
    ),
    (
        "overlap",
        |spec| spec["network"]["podCIDR"] = json!("10.100.0.0/16"),
        "InvalidCIDR",
        "spec.network.serviceCIDR and spec.network.podCIDR: ",
    ),
    ("no address", |spec| spec["eip"] = json!({"create": false}), "InvalidEIP", "spec.eip.name: "),
    (
        "network type",
        |spec| spec["eip"] = json!({"create": true, "externalNetworkType": "lan"}),
        "InvalidEIP",
        "spec.eip.externalNetworkType: ",
    ),
    ("no cluster api", |spec| spec["enableClusterAPI"] = json!(false), "ClusterAPIRequired", "spec.enableClusterAPI: "),
    (
        "no control plane",
        |spec| spec["controlPlane"]["replicas"] = json!(0),
        "InvalidReplicas",
        "spec.controlPlane.replicas: ",
    ),
    (
        "no image",
        |spec| drop(spec["workers"][0]["cloudsigma"].take()),
        "MissingField",
        "spec.workers[0].cloudsigma.imageUUID: ",
    ),
    (
        "dedicated with name",
        |spec| spec["dataStore"]["name"] = json!("x"),
        "ConflictingFields",
        "spec.dataStore.name and spec.dataStore.dedicated: ",
    ),
    (
        "bounds",
        |spec| spec["workers"][0]["autoscaling"] = json!({"minReplicas": 3, "maxReplicas": 2}),
        "InvalidAutoscaling",
        "spec.workers[0].autoscaling.minReplicas: ",
    ),
    (
        "out of bounds",
        |spec| spec["workers"][0]["autoscaling"] = json!({"enabled": true, "minReplicas": 3, "maxReplicas": 5}),
        "InvalidAutoscaling",
        "spec.workers[0].replicas: ",
    ),
    (
        "bounds from zero",
        |spec| {
            spec["workers"][0]["autoscaling"] =
                json!({"enabled": true, "mode": "ClusterAutoscaler", "minReplicas": 0, "maxReplicas": 5})
        },
        "InvalidAutoscaling",
        "spec.workers[0].autoscaling.minReplicas: ",
    ),
    (
        "two data centres",
        |spec| {
            let mut other = pool("b", 1);
            other["cloudsigma"]["region"] = json!("fra");
            spec["workers"] = json!([pool("a", 1), other]);
        },
        "ConflictingFields",
        "spec.workers[1].cloudsigma.region: ",
    ),
];

#[test]
fn a_new_cluster_that_cannot_be_fails_and_nothing_is_made() {
    for (name, edit, reason, message) in CASES {
        let mut manifest = guide();
        edit(&mut manifest["spec"]);
        let world = World::with([manifest]);
        let response = world.look();
        let said_of = refusal(&response);
        assert_eq!(said_of.0, *reason, "{name}");
        assert!(said_of.1.starts_with(message), "{name}: {}", said_of.1);
        assert_eq!(world.phase(), "Failed", "{name}");
        assert_eq!(said(&response, "Accepted"), format!("False/{reason}"), "{name}");
        assert_eq!(world.fake.objects().len(), 1, "{name}: nothing but the cluster itself");
    }
}

#[test]
fn a_change_that_cannot_be_leaves_everything_as_it_was() {
    for (name, edit, reason, _) in CASES {
        let world = World::running(guide());
        world.edit(edit);
        world.fake.take_writes();
        let before = everything_but_the_cluster(&world);
        let response = world.look();
        assert_eq!(refusal(&response).0, *reason, "{name}");
        assert_eq!(world.phase(), "Ready", "{name}");
        assert_eq!(world.pool_status("test-workers")["readyReplicas"], 2, "{name}");
        assert_eq!(everything_but_the_cluster(&world), before, "{name}");
    }
}

fn everything_but_the_cluster(world: &World) -> Vec<Value> {
    let objects = world.fake.objects().into_iter().filter(|object| object.kind != kinds::KDC_CLUSTER);
    objects.map(|object| world.object(&object.kind, &object.name)).collect()
}

#[test]
fn a_corrected_manifest_goes_on() {
    let mut manifest = guide();
    manifest["spec"]["version"] = json!("latest");
    let world = World::with([manifest]);
    world.look();
    world.edit(|spec| spec["version"] = json!("v1.34.0"));
    assert_eq!(said(&world.look(), "Accepted"), "True/Valid");
    assert_eq!(world.phase(), "Pending");
}

#[test]
fn what_a_running_cluster_holds_cannot_change() {
    let cases: &[(&str, Edit, &str)] = &[
        ("pods", |spec| spec["network"]["podCIDR"] = json!("10.221.0.0/16"), "spec.network.podCIDR"),
        ("services", |spec| spec["network"]["serviceCIDR"] = json!("172.20.0.0/16"), "spec.network.serviceCIDR"),
        ("address", |spec| spec["eip"] = json!({"create": false, "name": "mine"}), "spec.eip"),
        ("network", |spec| spec["eip"]["externalNetworkType"] = json!("cloud"), "spec.eip.externalNetworkType"),
        (
            "region",
            |spec| spec["workers"][0]["cloudsigma"]["region"] = json!("fra"),
            "spec.workers[].cloudsigma.region",
        ),
        (
            "cluster api",
            |spec| {
                spec["enableClusterAPI"] = json!(false);
                spec["workers"] = json!([]);
            },
            "spec.enableClusterAPI",
        ),
    ];
    for (name, edit, field) in cases {
        let world = World::running(guide());
        world.edit(edit);
        let response = world.look();
        let (reason, message) = refusal(&response);
        assert_eq!(reason, "FixedField", "{name}");
        assert!(message.starts_with(&format!("{field}: ")), "{name}: {message}");
    }
}

#[test]
fn an_object_of_somebody_else_is_never_taken_over() {
    let foreign = json!({
        "apiVersion": "kube-dc.com/v1", "kind": "EIp", "metadata": {"name": "test-cluster-cp", "namespace": "default"},
        "spec": {"externalNetworkType": "public"},
    });
    let world = World::with([guide(), foreign.clone()]);
    world.look();
    world.answer_store();
    let response = world.look();
    let (reason, message) = refusal(&response);
    assert_eq!(reason, "NameTaken");
    assert!(message.contains("EIp default/test-cluster-cp"), "{message}");
    assert_eq!(world.object(&kinds::EIP, "test-cluster-cp")["metadata"].get("ownerReferences"), None);
    assert_eq!(world.names(&kinds::SERVICE), Vec::<String>::new());
}
