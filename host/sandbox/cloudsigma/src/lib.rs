//! A simulator of the CloudSigma API 2.0: servers, drives and networks over HTTP, and guests that join Kubernetes.
//!
//! **Stands for** the CloudSigma cloud (`https://<site>.cloudsigma.com/api/2.0/`) together with what runs inside its
//! virtual machines: cloud-init, kubeadm and the kubelet of the Kube-DC worker images. A server that reaches `running`
//! boots what its boot drive was cloned from; if that image has a kubelet, it decodes the user data in the server's
//! `meta`, finds the join configuration and joins as a Node with what that data says. It does not when the data is wrong.
//!
//! **Leaves out:** XML, Digest and cookie authentication, the OAuth impersonation endpoints (bearer tokens are accepted
//! if the options list them), uploads and downloads, the websocket, remote snapshots, backup schedules, GPUs and SGX,
//! preemptible servers, virtual routers, buying subscriptions, pricing, usage records, ledger and audit log, field lists
//! of `/<kind>/schema/`, placement (`avoid`), effects of firewall policies and access lists, real SSH keys. Data is never
//! stored: a drive only remembers which image it came from. The guest's own gaps are listed in [`mod@guest`].
//!
//! There is no global state: clock, randomness and the way to reach the network are handed in, so that several clouds
//! live in one process.
//!
//! ```text
//!   request ──> http (faults, authentication, log) ──> api (paths, envelopes) ──> state (objects and their rules)
//!                                                                                   │ power on, power off
//!                                                      guest (cloud-init, kubeadm, kubelet) <──┘ ──> Kubernetes API
//! ```

mod api;
mod cloud;
mod error;
mod faults;
pub mod guest;
mod http;
mod images;
mod options;
mod requests;
mod state;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use backplane_apiserver::{Clock, Env, Random, SeededRandom, SystemClock};
pub use cloud::{Cloud, DriveView, ServerView, TagView};
pub use faults::{Fault, FaultBody, Faults, Rule, ServerFault, Target};
pub use http::serve::Serving;
pub use images::{INSTALL_MEDIUM, Image, KUBERNETES_IMAGES, PLAIN_IMAGE};
pub use options::{Addresses, CloudOptions, Credentials, Delays, Quirks};
pub use requests::{Requests, Seen};

/// Locks; what a panicking holder left behind is used as it is.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
