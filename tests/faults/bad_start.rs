//! What cannot be started is refused before anything listens, with file, field and reason.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use backplane_tests::process::{DevProcess, backplane};
use backplane_tests::wait::failure;
use tokio::process::Command;

/// Runs the program to its end and returns what it said; it must fail.
async fn fails(arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(backplane());
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let ended = tokio::time::timeout(Duration::from_secs(60), command.output()).await;
    let output = ended.context("the program did not end")??;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Err(failure("a failure", text)) } else { Ok(text) }
}

fn holds(text: &str, parts: &[&str]) -> Result<()> {
    let missing: Vec<_> = parts.iter().filter(|part| !text.contains(**part)).collect();
    if missing.is_empty() { Ok(()) } else { Err(failure(format!("a text with {missing:?}"), text)) }
}

async fn check_fails(file: &Path, parts: &[&str]) -> Result<()> {
    let name = file.display().to_string();
    let text = fails(&["plugin", "check", &name]).await?;
    holds(&text, &[&[name.as_str()], parts].concat())
}

fn guest(name: &str) -> std::path::PathBuf {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/target/wasm32-wasip2/release");
    std::env::var_os("BACKPLANE_GUESTS").map_or_else(built, Into::into).join(name)
}

#[tokio::test]
async fn a_plugin_file_that_is_not_a_component_is_refused_with_its_name() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let cases: [(&str, &[u8], &str); 3] = [
        ("text.wasm", b"hello", "not a WebAssembly component"),
        ("empty.wasm", b"", "empty"),
        ("core.wasm", b"\0asm\x01\0\0\0", "core module"),
    ];
    for (name, bytes, reason) in cases {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes)?;
        check_fails(&file, &[reason]).await.context(name)?;
    }
    check_fails(&folder.path().join("absent.wasm"), &["cannot be read"]).await
}

#[tokio::test]
async fn a_component_without_duties_is_refused() -> Result<()> {
    check_fails(&guest("empty.wasm"), &["exports nothing"]).await
}

#[tokio::test]
async fn a_component_that_imports_what_nobody_is_granted_is_refused() -> Result<()> {
    check_fails(&guest("files.wasm"), &["imports", "wasi:filesystem"]).await
}

#[tokio::test]
async fn a_component_of_another_contract_is_refused_naming_both_versions() -> Result<()> {
    check_fails(&guest("other_contract.wasm"), &["0.9.0", "0.1.0"]).await
}

#[tokio::test]
async fn a_port_in_use_is_said_before_anything_starts() -> Result<()> {
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let text = fails(&["dev", "--listen", &address]).await?;
    holds(&text, &[&address])
}

#[tokio::test]
async fn an_unreadable_kubeconfig_is_named_with_its_field() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("backplane.toml");
    std::fs::write(&config, "cluster = { kubeconfig = \"nowhere\" }\n")?;
    let text = fails(&["run", "--config", &config.display().to_string()]).await?;
    holds(&text, &["backplane.toml", "cluster.kubeconfig", "nowhere"])
}

#[tokio::test]
async fn a_kubeconfig_that_is_not_one_is_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("kubeconfig"), "]")?;
    let config = folder.path().join("backplane.toml");
    std::fs::write(&config, "cluster = { kubeconfig = \"kubeconfig\" }\n")?;
    let text = fails(&["run", "--config", &config.display().to_string()]).await?;
    holds(&text, &["cluster.kubeconfig"])
}

#[tokio::test]
async fn every_mistake_in_the_settings_is_reported_at_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("backplane.toml");
    std::fs::write(&config, "engine = { instances = 0 }\n[[plugin]]\npath = \"absent.wasm\"\n[colour]\n")?;
    let text = fails(&["run", "--config", &config.display().to_string()]).await?;
    holds(&text, &["engine.instances", "plugin[0].path", "colour"])
}

#[tokio::test]
async fn a_grant_of_a_misspelt_kind_is_named_with_what_the_plugin_declares() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("backplane.toml");
    let plugin = format!("[[plugin]]\npath = {:?}\n", guest("website.wasm"));
    std::fs::write(&config, plugin + "grant = { kinds = [\"Deployment.apps\", \"Sevrice\"] }\n")?;
    let text = fails(&["run", "--config", &config.display().to_string()]).await?;
    holds(&text, &["plugin[0].grant.kinds", "\"Sevrice\"", "Service"])?;
    anyhow::ensure!(!text.contains("\"Deployment.apps\""), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_kubeconfig_of_somebody_else_is_never_overwritten() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("kubeconfig");
    std::fs::write(&file, "apiVersion: v1\nkind: Config\n")?;
    let text = fails(&["dev", "--listen", "127.0.0.1:0", "--kubeconfig", &file.display().to_string()]).await?;
    holds(&text, &["--kubeconfig"])?;
    anyhow::ensure!(std::fs::read_to_string(&file)?.starts_with("apiVersion"));
    Ok(())
}

#[tokio::test]
async fn ctrl_c_ends_dev_within_two_seconds_and_leaves_no_file() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut dev = DevProcess::start(folder.path()).await?;
    let begin = Instant::now();
    dev.stop().await?;
    let elapsed = begin.elapsed();
    anyhow::ensure!(elapsed < Duration::from_secs(2), "it took {elapsed:?}");
    for name in ["kubeconfig", "info.json"] {
        anyhow::ensure!(!folder.path().join(name).exists(), "{name} is still there");
    }
    Ok(())
}

#[tokio::test]
async fn plugin_check_tells_exports_grants_size_and_memory() -> Result<()> {
    let file = guest("backplane_clusters.wasm");
    let output = Command::new(backplane()).args(["plugin", "check"]).arg(&file).output().await?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let parts = ["size", "memory", "exports   backplane:reconciler/reconciler@0.1.0", "KdcCluster.k8s.kube-dc.com"];
    holds(&text, &parts)
}
