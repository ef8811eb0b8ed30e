//! A management cluster that is there already: a real kube-apiserver, reached as anybody reaches it.

use std::time::Duration;

use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{GroupVersionKind, TypeMeta};
use serde_json::Value;

use super::Put;
use crate::world::WorldError;

/// Field manager of what a world puts into somebody's cluster.
const MANAGER: &str = "backplane-sandbox";
/// Longest wait until a kind is served.
const SERVED: Duration = Duration::from_secs(30);

/// How to reach a cluster that is not ours.
#[derive(Debug, Clone)]
pub struct ExternalCluster {
    /// Kubeconfig of somebody who may do everything.
    pub admin: String,
    /// Kubeconfig of the daemon's service account, `system:serviceaccount:backplane:backplane`.
    pub daemon: String,
}

pub(crate) struct External {
    pub(super) cluster: ExternalCluster,
    pub(super) config: kube::Config,
    client: kube::Client,
}

impl External {
    pub(super) async fn connect(cluster: ExternalCluster) -> Result<Self, WorldError> {
        let kubeconfig = Kubeconfig::from_yaml(&cluster.admin).map_err(unusable)?;
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
        let config = config.map_err(unusable)?;
        let client = kube::Client::try_from(config.clone()).map_err(unusable)?;
        Ok(Self { cluster, config, client })
    }

    pub(super) async fn put(&self, object: &Value) -> Put {
        let types: TypeMeta = serde_json::from_value(object.clone())?;
        let (resource, _) = kube::discovery::pinned_kind(&self.client, &GroupVersionKind::try_from(&types)?).await?;
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        api.patch(name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(object)).await?;
        Ok(())
    }

    /// Waits until the kinds that these define are served.
    pub(super) async fn established(&self, definitions: &[Value]) -> Result<(), WorldError> {
        for definition in definitions {
            let name = definition["metadata"]["name"].as_str().unwrap_or_default();
            let waited = tokio::time::timeout(SERVED, self.serves(name)).await;
            waited.map_err(|_| unusable(format!("{name} is not served after {SERVED:?}")))??;
        }
        Ok(())
    }

    async fn serves(&self, name: &str) -> Result<(), WorldError> {
        let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
        loop {
            let request = http::Request::get(&path).body(Vec::new()).map_err(unusable)?;
            let found: Value = self.client.request(request).await.map_err(unusable)?;
            let conditions = found["status"]["conditions"].as_array().into_iter().flatten();
            if conditions.into_iter().any(|c| c["type"] == "Established" && c["status"] == "True") {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn unusable(cause: impl Into<crate::world::Cause>) -> WorldError {
    WorldError::External { source: cause.into() }
}
