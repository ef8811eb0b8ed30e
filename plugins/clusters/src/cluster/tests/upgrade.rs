//! Versions of a running cluster.

use serde_json::{Value, json};

use crate::kinds;
use crate::world::{World, guide, refusal, said};

const DEPLOYMENT: &str = "test-cluster-test-workers";

fn asked(version: &str) -> World {
    let world = World::running(guide());
    world.edit(|spec| spec["version"] = version.into());
    world
}

fn worker_version(world: &World) -> Value {
    world.object(&kinds::MACHINE_DEPLOYMENT, DEPLOYMENT)["spec"]["template"]["spec"]["version"].clone()
}

#[test]
fn a_control_plane_goes_up_one_minor_at_a_time() {
    let cases = [
        ("v1.33.9", "older than v1.34.0"),
        ("v1.36.0", "more than one minor ahead"),
        ("v2.0.0", "more than one minor"),
    ];
    for (version, rule) in cases {
        let world = asked(version);
        let response = world.look();
        let (reason, message) = refusal(&response);
        assert_eq!(reason, "InvalidVersion", "{version}");
        assert!(message.starts_with("spec.version: ") && message.contains(rule), "{version}: {message}");
        let plane = world.object(&kinds::KAMAJI_CONTROL_PLANE, "test-cluster-cp");
        assert_eq!(plane["spec"]["version"], "v1.34.0", "{version}");
    }
    for version in ["v1.34.5", "v1.35.0"] {
        assert_eq!(said(&asked(version).look(), "Accepted"), "True/Valid", "{version}");
    }
}

#[test]
fn workers_follow_their_control_plane_and_never_lead() {
    let world = asked("v1.35.0");
    let response = world.look();
    assert_eq!(
        (world.phase().as_str(), said(&response, "ControlPlaneReady").as_str()),
        ("Upgrading", "False/Upgrading")
    );
    assert_eq!(world.object(&kinds::KAMAJI_CONTROL_PLANE, "test-cluster-cp")["spec"]["version"], "v1.35.0");
    assert_eq!(worker_version(&world), "v1.34.0");

    world.answer_control_plane("v1.35.0");
    world.look();
    assert_eq!(worker_version(&world), "v1.35.0");
    assert_eq!(world.phase(), "Upgrading", "machines of the old version are still there");
    assert_eq!(world.pool_status("test-workers")["observedVersion"], "v1.34.0");

    world.answer_workers();
    world.look();
    assert_eq!(world.phase(), "Ready");
    assert_eq!(world.status()["controlPlane"]["version"], "v1.35.0");
}

#[test]
fn an_upgrade_that_has_begun_cannot_be_taken_back() {
    let world = asked("v1.35.0");
    world.look();
    world.edit(|spec| spec["version"] = json!("v1.34.0"));
    assert_eq!(refusal(&world.look()).0, "InvalidVersion");
    world.edit(|spec| spec["version"] = json!("v1.36.0"));
    assert_eq!(refusal(&world.look()).0, "InvalidVersion", "counted from what runs");
}

#[test]
fn a_pool_that_names_its_version_stays_behind() {
    let world = World::running(guide());
    world.edit(|spec| {
        spec["workers"][0]["version"] = json!("v1.34.0");
        spec["version"] = json!("v1.35.0");
    });
    world.look();
    world.answer_control_plane("v1.35.0");
    world.look();
    assert_eq!(worker_version(&world), "v1.34.0");
    assert_eq!(world.phase(), "Ready");
}
