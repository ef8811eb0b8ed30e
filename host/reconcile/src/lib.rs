//! Brings objects to the state they ask for: one [`Controller`] per plugin or room.
//!
//! ```text
//!   store changes ──> wakes ──> queue ──> worker ──> Reconciler (a guest's slot, or a room of the host)
//!                                 ^          └──> outcome: conditions, events, metrics, when to look again
//!                                 └── timers, back-off ──┘
//! ```
//!
//! [`Controller::new`] takes the plugin's permissions (with its declaration), a
//! [`backplane_core::reconcile::Reconciler`] and a [`backplane_core::ports::Writes`] for conditions and events;
//! [`Controller::run`] works until it is cancelled and then lets running calls finish. [`Handle`] asks for another look
//! from outside, at one object or, after a swap, at all.
//!
//! Whom a change concerns is decided from the declaration and the store's indexes alone, never by a call into a guest.
//! Nothing here knows wasm or HTTP. A reconcile that fails, traps or panics costs its object a condition and a
//! back-off, never the daemon.

mod condition;
mod controller;
mod metrics;
mod options;
mod outcome;
mod queue;
mod status;
mod wakes;
mod worker;

pub use controller::{Controller, Handle};
pub use metrics::Metrics;
pub use options::{Clock, Conditions, Options, StatusStyle};
