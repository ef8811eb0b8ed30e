//! Which replica works for which plugin: leader election by `coordination.k8s.io/v1` Lease, and the fence that keeps a
//! replica's writes within its lease.
//!
//! ```text
//!   follow ──what the API server holds──> rules ──steps──> elector ──requests──> API server
//!                                        (pure)               │
//!                 runtime <──hold, yield, lost── Seat <───────┤
//!                 plugin's writes ──> Writer ──> wire <─fence─┴─> deadman (the kernel)
//! ```
//!
//! - [`Claim`] names a lease: one for each plugin, its rooms included, or one for each of its shards.
//! - Each replica also has a member Lease, by which the others know who is there and share the plugins (`balance`).
//! - `rules` decides from what was seen and when, and does nothing itself; `elector` does it.
//! - A [`Fence`] ends a replica's right to write by itself, without anybody having to run: see there.
//!
//! Not here: what is done while a lease is held. Nothing is kept beside the Lease objects. The clocks of other machines are
//! never trusted: a lease has run out for us when *we* have seen it unchanged for its whole duration.
//! docs/decisions/0005 says what is guaranteed and what is not.

mod balance;
mod claim;
mod clock;
mod deadman;
mod elector;
mod fence;
mod follow;
mod object;
mod requests;
mod rules;
mod seat;
mod state;
mod wire;

pub use claim::{Claim, Shard};
pub use clock::{BootClock, boot_clock};
pub use elector::{Election, ElectionOptions};
pub use fence::{Fence, Fenced};
pub use rules::Timing;
pub use seat::{Ending, Seat, Tenure};
pub use state::{LeaseState, MemberState, ReplicaState};
pub use wire::Cluster;
