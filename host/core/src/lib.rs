//! Types and decisions that every room shares.
//!
//! Values in, values out: nothing here knows `kube`, wasmtime, a socket or a clock, so its tests need none of them.
//! The rooms above meet through the ports of this crate ([`ports`]): the engine asks a [`ports::Reads`] for bytes
//! without knowing the store, and the queue runs a [`reconcile::Reconciler`] without knowing whether it is a guest.

pub mod call;
pub mod condition;
pub mod declaration;
pub mod error;
pub mod grant;
pub mod machines;
pub mod object;
pub mod ports;
pub mod reconcile;
pub mod selector;

pub use call::{CallError, Retry};
pub use declaration::Declaration;
pub use error::{BoxError, ErrorChain};
pub use grant::Grant;
pub use object::{Kind, ObjectKey, ObjectRef};
pub use selector::Selector;
