//! The infrastructure provider contracts of Kubernetes, written once, for every cloud.
//!
//! Today: the Cluster API infrastructure contract. [`MachineRoom`] and [`ClusterRoom`] are reconcilers like any guest's,
//! run by the same queue; where their knowledge ends they ask the plugin's `machines` ([`Machines`]). Which kinds they serve
//! and where a cloud keeps its words comes from the plugin's declaration ([`MachineKinds`]), so the next cloud needs no change
//! here. Not here: anything about a particular cloud, and how bytes travel (see `engine` and `store`).
//!
//! ```text
//!   queue ──> MachineRoom ── reads ──> Machine, Cluster, bootstrap Secret, infrastructure cluster
//!                 │ ensure / delete
//!                 ▼
//!             Machines (a plugin in a slot) ──> its cloud
//!                 │ MachineState
//!                 ▼
//!             spec.providerID, status, conditions, finalizer
//! ```
//!
//! Source: <https://cluster-api.sigs.k8s.io/developer/providers/contracts/overview>

mod bootstrap;
mod cluster;
mod contract;
mod declaration;
mod machine;
mod object;
mod related;
mod status;

pub use backplane_core::machines::{MachineKinds, Machines};
pub use cluster::ClusterRoom;
pub use declaration::{cluster_declaration, machine_declaration};
pub use machine::MachineRoom;
