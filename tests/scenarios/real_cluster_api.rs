//! The guide with the real Cluster API core manager and kubeadm bootstrap provider in place of our stand-ins, with their
//! conversion and admission webhooks, on the embedded API server.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use backplane::dev::DevOptions;
use backplane_tests::fixture::{Fixture, Typist, options};
use backplane_tests::real::{ClusterApi, parts};
use backplane_tests::resource::{CLOUDSIGMA_MACHINE, KDC_CLUSTER, MACHINE, MACHINE_DEPLOYMENT};

/// A folder for logs and objects of a run that failed.
const KEEP: &str = "BACKPLANE_KEEP_LOGS";

fn without_stand_ins() -> DevOptions {
    DevOptions { without: ["cluster-api", "kubeadm"].map(str::to_owned).into(), ..options() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guide_passes_with_the_real_managers_in_place_of_the_stand_ins() -> Result<()> {
    let Some(parts) = parts("the guide with the real Cluster API on the embedded server")? else { return Ok(()) };
    let fixture = Fixture::with(without_stand_ins(), Typist::Client).await?;
    let managers = ClusterApi::start(&fixture.dev.kubeconfig(), &parts).await?;
    let played = fixture.play(9).await;
    if let (Err(_), Some(folder)) = (&played, std::env::var_os(KEEP).map(PathBuf::from)) {
        keep(&fixture, &managers, &folder).await?;
    }
    played.with_context(|| format!("{KEEP}=FOLDER keeps logs and objects"))
}

async fn keep(fixture: &Fixture, managers: &ClusterApi, folder: &Path) -> Result<()> {
    for name in ["cluster-api.log", "kubeadm-bootstrap.log"] {
        std::fs::copy(managers.folder().join(name), folder.join(name))?;
    }
    let mut text = String::new();
    for kind in [KDC_CLUSTER, MACHINE_DEPLOYMENT, MACHINE, CLOUDSIGMA_MACHINE] {
        for object in fixture.guide.driver.list(kind, Some("default"), "").await.unwrap_or_default() {
            text.push_str(&serde_json::to_string_pretty(&object)?);
        }
    }
    Ok(std::fs::write(folder.join("objects.json"), text)?)
}
