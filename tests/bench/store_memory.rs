//! Resident memory of 20,000 Pods in our store, against a kube-rs reflector of typed Pods.
//!
//! Each side is a process of its own that reads the same API server over HTTP; what is counted is the growth of its
//! resident set from "client made" to "all synchronised", indexes included.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use backplane_apiserver::{ApiServer, Env};
use backplane_core::{Kind, Selector};
use backplane_store::{Demand, Store, Watch};
use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::runtime::{WatchStreamExt, reflector, watcher};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::server::{client, options};
use crate::table::{Row, Table, median};

/// Pods in the API server.
const PODS: usize = 20_000;
/// Bytes of one, as JSON.
const POD_BYTES: usize = 4_400;
/// Processes of each side.
const ROUNDS: usize = 3;

pub(crate) async fn bench() -> Result<Table> {
    let server = ApiServer::new(Env::system(1), options());
    let client = server.client();
    for i in 0..PODS {
        client.create(&pod(i)).await.context("a Pod cannot be created")?;
    }
    let serving = server.serve(([127, 0, 0, 1], 0).into(), None).await?;
    let url = format!("http://{}", serving.addr);
    let (mut ours, mut typed) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(measure("store", &url).await?);
        typed.push(measure("reflector", &url).await?);
    }
    let (ours, typed) = (median(ours), median(typed));
    Ok(Table {
        name: "store-memory",
        rows: vec![
            Row::at_most(format!("resident bytes an object, {PODS} Pods"), ours, typed, "B", 0.2),
            Row::told("resident bytes an object against its JSON", ours, POD_BYTES as f64, "B"),
        ],
    })
}

async fn measure(what: &str, url: &str) -> Result<f64> {
    let program = std::env::current_exe()?;
    let output =
        Command::new(program).args(["store-memory-child", what, url]).stderr(Stdio::inherit()).output().await?;
    if !output.status.success() {
        bail!("the {what} process failed: {}", output.status);
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// Prints the resident bytes an object of one side.
pub(crate) async fn child(what: &str, url: &str) -> Result<()> {
    let client = client(url)?;
    client.apiserver_version().await?;
    let before = resident_bytes()?;
    let per_object = match what {
        "store" => {
            let store = Store::new(client, backplane_store::Options::default());
            let watch = Watch { kind: Kind::new("", "v1", "Pod"), selector: Selector::default() };
            let declared =
                store.declare("bench", &[Demand { watch: watch.clone(), paths: Vec::new(), labels: Vec::new() }]);
            store.synced(&[watch]).await;
            let objects = store.costs().iter().map(|cost| cost.objects).sum();
            let figure = grown(before, objects)?;
            drop(declared);
            figure
        }
        _ => {
            let (reader, writer) = reflector::store::<Pod>();
            let events = watcher(Api::<Pod>::all(client), watcher::Config::default());
            let stream = events.reflect(writer).applied_objects();
            tokio::spawn(stream.for_each(|_| futures::future::ready(())));
            reader.wait_until_ready().await?;
            grown(before, reader.len())?
        }
    };
    println!("{per_object}");
    Ok(())
}

/// What the resident set grew by, for each object, once it stopped changing.
fn grown(before: u64, objects: usize) -> Result<f64> {
    if objects != PODS {
        bail!("{objects} objects instead of {PODS}");
    }
    std::thread::sleep(Duration::from_millis(300));
    Ok((resident_bytes()?.saturating_sub(before)) as f64 / objects as f64)
}

/// Resident set of this process. Source: proc_pid_statm(5).
fn resident_bytes() -> Result<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm.split_whitespace().nth(1).context("statm has no second field")?.parse()?;
    Ok(pages * 4096)
}

/// A Pod of the usual size: two containers, probes, volumes, a full status.
fn pod(i: usize) -> Value {
    let container = |name: &str| {
        json!({"name": name, "image": format!("registry.example.org/team/{name}:1.2.{}", i % 7),
            "args": ["--listen=0.0.0.0:8080", "--log=json"],
            "env": [{"name": "POD", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}}],
            "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
            "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10},
            "volumeMounts": [{"name": "config", "mountPath": "/etc/config"}]})
    };
    let condition = |kind: &str| json!({"type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": "2026-01-01T00:00:00Z"});
    let conditions = ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map(condition);
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("web-{i:05}"), "namespace": "default",
            "labels": {"app": "web", "pod-template-hash": format!("{:x}", i % 97), "team": format!("team-{}", i % 40)},
            "annotations": {"note": ""}},
        "spec": {"nodeName": format!("node-{}", i % 100), "restartPolicy": "Always", "serviceAccountName": "default",
            "containers": [container("app"), container("sidecar")],
            "volumes": [{"name": "config", "configMap": {"name": "web", "defaultMode": 420}}]},
        "status": {"phase": "Running", "hostIP": "10.0.0.1", "podIP": format!("10.1.{}.{}", i / 250, i % 250),
            "startTime": "2026-01-01T00:00:00Z", "conditions": conditions}});
    let missing = POD_BYTES.saturating_sub(pod.to_string().len());
    pod["metadata"]["annotations"]["note"] = "x".repeat(missing).into();
    pod
}
