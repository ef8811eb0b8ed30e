//! Objects that ask for something impossible: a clear answer, nothing lost, nothing bought.

use std::time::Duration;

use anyhow::{Context, Result};
use backplane_tests::driver::find_kubectl;
use backplane_tests::fixture::{Fixture, Typist, options};
use backplane_tests::guide::{CLUSTER, NAMESPACE, POOL, cluster_manifest};
use backplane_tests::resource::{CLOUDSIGMA_MACHINE, EVENT, KDC_CLUSTER, MACHINE_DEPLOYMENT, SECRET};
use backplane_tests::skip::skipped;
use backplane_tests::wait::{equal, eventually, failure};
use serde_json::{Value, json};

/// The guide's manifest with one text replaced.
fn manifest_with(fixture: &Fixture, from: &str, to: &str) -> String {
    let manifest = cluster_manifest(&fixture.guide.image);
    assert!(manifest.contains(from), "the manifest does not hold {from:?}");
    manifest.replace(from, to)
}

/// Waits until the cluster's `Reconciled` condition is False with a message that holds all of these.
async fn refused_with(fixture: &Fixture, parts: &[&str]) -> Result<()> {
    eventually(&format!("a refusal that names {parts:?}"), fixture.guide.limit, async || {
        let found = fixture.guide.driver.get(KDC_CLUSTER, Some(NAMESPACE), CLUSTER).await?.unwrap_or_default();
        let conditions = found["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let condition = conditions.iter().find(|c| c["type"] == "Reconciled").cloned().unwrap_or_default();
        let message = condition["message"].as_str().unwrap_or_default();
        let holds = condition["status"] == "False" && parts.iter().all(|part| message.contains(part));
        Ok(if holds { Ok(()) } else { Err(format!("{conditions:?}")) })
    })
    .await
}

async fn nothing_was_bought(fixture: &Fixture) -> Result<()> {
    equal("servers", &fixture.guide.cloud.servers().await?.len(), &0)?;
    equal("drives", &fixture.guide.cloud.drives().await?.len(), &0)
}

/// Applies a manifest that the plugin must refuse, and looks into the cloud.
async fn is_refused(from: &str, to: &str, parts: &[&str]) -> Result<()> {
    let fixture = Fixture::start().await?;
    fixture.guide.driver.apply(&manifest_with(&fixture, from, to)).await?;
    refused_with(&fixture, parts).await?;
    nothing_was_bought(&fixture).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_provider_is_refused_by_name() -> Result<()> {
    is_refused(
        "infrastructureProvider: cloudsigma",
        "infrastructureProvider: nimbus",
        &["infrastructureProvider", "nimbus"],
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_field_is_named_by_strict_validation() -> Result<()> {
    let fixture = Fixture::start().await?;
    let manifest = manifest_with(&fixture, "replicas: 2\n      infra", "replicaz: 2\n      infra");
    let error = fixture.guide.driver.apply(&manifest).await.expect_err("the field is unknown");
    let text = format!("{error:#}");
    if !text.contains("unknown field \"spec.workers[0].replicaz\"") {
        return Err(failure("unknown field \"spec.workers[0].replicaz\"", text));
    }
    nothing_was_bought(&fixture).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_names_an_unknown_field_too() -> Result<()> {
    if find_kubectl().is_none() {
        return skipped("strict validation with kubectl", "kubectl was not found");
    }
    let fixture = Fixture::with(options(), Typist::Kubectl).await?;
    let manifest = manifest_with(&fixture, "replicas: 2\n      infra", "replicaz: 2\n      infra");
    let error = fixture.guide.driver.apply(&manifest).await.expect_err("the field is unknown");
    let text = format!("{error:#}");
    if text.contains("unknown field \"spec.workers[0].replicaz\"") {
        Ok(())
    } else {
        Err(failure("the field's name", text))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn negative_replicas_are_refused_by_the_schema() -> Result<()> {
    let fixture = Fixture::start().await?;
    let manifest = manifest_with(&fixture, "replicas: 2\n      infra", "replicas: -1\n      infra");
    let error = fixture.guide.driver.apply(&manifest).await.expect_err("replicas are negative");
    let text = format!("{error:#}");
    if text.contains("spec.workers[0].replicas") && text.contains("greater than or equal to 0") {
        nothing_was_bought(&fixture).await
    } else {
        Err(failure("field and rule", text))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_pools_of_one_name_are_refused() -> Result<()> {
    let fixture = Fixture::start().await?;
    let manifest = cluster_manifest(&fixture.guide.image);
    let pool = manifest.split_once("  workers:\n").context("no workers")?.1.to_owned();
    fixture.guide.driver.apply(&format!("{manifest}{pool}")).await?;
    refused_with(&fixture, &["spec.workers[1].name", POOL]).await?;
    nothing_was_bought(&fixture).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_must_read_v_x_y_z() -> Result<()> {
    is_refused("version: v1.34.0", "version: \"1.34\"", &["spec.version", "1.34"]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_spellings_with_different_values_are_refused_naming_both() -> Result<()> {
    is_refused("cpu: 2000", "cpu: 2000, cpuMHz: 3000", &["cloudsigma.cpu", "cloudsigma.cpuMHz"]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_downgrade_and_a_jump_of_two_minors_are_refused_and_change_nothing() -> Result<()> {
    let fixture = Fixture::start().await?;
    fixture.play(2).await?;
    for version in ["v1.33.4", "v1.36.0"] {
        patch(&fixture, json!([{"op": "replace", "path": "/spec/version", "value": version}])).await?;
        refused_with(&fixture, &["spec.version", version]).await?;
    }
    patch(&fixture, json!([{"op": "replace", "path": "/spec/version", "value": "v1.34.0"}])).await?;
    fixture.guide.pool_has(CLUSTER, POOL, 2).await?;
    fixture.guide.ready_nodes(CLUSTER, 2).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_ready_pool_cannot_be_scaled_to_zero() -> Result<()> {
    let fixture = Fixture::start().await?;
    fixture.play(2).await?;
    patch(&fixture, json!([{"op": "replace", "path": "/spec/workers/0/replicas", "value": 0}])).await?;
    refused_with(&fixture, &["spec.workers[0].replicas"]).await?;
    fixture.guide.pool_has(CLUSTER, POOL, 2).await
}

async fn patch(fixture: &Fixture, patch: Value) -> Result<()> {
    fixture.guide.driver.patch_json(KDC_CLUSTER, NAMESPACE, CLUSTER, &patch).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_does_not_exist_is_named_on_the_machine() -> Result<()> {
    const ABSENT: &str = "00000000-1111-4222-8333-444444444444";
    let fixture = Fixture::start().await?;
    let manifest = cluster_manifest(ABSENT);
    fixture.guide.driver.apply(&manifest).await?;
    eventually("a machine condition that names the image", fixture.guide.limit, async || {
        let machines = fixture.guide.driver.list(CLOUDSIGMA_MACHINE, Some(NAMESPACE), "").await?;
        let text = serde_json::to_string(&machines.iter().map(|m| &m["status"]["conditions"]).collect::<Vec<_>>())?;
        Ok(if text.contains(ABSENT) && text.contains("InvalidConfiguration") { Ok(()) } else { Err(text) })
    })
    .await?;
    nothing_was_bought(&fixture).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bootstrap_data_that_goes_missing_stops_new_machines_with_a_reason() -> Result<()> {
    let fixture = Fixture::start().await?;
    fixture.play(2).await?;
    let driver = &fixture.guide.driver;
    let hand = hand_made_machine(&fixture).await?;
    driver.apply(&hand).await?;
    eventually("a condition that names Secret and key", fixture.guide.limit, async || {
        let found = driver.get(CLOUDSIGMA_MACHINE, Some(NAMESPACE), "by-hand").await?.unwrap_or_default();
        let text = found["status"]["conditions"].to_string();
        let holds = text.contains("InvalidBootstrapData") && text.contains("by-hand-data");
        Ok(if holds { Ok(()) } else { Err(text) })
    })
    .await?;
    equal("servers", &fixture.guide.cloud.servers().await?.len(), &2)
}

/// A Machine made by hand whose bootstrap Secret lacks the key `value`; returns its infrastructure machine.
async fn hand_made_machine(fixture: &Fixture) -> Result<String> {
    let driver = &fixture.guide.driver;
    driver
        .apply(
            "apiVersion: v1
kind: Secret
metadata: {name: by-hand-data, namespace: default, labels: {cluster.x-k8s.io/cluster-name: test-cluster}}
type: cluster.x-k8s.io/secret
stringData: {format: cloud-config}
",
        )
        .await?;
    driver.apply(
        "apiVersion: cluster.x-k8s.io/v1beta1
kind: Machine
metadata: {name: by-hand, namespace: default, labels: {cluster.x-k8s.io/cluster-name: test-cluster}}
spec:
  clusterName: test-cluster
  bootstrap: {dataSecretName: by-hand-data}
  infrastructureRef: {apiVersion: infrastructure.cluster.x-k8s.io/v1beta1, kind: CloudSigmaMachine, name: by-hand, namespace: default}
",
    )
    .await?;
    Ok(format!(
        "apiVersion: infrastructure.cluster.x-k8s.io/v1beta1
kind: CloudSigmaMachine
metadata: {{name: by-hand, namespace: default, labels: {{cluster.x-k8s.io/cluster-name: test-cluster}}}}
spec:
  cpu: 2000
  memory: 4096
  disks: [{{uuid: {}, device: virtio, boot_order: 1, size: 32212254720}}]
",
        fixture.guide.image
    ))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_an_event_and_stays_one() -> Result<()> {
    let fixture = Fixture::start().await?;
    fixture.guide.driver.apply(&manifest_with(&fixture, "cloudsigma\n", "nimbus\n")).await?;
    refused_with(&fixture, &["nimbus"]).await?;
    let events = async || {
        let all = fixture.guide.driver.list(EVENT, Some(NAMESPACE), "").await?;
        let of_cluster = all.into_iter().filter(|e| e["involvedObject"]["name"] == CLUSTER && e["type"] == "Warning");
        Ok::<_, anyhow::Error>(of_cluster.collect::<Vec<_>>())
    };
    eventually("a Warning event", fixture.guide.limit, async || {
        let found = events().await?;
        Ok(if found.is_empty() { Err("none".into()) } else { Ok(()) })
    })
    .await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    equal("Warning events about the cluster", &events().await?.len(), &1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_a_refused_cluster_leaves_nothing() -> Result<()> {
    let fixture = Fixture::start().await?;
    fixture.guide.driver.apply(&manifest_with(&fixture, "cloudsigma\n", "nimbus\n")).await?;
    refused_with(&fixture, &["nimbus"]).await?;
    fixture.guide.driver.delete(KDC_CLUSTER, NAMESPACE, CLUSTER).await?;
    eventually("no cluster", fixture.guide.limit, async || {
        let left = fixture.guide.driver.get(KDC_CLUSTER, Some(NAMESPACE), CLUSTER).await?;
        Ok(left.map_or(Ok(()), |object| Err(object["status"].to_string())))
    })
    .await?;
    let deployments = fixture.guide.driver.list(MACHINE_DEPLOYMENT, Some(NAMESPACE), "").await?;
    equal("MachineDeployments", &deployments.len(), &0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_of_a_cluster_never_reach_its_conditions() -> Result<()> {
    let fixture = Fixture::start().await?;
    fixture.play(2).await?;
    let secrets = fixture.guide.driver.list(SECRET, Some(NAMESPACE), "").await?;
    let cluster =
        fixture.guide.driver.get(KDC_CLUSTER, Some(NAMESPACE), CLUSTER).await?.unwrap_or_default().to_string();
    let values =
        secrets.iter().flat_map(|secret| secret["data"].as_object().into_iter().flat_map(|data| data.values()));
    let shown = values.filter_map(Value::as_str).filter(|value| value.len() > 16 && cluster.contains(*value)).count();
    equal("secret values in the cluster's object", &shown, &0)
}
