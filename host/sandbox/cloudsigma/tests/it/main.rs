//! The simulator as its clients see it: through the router, through a socket, and through a guest that joins.

#![expect(clippy::unwrap_used, reason = "a broken fixture fails its test")]

mod common;
mod conventions;
mod drives;
mod embedded;
mod joining;
mod kubernetes;
mod recorded;
mod servers;
mod sockets;
