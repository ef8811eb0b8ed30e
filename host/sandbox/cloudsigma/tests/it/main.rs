//! The simulator as its clients see it: through the router, through a socket, and through a guest that joins.

mod common;
mod conventions;
mod drives;
mod embedded;
mod joining;
mod kubernetes;
mod recorded;
mod servers;
mod sockets;
