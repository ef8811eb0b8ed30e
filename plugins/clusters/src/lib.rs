//! Reconciles `KdcCluster` and `KdcClusterDatastore`: managed Kubernetes clusters with a hosted control plane and pools
//! of workers from several clouds at once.
//!
//! ```text
//!   cluster, datastore   read ──> decide (pure) ──> act      one story per kind; decisions know no SDK call
//!   api                  objects as they are read
//!   plan, intent, act    what is to be written, its head, the writing
//!   names, kinds         what everything is called
//!   version, quantity, cidr, refusal, settings               words
//! ```
//!
//! Every look decides the whole intent anew and applies it; the host answers what has not changed without asking the
//! API server. What is absent: reading an object to write it back, taking over objects of others, touching machines
//! (Cluster API and the providers do).

mod act;
mod api;
mod cidr;
mod cluster;
mod datastore;
mod declare;
mod intent;
mod kinds;
mod names;
mod plan;
mod quantity;
mod refusal;
mod settings;
mod version;

#[cfg(test)]
mod schema;
#[cfg(test)]
mod world;

use backplane_sdk::{Cluster, Controller, Declaration, Request, Response, Result};

/// The plugin.
struct Clusters;

impl Controller for Clusters {
    fn declare() -> Declaration {
        declare::declaration()
    }

    fn configure(settings: &[u8]) -> Result<(), String> {
        backplane_sdk::settings::parse(settings).and_then(|settings| settings::judge(&settings))
    }

    fn reconcile(request: &Request, cluster: &Cluster) -> Result<Response> {
        let settings = backplane_sdk::settings::get()?;
        if request.object.kind.kind == kinds::KDC_DATASTORE.kind {
            datastore::reconcile(&request.object, &settings, cluster)
        } else {
            cluster::reconcile(&request.object, &settings, cluster)
        }
    }
}

backplane_sdk::export_controller!(Clusters);
