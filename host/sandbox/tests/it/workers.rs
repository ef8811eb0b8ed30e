//! Workers: a MachineDeployment with a provider that the test plays, from the first Node to the last.

use std::collections::BTreeSet;

use crate::common::provider::{self, MACHINE as SERVER, Provider, settled};
use crate::common::{Cluster, condition, is_initialized, name, quick_world, secret_text, tenant, text};
use serde_json::{Value, json};

const DEPLOYMENT: &str = "MachineDeployment.v1beta1.cluster.x-k8s.io";
const SET: &str = "MachineSet.v1beta1.cluster.x-k8s.io";
const MACHINE: &str = "Machine.v1beta1.cluster.x-k8s.io";
const CONFIG: &str = "KubeadmConfig.v1beta1.bootstrap.cluster.x-k8s.io";
const CLUSTER: &str = "Cluster.v1beta1.cluster.x-k8s.io";

struct Scene {
    world: backplane_sandbox::World,
    admin: Cluster,
    tenant: Cluster,
    provider: Provider,
}

impl Scene {
    async fn begin(replicas: u32) -> Self {
        let world = quick_world().await;
        let admin = Cluster::admin(&world).await;
        tenant::create(&admin, "one").await;
        let tenant = tenant::connect(&admin, "one").await;
        let provider = Provider::start(admin.clone(), tenant.clone());
        provider::deploy(&admin, "one", "pool", replicas).await;
        Self { world, admin, tenant, provider }
    }

    async fn settles(&self, replicas: u32) -> Vec<Value> {
        self.admin.becomes(DEPLOYMENT, "default", "one-pool", settled(replicas.into())).await;
        let running = |machine: &Value| text(machine, "/status/phase") == "Running";
        let machines = self.admin.are(MACHINE, "default", replicas as usize, running).await;
        self.tenant.are("Node", "", replicas as usize, |_| true).await;
        machines
    }

    async fn scale(&self, replicas: u32) {
        let patch = json!({"spec": {"replicas": replicas}});
        self.admin.patch(DEPLOYMENT, "default", "one-pool", patch).await.expect("is accepted");
    }

    async fn end(self) {
        drop(self.provider);
        self.world.stop().await;
    }
}

fn names(objects: &[Value]) -> BTreeSet<String> {
    objects.iter().map(|object| name(object).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_get_clones_join_data_and_nodes() {
    let scene = Scene::begin(2).await;
    let machines = scene.settles(2).await;
    for machine in &machines {
        let machine = name(machine);
        let server = scene.admin.exists(SERVER, "default", machine).await;
        let owners = server["metadata"]["ownerReferences"].as_array().expect("owners");
        assert_eq!(owners.len(), 1, "the set has stepped back");
        assert_eq!((text(&owners[0], "/kind"), text(&owners[0], "/name")), ("Machine", machine));
        assert_eq!(text(&server, "/spec/size"), "small");
        assert_eq!(server["metadata"]["annotations"]["cluster.x-k8s.io/cloned-from-name"], json!("one-pool"));
        let config = scene.admin.exists(CONFIG, "default", machine).await;
        assert_eq!((text(&config, "/status/dataSecretName"), condition(&config, "Ready").as_str()), (machine, "True"));
        let data = secret_text(&scene.admin.exists("Secret", "default", machine).await, "value");
        assert!(data.starts_with("## template: jinja\n#cloud-config"), "{}", data.lines().next().unwrap_or_default());
    }
    for node in scene.tenant.list("Node", "").await {
        assert!(names(&machines).contains(name(&node)));
        scene
            .tenant
            .becomes("Node", "", name(&node), |node| {
                let annotations = &node["metadata"]["annotations"];
                annotations["cluster.x-k8s.io/machine"] == json!(name(node))
                    && node["metadata"]["labels"].get("node-role.kubernetes.io/worker").is_some()
                    && is_initialized(node)
            })
            .await;
    }
    let machine = scene.admin.exists(MACHINE, "default", name(&machines[0])).await;
    for kind in ["Ready", "BootstrapReady", "InfrastructureReady", "NodeHealthy"] {
        assert_eq!(condition(&machine, kind), "True", "{kind}");
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scaling_keeps_the_machines_that_stay() {
    let scene = Scene::begin(1).await;
    let first = names(&scene.settles(1).await);
    scene.scale(3).await;
    let more = names(&scene.settles(3).await);
    assert!(more.is_superset(&first));
    let marked = more.iter().next().expect("a machine").clone();
    let mark = json!({"metadata": {"annotations": {"cluster.x-k8s.io/delete-machine": ""}}});
    scene.admin.patch(MACHINE, "default", &marked, mark).await.expect("is accepted");
    scene.scale(2).await;
    let fewer = names(&scene.settles(2).await);
    assert!(fewer.is_subset(&more) && !fewer.contains(&marked));
    scene.admin.are(SERVER, "default", 2, |_| true).await;
    scene.admin.are(CONFIG, "default", 2, |_| true).await;
    scene.admin.is_gone("Secret", "default", &marked).await;
    scene.scale(0).await;
    scene.settles(0).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_template_replaces_all_machines_and_a_new_label_none() {
    let scene = Scene::begin(2).await;
    let before = names(&scene.settles(2).await);
    let label = json!({"spec": {"template": {"metadata": {"labels": {"node-role.kubernetes.io/extra": ""}}}}});
    scene.admin.patch(DEPLOYMENT, "default", "one-pool", label).await.expect("is accepted");
    for node in &before {
        let labelled = |node: &Value| node["metadata"]["labels"].get("node-role.kubernetes.io/extra").is_some();
        scene.tenant.becomes("Node", "", node, labelled).await;
    }
    assert_eq!(names(&scene.settles(2).await), before);
    let version = json!({"spec": {"template": {"spec": {"version": "v1.34.1"}}}});
    scene.admin.patch(DEPLOYMENT, "default", "one-pool", version).await.expect("is accepted");
    let renewed = |machine: &Value| text(machine, "/spec/version") == "v1.34.1";
    scene.admin.are(MACHINE, "default", 2, renewed).await;
    let after = names(&scene.settles(2).await);
    assert!(after.is_disjoint(&before));
    scene.admin.are(SET, "default", 2, |_| true).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_deployment_takes_everything_of_its_machines_along() {
    let scene = Scene::begin(2).await;
    scene.settles(2).await;
    scene.admin.delete(DEPLOYMENT, "default", "one-pool").await;
    scene.admin.is_gone(DEPLOYMENT, "default", "one-pool").await;
    for kind in [SET, MACHINE, SERVER, CONFIG] {
        assert!(scene.admin.list(kind, "default").await.is_empty(), "{kind} is left");
    }
    scene.tenant.are("Node", "", 0, |_| true).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_cluster_goes_workers_first() {
    let scene = Scene::begin(2).await;
    let machines = scene.settles(2).await;
    let held = name(&machines[0]).to_owned();
    let hook = "pre-terminate.delete.hook.machine.cluster.x-k8s.io/test";
    let hold = json!({"metadata": {"annotations": {hook: ""}}});
    scene.admin.patch(MACHINE, "default", &held, hold).await.expect("is accepted");
    scene.admin.delete(CLUSTER, "default", "one").await;
    let deleting = |machine: &Value| text(machine, "/status/phase") == "Deleting" && name(machine) == held;
    scene.admin.are(MACHINE, "default", 1, deleting).await;
    let plane = "KamajiControlPlane.v1alpha1.controlplane.cluster.x-k8s.io";
    let alive = scene.admin.exists(plane, "default", "one-cp").await;
    assert!(alive.pointer("/metadata/deletionTimestamp").is_none(), "the control plane outlives the machines");
    let release = json!({"metadata": {"annotations": {hook: null}}});
    scene.admin.patch(MACHINE, "default", &held, release).await.expect("is accepted");
    scene.admin.is_gone(CLUSTER, "default", "one").await;
    scene.admin.is_gone(plane, "default", "one-cp").await;
    for kind in [DEPLOYMENT, SET, MACHINE, SERVER, CONFIG] {
        assert!(scene.admin.list(kind, "default").await.is_empty(), "{kind} is left");
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_cluster_is_left_alone() {
    let scene = Scene::begin(1).await;
    scene.settles(1).await;
    let pause = |paused: bool| json!({"spec": {"paused": paused}});
    scene.admin.patch(CLUSTER, "default", "one", pause(true)).await.expect("is accepted");
    scene.scale(3).await;
    // Nothing is to happen; what would have happened is given the chance by another object's full way.
    provider::deploy(&scene.admin, "two", "pool", 0).await;
    tenant::create(&scene.admin, "two").await;
    tenant::connect(&scene.admin, "two").await;
    assert_eq!(scene.admin.list(MACHINE, "default").await.len(), 1);
    scene.admin.patch(CLUSTER, "default", "one", pause(false)).await.expect("is accepted");
    scene.settles(3).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_without_a_provider_wait_without_fuss() {
    let scene = Scene::begin(0).await;
    let base = "one-virtual";
    let template = json!({"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha1", "kind": "KubevirtMachineTemplate",
        "metadata": {"name": base, "namespace": "default"}, "spec": {"template": {"spec": {}}}});
    scene.admin.apply(template).await.expect("is accepted");
    scene.admin.apply(provider::bootstrap(base, json!({}))).await.expect("is accepted");
    let mut deployment = provider::deployment("one", base, "KubevirtMachineTemplate", 1);
    deployment["spec"]["template"]["spec"]["infrastructureRef"]["apiVersion"] =
        json!("infrastructure.cluster.x-k8s.io/v1alpha1");
    scene.admin.apply(deployment).await.expect("is accepted");
    let machines = scene.admin.are(MACHINE, "default", 1, |m| text(m, "/status/phase") == "Provisioning").await;
    assert_eq!(condition(&machines[0], "InfrastructureReady"), "False");
    let virtual_machine = "KubevirtMachine.v1alpha1.infrastructure.cluster.x-k8s.io";
    scene.admin.exists(virtual_machine, "default", name(&machines[0])).await;
    crate::common::eventually("quiet", async || {
        let before = scene.world.api().expect("embedded").revision();
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        if scene.world.api().expect("embedded").revision() == before { Ok(()) } else { Err(None) }
    })
    .await;
    scene.admin.delete(DEPLOYMENT, "default", base).await;
    scene.admin.is_gone(DEPLOYMENT, "default", base).await;
    assert!(scene.admin.list(virtual_machine, "default").await.is_empty());
    scene.end().await;
}
