//! Puts the Pods into the API server, as controllers and kubelets would: created by the one, given a status by the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use http::{Method, Request};
use kube::Client;
use serde_json::{Value, json};

use super::pods::{NAMESPACES, pod};

/// Requests in flight. The API server stops at 200 changes at a time and is busy with far fewer.
const WORKERS: usize = 32;
/// Pods after which a line tells how far it is.
const TOLD_EVERY: usize = 20_000;

/// Creates this many Pods.
pub(crate) async fn fill(client: &Client, count: usize) -> Result<()> {
    for namespace in 0..NAMESPACES {
        let metadata = json!({"name": format!("team-{namespace:02}")});
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
        send(client, Method::POST, "/api/v1/namespaces", &body).await?;
    }
    let (next, begin) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let workers: Vec<_> =
        (0..WORKERS).map(|_| tokio::spawn(work(client.clone(), next.clone(), count, begin))).collect();
    for worker in workers {
        worker.await??;
    }
    println!("{count} Pods created in {:.0} s", begin.elapsed().as_secs_f64());
    Ok(())
}

async fn work(client: Client, next: Arc<AtomicUsize>, count: usize, begin: Instant) -> Result<()> {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return Ok(());
        }
        create(&client, number).await?;
        if number > 0 && number.is_multiple_of(TOLD_EVERY) {
            println!("{number} Pods after {:.0} s", begin.elapsed().as_secs_f64());
        }
    }
}

async fn create(client: &Client, number: usize) -> Result<()> {
    let mut pod = pod(number);
    let place = format!("/api/v1/namespaces/{}/pods", pod.namespace);
    send(client, Method::POST, &format!("{place}?fieldManager=kube-controller-manager"), &pod.object).await?;
    pod.object["status"] = pod.status;
    let status = format!("{place}/{}/status?fieldManager=kubelet", pod.name);
    send(client, Method::PUT, &status, &pod.object).await
}

async fn send(client: &Client, method: Method, path: &str, body: &Value) -> Result<()> {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let answer = client.send(request.body(kube::client::Body::from(body.to_string().into_bytes()))?).await?;
    let status = answer.status();
    let told = answer.into_body().collect_bytes().await.with_context(|| format!("{path} was cut off"))?;
    ensure!(status.is_success(), "{path} answered {status}: {}", String::from_utf8_lossy(&told));
    Ok(())
}
