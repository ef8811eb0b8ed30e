//! Where a scenario takes place. Scenarios are written once and run on each.

use anyhow::Result;
use backplane::dev::DevOptions;
use backplane_sandbox::{ExternalCluster, World};

use crate::audit::{Audit, DAEMON};
use crate::real::{ClusterApi, ControlPlane, PlaneOptions, PlaneToken, parts};

/// The API server of a scenario, and the controllers that belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Our own, with stand-ins for everything else.
    Embedded,
    /// kube-apiserver with etcd and kube-controller-manager; Cluster API is the real one or not there.
    Real,
}

/// What a scenario stands on besides the world in its own process.
pub enum Base {
    /// Nothing: the world has an API server of its own.
    Embedded,
    /// A control plane in processes of its own.
    Real(Box<ControlPlane>),
}

/// What no stand-in does where the real program can.
const REAL_MANAGERS: [&str; 2] = ["cluster-api", "kubeadm"];
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
            Self::Real(_) => {
                let real = REAL_MANAGERS.map(str::to_owned);
                let without = options.without.into_iter().chain(real).collect();
                DevOptions { external: self.external(), without, ..options }
            }
        }
    }

    /// The cluster that a world works on, unless it has one of its own.
    pub fn external(&self) -> Option<ExternalCluster> {
        match self {
            Self::Embedded => None,
            Self::Real(plane) => {
                Some(ExternalCluster { admin: plane.kubeconfig(), daemon: plane.kubeconfig_for(TOKEN) })
            }
        }
    }

    /// Starts what a world on this ground leaves to real programs.
    ///
    /// # Errors
    /// A manager that does not start.
    pub async fn managers(&self) -> Result<Option<ClusterApi>> {
        match self {
            Self::Embedded => Ok(None),
            Self::Real(plane) => ClusterApi::start(&plane.kubeconfig(), plane.parts()).await.map(Some),
        }
    }

    /// What the API server is asked from now on.
    ///
    /// # Errors
    /// A record that cannot be read.
    pub fn audit(&self, world: &World) -> Result<Audit> {
        match (self, world.api()) {
            (Self::Real(plane), _) => Audit::of_log(plane.audit_log().into()),
            (Self::Embedded, Some(api)) => Ok(Audit::of(api)),
            (Self::Embedded, None) => anyhow::bail!("nobody keeps a record"),
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
