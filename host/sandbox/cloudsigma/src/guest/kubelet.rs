//! `kubeadm join` and the kubelet it leaves behind: registers the Node, makes it Ready, keeps saying so.

use std::sync::{Arc, Weak};
use std::time::Duration;

use http::{Method, StatusCode};
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};

use super::discovery::{DiscoveryError, discover};
use super::join::{Plan, Token};
use super::node::{NodeSpec, Ready};
use super::wire::{Content, Wire, WireError};
use super::{Machine, sleep};
use crate::cloud::Inner;

/// What a successful join leaves on the boot drive.
pub(crate) struct Membership {
    endpoint: String,
    authorities: Vec<CertificateDer<'static>>,
    token: Token,
    node: NodeSpec,
}

/// Why a join, or a step of the kubelet, did not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KubeletError {
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    #[error("kubelet cannot start: {0}")]
    Arguments(String),
    #[error("API server: {0}")]
    Wire(#[from] WireError),
    #[error("API server refuses to {what}: {status} {message}")]
    Refused { what: &'static str, status: StatusCode, message: String },
    #[error("a Node with name {0} and status Ready already exists in the cluster")]
    NameTaken(String),
}

/// Finds the cluster, checks it, and registers the Node.
pub(crate) async fn join(
    cloud: &Arc<Inner>,
    machine: &Machine,
    plan: &Plan,
    version: &str,
) -> Result<Membership, KubeletError> {
    let node = NodeSpec::new(plan, version).map_err(KubeletError::Arguments)?;
    let authorities = discover(cloud, plan).await?;
    let membership = Membership { endpoint: plan.endpoint.clone(), authorities, token: plan.token.clone(), node };
    let wire = membership.wire(cloud)?;
    refuse_taken_name(&wire, &membership.node).await?;
    register(cloud, &wire, machine, &membership.node).await?;
    cloud.say(&machine.uuid, format!("kubelet: registered node {}", membership.node.name));
    Ok(membership)
}

/// Runs the kubelet of a machine that has joined, until its future is dropped. It registers at its start, not later: a
/// Node that somebody deletes stays deleted until the next boot.
pub(crate) async fn run(cloud: &Weak<Inner>, machine: &Machine, membership: &Membership, registered: Registered) {
    let mut step = if registered == Registered::Yes { Step::Wait } else { Step::Register };
    while let Some(inner) = cloud.upgrade() {
        let done = step.perform(&inner, machine, membership).await;
        let pause = match done {
            Ok(()) => step.next(&inner, machine, membership),
            Err(error) => {
                inner.say(&machine.uuid, format!("kubelet: {error}"));
                inner.delays.join_retry
            }
        };
        drop(inner);
        if sleep(cloud, pause).await.is_none() {
            return;
        }
    }
}

/// Whether this boot has registered the Node already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Registered {
    /// By joining just now.
    Yes,
    /// It joined at an earlier boot.
    No,
}

/// Where a kubelet is in its life.
enum Step {
    Register,
    Wait,
    Ready,
    Beat { since: Timestamp },
}

impl Step {
    async fn perform(
        &self,
        cloud: &Arc<Inner>,
        machine: &Machine,
        membership: &Membership,
    ) -> Result<(), KubeletError> {
        let (wire, node, now) = (membership.wire(cloud)?, &membership.node, cloud.env.clock.now());
        let since = match self {
            Self::Register => return register(cloud, &wire, machine, node).await,
            Self::Wait => return Ok(()),
            Self::Ready => now,
            Self::Beat { since } => *since,
        };
        patch_status(&wire, node, &json!({ "status": node.status(machine, Ready::Yes, since, now) })).await
    }

    /// Goes on to the next step; answers how long until then.
    fn next(&mut self, cloud: &Inner, machine: &Machine, membership: &Membership) -> Duration {
        let (next, pause) = match self {
            Self::Register | Self::Wait => (Self::Ready, cloud.delays.kubelet_ready),
            Self::Ready => {
                cloud.say(&machine.uuid, format!("kubelet: node {} is ready", membership.node.name));
                (Self::Beat { since: cloud.env.clock.now() }, cloud.delays.heartbeat)
            }
            Self::Beat { since } => (Self::Beat { since: *since }, cloud.delays.heartbeat),
        };
        *self = next;
        pause
    }
}

/// kubeadm does not take over a Ready node of another machine.
async fn refuse_taken_name(wire: &Wire, node: &NodeSpec) -> Result<(), KubeletError> {
    let (status, body) = wire.ask(Method::GET, &node_path(node), None).await?;
    match status {
        StatusCode::NOT_FOUND => Ok(()),
        StatusCode::OK => {
            let conditions = body["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
            let ready = conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True");
            let same = node.provider_id.is_some() && body["spec"]["providerID"].as_str() == node.provider_id.as_deref();
            if ready && !same { Err(KubeletError::NameTaken(node.name.clone())) } else { Ok(()) }
        }
        status => Err(refused("read the node", status, &body)),
    }
}

/// Creates the Node, or takes up the one that is there; either way it says that it is not ready.
async fn register(cloud: &Arc<Inner>, wire: &Wire, machine: &Machine, node: &NodeSpec) -> Result<(), KubeletError> {
    let now = cloud.env.clock.now();
    let object = node.object(machine, now);
    let (status, body) = wire.ask(Method::POST, "/api/v1/nodes", Some(Content("application/json", &object))).await?;
    if !status.is_success() && status != StatusCode::CONFLICT {
        return Err(refused("create the node", status, &body));
    }
    // A server that treats status as a subresource has dropped it at creation.
    patch_status(wire, node, &json!({ "status": object["status"] })).await
}

async fn patch_status(wire: &Wire, node: &NodeSpec, patch: &Value) -> Result<(), KubeletError> {
    let content = Content("application/strategic-merge-patch+json", patch);
    let (status, body) = wire.ask(Method::PATCH, &format!("{}/status", node_path(node)), Some(content)).await?;
    if status.is_success() { Ok(()) } else { Err(refused("update the node's status", status, &body)) }
}

fn node_path(node: &NodeSpec) -> String {
    format!("/api/v1/nodes/{}", node.name)
}

fn refused(what: &'static str, status: StatusCode, body: &Value) -> KubeletError {
    KubeletError::Refused { what, status, message: body["message"].as_str().unwrap_or_default().to_owned() }
}

impl Membership {
    fn wire(&self, cloud: &Inner) -> Result<Wire, WireError> {
        let (dialer, clock) = (cloud.dialer.clone(), cloud.env.clock.clone());
        Wire::trusting(dialer, clock, &self.endpoint, &self.authorities, self.token.bearer())
    }
}
