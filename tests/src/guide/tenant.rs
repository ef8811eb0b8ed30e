//! Step 4: the nodes, seen by the tenant.

use anyhow::{Context, Result};
use base64::Engine as _;
use serde_json::Value;

use super::{CLUSTER, Guide, NAMESPACE, POOL, VERSION};
use crate::driver::Driver;
use crate::resource::{MACHINE, NODE, SECRET};
use crate::wait::{equal, eventually};

impl Guide {
    /// The admin kubeconfig of a tenant, from the Secret that the guide names.
    ///
    /// # Errors
    /// A missing Secret or key.
    pub async fn tenant_kubeconfig(&self, cluster: &str) -> Result<String> {
        let name = format!("{cluster}-cp-admin-kubeconfig");
        let secret =
            self.driver.get(SECRET, Some(NAMESPACE), &name).await?.with_context(|| format!("no Secret {name}"))?;
        let encoded = secret["data"]["admin.conf"].as_str().with_context(|| format!("no key admin.conf in {name}"))?;
        Ok(String::from_utf8(base64::engine::general_purpose::STANDARD.decode(encoded)?)?)
    }

    /// A user of the tenant, who types with the same tool as the guide's.
    ///
    /// # Errors
    /// A kubeconfig that cannot be used.
    pub async fn tenant(&self, cluster: &str) -> Result<Driver> {
        let kubeconfig = self.tenant_kubeconfig(cluster).await?;
        let file = self.folder.join(format!("{cluster}.conf"));
        std::fs::write(&file, &kubeconfig)?;
        match self.driver {
            Driver::Kubectl(_) => Driver::new(&file).await,
            Driver::Client(_) => Driver::client(&kubeconfig).await,
        }
    }

    /// Waits until the tenant has exactly `count` Nodes, all Ready, and returns them.
    ///
    /// # Errors
    /// Which Nodes there are instead.
    pub async fn ready_nodes(&self, cluster: &str, count: usize) -> Result<Vec<Value>> {
        let tenant = self.tenant(cluster).await?;
        eventually(&format!("{count} Ready nodes"), self.limit, async || {
            let nodes = tenant.list(NODE, None, "").await?;
            let ready = nodes.iter().filter(|node| is_ready(node)).count();
            Ok(if nodes.len() == count && ready == count {
                Ok(nodes)
            } else {
                Err(format!("{ready} Ready of {}", nodes.len()))
            })
        })
        .await
    }
}

fn is_ready(node: &Value) -> bool {
    let conditions = node["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

pub(super) async fn nodes(guide: &Guide) -> Result<()> {
    let nodes = guide.ready_nodes(CLUSTER, 2).await?;
    let selector = format!("cluster.x-k8s.io/deployment-name={CLUSTER}-{POOL}");
    let machines = guide.driver.list(MACHINE, Some(NAMESPACE), &selector).await?;
    let servers = guide.cloud.servers().await?;
    equal("node names", &names(&nodes), &names(&machines))?;
    for node in &nodes {
        equal("kubelet version", &node["status"]["nodeInfo"]["kubeletVersion"], &Value::from(VERSION))?;
        let provider_id = node["spec"]["providerID"].as_str().unwrap_or_default();
        let server =
            servers.iter().find(|s| provider_id == format!("cloudsigma://{}", s["uuid"].as_str().unwrap_or("?")));
        equal("a server with the node's providerID exists", &server.is_some(), &true)?;
    }
    Ok(())
}

fn names(objects: &[Value]) -> Vec<String> {
    let mut names: Vec<String> =
        objects.iter().map(|object| object["metadata"]["name"].as_str().unwrap_or_default().into()).collect();
    names.sort();
    names
}
