//! The shared watch cache, and the only reader and writer of the API server.
//!
//! ```text
//!   API server ──watch──> watcher ──> replica (versions) ──> table (bytes, indexes) ──> view ──> a plugin's reads
//!        ^                               ^    └──> changes ──> subscriptions ──> queues
//!        └──────── writer <── a plugin's writes
//!                     └── the answer ────┘  (write-through)
//! ```
//!
//! - [`Store::new`] over a [`kube::Client`]; [`Store::view`] and [`Store::writer`] give a plugin its two doors
//!   ([`backplane_core::ports::Reads`], [`backplane_core::ports::Writes`]), checked against its permissions.
//! - [`Store::declare`] and [`demands`] say what is watched: one watch per kind and selector, however many readers. A
//!   watch lives as long as somebody holds a [`Declared`] (or a [`View`]) of it.
//! - [`Store::subscribe`] tells of [`Change`]s, folded per object; [`Store::reader`] finds entries by name, owner,
//!   label and reference path, for the host itself.
//! - [`Store::elect`] and [`lease`] say which replica writes for which plugin, and keep its writes within its lease.
//! - [`Store::costs`] and [`Store::counters`] say what it all costs; [`estimate`] what one more watch would.
//!
//! Invariants: nothing is answered before the first sync; a reader never sees an object in a version older than one it
//! was shown or one it wrote itself; objects are kept as bytes and never as trees; no object is ever logged.

mod backoff;
mod cell;
mod changes;
mod counters;
mod demand;
mod discovery;
mod entry;
mod estimate;
pub mod lease;
mod options;
mod outage;
mod press;
mod rate;
mod reader;
mod replica;
mod store;
mod table;
mod transport;
mod view;
mod watcher;
mod writer;

pub use cell::{State, Watch};
pub use changes::{Change, Source, Subscription};
pub use counters::{Counters, WatchCost};
pub use demand::{Demand, demands};
pub use entry::{Entry, EntryError, Owner};
pub use estimate::{Estimate, EstimateError, estimate};
pub use options::{Clock, Options};
pub use reader::Reader;
pub use store::{Declared, Snapshot, Store};
pub use view::View;
pub use writer::{Identity, Writer};
