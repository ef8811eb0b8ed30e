//! A plugin that provides machines: the words between the host's Cluster API room and one cloud.
//!
//! The host runs the contract (finalizers, owners, pausing, bootstrap data, providerID, conditions); a provider answers what
//! differs between clouds. Every call must be safe to repeat: find what an earlier call made by a mark on the resource, never
//! by memory.

use std::fmt;
use std::time::Duration;

use crate::declare::Declaration;
use crate::outcome::Event;
use crate::refs::Kind;

/// Machines of one cloud. Make it the plugin with [`crate::export_machine_provider!`].
pub trait MachineProvider {
    /// What it is and what it needs. Pure; no host function works in here.
    fn declare() -> Declaration;

    /// Judges settings, a JSON object, before they take effect.
    ///
    /// # Errors
    /// A text that names the setting and the rule; the plugin is then not loaded.
    fn configure(settings: &[u8]) -> Result<(), String> {
        crate::settings::none(settings)
    }

    /// Kinds and field mapping. Pure.
    fn kinds() -> MachineKinds;

    /// Finds or creates the machine and moves it towards running. Never makes a second one for the same object.
    ///
    /// # Errors
    /// See [`MachineError`].
    fn ensure(request: &MachineRequest) -> Result<MachineState, MachineError>;

    /// Reads the machine and changes nothing.
    ///
    /// # Errors
    /// See [`MachineError`].
    fn observe(request: &MachineRequest) -> Result<MachineState, MachineError>;

    /// Moves the machine towards gone, one step a call. An absent machine is gone.
    ///
    /// # Errors
    /// See [`MachineError`].
    fn delete(request: &MachineRequest) -> Result<MachineState, MachineError>;
}

/// Kinds and field mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineKinds {
    /// One machine.
    pub machine: Kind,
    /// The infrastructure cluster.
    pub cluster: Kind,
    /// The machine template.
    pub template: Kind,
    /// Status member for the backend's id.
    pub instance_id_field: Option<String>,
    /// Status member for the backend's word for the state.
    pub instance_state_field: Option<String>,
    /// Condition type that says whether the machine runs.
    pub ready_condition: String,
    /// Condition type of the infrastructure cluster.
    pub cluster_condition: String,
    /// How every providerID begins.
    pub provider_id_prefix: String,
}

/// Everything about one machine; objects are JSON.
#[derive(Debug, Clone, Default)]
pub struct MachineRequest {
    /// The infrastructure machine.
    pub object: Vec<u8>,
    /// The Cluster API Machine that owns it; `None` only in `delete`.
    pub machine: Option<Vec<u8>>,
    /// The infrastructure cluster, if there is one of the provider's kind.
    pub cluster: Option<Vec<u8>>,
    /// Only in `ensure`, once it exists.
    pub bootstrap: Option<Bootstrap>,
}

/// What a new machine runs at its first boot. It carries a join token: hand it on, never log it.
#[derive(Clone)]
pub struct Bootstrap {
    /// User data, not encoded.
    pub data: Vec<u8>,
    /// `cloud-config` or `ignition`.
    pub format: String,
}

impl fmt::Debug for Bootstrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bootstrap({} bytes, {})", self.data.len(), self.format)
    }
}

/// Where a machine is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
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

/// An address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `Hostname`, `ExternalIP`, `InternalIP`, `ExternalDNS` or `InternalDNS`.
    pub kind: String,
    /// The address.
    pub address: String,
}

/// How a machine fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineState {
    /// Where it is.
    pub phase: Phase,
    /// The backend's id.
    pub instance_id: Option<String>,
    /// The backend's own word for the state, for people.
    pub instance_state: String,
    /// What the Node will carry; set as soon as the instance exists.
    pub provider_id: Option<String>,
    /// In the order in which they should be shown.
    pub addresses: Vec<Address>,
    /// What is awaited, for people; may be empty.
    pub message: String,
    /// Look again after so long at the latest; `None` leaves it to the host.
    pub poll_after: Option<Duration>,
    /// What happened in this call and is worth an event.
    pub events: Vec<Event>,
}

impl MachineState {
    /// A machine in a phase, nothing else known.
    pub fn new(phase: Phase) -> Self {
        Self {
            phase,
            instance_id: None,
            instance_state: String::new(),
            provider_id: None,
            addresses: Vec::new(),
            message: String::new(),
            poll_after: None,
            events: Vec::new(),
        }
    }

    /// What is awaited.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// When to look again.
    pub fn poll_after(mut self, pause: Duration) -> Self {
        self.poll_after = Some(pause);
        self
    }

    /// Adds events.
    pub fn events(mut self, events: impl IntoIterator<Item = Event>) -> Self {
        self.events.extend(events);
        self
    }
}

/// Why a call has no result. Texts are for people: no credential, no whole object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MachineError {
    /// The backend refuses the request as written; only a change of the object can help.
    #[error("invalid: {0}")]
    Invalid(String),
    /// The backend refuses the credential or the right.
    #[error("unauthorised: {0}")]
    Unauthorised(String),
    /// The backend asks for a pause.
    #[error("throttled for {0:?}")]
    Throttled(Duration),
    /// No capacity, or no money left.
    #[error("exhausted: {0}")]
    Exhausted(String),
    /// Anything else; called again with back-off.
    #[error("{0}")]
    Other(String),
}

/// Makes a type that implements [`MachineProvider`] the plugin. Once per crate; does nothing in a native build.
#[macro_export]
macro_rules! export_machine_provider {
    ($provider:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Guest = $crate::guest::ProviderGuest<$provider>;
    $crate::guest::lifecycle::export!(Guest with_types_in $crate::guest::lifecycle);
    $crate::guest::machines::export!(Guest with_types_in $crate::guest::machines);
        };
        // Without a host the plugin is used by its tests alone; this keeps it from being called dead.
        #[cfg(not(target_family = "wasm"))]
        const _: fn() -> $crate::machines::MachineKinds = <$provider as $crate::MachineProvider>::kinds;
    };
}
