//! Stand-ins for the controllers that a real cluster would have beside the daemon.
//!
//! Each is a small level-based controller and acts under its own user name, on the embedded API server or on a real one
//! ([`Cluster`]); tenant clusters they reach as the real programs do, with the kubeconfig from the Secret. What each one
//! stands for and leaves out is said at the top of its module:
//!
//! | stand-in | module | stands for |
//! | --- | --- | --- |
//! | [`StandIn::Addresses`] | `addresses` | EIps, LoadBalancer Services, cluster IPs of Kube-DC |
//! | [`StandIn::Workloads`] | `workloads` | Deployment and StatefulSet controllers, scheduler, kubelets |
//! | [`StandIn::Kubelets`] | `kubelets` | scheduler and kubelets, beside the real workload controllers |
//! | [`StandIn::Kamaji`] | `kamaji`, `control_plane` | Kamaji and its Cluster API control plane provider |
//! | [`StandIn::ClusterApi`] | `capi` | Cluster API core |
//! | [`StandIn::Kubeadm`] | `kubeadm` | the kubeadm bootstrap provider |
//!
//! They exist so that a user needs nothing but the binary. Where a real program can run, a stand-in must not.

mod addresses;
mod capi;
mod client;
mod condition;
mod control_plane;
mod diff;
mod error;
mod kamaji;
mod kinds;
mod kubeadm;
mod kubelets;
mod object;
mod queue;
mod runner;
mod tenants;
mod workloads;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use backplane_apiserver::{ApiServer, Env};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use client::{Client, Transport};
use runner::{Tasks, start};

/// A program that is stood in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StandIn {
    /// Addresses of EIps and Services.
    Addresses,
    /// Readiness of Deployments and StatefulSets.
    Workloads,
    /// Readiness of Pods, where real controllers make them.
    Kubelets,
    /// Tenant control planes.
    Kamaji,
    /// Cluster API core.
    ClusterApi,
    /// The kubeadm bootstrap provider.
    Kubeadm,
}

impl StandIn {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Addresses, Self::Workloads, Self::Kubelets, Self::Kamaji, Self::ClusterApi, Self::Kubeadm];

    /// The word by which it is left out on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Addresses => "addresses",
            Self::Workloads => "workloads",
            Self::Kubelets => "kubelets",
            Self::Kamaji => "kamaji",
            Self::ClusterApi => "cluster-api",
            Self::Kubeadm => "kubeadm",
        }
    }

    /// The user that it acts as.
    pub fn user(self) -> &'static str {
        match self {
            Self::Addresses => "system:serviceaccount:kube-dc:kube-dc-manager",
            Self::Workloads => "system:kube-controller-manager",
            Self::Kubelets => "system:kubelet",
            Self::Kamaji => "system:serviceaccount:kamaji-system:kamaji-controller-manager",
            Self::ClusterApi => "system:serviceaccount:capi-system:capi-manager",
            Self::Kubeadm => "system:serviceaccount:capi-kubeadm-bootstrap-system:capi-kubeadm-bootstrap-manager",
        }
    }
}

impl fmt::Display for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no stand-in of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no stand-in is called {0:?}; there are addresses, workloads, kubelets, kamaji, cluster-api, kubeadm")]
pub struct UnknownStandIn(
    /// The name that was given.
    pub String,
);

impl FromStr for StandIn {
    type Err = UnknownStandIn;

    fn from_str(name: &str) -> Result<Self, UnknownStandIn> {
        Self::ALL.into_iter().find(|one| one.name() == name).ok_or_else(|| UnknownStandIn(name.to_owned()))
    }
}

/// How long things take that a stand-in only pretends to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delays {
    /// From a Deployment's or StatefulSet's creation or change until all its replicas are ready.
    pub workload_ready: Duration,
    /// From the readiness of a control plane's Deployment until the control plane is ready.
    pub control_plane_ready: Duration,
}

impl Default for Delays {
    fn default() -> Self {
        Self { workload_ready: Duration::from_secs(1), control_plane_ready: Duration::from_millis(500) }
    }
}

impl Delays {
    /// The usual delays times `factor`; for tests.
    pub fn scaled(factor: f64) -> Self {
        let usual = Self::default();
        Self {
            workload_ready: usual.workload_ready.mul_f64(factor),
            control_plane_ready: usual.control_plane_ready.mul_f64(factor),
        }
    }
}

/// Where stand-ins work.
#[derive(Clone)]
pub enum Cluster {
    /// The API server of this process.
    Embedded(ApiServer),
    /// Any other. Whoever the configuration stands for must be allowed to impersonate.
    External(Box<kube::Config>),
}

impl Cluster {
    /// The requests of a stand-in, under its own name.
    fn transport(&self, one: StandIn) -> Result<Transport, StartError> {
        match self {
            Self::Embedded(api) => Ok(Transport::Local(api.client_as(one.user(), &[MASTERS]))),
            Self::External(config) => {
                let mut config = (**config).clone();
                config.auth_info.impersonate = Some(one.user().into());
                config.auth_info.impersonate_groups = Some(vec![MASTERS.into()]);
                let client = kube::Client::try_from(config).map_err(|error| StartError::Client(Box::new(error)))?;
                Ok(Transport::remote(client, one.name()))
            }
        }
    }
}

/// The group that may do everything.
const MASTERS: &str = "system:masters";

/// Why the stand-ins cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// This machine has none left to give away.
    #[error("no block of loopback addresses is free")]
    Addresses,
    /// The configuration of an external cluster cannot be used.
    #[error("no client of the external cluster")]
    Client(#[source] Box<kube::Error>),
}

/// Running stand-ins. Dropping it stops them without waiting.
pub struct StandIns {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl StandIns {
    /// Starts all but those in `without`.
    ///
    /// # Errors
    /// See [`StartError`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(
        cluster: &Cluster,
        env: Env,
        delays: &Delays,
        without: &BTreeSet<StandIn>,
    ) -> Result<Self, StartError> {
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        let tasks = Tasks { env, tracker: tracker.clone(), stop: stop.clone() };
        let running = Self { tracker, stop };
        for one in StandIn::ALL.into_iter().filter(|one| !without.contains(one)) {
            let client = Client::new(cluster.transport(one)?, tasks.clone());
            begin(one, &client, &tasks, delays)?;
        }
        Ok(running)
    }

    /// Stops all of them, tenant API servers included, and waits until they have ended.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

impl Drop for StandIns {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn begin(one: StandIn, client: &Client, tasks: &Tasks, delays: &Delays) -> Result<(), StartError> {
    match one {
        StandIn::Addresses => addresses::run(client, tasks).map_err(|_| StartError::Addresses)?,
        StandIn::Workloads => {
            for kind in [kinds::DEPLOYMENT, kinds::STATEFUL_SET] {
                let delay = delays.workload_ready;
                let controller =
                    workloads::Workloads { client: client.clone(), kind, delay, rollouts: Default::default() };
                start(controller, client.clone(), tasks);
            }
        }
        StandIn::Kubelets => {
            start(kubelets::Kubelets { client: client.clone() }, client.clone(), tasks);
        }
        StandIn::Kamaji => {
            kamaji::run(client, tasks, kamaji::Pace { ready: delays.control_plane_ready });
            control_plane::run(client, tasks);
        }
        StandIn::ClusterApi => capi::run(client, tasks),
        StandIn::Kubeadm => kubeadm::run(client, tasks),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_is_found_by_its_name_and_no_other() {
        for one in StandIn::ALL {
            assert_eq!(one.name().parse(), Ok(one));
        }
        assert!("capi".parse::<StandIn>().is_err());
    }
}
