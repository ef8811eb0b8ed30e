//! What a plugin is given: permissions, the two doors of the store, endpoints, settings, limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use backplane_core::grant::Permissions;
use backplane_core::ports::{Reads, Writes};
use backplane_core::{Declaration, Grant};

use crate::endpoint::Endpoints;
use crate::nothing::Nothing;

/// Everything one generation of a plugin may touch.
#[derive(Clone)]
pub struct Context {
    /// The plugin's name, for errors, logs and spans.
    pub plugin: String,
    /// What it declared and was granted. Asked here for endpoints; `reads` and `writes` ask for themselves.
    pub permissions: Arc<Permissions>,
    /// The watch cache, bound to this plugin.
    pub reads: Arc<dyn Reads>,
    /// The API server, under this plugin's identity.
    pub writes: Arc<dyn Writes>,
    /// The HTTP endpoints that exist; the plugin reaches those that `permissions` name.
    pub endpoints: Endpoints,
    /// Settings as a JSON object, already accepted by `configure`.
    pub settings: Arc<[u8]>,
    /// What one call may cost.
    pub limits: Limits,
}

impl Context {
    /// A context in which every import fails: for `describe` and `configure`, and for whoever wants to see what a
    /// component does without rights.
    pub fn nothing(plugin: &str) -> Self {
        Self {
            plugin: plugin.to_owned(),
            permissions: Arc::new(Permissions::new(Declaration::default(), Grant::default())),
            reads: Arc::new(Nothing),
            writes: Arc::new(Nothing),
            endpoints: Endpoints::default(),
            settings: Arc::from(&b"{}"[..]),
            limits: Limits::default(),
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("plugin", &self.plugin)
            .field("endpoints", &self.endpoints)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// What one call may cost, and how instances are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Wall-clock time of a call, from the moment it has an instance: computing and waiting for host calls together.
    pub deadline: Duration,
    /// Memory of one instance, in bytes. The engine's own limit holds as well.
    pub memory_bytes: u64,
    /// Calls from the guest into the host, within one call.
    pub host_calls: u64,
    /// Bytes that the guest hands to the host within one call: objects, HTTP bodies, log lines, the answer.
    pub output_bytes: u64,
    /// Bytes of log lines within one call; lines beyond it are dropped, and one line says so.
    pub log_bytes: u64,
    /// Calls after which an instance is replaced by a new one.
    pub recycle_after_calls: u64,
    /// Memory, in bytes, beyond which an instance is replaced after its call: a guest never gives memory back.
    pub recycle_at_bytes: u64,
    /// Instances kept between calls; 0: every call gets a new one.
    pub warm_instances: usize,
    /// Calls that may run at one time.
    pub max_instances: usize,
    /// How long a call waits for an instance while all are busy.
    pub wait_for_instance: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // A reconcile may wait for a slow cloud; a guest that only computes needs a thousandth of it.
            deadline: Duration::from_secs(10),
            memory_bytes: 64 << 20,
            // A big cluster's reconcile makes hundreds; a loop around `get` makes a million in a second.
            host_calls: 100_000,
            output_bytes: 16 << 20,
            log_bytes: 64 << 10,
            recycle_after_calls: 1_000,
            recycle_at_bytes: 32 << 20,
            warm_instances: 4,
            max_instances: 8,
            wait_for_instance: Duration::from_secs(5),
        }
    }
}
