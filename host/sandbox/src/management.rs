//! The API server that everything in a world talks to: our own, or one that is there already.

mod embedded;
mod external;

use backplane_apiserver::{ApiServer, Env};
use backplane_standins::Cluster;
use serde_json::{Value, json};

use crate::rbac;
use crate::world::{Cause, WorldError, WorldOptions};
use embedded::Embedded;
use external::External;
pub use external::ExternalCluster;

pub(crate) enum Management {
    Embedded(Box<Embedded>),
    External(Box<External>),
}

impl Management {
    pub(crate) async fn start(options: &WorldOptions, env: &Env) -> Result<Self, WorldError> {
        Ok(match &options.external {
            Some(cluster) => Self::External(Box::new(External::connect(cluster.clone()).await?)),
            None => Self::Embedded(Box::new(Embedded::start(options, env).await?)),
        })
    }

    pub(crate) fn api(&self) -> Option<&ApiServer> {
        match self {
            Self::Embedded(embedded) => Some(&embedded.api),
            Self::External(_) => None,
        }
    }

    /// Where stand-ins work.
    pub(crate) fn cluster(&self) -> Cluster {
        match self {
            Self::Embedded(embedded) => Cluster::Embedded(embedded.api.clone()),
            Self::External(external) => Cluster::External(Box::new(external.config.clone())),
        }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Embedded(embedded) => embedded.url.clone(),
            Self::External(external) => external.config.cluster_url.to_string(),
        }
    }

    pub(crate) fn admin_kubeconfig(&self) -> String {
        match self {
            Self::Embedded(embedded) => embedded.admin_kubeconfig(),
            Self::External(external) => external.cluster.admin.clone(),
        }
    }

    pub(crate) fn daemon_kubeconfig(&self) -> String {
        match self {
            Self::Embedded(embedded) => embedded.daemon_kubeconfig(),
            Self::External(external) => external.cluster.daemon.clone(),
        }
    }

    /// Puts everything in that is there from the beginning, and waits until the kinds are served.
    pub(crate) async fn furnish(&self, definitions: &[Value]) -> Result<(), WorldError> {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": rbac::NAMESPACE}});
        self.put_all(definitions).await?;
        self.put_all(&[namespace]).await?;
        self.put_all(&rbac::daemon()).await?;
        match self {
            // Kinds are served the moment they are stored.
            Self::Embedded(_) => Ok(()),
            Self::External(external) => external.established(definitions).await,
        }
    }

    /// Creates each object, or puts it in the place of the one that is there.
    pub(crate) async fn put_all(&self, objects: &[Value]) -> Result<(), WorldError> {
        for object in objects {
            let put = match self {
                Self::Embedded(embedded) => embedded.put(object).await,
                Self::External(external) => external.put(object).await,
            };
            put.map_err(|source| WorldError::Refused { what: named(object), source })?;
        }
        Ok(())
    }

    pub(crate) async fn stop(self) {
        if let Self::Embedded(embedded) = self {
            embedded.stop().await;
        }
    }
}

/// Kind and name, for people.
fn named(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    format!("{} {}", text("/kind"), text("/metadata/name"))
}

type Put = Result<(), Cause>;
