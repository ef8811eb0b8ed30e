//! The CloudSigma integration guide: nine steps, each with what it does and what must hold afterwards.
//!
//! ```text
//!   1 apply   2 phases   3 objects   4 tenant nodes   5 scale   6 add pool   7 remove pool   8 mixed cluster   9 delete
//! ```

mod create;
mod delete;
mod inspect;
mod manifest;
mod mixed;
mod pools;
mod settled;
mod tenant;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;

use crate::cloud::CloudView;
use crate::driver::Driver;

pub use manifest::{cluster_manifest, mixed_manifest};

/// Name of the guide's cluster.
pub const CLUSTER: &str = "test-cluster";
/// Its first pool.
pub const POOL: &str = "test-workers";
/// The pool that step 6 adds.
pub const BIG_POOL: &str = "high-memory";
/// The cluster of step 8.
pub const MIXED: &str = "mixed";
/// Where everything lives.
pub const NAMESPACE: &str = "default";
/// The version of the guide.
pub const VERSION: &str = "v1.34.0";

/// Somebody who follows the guide.
pub struct Guide {
    /// Types the commands.
    pub driver: Driver,
    /// Watches phases, whatever types the commands.
    pub client: kube::Client,
    /// Looks into the cloud.
    pub cloud: CloudView,
    /// An image of that cloud whose Kubernetes is [`VERSION`].
    pub image: String,
    /// Longest wait for any one condition.
    pub limit: Duration,
    /// Where kubeconfigs of tenants may be written.
    pub folder: PathBuf,
    /// Phases that the cluster went through, in order.
    pub phases: Arc<Mutex<Vec<String>>>,
}

/// One step.
pub struct Step {
    /// Its number in the guide.
    pub number: u32,
    /// What it is about.
    pub title: &'static str,
    /// What one would type.
    pub command: &'static str,
    run: for<'a> fn(&'a Guide) -> BoxFuture<'a, Result<()>>,
}

impl Step {
    /// Does the step and checks what must hold afterwards.
    ///
    /// # Errors
    /// What was expected and what was seen.
    pub async fn run(&self, guide: &Guide) -> Result<()> {
        (self.run)(guide).await
    }
}

/// The steps, in order. Each relies on those before it.
pub fn steps() -> Vec<Step> {
    vec![
        Step {
            number: 1,
            title: "apply the KdcCluster",
            command: "kubectl apply -f test-cluster.yaml",
            run: |guide| Box::pin(create::apply(guide)),
        },
        Step {
            number: 2,
            title: "phases up to Ready",
            command: "kubectl get kdccluster test-cluster -w",
            run: |guide| Box::pin(create::phases(guide)),
        },
        Step {
            number: 3,
            title: "objects, conditions, events",
            command: "kubectl get machinedeployment,machines,cloudsigmamachines",
            run: |guide| Box::pin(inspect::objects(guide)),
        },
        Step {
            number: 4,
            title: "nodes of the tenant",
            command: "kubectl --kubeconfig tenant.conf get nodes",
            run: |guide| Box::pin(tenant::nodes(guide)),
        },
        Step {
            number: 5,
            title: "scale to 4, then to 1",
            command: "kubectl patch kdccluster test-cluster --type json -p '[{op: replace, path: /spec/workers/0/replicas …}]'",
            run: |guide| Box::pin(pools::scale(guide)),
        },
        Step {
            number: 6,
            title: "add pool high-memory",
            command: "kubectl patch kdccluster test-cluster --type json -p '[{op: add, path: /spec/workers/- …}]'",
            run: |guide| Box::pin(pools::add(guide)),
        },
        Step {
            number: 7,
            title: "remove pool test-workers",
            command: "kubectl patch kdccluster test-cluster --type json -p '[{op: remove, path: /spec/workers/0}]'",
            run: |guide| Box::pin(pools::remove(guide)),
        },
        Step {
            number: 8,
            title: "a mixed cluster",
            command: "kubectl apply -f mixed.yaml",
            run: |guide| Box::pin(mixed::mixed(guide)),
        },
        Step {
            number: 9,
            title: "delete, nothing left",
            command: "kubectl delete kdccluster test-cluster",
            run: |guide| Box::pin(delete::delete(guide)),
        },
    ]
}
