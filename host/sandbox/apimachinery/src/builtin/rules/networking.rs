//! Rules of Ingresses and network policies.

mod ingresses;
mod policies;

pub(super) use ingresses::ingress;
pub(super) use policies::policy;
