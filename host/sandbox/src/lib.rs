//! A whole platform in one process: API server, simulated cloud and stand-ins, for `backplane dev` and for tests.
//!
//! A [`World`] is self-contained: it draws names and addresses from its seed, listens where it is told to (or on
//! ports and loopback addresses of its own choice), and leaves nothing behind when it is stopped. Several live side by
//! side. It is a development part: objects live in memory and credentials are static tokens.
//!
//! ```text
//!   World ── ApiServer            kinds of deploy/ (handed in) and of `crds/`
//!         ── StandIns ──────────> one API server per tenant control plane
//!         ── Cloud ─────────────> guests that join those
//! ```
//!
//! The API server may also be somebody else's ([`ExternalCluster`]): then everything else works on that one.
//!
//! Not for: the daemon. That is somebody else's process, or task, and comes in through the front door with the
//! [kubeconfig](World::daemon_kubeconfig) made for it.

mod crds;
mod management;
mod rbac;
mod world;

pub use backplane_apiserver::Token;
pub use backplane_cloudsigma_sim::{Cloud, CloudOptions, Credentials, Fault, Rule};
pub use backplane_standins::{Delays, StandIn, UnknownStandIn};
pub use management::ExternalCluster;
pub use world::{World, WorldError, WorldOptions};
