//! A client for the cluster that the settings name.

use anyhow::{Context, Result};
use backplane_runtime::settings::ClusterSettings;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

/// A client for the kubeconfig named, else for what the environment or the Pod says.
pub(crate) async fn client(settings: &ClusterSettings) -> Result<Client> {
    let config = match &settings.kubeconfig {
        Some(path) => {
            let kubeconfig = Kubeconfig::read_from(path)
                .with_context(|| format!("cluster.kubeconfig: {} cannot be used", path.display()))?;
            from_kubeconfig(kubeconfig).await?
        }
        None => Config::infer().await.context("cluster: neither a kubeconfig nor a Pod's service account was found")?,
    };
    from_config(config)
}

/// A client for the text of a kubeconfig.
#[cfg(feature = "dev")]
pub(crate) async fn client_of(kubeconfig: &str) -> Result<Client> {
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig).context("the kubeconfig cannot be read")?;
    from_config(from_kubeconfig(kubeconfig).await?)
}

async fn from_kubeconfig(kubeconfig: Kubeconfig) -> Result<Config> {
    Ok(Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?)
}

fn from_config(mut config: Config) -> Result<Client> {
    // Watches are quiet for minutes; the store has its own limits for everything else.
    config.read_timeout = None;
    // The store retries by itself, with back-off; retries below it would hide what happens.
    config.default_retry = false;
    Ok(Client::try_from(config)?)
}
