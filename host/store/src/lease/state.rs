//! What can be seen of the leases from outside.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a replica knows of the leases, itself included.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaState {
    /// This replica.
    pub identity: String,
    /// How long the others leave a lease to a holder that does not renew it.
    pub lease_duration_seconds: f64,
    /// How long after its last renewal a holder may write.
    pub renew_deadline_seconds: f64,
    /// Pause between renewals.
    pub retry_period_seconds: f64,
    /// The leases of the plugins, by name.
    pub leases: Vec<LeaseState>,
    /// The replicas, by name.
    pub members: Vec<MemberState>,
    /// Why nothing can be held at the moment, if so.
    pub problem: Option<String>,
}

/// A lease of a plugin or shard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeaseState {
    /// Name of the Lease object.
    pub name: String,
    /// The plugin.
    pub plugin: String,
    /// The shard, counted from zero, if the plugin is sharded.
    pub shard: Option<u32>,
    /// Who holds it.
    pub holder: Option<String>,
    /// Whether this replica does, and may write.
    pub held: bool,
    /// How often it has changed hands.
    pub transitions: u32,
    /// Since when it has been as it is: since its last renewal, as seen from here.
    pub unchanged_seconds: f64,
    /// How often this replica took it.
    pub taken: u64,
    /// How often it lost it without giving it back.
    pub lost: u64,
    /// How many writes were not made because it was not held.
    pub fenced: u64,
    /// A replica that divides the plugin into another number of shards, and keeps this one waiting.
    pub waits_for: Option<String>,
}

/// A replica.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberState {
    /// Its identity.
    pub identity: String,
    /// Whether it renews its Lease.
    pub alive: bool,
    /// How many of this replica's plugins, or shards, it holds.
    pub holds: usize,
}

pub(super) fn seconds(time: Duration) -> f64 {
    // Milliseconds are all that a reader wants.
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}
