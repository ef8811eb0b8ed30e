//! Machine: takes over its bootstrap and infrastructure objects, copies what they say, and finds its Node.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::cluster::{LOOK_AGAIN, copy_failure};
use super::external::{self, External, Lookup};
use super::{Core, cluster_key, is_paused, machine_delete, node, phase, words};
use crate::condition::{self, Condition};
use crate::error::Error;
use crate::kinds::{CLUSTER, Kind, MACHINE};
use crate::object::{self, Owner};
use crate::queue::Key;
use crate::runner::{Controller, Handle, Next, key_of};

/// The control loop.
pub(crate) struct Machines {
    pub(crate) core: Core,
}

#[async_trait]
impl Controller for Machines {
    fn name(&self) -> &'static str {
        "machines"
    }

    fn watches(&self) -> Vec<Kind> {
        vec![MACHINE, CLUSTER]
    }

    async fn concerns(&self, kind: &Kind, object: &Value) -> Vec<Key> {
        match kind {
            kind if *kind == MACHINE => vec![key_of(object)],
            kind if *kind == CLUSTER => self.core.of_cluster(&MACHINE, object).await,
            // A clone is named like its Machine, also before the Machine is its owner.
            _ => external::owner_keys(object, &MACHINE).into_iter().chain([key_of(object)]).collect(),
        }
    }

    async fn reconcile(&self, key: &Key, handle: &Handle) -> Result<Next, Error> {
        let client = &self.core.client;
        let Some(machine) = client.get(&MACHINE, &key.namespace, &key.name).await? else { return Ok(Next::OnChange) };
        let cluster = self.core.cluster_of(&machine).await?;
        if is_paused(cluster.as_ref(), &machine) {
            return Ok(Next::OnChange);
        }
        let mut changed = machine.clone();
        let next = if object::is_deleting(&machine) {
            machine_delete::step(&self.core, handle, cluster.as_ref(), &mut changed).await?
        } else {
            let Some(cluster) = cluster else { return Ok(Next::After(LOOK_AGAIN)) };
            self.step(handle, &cluster, &mut changed).await?
        };
        self.report(&machine, &mut changed);
        client.save(&MACHINE, &machine, &changed).await?;
        Ok(next)
    }
}

impl Machines {
    async fn step(&self, handle: &Handle, cluster: &Value, machine: &mut Value) -> Result<Next, Error> {
        object::add_finalizer(machine, words::MACHINE_FINALIZER);
        object::set_label(machine, words::CLUSTER_NAME, object::name(cluster));
        if object::controller(machine).is_none() {
            object::set_owner(machine, cluster, Owner::Plain);
        }
        let bootstrap = external::get(&self.core.client, handle, machine, "/spec/bootstrap/configRef").await?;
        let next = self.bootstrap(machine, bootstrap).await?;
        let infrastructure = external::get(&self.core.client, handle, machine, "/spec/infrastructureRef").await?;
        let next = later(next, self.infrastructure(machine, infrastructure).await?);
        self.node(machine).await?;
        Ok(next)
    }

    async fn bootstrap(&self, machine: &mut Value, found: Lookup) -> Result<Next, Error> {
        let given = !object::text(machine, "/spec/bootstrap/dataSecretName").is_empty();
        let mut external = match found {
            // Data that was given by hand needs no bootstrap object.
            Lookup::Unset if given => {
                object::put(machine, &["status", "bootstrapReady"], json!(true));
                self.set(machine, Condition::holds("BootstrapReady"));
                return Ok(Next::OnChange);
            }
            Lookup::Unset | Lookup::Missing => {
                self.waits(machine, "BootstrapReady", "WaitingForDataSecret");
                return Ok(Next::After(LOOK_AGAIN));
            }
            Lookup::Found(external) => external,
        };
        if !self.claim(machine, &mut external).await? {
            return Ok(Next::OnChange);
        }
        let ready = object::is_true(&external.object, "/status/ready");
        self.mirror(machine, &external.object, ready, "BootstrapReady", "WaitingForDataSecret");
        copy_failure(machine, &external.object);
        let secret = object::text(&external.object, "/status/dataSecretName");
        if ready && !secret.is_empty() {
            object::put(machine, &["spec", "bootstrap", "dataSecretName"], json!(secret));
            object::put(machine, &["status", "bootstrapReady"], json!(true));
        }
        Ok(Next::OnChange)
    }

    async fn infrastructure(&self, machine: &mut Value, found: Lookup) -> Result<Next, Error> {
        let Lookup::Found(mut external) = found else {
            if object::is_true(machine, "/status/infrastructureReady") {
                // It was there and has gone: nothing brings the same server back.
                object::put(machine, &["status", "failureReason"], json!("InvalidConfiguration"));
                let message = "Machine infrastructure resource has been deleted after being ready";
                object::put(machine, &["status", "failureMessage"], json!(message));
            }
            self.waits(machine, "InfrastructureReady", "WaitingForInfrastructure");
            return Ok(Next::After(LOOK_AGAIN));
        };
        if !self.claim(machine, &mut external).await? {
            return Ok(Next::OnChange);
        }
        let part = &external.object;
        let ready = object::is_true(part, "/status/ready");
        self.mirror(machine, part, ready, "InfrastructureReady", "WaitingForInfrastructure");
        copy_failure(machine, part);
        object::put(machine, &["status", "infrastructureReady"], json!(ready));
        if !ready {
            return Ok(Next::OnChange);
        }
        let id = object::text(part, "/spec/providerID");
        if id.is_empty() {
            let name = object::name(part);
            return Err(Error::Object(format!("{} {name} is ready and has no providerID", external.kind.kind)));
        }
        object::put(machine, &["spec", "providerID"], json!(id));
        if let Some(addresses) = part.pointer("/status/addresses") {
            object::put(machine, &["status", "addresses"], addresses.clone());
        }
        if let Some(domain) = part.pointer("/spec/failureDomain") {
            object::put(machine, &["spec", "failureDomain"], domain.clone());
        }
        Ok(Next::OnChange)
    }

    /// Takes the object over; `false` if it is paused and to be left alone.
    async fn claim(&self, machine: &Value, external: &mut External) -> Result<bool, Error> {
        if object::annotation(&external.object, words::PAUSED).is_some() {
            return Ok(false);
        }
        if !object::is_deleting(&external.object) {
            let cluster = object::text(machine, "/spec/clusterName").to_owned();
            external.claim(&self.core.client, machine, &cluster, Owner::Controlling).await?;
        }
        Ok(true)
    }

    async fn node(&self, machine: &mut Value) -> Result<(), Error> {
        let now = self.core.client.now();
        if object::text(machine, "/spec/providerID").is_empty() {
            self.waits(machine, "NodeHealthy", "WaitingForNodeRef");
            return Ok(());
        }
        let key = cluster_key(machine);
        let Some(nodes) = self.core.nodes(&key).await? else {
            self.waits(machine, "NodeHealthy", "WaitingForNodeRef");
            return Ok(());
        };
        let Some(node) = node::matching(machine, &nodes) else {
            let condition = match object::text(machine, "/status/nodeRef/name") {
                "" => Condition::fails(
                    "NodeHealthy",
                    "Warning",
                    "NodeProvisioning",
                    "Waiting for a node with matching ProviderID to exist",
                ),
                name => Condition::fails("NodeHealthy", "Error", "NodeNotFound", format!("Node {name} does not exist")),
            };
            condition::set(machine, &condition, now);
            return Ok(());
        };
        node::refer(machine, node);
        condition::set(machine, &node::health(node), now);
        if let Some(patch) = node::marks(machine, node)
            && let Some(tenant) = self.core.tenants.tenant(&key).await?
        {
            tenant.patch(&crate::kinds::NODE, node, &patch).await?;
        }
        Ok(())
    }

    fn set(&self, machine: &mut Value, condition: Condition) {
        condition::set(machine, &condition, self.core.client.now());
    }

    fn waits(&self, machine: &mut Value, kind: &str, reason: &str) {
        self.set(machine, Condition::fails(kind, "Info", reason, ""));
    }

    fn mirror(&self, machine: &mut Value, part: &Value, ready: bool, kind: &str, waiting: &str) {
        let fallback = || if ready { Condition::holds(kind) } else { Condition::fails(kind, "Info", waiting, "") };
        self.set(machine, condition::mirror(part, kind).unwrap_or_else(fallback));
    }

    fn report(&self, before: &Value, machine: &mut Value) {
        let generation = object::number(machine, "/metadata/generation", 1);
        object::put(machine, &["status", "observedGeneration"], json!(generation));
        let summary = ["InfrastructureReady", "BootstrapReady", "DrainingSucceeded"];
        condition::summarise(machine, &summary, self.core.client.now());
        let phase = phase::machine(machine);
        if object::text(before, "/status/phase") != phase {
            object::put(machine, &["status", "phase"], json!(phase));
            let now = condition::instant(self.core.client.now());
            object::put(machine, &["status", "lastUpdated"], json!(now));
        }
    }
}

fn later(one: Next, other: Next) -> Next {
    if one == Next::OnChange { other } else { one }
}
