//! Step 9: everything goes, in order, and nothing is forgotten.

use anyhow::Result;
use serde_json::Value;

use super::{CLUSTER, Guide, NAMESPACE};
use crate::resource::{CLUSTER_KINDS, DATA_STORE, KDC_CLUSTER};
use crate::wait::eventually;

pub(super) async fn delete(guide: &Guide) -> Result<()> {
    guide.driver.delete(KDC_CLUSTER, NAMESPACE, CLUSTER).await?;
    eventually("no object and no cloud resource of the cluster", guide.limit, async || {
        let left = remains(guide, CLUSTER).await?;
        Ok(if left.is_empty() { Ok(()) } else { Err(left.join(", ")) })
    })
    .await
}

/// Everything that still belongs to a cluster, in the API server and in the cloud.
pub(super) async fn remains(guide: &Guide, cluster: &str) -> Result<Vec<String>> {
    let mut left = Vec::new();
    for kind in CLUSTER_KINDS {
        let objects = guide.driver.list(kind, Some(NAMESPACE), "").await?;
        left.extend(objects.iter().filter(|object| is_of(object, cluster)).map(|object| label(kind.kind, object)));
    }
    let stores = guide.driver.list(DATA_STORE, None, "").await?;
    left.extend(stores.iter().filter(|store| is_of(store, cluster)).map(|store| label("DataStore", store)));
    left.extend(guide.cloud.servers_of(cluster).await?.iter().map(|server| format!("server {}", server["name"])));
    for (kind, resources) in [("drive", guide.cloud.drives().await?), ("tag", guide.cloud.tags().await?)] {
        let named =
            resources.iter().filter(|resource| resource["name"].as_str().is_some_and(|name| name.contains(cluster)));
        left.extend(named.map(|resource| format!("{kind} {}", resource["name"])));
    }
    Ok(left)
}

fn is_of(object: &Value, cluster: &str) -> bool {
    let metadata = &object["metadata"];
    let name = metadata["name"].as_str().unwrap_or_default();
    name == cluster
        || name.starts_with(&format!("{cluster}-"))
        || metadata["labels"]["cluster.x-k8s.io/cluster-name"] == cluster
}

fn label(kind: &str, object: &Value) -> String {
    format!("{kind} {}", object["metadata"]["name"].as_str().unwrap_or_default())
}
