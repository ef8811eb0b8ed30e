//! The words between the Cluster API room and an infrastructure provider: what a machine is and how it fares.
//!
//! The room (`provider`) knows the Cluster API contract and no cloud; the plugin knows its cloud and no contract.

use std::time::Duration;

use async_trait::async_trait;

use crate::call::CallError;
use crate::object::Kind;
use crate::ports::ObjectBytes;

/// Kinds and field mapping of an infrastructure provider; the answer of its `machines.describe-kinds`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineKinds {
    /// Kind of one machine, such as `CloudSigmaMachine`.
    pub machine: Kind,
    /// Kind of the infrastructure cluster, such as `CloudSigmaCluster`.
    pub cluster: Kind,
    /// Kind of the machine template.
    pub template: Kind,
    /// Name of the status member that holds the cloud's id of the machine, such as `instanceID`; `None` if absent.
    pub instance_id_field: Option<String>,
    /// Name of the status member that holds the cloud's word for the state, such as `instanceState`.
    pub instance_state_field: Option<String>,
    /// Condition type that says whether the machine runs, such as `ServerReady`; `Ready` is always written as well.
    pub ready_condition: String,
    /// Condition type of the cluster object, such as `NetworkReady`.
    pub cluster_condition: String,
    /// Beginning of every providerID, such as `cloudsigma://`.
    pub provider_id_prefix: String,
}

/// What a provider plugin does for one machine. Each call is safe to repeat.
#[async_trait]
pub trait Machines: Send + Sync {
    /// Finds or creates the machine and moves it towards running. Never creates a second one for the same object.
    async fn ensure(&self, request: &MachineRequest) -> Result<Result<MachineState, MachineError>, CallError>;

    /// Reads the machine without changing anything.
    async fn observe(&self, request: &MachineRequest) -> Result<Result<MachineState, MachineError>, CallError>;

    /// Moves the machine towards gone; [`MachinePhase::Gone`] says it is. An absent machine is gone.
    async fn delete(&self, request: &MachineRequest) -> Result<Result<MachineState, MachineError>, CallError>;
}

/// Everything a provider may need to know about one machine.
#[derive(Debug, Clone)]
pub struct MachineRequest {
    /// The infrastructure machine object, whole.
    pub object: ObjectBytes,
    /// The Cluster API `Machine` that owns it. Absent only in `delete`, when it is gone already.
    pub machine: Option<ObjectBytes>,
    /// The infrastructure cluster object; absent if the cluster has none of the provider's kind.
    pub cluster: Option<ObjectBytes>,
    /// Bootstrap data; only in `ensure`, and only once the bootstrap provider has made it.
    pub bootstrap: Option<Bootstrap>,
}

/// What a new machine runs at its first boot. It carries a join token: providers hand it on and never log it.
#[derive(Clone)]
pub struct Bootstrap {
    /// User data.
    pub data: Vec<u8>,
    /// `cloud-config` or `ignition`.
    pub format: String,
}

impl std::fmt::Debug for Bootstrap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bootstrap({} bytes, {})", self.data.len(), self.format)
    }
}

/// How a machine fares, as the provider sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineState {
    /// Where it is in its life.
    pub phase: MachinePhase,
    /// The cloud's id; `None` while there is none.
    pub instance_id: Option<String>,
    /// The cloud's own word for the state, for people.
    pub instance_state: String,
    /// What the Node will carry in `spec.providerID`; set as soon as the instance exists.
    pub provider_id: Option<String>,
    /// Addresses, in the order in which they should be shown.
    pub addresses: Vec<Address>,
    /// Text for people about what is awaited; empty if nothing.
    pub message: String,
    /// When to look again at the latest; `None` leaves it to the host.
    pub poll_after: Option<Duration>,
    /// Things that happened in this call and are worth an event.
    pub events: Vec<crate::condition::Event>,
}

/// Where a machine is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MachinePhase {
    /// Being made or started.
    Pending,
    /// Running.
    Running,
    /// Exists and does not run.
    Stopped,
    /// On its way out.
    Deleting,
    /// Does not exist.
    Gone,
}

/// An address of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `Hostname`, `ExternalIP`, `InternalIP`, `ExternalDNS` or `InternalDNS`.
    pub kind: String,
    /// The address.
    pub address: String,
}

/// Why a provider could not do what was asked. Texts are for people: no credential, no whole object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MachineError {
    /// The cloud refuses the request as written; only a change of the object can help.
    #[error("invalid: {0}")]
    Invalid(String),
    /// The cloud refuses the credential (401) or the right (403).
    #[error("unauthorised: {0}")]
    Unauthorised(String),
    /// The cloud asks for a pause before the next try.
    #[error("throttled for {0:?}")]
    Throttled(Duration),
    /// The cloud has no capacity or no money is left; waiting or an operator can help.
    #[error("exhausted: {0}")]
    Exhausted(String),
    /// Anything else; retried with back-off.
    #[error("{0}")]
    Other(String),
}
