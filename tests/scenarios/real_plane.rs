//! The fixture of the real control plane: quick, side by side, and gone afterwards.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use backplane_tests::real::{ControlPlane, Part, parts};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, PostParams};

fn alive(id: u32) -> bool {
    PathBuf::from(format!("/proc/{id}")).exists()
}

fn ids(plane: &ControlPlane) -> Vec<u32> {
    [Part::Etcd, Part::ApiServer, Part::Controllers].into_iter().filter_map(|part| plane.id(part)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_control_planes_run_side_by_side_and_know_nothing_of_each_other() -> Result<()> {
    let Some(parts) = parts("the fixture of the real control plane")? else { return Ok(()) };
    let (one, other) = tokio::try_join!(ControlPlane::start(&parts), ControlPlane::start(&parts))?;
    let map = ConfigMap {
        metadata: kube::core::ObjectMeta { name: Some("a".into()), ..Default::default() },
        ..Default::default()
    };
    Api::<ConfigMap>::namespaced(one.client().await?, "default").create(&PostParams::default(), &map).await?;
    assert!(Api::<ConfigMap>::namespaced(other.client().await?, "default").get_opt("a").await?.is_none());
    assert!(std::fs::read_to_string(one.audit_log())?.contains(r#""verb":"create""#));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_leaves_no_process_and_no_folder() -> Result<()> {
    let Some(parts) = parts("that a panic removes a control plane")? else { return Ok(()) };
    let (sender, receiver) = std::sync::mpsc::channel();
    let died = tokio::spawn(async move {
        let plane = ControlPlane::start(&parts).await.expect("control plane");
        sender.send((plane.folder().to_owned(), ids(&plane))).expect("receiver");
        panic!("a test fails");
    });
    assert!(died.await.is_err_and(|error| error.is_panic()));
    let (folder, ids) = receiver.recv()?;
    assert_eq!(ids.len(), 3);
    assert!(!folder.exists() && !ids.iter().any(|id| alive(*id)));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_was_killed_comes_back_with_what_it_stored() -> Result<()> {
    let Some(parts) = parts("that a killed part comes back")? else { return Ok(()) };
    let begun = Instant::now();
    let mut plane = ControlPlane::start(&parts).await?;
    println!("a control plane was complete after {:.1} s", begun.elapsed().as_secs_f64());
    let maps = Api::<ConfigMap>::namespaced(plane.client().await?, "default");
    let map = ConfigMap {
        metadata: kube::core::ObjectMeta { name: Some("a".into()), ..Default::default() },
        ..Default::default()
    };
    maps.create(&PostParams::default(), &map).await?;
    for part in [Part::Etcd, Part::ApiServer] {
        plane.kill(part);
        // Without etcd the API server waits for a minute before it says so.
        let answer = tokio::time::timeout(Duration::from_secs(2), maps.get("a")).await;
        assert!(!matches!(answer, Ok(Ok(_))), "{part:?} is gone");
        plane.start_part(part).await?;
    }
    maps.get("a").await.context("what was stored before")?;
    Ok(())
}

/// What becomes of a control plane when the process of the test is killed: this test is run again as a child, which is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_test_process_leaves_no_process_and_no_folder() -> Result<()> {
    const TOLD: &str = "BACKPLANE_TOLD";
    let Some(parts) = parts("that a killed test removes its control plane")? else { return Ok(()) };
    if let Some(file) = std::env::var_os(TOLD) {
        let plane = ControlPlane::start(&parts).await?;
        let told = serde_json::json!({"folder": plane.folder(), "ids": ids(&plane)});
        std::fs::write(&file, told.to_string())?;
        std::future::pending::<()>().await;
    }
    let scratch = tempfile::tempdir()?;
    let file = scratch.path().join("told");
    let mut child = Command::new(std::env::current_exe()?);
    child.args(["--exact", "a_killed_test_process_leaves_no_process_and_no_folder"]).env(TOLD, &file);
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let limit = Duration::from_secs(90);
    let told: serde_json::Value =
        backplane_tests::wait::eventually("a child with a control plane", limit, async || {
            Ok(std::fs::read(&file)
                .ok()
                .and_then(|text| serde_json::from_slice(&text).ok())
                .ok_or("nothing".to_owned()))
        })
        .await?;
    child.kill()?;
    child.wait()?;
    let folder = PathBuf::from(told["folder"].as_str().context("folder")?);
    let ids: Vec<u32> = serde_json::from_value(told["ids"].clone())?;
    backplane_tests::wait::eventually("nothing left of the control plane", limit, async || {
        let left = folder.exists() || ids.iter().any(|id| alive(*id));
        Ok(if left { Err("something".to_owned()) } else { Ok(()) })
    })
    .await
}
