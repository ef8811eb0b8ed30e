//! A client for the cluster that the settings name.

use anyhow::{Context, Result};
use backplane_runtime::Cluster;
use backplane_runtime::settings::ClusterSettings;
#[cfg(feature = "dev")]
use kube::Client;
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};

/// The cluster of the kubeconfig named, else what the environment or the Pod says.
pub(crate) async fn cluster(settings: &ClusterSettings) -> Result<Cluster> {
    let config = match &settings.kubeconfig {
        Some(path) => {
            let kubeconfig = Kubeconfig::read_from(path)
                .with_context(|| format!("cluster.kubeconfig: {} cannot be used", path.display()))?;
            from_kubeconfig(kubeconfig).await?
        }
        None => Config::infer().await.context("cluster: neither a kubeconfig nor a Pod's service account was found")?,
    };
    Ok(Cluster::new(config))
}

/// A client for the text of a kubeconfig.
#[cfg(feature = "dev")]
pub(crate) async fn client_of(kubeconfig: &str) -> Result<Client> {
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig).context("the kubeconfig cannot be read")?;
    Ok(Cluster::new(from_kubeconfig(kubeconfig).await?).client()?)
}

async fn from_kubeconfig(kubeconfig: Kubeconfig) -> Result<Config> {
    Ok(Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?)
}
