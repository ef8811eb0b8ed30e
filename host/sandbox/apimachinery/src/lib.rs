//! The pure half of the embedded Kubernetes API server: values in, values out.
//!
//! Everything works on [`serde_json::Value`]; nothing here is async, reads a clock, draws random numbers or does I/O. The
//! server (HTTP, storage, watch, RBAC) is another crate; it calls this one for every decision about an object's content.
//!
//! The way of one create through this crate, as the server calls it:
//!
//! ```text
//! kind.prune(&mut obj)            unknown fields leave; their paths are the strict decoding errors
//! kind.default(&mut obj)     schema defaults, then what a built-in kind derives
//! meta::prepare_create(..)        name, generateName, uid, creationTimestamp, generation
//! kind.validate(&obj, None)       schema, metadata, and rules of the kind -> field errors -> Status::invalid
//! apply::track(None, &mut obj,..) managedFields
//! table::table(..)                what `kubectl get` prints
//! ```
//!
//! An update is the same with [`meta::prepare_update`] and the old object; a patch first makes the new object with
//! [`patch`]; server-side apply makes it with [`apply::apply`]. [`status::Status`] is every negative answer.
//!
//! Messages, reasons and causes follow kube-apiserver 1.35 as closely as clients can see.

pub mod apply;
mod builtin;
pub mod condition;
pub mod decode;
pub mod field;
mod go;
pub mod jsonpath;
pub mod kind;
pub mod meta;
pub mod openapi;
pub mod patch;
pub mod quantity;
pub mod scale;
pub mod schema;
pub mod select;
pub mod status;
pub mod table;
pub mod yaml;

pub use field::{FieldError, FieldReason};
pub use kind::ResourceKind;
pub use schema::Schema;
pub use status::Status;

#[cfg(test)]
mod testing;
