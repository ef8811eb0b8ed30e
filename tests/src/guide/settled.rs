//! The state that a pool must reach, in every layer at once.

use anyhow::Result;
use serde_json::Value;

use super::{Guide, NAMESPACE};
use crate::resource::{CLOUDSIGMA_MACHINE, KDC_CLUSTER, MACHINE, MACHINE_DEPLOYMENT};
use crate::wait::eventually;

impl Guide {
    /// Waits until a CloudSigma pool has exactly `count` workers: in the pool's status, the MachineDeployment, the Machines,
    /// the CloudSigmaMachines and the cloud.
    ///
    /// # Errors
    /// Which layer differs.
    pub async fn pool_has(&self, cluster: &str, pool: &str, count: usize) -> Result<()> {
        let what = format!("{count} workers of pool {pool} in every layer");
        eventually(&what, self.limit, || self.compare_pool(cluster, pool, count)).await
    }

    async fn compare_pool(&self, cluster: &str, pool: &str, count: usize) -> Result<Result<(), String>> {
        let deployment = format!("{cluster}-{pool}");
        let Some(found) = self.driver.get(MACHINE_DEPLOYMENT, Some(NAMESPACE), &deployment).await? else {
            return Ok(Err(format!("no MachineDeployment {deployment}")));
        };
        let selector = format!("cluster.x-k8s.io/deployment-name={deployment}");
        let machines = self.driver.list(MACHINE, Some(NAMESPACE), &selector).await?;
        let running = machines.iter().filter(|machine| machine["status"]["phase"] == "Running").count();
        let infrastructure = self.driver.list(CLOUDSIGMA_MACHINE, Some(NAMESPACE), &selector).await?;
        let ready = infrastructure.iter().filter(|machine| machine["status"]["ready"] == true).count();
        let servers = self.servers_of_pool(&deployment).await?;
        let up = servers.iter().filter(|server| server["status"] == "running").count();
        let layers = [
            ("MachineDeployment replicas", number(&found, "/status/replicas")),
            ("MachineDeployment readyReplicas", number(&found, "/status/readyReplicas")),
            ("Machines", machines.len()),
            ("Machines Running", running),
            ("CloudSigmaMachines", infrastructure.len()),
            ("CloudSigmaMachines ready", ready),
            ("servers", servers.len()),
            ("servers running", up),
            ("pool status readyReplicas", self.pool_status(cluster, pool).await?),
        ];
        let different: Vec<String> =
            layers.iter().filter(|(_, n)| *n != count).map(|(layer, n)| format!("{n} {layer}")).collect();
        Ok(if different.is_empty() { Ok(()) } else { Err(different.join(", ")) })
    }

    /// The servers of a MachineDeployment, by the mark that the provider puts on them.
    pub(super) async fn servers_of_pool(&self, deployment: &str) -> Result<Vec<Value>> {
        let servers = self.cloud.servers().await?;
        Ok(servers.into_iter().filter(|server| server["meta"]["pool"] == deployment).collect())
    }

    async fn pool_status(&self, cluster: &str, pool: &str) -> Result<usize> {
        let found = self.driver.get(KDC_CLUSTER, Some(NAMESPACE), cluster).await?.unwrap_or_default();
        let pools = found["status"]["workerPools"].as_array().cloned().unwrap_or_default();
        Ok(pools.iter().find(|entry| entry["name"] == pool).map_or(0, |entry| number(entry, "/readyReplicas")))
    }
}

fn number(value: &Value, pointer: &str) -> usize {
    value.pointer(pointer).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(0)
}
