//! Steps 1 and 2: the cluster is applied and becomes Ready.

use std::sync::{Arc, Mutex};

use anyhow::Result;
use futures::StreamExt;
use kube::api::{Api, DynamicObject, WatchEvent, WatchParams};

use super::{CLUSTER, Guide, NAMESPACE, POOL, cluster_manifest};
use crate::resource::KDC_CLUSTER;
use crate::wait::{equal, eventually, failure};

/// The phases that a cluster goes through, in this order.
const PHASES: [&str; 4] = ["Pending", "WaitingForService", "Provisioning", "Ready"];

pub(super) async fn apply(guide: &Guide) -> Result<()> {
    let api = Api::namespaced_with(guide.client.clone(), NAMESPACE, &KDC_CLUSTER.api());
    let phases = Arc::clone(&guide.phases);
    let start = api.list(&kube::api::ListParams::default()).await?.metadata.resource_version.unwrap_or_default();
    tokio::spawn(watch_phases(api, start, phases));
    guide.driver.apply(&cluster_manifest(&guide.image)).await?;
    let found = guide.driver.get(KDC_CLUSTER, Some(NAMESPACE), CLUSTER).await?;
    found.map(drop).ok_or_else(|| failure("the object", "nothing of that name"))
}

/// Notes every phase that the cluster shows, once each time it changes, until it is Ready.
async fn watch_phases(api: Api<DynamicObject>, start: String, phases: Arc<Mutex<Vec<String>>>) -> Result<()> {
    let parameters = WatchParams::default().fields(&format!("metadata.name={CLUSTER}"));
    let mut events = api.watch(&parameters, &start).await?.boxed();
    while let Some(event) = events.next().await {
        let (WatchEvent::Added(object) | WatchEvent::Modified(object)) = event? else { continue };
        let Some(phase) = object.data["status"]["phase"].as_str() else { continue };
        let mut seen = phases.lock().map_err(|_| anyhow::anyhow!("a reader of the phases panicked"))?;
        if seen.last().map(String::as_str) != Some(phase) {
            seen.push(phase.into());
        }
        if phase == "Ready" {
            break;
        }
    }
    Ok(())
}

pub(super) async fn phases(guide: &Guide) -> Result<()> {
    eventually("phase Ready", guide.limit, async || {
        let seen = guide.phases.lock().map(|phases| phases.clone()).unwrap_or_default();
        Ok(if seen.last().is_some_and(|phase| phase == "Ready") { Ok(()) } else { Err(format!("{seen:?}")) })
    })
    .await?;
    let seen = guide.phases.lock().map(|phases| phases.clone()).unwrap_or_default();
    equal("phases", &seen, &PHASES.map(String::from).to_vec())?;
    guide.pool_has(CLUSTER, POOL, 2).await
}
