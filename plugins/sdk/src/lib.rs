//! Write Backplane plugins in Rust.
//!
//! A plugin is a WebAssembly component that the daemon calls. This crate turns the contract in `wit/` into plain synchronous
//! Rust: a function gets an object, reads and writes through [`Cluster`], calls clouds through [`http`], and says what comes
//! next with an [`Outcome`]. The host suspends the guest while it waits.
//!
//! ```text
//!   your function ──> Cluster ──> backplane:store, backplane:cluster        (in a component: `guest`)
//!                 ──> http    ──> wasi:http, named endpoints only
//!                 ──> log, settings
//!                          └────> testing: the same doors in memory         (natively, in unit tests)
//! ```
//!
//! What is absent: the network beyond granted endpoints, files, the environment, threads, credentials. Nothing survives a
//! call except what was written into objects.

extern crate self as backplane_sdk;

pub mod clock;
pub mod cluster;
mod controller;
mod declare;
mod error;
pub mod http;
pub mod kinds;
pub mod log;
pub mod machines;
mod meta;
mod object;
mod outcome;
mod query;
pub mod random;
mod refs;
pub mod settings;
#[doc(hidden)]
pub mod simple;

#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod guest;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use cluster::{Cluster, Written};
pub use controller::{Controller, Request};
pub use declare::{Declaration, Read, Verb, Wake, Write};
pub use error::{Error, Result};
pub use machines::MachineProvider;
pub use meta::{ObjectMeta, OwnerReference};
pub use object::{Identify, Obj, Object};
pub use outcome::{Condition, Event, EventType, Outcome, Response, Severity, Status};
pub use query::Query;
pub use refs::{Key, Kind, ObjectRef};

pub use backplane_sdk_macros::{Object, reconciler};

/// Everything a plugin usually needs: `use backplane_sdk::prelude::*;`.
pub mod prelude {
    pub use std::time::Duration;

    pub use serde::{Deserialize, Serialize};
    pub use serde_json::{Value, json};

    pub use crate::kinds::{ConfigMap, Deployment, Secret, Service};
    pub use crate::{Cluster, Condition, Controller, Declaration, Error, Event, Identify, Key, Kind, Obj, Object};
    pub use crate::{ObjectMeta, ObjectRef, Outcome, OwnerReference, Query, Read, Request, Response, Result};
    pub use crate::{Verb, Wake};
    pub use crate::{http, log, reconciler, refuse, settings};
}
