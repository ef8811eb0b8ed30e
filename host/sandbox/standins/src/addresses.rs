//! Stands for what gives Kube-DC addresses: its EIp, Service load balancer and Project controllers, and Kube-OVN behind
//! them. Cluster IPs come from the API server.
//!
//! EIps and Services of type LoadBalancer get loopback addresses of this machine, so that whatever listens on them can
//! be reached. Left out: VPCs, subnets, NAT rules and OVN objects (names of OvnEips are made up), quotas, the choice
//! between `public` and `cloud` networks (noted, without effect), FIps, gateways and routes, node ports, and load
//! balancing itself: a Service's address leads nowhere unless a program listens on it.

pub(crate) mod eip;
pub(crate) mod pool;
pub(crate) mod service;

use std::sync::{Arc, Mutex, PoisonError};

use pool::{Pool, PoolError};

use crate::client::Client;
use crate::runner::{Tasks, start};

/// Label that marks the namespace of a project.
pub(crate) const PROJECT: &str = "kube-dc.com/project";
/// The EIp that every project has.
pub(crate) const DEFAULT_GATEWAY: &str = "default-gw";

/// The world's addresses, shared by the control loops.
#[derive(Clone)]
pub(crate) struct Addresses(Arc<Mutex<Pool>>);

impl Addresses {
    /// Acts on the pool.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Pool) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Starts the control loops.
pub(crate) fn run(client: &Client, tasks: &Tasks) -> Result<(), PoolError> {
    let pool = Pool::draw(|| tasks.env.random.next_u64())?;
    let addresses = Addresses(Arc::new(Mutex::new(pool)));
    start(eip::Projects { client: client.clone() }, client.clone(), tasks);
    start(eip::Eips { client: client.clone(), addresses }, client.clone(), tasks);
    start(service::Services { client: client.clone() }, client.clone(), tasks);
    Ok(())
}
