//! Runs plugins: WebAssembly components that can do nothing but what they are given.
//!
//! The only crate that knows wasmtime. Store type, generated bindings and linkers stay in here; what goes in and out are the
//! words of [`backplane_core`]. It decides nothing about objects and makes no request of its own: reads and writes go through
//! the ports of core, HTTP goes to endpoints that somebody else configured.
//!
//! ```text
//! Engine ── load ──> Component ── describe, configure ──> (the caller decides on a grant)
//!                        │
//!                        └─ with a Context ──> Generation ── into ──> Slot: Reconciler + Machines
//! ```
//!
//! - [`Engine::load`] reads, judges, compiles and links a file and runs nothing of it; [`Component::inspection`] is what can
//!   be said so far. What the plugin says of itself needs a call, so [`Component::describe`] makes one, on an instance
//!   that has been granted nothing. `backplane plugin check` is these two.
//! - A [`Generation`] is a component under a [`Context`]: permissions, the two doors of the store, endpoints,
//!   settings, [`Limits`].
//! - A [`Slot`] is what the rooms above call. [`Slot::exchange`] puts another generation in while calls run.
//!
//! Invariants: no call is unbounded in time, memory, host calls or output; an instance that trapped is never
//! called again; guest code never sees the credential of an endpoint.

mod artefact;
mod bindings;
mod call;
mod component;
mod context;
mod contract;
mod convert;
mod declaration;
mod endpoint;
mod engine;
mod error;
mod generation;
mod imports;
mod inspection;
mod instance;
mod memory;
mod meter;
mod metrics;
mod nothing;
mod settings;
mod slot;
mod state;
mod trap;

pub use component::{Component, Export};
pub use context::{Context, Limits};
pub use endpoint::{Credential, Endpoint, EndpointError, Endpoints};
pub use engine::{Allocation, Engine};
pub use error::{DescribeError, EngineError, LoadError};
pub use generation::Generation;
pub use inspection::{Inspection, Interface};
pub use metrics::SlotMetrics;
pub use settings::EngineSettings;
pub use slot::Slot;
