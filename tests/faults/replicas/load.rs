//! Pages that change all the time, so that there is always something to write for each shard.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use backplane_tests::wait::eventually;
use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::stage::{LIMIT, NAMESPACES, Stage};

/// Pages in each namespace.
const PAGES: usize = 5;
/// The time between two changes.
const PACE: Duration = Duration::from_millis(50);

type Wanted = Arc<Mutex<BTreeMap<String, u64>>>;

/// Changes that are being made. Dropping it ends them.
pub(crate) struct Load {
    wanted: Wanted,
    ends: CancellationToken,
    task: JoinHandle<()>,
}

fn path(namespace: &str, page: &str) -> String {
    format!("/apis/demo.example.org/v1/namespaces/{namespace}/websites/{page}")
}

impl Load {
    pub(crate) async fn start(stage: &Stage) -> Result<Self> {
        let pages: Vec<(&str, String)> =
            NAMESPACES.iter().flat_map(|ns| (0..PAGES).map(|i| (*ns, format!("page-{i}")))).collect();
        for (namespace, page) in &pages {
            let body = json!({"apiVersion": "demo.example.org/v1", "kind": "Website", "metadata": {"name": page},
                "spec": {"image": "nginx:0", "replicas": 1}});
            let collection = path(namespace, "").trim_end_matches('/').to_owned();
            eventually("the page taken", LIMIT, async || {
                stage.ask(Method::POST, &collection, Some(&body)).await?;
                Ok(Ok(()))
            })
            .await?;
        }
        let wanted = Wanted::default();
        let ends = CancellationToken::new();
        let task = tokio::spawn(change(stage.client.clone(), pages, Arc::clone(&wanted), ends.clone()));
        Ok(Self { wanted, ends, task })
    }

    /// Ends the changes and waits until every page has what it was changed to last.
    pub(crate) async fn done(mut self, stage: &Stage) -> Result<usize> {
        // Not cut off: a change that was made and not noted would look like one that was lost.
        self.ends.cancel();
        (&mut self.task).await?;
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        eventually("every page as it was wanted last", LIMIT, async || {
            let list = stage.ask(Method::GET, "/apis/apps/v1/deployments", None).await?;
            let made: BTreeMap<String, &Value> = list["items"].as_array().context("items")?.iter().map(image).collect();
            let late: Vec<_> = wanted
                .iter()
                .filter(|(page, number)| made.get(*page).and_then(|v| v.as_str()) != Some(&format!("nginx:{number}")))
                .collect();
            Ok(if late.is_empty() { Ok(()) } else { Err(format!("{} late, such as {:?}", late.len(), late[0])) })
        })
        .await?;
        Ok(wanted.len())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn image(deployment: &Value) -> (String, &Value) {
    let metadata = &deployment["metadata"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let page = format!("{}/{}", text(&metadata["namespace"]), text(&metadata["name"]));
    (page, &deployment["spec"]["template"]["spec"]["containers"][0]["image"])
}

async fn change(client: kube::Client, pages: Vec<(&'static str, String)>, wanted: Wanted, ends: CancellationToken) {
    let mut ticks = tokio::time::interval(PACE);
    for (number, (namespace, page)) in (1..).zip(pages.iter().cycle()) {
        if ends.run_until_cancelled(ticks.tick()).await.is_none() {
            return;
        }
        let body = json!({"spec": {"image": format!("nginx:{number}")}}).to_string().into_bytes();
        let request =
            http::Request::patch(path(namespace, page)).header("content-type", "application/merge-patch+json");
        let Ok(request) = request.body(body) else { return };
        if client.request_text(request).await.is_ok() {
            let mut wanted = wanted.lock().unwrap_or_else(PoisonError::into_inner);
            wanted.insert(format!("{namespace}/{page}"), number);
        }
    }
}
