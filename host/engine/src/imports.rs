//! What a guest may call. Each interface has a file; the linker here holds exactly the interfaces that
//! [`crate::contract`] lists.

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings;
use crate::state::State;

pub(crate) mod cluster;
pub(crate) mod http;
pub(crate) mod logging;
pub(crate) mod settings;
pub(crate) mod status;
pub(crate) mod stdio;
pub(crate) mod store;
mod wasi;

/// A linker with every import that exists.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    store::add(&mut linker)?;
    bindings::cluster::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    bindings::settings::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    bindings::status::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    bindings::logging::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    wasi::add(&mut linker)?;
    Ok(linker)
}

impl bindings::types::Host for State {}
