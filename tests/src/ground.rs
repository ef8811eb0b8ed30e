//! Where a scenario takes place. Scenarios are written once and run on each.

use std::path::PathBuf;

use anyhow::Result;
use backplane::dev::DevOptions;
use backplane_sandbox::ExternalCluster;

use crate::audit::DAEMON;
use crate::real::{ControlPlane, PlaneOptions, PlaneToken, parts};

/// The API server of a scenario, and the controllers that belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Our own, with stand-ins for everything else.
    Embedded,
    /// kube-apiserver with etcd and kube-controller-manager.
    Real,
}

/// What a scenario stands on besides the world in its own process.
pub enum Base {
    /// Nothing: the world has an API server of its own.
    Embedded,
    /// A control plane in processes of its own.
    Real(Box<ControlPlane>),
}

/// The daemon's token on a real server.
const TOKEN: &str = "daemon";

impl Ground {
    /// Prepares the ground; `None` after saying that `what` is not shown there.
    ///
    /// # Errors
    /// A real part that is missing although it was asked for, or does not start.
    pub async fn prepare(self, what: &str) -> Result<Option<Base>> {
        match self {
            Self::Embedded => Ok(Some(Base::Embedded)),
            Self::Real => match parts(what)? {
                Some(parts) => Ok(Some(Base::Real(Box::new(ControlPlane::start_with(&parts, plane()).await?)))),
                None => Ok(None),
            },
        }
    }
}

impl Base {
    /// The options of a world that works on this ground.
    pub fn options(&self, options: DevOptions) -> DevOptions {
        match self {
            Self::Embedded => options,
            Self::Real(plane) => {
                let cluster = ExternalCluster { admin: plane.kubeconfig(), daemon: plane.kubeconfig_for(TOKEN) };
                DevOptions { external: Some(cluster), ..options }
            }
        }
    }

    /// The real server's own record of what it was asked.
    pub fn audit_log(&self) -> Option<PathBuf> {
        match self {
            Self::Embedded => None,
            Self::Real(plane) => Some(plane.audit_log().into()),
        }
    }
}

/// A control plane with every controller that a scenario relies on.
fn plane() -> PlaneOptions {
    let usual = PlaneOptions::default();
    let workloads = ["deployment-controller", "replicaset-controller", "statefulset-controller"];
    PlaneOptions {
        controller_names: usual.controller_names.iter().copied().chain(workloads).collect(),
        tokens: vec![PlaneToken {
            token: TOKEN.into(),
            user: DAEMON.into(),
            groups: vec!["system:serviceaccounts".into(), "system:serviceaccounts:backplane".into()],
        }],
        ..usual
    }
}

/// Makes of each scenario, an `async fn(Ground) -> Result<()>`, a test on the embedded server and one on the real one.
#[macro_export]
macro_rules! on_each_ground {
    ($($scenario:ident),+ $(,)?) => {$(
        mod $scenario {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_the_embedded_server() -> anyhow::Result<()> {
                super::$scenario($crate::ground::Ground::Embedded).await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_the_real_server() -> anyhow::Result<()> {
                super::$scenario($crate::ground::Ground::Real).await
            }
        }
    )+};
}
