//! The store against a small API server in memory.

mod embedded;
mod events;
mod support;
mod sync;
mod writes;
