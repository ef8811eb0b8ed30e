//! Two ways to type the same commands: plain kubectl, and our own client where there is no kubectl.

mod client;
mod kubectl;

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use crate::resource::Resource;

pub use client::client_from_kubeconfig;
pub use kubectl::{Output, find_kubectl, find_program};

/// A user at a terminal.
#[derive(Clone)]
pub enum Driver {
    /// Types kubectl commands.
    Kubectl(kubectl::Kubectl),
    /// Calls the API through a client library.
    Client(kube::Client),
}

impl Driver {
    /// kubectl with this kubeconfig if it is installed, else the client library.
    ///
    /// # Errors
    /// A kubeconfig that cannot be used.
    pub async fn new(kubeconfig: &Path) -> Result<Self> {
        match find_kubectl() {
            Some(program) => Ok(Self::kubectl(program, kubeconfig)),
            None => Self::client(&std::fs::read_to_string(kubeconfig)?).await,
        }
    }

    /// kubectl, whatever else is there.
    pub fn kubectl(program: PathBuf, kubeconfig: &Path) -> Self {
        Self::Kubectl(kubectl::Kubectl::new(program, kubeconfig))
    }

    /// The client library, whatever else is there.
    ///
    /// # Errors
    /// A kubeconfig that cannot be used.
    pub async fn client(kubeconfig: &str) -> Result<Self> {
        Ok(Self::Client(client_from_kubeconfig(kubeconfig).await?))
    }

    /// What types the commands.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Kubectl(_) => "kubectl",
            Self::Client(_) => "built-in client (kubectl was not found)",
        }
    }

    /// `kubectl apply -f -`.
    ///
    /// # Errors
    /// What the API server refused.
    pub async fn apply(&self, yaml: &str) -> Result<()> {
        match self {
            Self::Kubectl(kubectl) => kubectl.ok(&["apply", "-f", "-"], Some(yaml)).await.map(drop),
            Self::Client(client) => client::apply(client, yaml).await,
        }
    }

    /// `kubectl get KIND NAME -o json`; `None` if there is none.
    ///
    /// # Errors
    /// Anything but "not found".
    pub async fn get(&self, resource: Resource, namespace: Option<&str>, name: &str) -> Result<Option<Value>> {
        match self {
            Self::Kubectl(kubectl) => kubectl.get(resource, namespace, name).await,
            Self::Client(client) => client::get(client, resource, namespace, name).await,
        }
    }

    /// `kubectl get KIND -l SELECTOR -o json`.
    ///
    /// # Errors
    /// What the API server refused.
    pub async fn list(&self, resource: Resource, namespace: Option<&str>, selector: &str) -> Result<Vec<Value>> {
        match self {
            Self::Kubectl(kubectl) => kubectl.list(resource, namespace, selector).await,
            Self::Client(client) => client::list(client, resource, namespace, selector).await,
        }
    }

    /// `kubectl patch KIND NAME --type json -p PATCH`.
    ///
    /// # Errors
    /// What the API server refused.
    pub async fn patch_json(&self, resource: Resource, namespace: &str, name: &str, patch: &Value) -> Result<()> {
        match self {
            Self::Kubectl(kubectl) => {
                let (kind, patch) = (resource.full_name(), patch.to_string());
                let command = ["patch", &kind, name, "-n", namespace, "--type", "json", "-p", &patch];
                kubectl.ok(&command, None).await.map(drop)
            }
            Self::Client(client) => client::patch_json(client, resource, namespace, name, patch).await,
        }
    }

    /// `kubectl delete KIND NAME --wait=false`.
    ///
    /// # Errors
    /// What the API server refused.
    pub async fn delete(&self, resource: Resource, namespace: &str, name: &str) -> Result<()> {
        match self {
            Self::Kubectl(kubectl) => {
                let kind = resource.full_name();
                kubectl.ok(&["delete", &kind, name, "-n", namespace, "--wait=false"], None).await.map(drop)
            }
            Self::Client(client) => client::delete(client, resource, namespace, name).await,
        }
    }
}
