//! An embedded Kubernetes API server for development and tests: unpatched kubectl and kube-rs work against it.
//!
//! Objects live in memory. There is no etcd and no kubelet; Pods are stored, never run. What decides
//! about an object's content (schemas, patches, apply, tables) is `backplane-apimachinery`; this crate is everything that
//! needs time, randomness, storage or a socket. No global state: several servers live in one process.
//!
//! ```text
//!   TLS, HTTP/1.1, HTTP/2 ──┐
//!   LocalClient ────────────┴─> pipeline: authn ─> impersonation ─> authz ─> read | write | watch | discovery
//!                                                                               │  └─> admission, conversion ─> webhooks
//!              gc, namespaces, crds (tasks that follow every change) ──────> storage
//! ```

mod audit;
mod controller;
mod conversion;
mod crds;
mod env;
mod gc;
mod http;
mod local;
mod namespaces;
mod pipeline;
mod protection;
mod registry;
mod server;
mod storage;
mod tls;
mod user;
mod webhook;

pub use audit::AuditEvent;
pub use backplane_apimachinery::Status;
pub use env::{Clock, Env, Random, SeededRandom, SystemClock};
pub use http::Serving;
pub use local::{ChangeKind, LocalClient, WatchEvent};
pub use server::{ApiServer, Body, Options, Token};
pub use tls::{Authority, ServingCert, TlsError, kubeconfig};

#[cfg(test)]
mod tests;
