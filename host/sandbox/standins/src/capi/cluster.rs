//! Cluster: takes its two parts, copies what they say, and goes last.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::external::{self, External, Lookup};
use super::{Core, cluster_delete, is_paused, phase, words};
use crate::condition::{self, Condition};
use crate::error::Error;
use crate::kinds::{CLUSTER, Kind, MACHINE, MACHINE_DEPLOYMENT, MACHINE_SET};
use crate::object::{self, Owner};
use crate::queue::Key;
use crate::runner::{Controller, Handle, Next, key_of};

/// A referenced object that is not there is looked for this often, should its kind appear only later.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// The control loop.
pub(crate) struct Clusters {
    pub(crate) core: Core,
}

#[async_trait]
impl Controller for Clusters {
    fn name(&self) -> &'static str {
        "clusters"
    }

    fn watches(&self) -> Vec<Kind> {
        vec![CLUSTER, MACHINE_DEPLOYMENT, MACHINE_SET, MACHINE]
    }

    async fn concerns(&self, kind: &Kind, object: &Value) -> Vec<Key> {
        match kind {
            kind if *kind == CLUSTER => vec![key_of(object)],
            kind if [MACHINE_DEPLOYMENT, MACHINE_SET, MACHINE].contains(kind) => vec![super::cluster_key(object)],
            _ => external::owner_keys(object, &CLUSTER),
        }
    }

    async fn reconcile(&self, key: &Key, handle: &Handle) -> Result<Next, Error> {
        let client = &self.core.client;
        let Some(cluster) = client.get(&CLUSTER, &key.namespace, &key.name).await? else {
            self.core.tenants.forget(key);
            return Ok(Next::OnChange);
        };
        if is_paused(Some(&cluster), &cluster) {
            return Ok(Next::OnChange);
        }
        let mut changed = cluster.clone();
        let next = if object::is_deleting(&cluster) {
            cluster_delete::step(client, handle, &mut changed).await?
        } else {
            self.step(handle, &mut changed).await?
        };
        self.report(&mut changed);
        client.save(&CLUSTER, &cluster, &changed).await?;
        Ok(next)
    }
}

impl Clusters {
    async fn step(&self, handle: &Handle, cluster: &mut Value) -> Result<Next, Error> {
        if !object::has_finalizer(cluster, words::CLUSTER_FINALIZER) {
            // Nothing is made before the finalizer is there; saving wakes this again.
            object::add_finalizer(cluster, words::CLUSTER_FINALIZER);
            return Ok(Next::OnChange);
        }
        let infrastructure = external::get(&self.core.client, handle, cluster, "/spec/infrastructureRef").await?;
        let mut next = missing(&infrastructure);
        self.infrastructure(cluster, infrastructure).await?;
        let control_plane = external::get(&self.core.client, handle, cluster, "/spec/controlPlaneRef").await?;
        if missing(&control_plane) != Next::OnChange {
            next = missing(&control_plane);
        }
        self.control_plane(cluster, control_plane).await?;
        Ok(next)
    }

    async fn infrastructure(&self, cluster: &mut Value, found: Lookup) -> Result<(), Error> {
        let mut external = match found {
            Lookup::Found(external) => external,
            Lookup::Unset => {
                object::put(cluster, &["status", "infrastructureReady"], json!(true));
                condition::set(cluster, &Condition::holds("InfrastructureReady"), self.core.client.now());
                return Ok(());
            }
            Lookup::Missing => {
                object::put_default(cluster, &["status", "infrastructureReady"], json!(false));
                self.waits(cluster, "InfrastructureReady", "WaitingForInfrastructure", "");
                return Ok(());
            }
        };
        self.claim(cluster, &mut external).await?;
        let ready = object::is_true(&external.object, "/status/ready");
        object::put(cluster, &["status", "infrastructureReady"], json!(ready));
        self.mirror(cluster, &external.object, ready, "InfrastructureReady", "WaitingForInfrastructure");
        if ready {
            copy_endpoint(cluster, &external.object);
            if let Some(domains) = external.object.pointer("/status/failureDomains").filter(|d| d.is_object()) {
                object::put(cluster, &["status", "failureDomains"], domains.clone());
            }
        }
        copy_failure(cluster, &external.object);
        Ok(())
    }

    async fn control_plane(&self, cluster: &mut Value, found: Lookup) -> Result<(), Error> {
        let mut external = match found {
            Lookup::Found(external) => external,
            Lookup::Unset => return Ok(()),
            Lookup::Missing => {
                object::put_default(cluster, &["status", "controlPlaneReady"], json!(false));
                self.waits(cluster, "ControlPlaneReady", "WaitingForControlPlane", "");
                return Ok(());
            }
        };
        self.claim(cluster, &mut external).await?;
        let ready = object::is_true(&external.object, "/status/ready");
        object::put(cluster, &["status", "controlPlaneReady"], json!(ready));
        self.mirror(cluster, &external.object, ready, "ControlPlaneReady", "WaitingForControlPlane");
        copy_endpoint(cluster, &external.object);
        if object::is_true(&external.object, "/status/initialized") {
            condition::set(cluster, &Condition::holds("ControlPlaneInitialized"), self.core.client.now());
        } else if !condition::is_true(cluster, "ControlPlaneInitialized") {
            self.waits(
                cluster,
                "ControlPlaneInitialized",
                "WaitingForControlPlaneProviderInitialized",
                "Waiting for control plane provider to indicate the control plane has been initialized",
            );
        }
        copy_failure(cluster, &external.object);
        Ok(())
    }

    async fn claim(&self, cluster: &Value, external: &mut External) -> Result<(), Error> {
        if object::annotation(&external.object, words::PAUSED).is_some() || object::is_deleting(&external.object) {
            return Ok(());
        }
        external.claim(&self.core.client, cluster, object::name(cluster), Owner::Controlling).await
    }

    /// The part's `Ready` condition, or its flag where it has none.
    fn mirror(&self, cluster: &mut Value, part: &Value, ready: bool, kind: &str, waiting: &str) {
        let fallback = || if ready { Condition::holds(kind) } else { Condition::fails(kind, "Info", waiting, "") };
        let condition = condition::mirror(part, kind).unwrap_or_else(fallback);
        condition::set(cluster, &condition, self.core.client.now());
    }

    fn waits(&self, cluster: &mut Value, kind: &str, reason: &str, message: &str) {
        condition::set(cluster, &Condition::fails(kind, "Info", reason, message), self.core.client.now());
    }

    fn report(&self, cluster: &mut Value) {
        let generation = object::number(cluster, "/metadata/generation", 1);
        object::put(cluster, &["status", "observedGeneration"], json!(generation));
        condition::summarise(cluster, &["ControlPlaneReady", "InfrastructureReady"], self.core.client.now());
        let phase = phase::cluster(cluster);
        object::put(cluster, &["status", "phase"], json!(phase));
    }
}

fn missing(found: &Lookup) -> Next {
    match found {
        Lookup::Missing => Next::After(LOOK_AGAIN),
        _ => Next::OnChange,
    }
}

/// The endpoint of a part becomes the Cluster's if that has none.
fn copy_endpoint(cluster: &mut Value, part: &Value) {
    if !phase::has_endpoint(cluster) && phase::has_endpoint(part) {
        let endpoint = json!({
            "host": object::text(part, "/spec/controlPlaneEndpoint/host"),
            "port": object::number(part, "/spec/controlPlaneEndpoint/port", 0),
        });
        object::put(cluster, &["spec", "controlPlaneEndpoint"], endpoint);
    }
}

/// A failure that a part says nothing heals is the owner's too.
pub(super) fn copy_failure(owner: &mut Value, part: &Value) {
    for member in ["failureReason", "failureMessage"] {
        let value = object::text(part, &format!("/status/{member}"));
        if !value.is_empty() {
            object::put(owner, &["status", member], json!(value));
        }
    }
}
