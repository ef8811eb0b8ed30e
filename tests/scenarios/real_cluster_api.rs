//! The guide with the real Cluster API core manager and kubeadm bootstrap provider in place of our stand-ins, with their
//! conversion and admission webhooks: on the embedded API server, on kube-apiserver, and in `backplane dev`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use backplane::dev::DevOptions;
use backplane_tests::fixture::{Fixture, Typist, cache_dir, options};
use backplane_tests::ground::Ground;
use backplane_tests::guide::{CLUSTER, Guide, NAMESPACE, steps};
use backplane_tests::on_each_ground;
use backplane_tests::process::DevProcess;
use backplane_tests::real::{ClusterApi, parts};
use backplane_tests::resource::{
    CLOUDSIGMA_MACHINE, CLUSTER as CLUSTER_API_CLUSTER, KDC_CLUSTER, MACHINE, MACHINE_DEPLOYMENT, Resource,
};
use backplane_tests::wait::{equal, failure};
use serde_json::json;

const WHAT: &str = "the guide with the real Cluster API";
/// A folder for logs and objects of a run that failed.
const KEEP: &str = "BACKPLANE_KEEP_LOGS";
/// Far more generations than a few applies make, far fewer than writing in circles does.
const CALM: i64 = 12;

on_each_ground!(the_guide_passes_with_the_real_managers_in_place_of_the_stand_ins);

async fn the_guide_passes_with_the_real_managers_in_place_of_the_stand_ins(ground: Ground) -> Result<()> {
    let Some(parts) = parts(WHAT)? else { return Ok(()) };
    let Some(base) = ground.prepare(WHAT).await? else { return Ok(()) };
    let without = DevOptions { without: ["cluster-api", "kubeadm"].map(str::to_owned).into(), ..options() };
    let fixture = Fixture::with(base.options(without), Typist::Client).await?;
    let managers = ClusterApi::start(&fixture.dev.kubeconfig(), &parts).await?;
    let played = play(&fixture.guide).await;
    if played.is_err() {
        keep(&fixture.guide, &managers).await?;
    }
    played.with_context(|| format!("{ground:?}; {KEEP}=FOLDER keeps logs and objects"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_lets_the_real_managers_take_over() -> Result<()> {
    let Some(parts) = parts("backplane dev with the real Cluster API")? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let words = ["--without", "cluster-api", "--without", "kubeadm", "--time-scale", "0.02", "--cache-dir"];
    let mut arguments: Vec<OsString> = words.map(OsString::from).into();
    arguments.push(cache_dir().into());
    let mut dev = DevProcess::start_with(folder.path(), &arguments).await?;
    let kubeconfig = std::fs::read_to_string(&dev.info.kubeconfig)?;
    let managers = ClusterApi::start(&kubeconfig, &parts).await?;
    let guide = dev.guide(folder.path(), Duration::from_secs(90)).await?;
    let played = play_steps(&guide, 1, 4).await;
    if played.is_err() {
        keep(&guide, &managers).await?;
    }
    played?;
    drop(managers);
    dev.stop().await
}

async fn play(guide: &Guide) -> Result<()> {
    refuses(guide).await?;
    play_steps(guide, 1, 4).await?;
    converts(guide).await?;
    calm(guide).await?;
    play_steps(guide, 5, 9).await
}

async fn play_steps(guide: &Guide, first: u32, last: u32) -> Result<()> {
    for step in steps().into_iter().filter(|step| (first..=last).contains(&step.number)) {
        let began = Instant::now();
        step.run(guide).await.with_context(|| format!("step {} ({})", step.number, step.title))?;
        println!("step {} ({}): {:.1?}", step.number, step.title, began.elapsed());
    }
    Ok(())
}

/// A Cluster of nothing is refused by Cluster API's own webhook.
async fn refuses(guide: &Guide) -> Result<()> {
    let cluster = json!({"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Cluster",
        "metadata": {"name": "nothing", "namespace": NAMESPACE}, "spec": {"paused": true}});
    let answer = guide.driver.apply(&cluster.to_string()).await;
    let told = answer.err().map(|error| format!("{error:#}")).unwrap_or_default();
    if told.contains("admission webhook \"validation.cluster.cluster.x-k8s.io\" denied the request: ") {
        return Ok(());
    }
    Err(failure("a refusal by Cluster API's webhook", told))
}

/// The Cluster that was applied as `v1beta1` is a `v1beta2` for whoever asks for that, and still what was applied.
async fn converts(guide: &Guide) -> Result<()> {
    let new = Resource { version: "v1beta2", ..CLUSTER_API_CLUSTER };
    for (resource, pointer, expected) in [
        (CLUSTER_API_CLUSTER, "/status/infrastructureReady", json!(true)),
        (CLUSTER_API_CLUSTER, "/spec/controlPlaneRef/namespace", json!(NAMESPACE)),
        (new, "/status/initialization/infrastructureProvisioned", json!(true)),
        (new, "/spec/controlPlaneRef/apiGroup", json!("controlplane.cluster.x-k8s.io")),
    ] {
        let found = guide.driver.get(resource, Some(NAMESPACE), CLUSTER).await?.unwrap_or_default();
        equal(pointer, &found.pointer(pointer), &Some(&expected))?;
    }
    Ok(())
}

/// Nobody writes in circles.
async fn calm(guide: &Guide) -> Result<()> {
    for resource in [CLUSTER_API_CLUSTER, MACHINE_DEPLOYMENT, MACHINE, CLOUDSIGMA_MACHINE] {
        for object in guide.driver.list(resource, Some(NAMESPACE), "").await? {
            let generation = object["metadata"]["generation"].as_i64().unwrap_or_default();
            if generation > CALM {
                let name = format!("{} {}", resource.kind, object["metadata"]["name"]);
                return Err(failure(format!("{name} in at most {CALM} generations"), generation.to_string()));
            }
        }
    }
    Ok(())
}

async fn keep(guide: &Guide, managers: &ClusterApi) -> Result<()> {
    let Some(folder) = std::env::var_os(KEEP).map(PathBuf::from) else { return Ok(()) };
    let folder = folder.join(Path::new(managers.folder().file_name().unwrap_or_default()));
    std::fs::create_dir_all(&folder)?;
    for name in ["cluster-api.log", "kubeadm-bootstrap.log"] {
        std::fs::copy(managers.folder().join(name), folder.join(name))?;
    }
    let mut text = String::new();
    for kind in [KDC_CLUSTER, CLUSTER_API_CLUSTER, MACHINE_DEPLOYMENT, MACHINE, CLOUDSIGMA_MACHINE] {
        for object in guide.driver.list(kind, Some(NAMESPACE), "").await.unwrap_or_default() {
            text.push_str(&serde_json::to_string_pretty(&object)?);
        }
    }
    Ok(std::fs::write(folder.join("objects.json"), text)?)
}
