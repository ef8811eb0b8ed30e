//! The store against a small API server in memory.

mod embedded;
mod events;
mod interleave;
mod support;
mod sync;
mod writes;
