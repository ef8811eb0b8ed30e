//! Mixed clusters, and machines that nobody provides.

use backplane_sdk::Outcome;
use backplane_sdk::testing::FakeCluster;
use serde_json::{Value, json};

use crate::kinds;
use crate::world::{World, guide, kubevirt_pool, message, pool, said};

fn mixed() -> Value {
    let mut manifest = guide();
    manifest["spec"]["workers"] = json!([pool("cloud", 2), kubevirt_pool("local", 1)]);
    manifest
}

/// A world in which only CloudSigma machines are provided.
fn without_kubevirt() -> World {
    let world = World { fake: FakeCluster::new(), settings: Default::default() };
    world.fake.put(mixed());
    world.fake.reconciled(&kinds::CLOUDSIGMA_MACHINE);
    world
}

#[test]
fn the_half_with_a_provider_works_and_the_other_is_named() {
    let world = without_kubevirt();
    world.run_up();
    world.change(&kinds::MACHINE_DEPLOYMENT, "test-cluster-local", |deployment| deployment["status"] = json!({}));
    let response = world.look();
    assert_eq!(world.phase(), "Ready");
    assert_eq!(world.pool_status("cloud")["phase"], "Ready");
    let local = world.pool_status("local");
    assert_eq!(
        (&local["phase"], &local["message"]),
        (&json!("Failed"), &json!("no provider for KubevirtMachine is loaded"),)
    );
    assert_eq!(said(&response, "ProviderAvailable"), "False/NoProvider");
    assert_eq!(message(&response, "ProviderAvailable"), "no provider for KubevirtMachine is loaded, pool local waits");
    assert_eq!((said(&response, "Ready").as_str(), message(&response, "Ready")), ("True/Ready", "without pool local"));
    assert_eq!(said(&response, "WorkersReady"), "False/NoProvider");
    assert!(matches!(response.outcome, Outcome::RequeueAfter(_)), "a provider may be loaded: {:?}", response.outcome);
}

#[test]
fn the_other_half_has_its_objects() {
    let world = without_kubevirt();
    world.run_up();
    let deployment = world.object(&kinds::MACHINE_DEPLOYMENT, "test-cluster-local");
    assert_eq!(
        deployment["spec"]["template"]["spec"]["infrastructureRef"],
        json!({
            "apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha1", "kind": "KubevirtMachineTemplate",
            "name": "test-cluster-local", "namespace": "default",
        })
    );
    let template = world.object(&kinds::KUBEVIRT_TEMPLATE, "test-cluster-local");
    let machine = &template["spec"]["template"]["spec"]["virtualMachineTemplate"]["spec"];
    assert_eq!(machine["template"]["spec"]["domain"]["cpu"]["cores"], 2);
    assert_eq!(machine["template"]["spec"]["domain"]["memory"]["guest"], "4Gi");
    assert_eq!(machine["template"]["spec"]["networks"][0]["multus"]["networkName"], "default/default");
    assert_eq!(machine["dataVolumeTemplates"][0]["spec"]["source"]["registry"]["pullMethod"], "node");
    let bootstrap = world.object(&kinds::BOOTSTRAP_TEMPLATE, "test-cluster-local-bootstrap");
    let registration = &bootstrap["spec"]["template"]["spec"]["joinConfiguration"]["nodeRegistration"];
    assert_eq!(registration["kubeletExtraArgs"], json!({"cloud-provider": "external"}));
}

#[test]
fn a_provider_outside_of_the_daemon_counts() {
    let mut world = without_kubevirt();
    world.settings.external_providers.push("KubevirtMachine".into());
    world.run_up();
    let response = world.look();
    assert_eq!(said(&response, "ProviderAvailable"), "True/Loaded");
    assert_eq!(world.pool_status("local")["phase"], "Ready");
}

#[test]
fn a_disk_that_is_lost_with_the_machine_is_the_image_itself() {
    let mut manifest = mixed();
    manifest["spec"]["workers"][1]["storageType"] = json!("containerdisk");
    manifest["spec"]["workers"][1]["image"] = json!("example.org/image:1");
    let world = World::running(manifest);
    let template = world.object(&kinds::KUBEVIRT_TEMPLATE, "test-cluster-local");
    let machine = &template["spec"]["template"]["spec"]["virtualMachineTemplate"]["spec"];
    assert_eq!(machine.get("dataVolumeTemplates"), None);
    let expected = json!([{"name": "rootdisk", "containerDisk": {"image": "example.org/image:1"}}]);
    assert_eq!(machine["template"]["spec"]["volumes"], expected);
}

#[test]
fn a_cluster_without_cloudsigma_has_no_cloudsigma_objects() {
    let mut manifest = guide();
    manifest["spec"]["workers"] = json!([kubevirt_pool("local", 1)]);
    let world = World::with([manifest]);
    world.fake.not_ready(kinds::CLOUDSIGMA_CLUSTER);
    world.fake.not_ready(kinds::CLOUDSIGMA_TEMPLATE);
    world.run_up();
    assert_eq!(world.phase(), "Ready");
    assert_eq!(world.object(&kinds::CAPI_CLUSTER, "test-cluster")["metadata"]["labels"].get("csi"), None);
}
