//! MachineSet: as many Machines as asked for, each with its two clones.

use async_trait::async_trait;
use futures::future::join_all;
use serde_json::{Value, json};

use super::cluster_delete::delete;
use super::{Core, is_paused, replicas, set_create, words};
use crate::condition::{self, Condition};
use crate::error::Error;
use crate::kinds::{CLUSTER, Kind, MACHINE, MACHINE_DEPLOYMENT, MACHINE_SET};
use crate::object::{self, Owner};
use crate::queue::Key;
use crate::runner::{Controller, Handle, Next, key_of, key_of_controller};

/// The control loop.
pub(crate) struct Sets {
    pub(crate) core: Core,
}

#[async_trait]
impl Controller for Sets {
    fn name(&self) -> &'static str {
        "machinesets"
    }

    fn watches(&self) -> Vec<Kind> {
        vec![MACHINE_SET, MACHINE, CLUSTER]
    }

    async fn concerns(&self, kind: &Kind, object: &Value) -> Vec<Key> {
        match kind {
            kind if *kind == MACHINE_SET => vec![key_of(object)],
            kind if *kind == MACHINE => key_of_controller(object, &MACHINE_SET).into_iter().collect(),
            _ => self.core.of_cluster(&MACHINE_SET, object).await,
        }
    }

    async fn reconcile(&self, key: &Key, _handle: &Handle) -> Result<Next, Error> {
        let client = &self.core.client;
        let Some(set) = client.get(&MACHINE_SET, &key.namespace, &key.name).await? else { return Ok(Next::OnChange) };
        let cluster = self.core.cluster_of(&set).await?;
        if is_paused(cluster.as_ref(), &set) {
            return Ok(Next::OnChange);
        }
        let mut machines = client.list(&MACHINE, &key.namespace, "").await?;
        machines.retain(|machine| object::is_controlled_by(machine, &set));
        if object::is_deleting(&set) {
            return self.delete(&set, &machines).await;
        }
        let Some(cluster) = cluster else { return Ok(Next::OnChange) };
        let set = self.prepare(&set, &cluster).await?;
        self.carry_over(&set, &machines).await?;
        let made = self.resize(&set, &machines).await;
        let next = self.report(&set, &made).await?;
        made.map(|()| next)
    }
}

impl Sets {
    async fn delete(&self, set: &Value, machines: &[Value]) -> Result<Next, Error> {
        for machine in machines {
            delete(&self.core.client, &MACHINE, machine).await?;
        }
        if machines.is_empty() {
            let mut changed = set.clone();
            object::remove_finalizer(&mut changed, words::SET_FINALIZER);
            self.core.client.save(&MACHINE_SET, set, &changed).await?;
        }
        Ok(Next::OnChange)
    }

    async fn prepare(&self, set: &Value, cluster: &Value) -> Result<Value, Error> {
        let mut changed = set.clone();
        object::add_finalizer(&mut changed, words::SET_FINALIZER);
        object::set_label(&mut changed, words::CLUSTER_NAME, object::name(cluster));
        if object::owner_of_kind(&changed, words::GROUP, &MACHINE_DEPLOYMENT.kind).is_none() {
            object::set_owner(&mut changed, cluster, Owner::Plain);
            self.core.claim_templates(&changed, "/spec/template/spec", cluster).await?;
        }
        Ok(self.core.client.save(&MACHINE_SET, set, &changed).await?)
    }

    /// Labels, annotations and timeouts of the template go to the Machines that exist and to their clones.
    async fn carry_over(&self, set: &Value, machines: &[Value]) -> Result<(), Error> {
        for machine in machines.iter().filter(|machine| !object::is_deleting(machine)) {
            let mut changed = machine.clone();
            set_create::mark_machine(set, &mut changed);
            self.core.client.save(&MACHINE, machine, &changed).await?;
            for pointer in ["/spec/infrastructureRef", "/spec/bootstrap/configRef"] {
                let Some(kind) = machine.pointer(pointer).and_then(Kind::of_reference) else { continue };
                let name = object::text(machine, &format!("{pointer}/name"));
                let found = self.core.client.get(&kind, object::namespace(machine), name).await?;
                let Some(clone) = found.filter(|clone| !object::is_deleting(clone)) else { continue };
                let mut changed = clone.clone();
                set_create::mark_clone(set, &mut changed);
                self.core.client.save(&kind, &clone, &changed).await?;
            }
        }
        Ok(())
    }

    async fn resize(&self, set: &Value, machines: &[Value]) -> Result<(), Error> {
        let wanted = usize::try_from(object::number(set, "/spec/replicas", 1)).unwrap_or_default();
        if machines.len() < wanted {
            if object::annotation(set, words::DISABLE_CREATE).is_some() {
                return Ok(());
            }
            let missing = (machines.len()..wanted).map(|_| set_create::create(&self.core.client, set));
            // All are seen through to their end: one that fails takes its own clones back, not those of the others.
            join_all(missing).await.into_iter().collect::<Result<(), Error>>()?;
        }
        let nodes = self.nodes(set).await?;
        for machine in replicas::surplus(set, machines, &nodes) {
            delete(&self.core.client, &MACHINE, machine).await?;
        }
        Ok(())
    }

    /// The cluster's Nodes; none while it does not answer, which makes every Machine look unhealthy, as for Cluster
    /// API.
    async fn nodes(&self, set: &Value) -> Result<Vec<Value>, Error> {
        Ok(self.core.nodes(&super::cluster_key(set)).await?.unwrap_or_default())
    }

    async fn report(&self, set: &Value, made: &Result<(), Error>) -> Result<Next, Error> {
        let client = &self.core.client;
        let namespace = object::namespace(set);
        let Some(fresh) = client.get(&MACHINE_SET, namespace, object::name(set)).await? else {
            return Ok(Next::OnChange);
        };
        let mut machines = client.list(&MACHINE, namespace, "").await?;
        machines.retain(|machine| object::is_controlled_by(machine, set));
        let now = client.now();
        let counts = replicas::count(set, &machines, &self.nodes(set).await?, now);
        let mut changed = fresh.clone();
        for (member, value) in [
            ("observedGeneration", object::number(set, "/metadata/generation", 1)),
            ("replicas", counts.replicas),
            ("fullyLabeledReplicas", counts.labelled),
            ("readyReplicas", counts.ready),
            ("availableReplicas", counts.available),
        ] {
            object::put(&mut changed, &["status", member], json!(value));
        }
        let selector = object::selector_text(&set["spec"]["selector"]);
        object::put(&mut changed, &["status", "selector"], json!(selector));
        conditions(&mut changed, &machines, made, now);
        client.save(&MACHINE_SET, &fresh, &changed).await?;
        let next = counts.next.and_then(|seconds| u64::try_from(seconds).ok());
        Ok(next.map_or(Next::OnChange, |seconds| Next::After(std::time::Duration::from_secs(seconds))))
    }
}

fn conditions(set: &mut Value, machines: &[Value], made: &Result<(), Error>, now: jiff::Timestamp) {
    let created = match made {
        Ok(()) => Condition::holds("MachinesCreated"),
        Err(error) => Condition::fails("MachinesCreated", "Error", "MachineCreationFailed", error.chain()),
    };
    condition::set(set, &created, now);
    let wanted = object::number(set, "/spec/replicas", 1);
    let have = i64::try_from(machines.len()).unwrap_or(i64::MAX);
    let resized = match have.cmp(&wanted) {
        std::cmp::Ordering::Equal => Condition::holds("Resized"),
        std::cmp::Ordering::Less => resizing("ScalingUp", "up", wanted, have),
        std::cmp::Ordering::Greater => resizing("ScalingDown", "down", wanted, have),
    };
    condition::set(set, &resized, now);
    let ready = machines.iter().filter(|machine| condition::is_true(machine, "Ready")).count();
    let all = match machines.iter().find(|machine| !condition::is_true(machine, "Ready")) {
        None => Condition::holds("MachinesReady"),
        Some(machine) => {
            let reason = condition::get(machine, "Ready").map_or("", |c| object::text(c, "/reason"));
            let reason = if reason.is_empty() { "WaitingForMachines" } else { reason };
            let message = format!("{ready} of {have} completed");
            Condition::fails("MachinesReady", "Info", &format!("{reason} @ Machine/{}", object::name(machine)), message)
        }
    };
    condition::set(set, &all, now);
    condition::summarise(set, &["MachinesCreated", "Resized", "MachinesReady"], now);
}

fn resizing(reason: &str, way: &str, wanted: i64, have: i64) -> Condition {
    let message = format!("Scaling {way} MachineSet to {wanted} replicas (actual {have})");
    Condition::fails("Resized", "Warning", reason, message)
}
