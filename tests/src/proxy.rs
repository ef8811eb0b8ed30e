//! What can stand between a program and an API server, and misbehave.
//!
//! ```text
//!   program ──TLS──> Wire ──the same bytes──> Gate ──TLS──> API server
//!                    resets, stalls,          answers 429, 500, 503 itself,
//!                    truncates, slows         counts requests
//! ```
//!
//! [`Wire`] passes bytes and understands none of them; [`Gate`] ends TLS with a certificate of its own. Each can be used alone.

mod gate;
mod wire;

pub use gate::{Counts, Gate, Policy};
pub use wire::{Way, Wire};
