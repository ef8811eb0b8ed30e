//! Steps 5 to 7: pools grow, shrink, come and go.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{BIG_POOL, CLUSTER, Guide, NAMESPACE, POOL};
use crate::resource::{
    CLOUDSIGMA_MACHINE, CLOUDSIGMA_TEMPLATE, KDC_CLUSTER, KUBEADM_TEMPLATE, MACHINE, MACHINE_DEPLOYMENT,
};
use crate::wait::{equal, eventually};

impl Guide {
    async fn patch(&self, patch: Value) -> Result<()> {
        self.driver.patch_json(KDC_CLUSTER, NAMESPACE, CLUSTER, &patch).await
    }

    async fn machine_uids(&self, pool: &str) -> Result<BTreeSet<String>> {
        let selector = format!("cluster.x-k8s.io/deployment-name={CLUSTER}-{pool}");
        let machines = self.driver.list(MACHINE, Some(NAMESPACE), &selector).await?;
        Ok(machines.iter().filter_map(|machine| machine["metadata"]["uid"].as_str().map(Into::into)).collect())
    }
}

pub(super) async fn scale(guide: &Guide) -> Result<()> {
    for count in [4, 1] {
        guide.patch(json!([{"op": "replace", "path": "/spec/workers/0/replicas", "value": count}])).await?;
        guide.pool_has(CLUSTER, POOL, count).await?;
        guide.ready_nodes(CLUSTER, count).await?;
    }
    Ok(())
}

pub(super) async fn add(guide: &Guide) -> Result<()> {
    let pool = json!({
        "name": BIG_POOL, "replicas": 2, "infrastructureProvider": "cloudsigma",
        "cloudsigma": {"cpu": 4000, "memory": 16384, "diskSize": 100, "imageUUID": guide.image, "region": "zrh"},
    });
    guide.patch(json!([{"op": "add", "path": "/spec/workers/-", "value": pool}])).await?;
    guide.pool_has(CLUSTER, BIG_POOL, 2).await?;
    let servers = guide.servers_of_pool(&format!("{CLUSTER}-{BIG_POOL}")).await?;
    for server in &servers {
        equal("server cpu in MHz", &server["cpu"], &json!(4000))?;
        equal("server mem in bytes", &server["mem"], &json!(16384_u64 << 20))?;
    }
    guide.ready_nodes(CLUSTER, 3).await.map(drop)
}

pub(super) async fn remove(guide: &Guide) -> Result<()> {
    let before = guide.machine_uids(BIG_POOL).await?;
    let drives = drives_of(&guide.servers_of_pool(&format!("{CLUSTER}-{POOL}")).await?);
    guide.patch(json!([{"op": "remove", "path": "/spec/workers/0"}])).await?;
    pool_gone(guide, &drives).await?;
    guide.pool_has(CLUSTER, BIG_POOL, 2).await?;
    equal("machine uids of the other pool", &guide.machine_uids(BIG_POOL).await?, &before)?;
    guide.ready_nodes(CLUSTER, 2).await.map(drop)
}

fn drives_of(servers: &[Value]) -> BTreeSet<String> {
    let drives = servers.iter().flat_map(|server| server["drives"].as_array().into_iter().flatten());
    drives.filter_map(|drive| drive["drive"]["uuid"].as_str().map(Into::into)).collect()
}

async fn pool_gone(guide: &Guide, drives: &BTreeSet<String>) -> Result<()> {
    eventually("nothing left of the removed pool", guide.limit, async || {
        let left = remains(guide, drives).await.context("the remains cannot be listed")?;
        Ok(if left.is_empty() { Ok(()) } else { Err(left.join(", ")) })
    })
    .await
}

async fn remains(guide: &Guide, drives: &BTreeSet<String>) -> Result<Vec<String>> {
    let deployment = format!("{CLUSTER}-{POOL}");
    let mut left = Vec::new();
    for kind in [MACHINE_DEPLOYMENT, MACHINE, CLOUDSIGMA_MACHINE, CLOUDSIGMA_TEMPLATE, KUBEADM_TEMPLATE] {
        let objects = guide.driver.list(kind, Some(NAMESPACE), "").await?;
        let names = objects.iter().filter_map(|object| object["metadata"]["name"].as_str());
        left.extend(names.filter(|name| name.contains(POOL)).map(|name| format!("{} {name}", kind.kind)));
    }
    left.extend(guide.servers_of_pool(&deployment).await?.iter().map(|server| format!("server {}", server["name"])));
    let present = guide.cloud.drives().await?;
    let of_pool = |drive: &&Value| drive["uuid"].as_str().is_some_and(|uuid| drives.contains(uuid));
    left.extend(present.iter().filter(of_pool).map(|drive| format!("drive {}", drive["name"])));
    Ok(left)
}
