//! A controller over the real store and a small API server in memory.

mod conditions;
mod many;
mod own_writes;
mod setup;
mod wakes;
mod work;

#[path = "../../../store/tests/it/support/mod.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest")]
mod support;
