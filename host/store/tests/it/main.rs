//! The store against a small API server in memory.

mod embedded;
mod events;
mod interleave;
mod leases;
mod support;
mod sync;
mod writes;
