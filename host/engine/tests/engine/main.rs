//! The engine with real components: the small guests of `tests/guests`, which `cargo xtask guests` builds.

mod answers;
mod artefacts;
mod budgets;
mod http;
mod lines;
mod loading;
mod slots;
mod support;
