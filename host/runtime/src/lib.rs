//! Wires the rooms into a daemon: settings in, a running daemon out.
//!
//! It reads settings, loads plugins, builds store, slots and controllers, and stops them in order. It decides nothing about
//! objects, plugins or clouds. Several daemons share the plugins by leases ([`Prepared::start_in`]).

mod daemon;
mod figures;
mod load;
pub mod logs;
mod observe;
mod plugin;
pub mod rbac;
mod replicas;
mod seat;
pub mod settings;
pub mod watches;

pub use backplane_store::lease::{Cluster, ReplicaState};
pub use daemon::{Daemon, Prepared, StartError};
