//! MachineDeployment: keeps one MachineSet for its present template and shrinks the older ones.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::cluster_delete::delete;
use super::rollout::{SetSize, Wanted, rolling_update};
use super::{Core, cluster_key, is_paused, phase, template, words};
use crate::condition::{self, Condition};
use crate::error::Error;
use crate::kinds::{CLUSTER, Kind, MACHINE_DEPLOYMENT, MACHINE_SET};
use crate::object::{self, Owner};
use crate::queue::Key;
use crate::runner::{Controller, Handle, Next, key_of, key_of_controller};

/// The control loop.
pub(crate) struct Deployments {
    pub(crate) core: Core,
}

#[async_trait]
impl Controller for Deployments {
    fn name(&self) -> &'static str {
        "machinedeployments"
    }

    fn watches(&self) -> Vec<Kind> {
        vec![MACHINE_DEPLOYMENT, MACHINE_SET, CLUSTER]
    }

    async fn concerns(&self, kind: &Kind, object: &Value) -> Vec<Key> {
        match kind {
            kind if *kind == MACHINE_DEPLOYMENT => vec![key_of(object)],
            kind if *kind == MACHINE_SET => key_of_controller(object, &MACHINE_DEPLOYMENT).into_iter().collect(),
            _ => self.core.of_cluster(&MACHINE_DEPLOYMENT, object).await,
        }
    }

    async fn reconcile(&self, key: &Key, _handle: &Handle) -> Result<Next, Error> {
        let client = &self.core.client;
        let Some(deployment) = client.get(&MACHINE_DEPLOYMENT, &key.namespace, &key.name).await? else {
            return Ok(Next::OnChange);
        };
        let cluster = self.core.cluster_of(&deployment).await?;
        if is_paused(cluster.as_ref(), &deployment) {
            return Ok(Next::OnChange);
        }
        let sets = self.sets(&deployment).await?;
        if object::is_deleting(&deployment) {
            return self.delete(&deployment, &sets).await;
        }
        let Some(cluster) = cluster else { return Ok(Next::OnChange) };
        let mut changed = deployment.clone();
        default(&mut changed, &cluster);
        let changed = client.save(&MACHINE_DEPLOYMENT, &deployment, &changed).await?;
        self.core.claim_templates(&changed, "/spec/template/spec", &cluster).await?;
        let sets = self.roll(&changed, sets).await?;
        self.report(&changed, &sets).await?;
        Ok(Next::OnChange)
    }
}

/// What Cluster API's webhook defaults, and the owner.
fn default(deployment: &mut Value, cluster: &Value) {
    let (name, cluster_name) = (object::name(deployment).to_owned(), object::name(cluster).to_owned());
    object::add_finalizer(deployment, words::DEPLOYMENT_FINALIZER);
    object::set_owner(deployment, cluster, Owner::Plain);
    let replicas = replicas_from_autoscaler(deployment);
    object::put_default(deployment, &["spec", "replicas"], json!(replicas));
    for (path, value) in [
        (&["minReadySeconds"][..], json!(0)),
        (&["revisionHistoryLimit"], json!(1)),
        (&["progressDeadlineSeconds"], json!(600)),
        (&["strategy", "type"], json!("RollingUpdate")),
    ] {
        object::put_default(deployment, &[&["spec"], path].concat(), value);
    }
    if object::text(deployment, "/spec/strategy/type") == "RollingUpdate" {
        object::put_default(deployment, &["spec", "strategy", "rollingUpdate", "maxSurge"], json!(1));
        object::put_default(deployment, &["spec", "strategy", "rollingUpdate", "maxUnavailable"], json!(0));
    }
    if object::selector_text(&deployment["spec"]["selector"]).is_empty() {
        for at in [&["selector", "matchLabels"][..], &["template", "metadata", "labels"]] {
            object::put(deployment, &[&["spec"], at, &[words::DEPLOYMENT_NAME]].concat(), json!(name));
        }
    }
    for at in
        [&["metadata", "labels"][..], &["spec", "selector", "matchLabels"], &["spec", "template", "metadata", "labels"]]
    {
        object::put(deployment, &[at, &[words::CLUSTER_NAME]].concat(), json!(cluster_name));
    }
    let version = object::text(deployment, "/spec/template/spec/version").to_owned();
    if !version.is_empty() && !version.starts_with('v') {
        object::put(deployment, &["spec", "template", "spec", "version"], json!(format!("v{version}")));
    }
}

fn replicas_from_autoscaler(deployment: &Value) -> i64 {
    let bound = |key| object::annotation(deployment, key).and_then(|n| n.parse::<i64>().ok());
    match (bound(words::SCALE_MIN), bound(words::SCALE_MAX)) {
        (Some(min), Some(_)) => min,
        _ => 1,
    }
}

impl Deployments {
    async fn sets(&self, deployment: &Value) -> Result<Vec<Value>, Error> {
        let mut sets = self.core.client.list(&MACHINE_SET, object::namespace(deployment), "").await?;
        sets.retain(|set| object::is_controlled_by(set, deployment));
        Ok(sets)
    }

    async fn delete(&self, deployment: &Value, sets: &[Value]) -> Result<Next, Error> {
        for set in sets {
            delete(&self.core.client, &MACHINE_SET, set).await?;
        }
        if sets.is_empty() {
            let mut changed = deployment.clone();
            object::remove_finalizer(&mut changed, words::DEPLOYMENT_FINALIZER);
            self.core.client.save(&MACHINE_DEPLOYMENT, deployment, &changed).await?;
        }
        Ok(Next::OnChange)
    }

    /// Moves towards the present template; answers with the sets as they are then.
    async fn roll(&self, deployment: &Value, mut sets: Vec<Value>) -> Result<Vec<Value>, Error> {
        let now = condition::instant(self.core.client.now());
        let current = template::current(deployment, &sets, &now).map(|set| object::name(set).to_owned());
        let current = match current {
            Some(name) => name,
            None if object::is_true(deployment, "/spec/paused") => {
                return self.scale_newest(deployment, sets).await;
            }
            None => {
                let set = self.create(deployment, &sets).await?;
                let name = object::name(&set).to_owned();
                sets.push(set);
                name
            }
        };
        self.carry_over(deployment, &mut sets, &current).await?;
        if object::is_true(deployment, "/spec/paused") {
            return self.scale_newest(deployment, sets).await;
        }
        self.resize(deployment, &mut sets, &current).await?;
        self.forget_old(deployment, &mut sets, &current).await?;
        Ok(sets)
    }

    async fn create(&self, deployment: &Value, sets: &[Value]) -> Result<Value, Error> {
        let revisions = sets.iter().filter_map(|set| object::annotation(set, words::REVISION)?.parse::<i64>().ok());
        let revision = revisions.max().unwrap_or_default() + 1;
        let nothing = SetSize { name: String::new(), spec: 0, available: 0 };
        let old: Vec<SetSize> = template::by_age(sets).into_iter().map(SetSize::of).collect();
        let first = rolling_update(Wanted::of(deployment), &nothing, &old);
        let replicas = first.iter().find(|(name, _)| name.is_empty()).map_or(0, |(_, replicas)| *replicas);
        let set = template::new_set(deployment, &self.core.client.suffix(), revision, replicas);
        let set = self.core.client.create(&set).await?;
        let mut changed = deployment.clone();
        object::set_annotation(&mut changed, words::REVISION, &revision.to_string());
        self.core.client.save(&MACHINE_DEPLOYMENT, deployment, &changed).await?;
        Ok(set)
    }

    async fn carry_over(&self, deployment: &Value, sets: &mut [Value], current: &str) -> Result<(), Error> {
        let Some(set) = sets.iter_mut().find(|set| object::name(set) == current) else { return Ok(()) };
        let mut changed = set.clone();
        template::propagate(deployment, &mut changed);
        *set = self.core.client.save(&MACHINE_SET, set, &changed).await?;
        Ok(())
    }

    async fn resize(&self, deployment: &Value, sets: &mut [Value], current: &str) -> Result<(), Error> {
        if object::text(deployment, "/spec/strategy/type") == "OnDelete" && sets.len() > 1 {
            return Ok(());
        }
        let sizes: Vec<SetSize> = template::by_age(sets).into_iter().map(SetSize::of).collect();
        let (new, old): (Vec<_>, Vec<_>) = sizes.into_iter().partition(|size| size.name == current);
        let Some(new) = new.into_iter().next() else { return Ok(()) };
        for (name, replicas) in rolling_update(Wanted::of(deployment), &new, &old) {
            self.scale(sets, &name, replicas).await?;
        }
        Ok(())
    }

    /// While rollouts are paused only the newest set follows the number of replicas.
    async fn scale_newest(&self, deployment: &Value, mut sets: Vec<Value>) -> Result<Vec<Value>, Error> {
        let newest = template::by_age(&sets).last().map(|set| object::name(set).to_owned());
        if let Some(name) = newest {
            let others = sets.iter().filter(|set| object::name(set) != name);
            let elsewhere: i64 = others.map(|set| object::number(set, "/spec/replicas", 0)).sum();
            let replicas = (Wanted::of(deployment).replicas - elsewhere).max(0);
            self.scale(&mut sets, &name, replicas).await?;
        }
        Ok(sets)
    }

    async fn scale(&self, sets: &mut [Value], name: &str, replicas: i64) -> Result<(), Error> {
        let Some(set) = sets.iter_mut().find(|set| object::name(set) == name) else { return Ok(()) };
        let mut changed = set.clone();
        object::put(&mut changed, &["spec", "replicas"], json!(replicas));
        *set = self.core.client.save(&MACHINE_SET, set, &changed).await?;
        Ok(())
    }

    /// Old sets without machines are kept only as far as the history limit goes.
    async fn forget_old(&self, deployment: &Value, sets: &mut [Value], current: &str) -> Result<(), Error> {
        let limit = usize::try_from(object::number(deployment, "/spec/revisionHistoryLimit", 1)).unwrap_or_default();
        let is_empty = |set: &&Value| {
            object::name(set) != current
                && !object::is_deleting(set)
                && ["/spec/replicas", "/status/replicas"].iter().all(|p| object::number(set, p, 0) == 0)
        };
        let old: Vec<Value> = template::by_age(sets).into_iter().filter(is_empty).cloned().collect();
        for set in old.iter().take(old.len().saturating_sub(limit)) {
            delete(&self.core.client, &MACHINE_SET, set).await?;
        }
        Ok(())
    }

    async fn report(&self, deployment: &Value, sets: &[Value]) -> Result<(), Error> {
        let client = &self.core.client;
        let Some(fresh) =
            client.get(&MACHINE_DEPLOYMENT, object::namespace(deployment), object::name(deployment)).await?
        else {
            return Ok(());
        };
        let mut changed = fresh.clone();
        let now = client.now();
        let current = template::current(deployment, sets, &condition::instant(now));
        let sum =
            |member: &str| sets.iter().map(|set| object::number(set, &format!("/status/{member}"), 0)).sum::<i64>();
        let wanted = Wanted::of(deployment);
        let (total, available) = (sum("replicas"), sum("availableReplicas"));
        let updated = current.map_or(0, |set| object::number(set, "/status/replicas", 0));
        for (member, value) in [
            ("observedGeneration", object::number(deployment, "/metadata/generation", 1)),
            ("replicas", total),
            ("updatedReplicas", updated),
            ("readyReplicas", sum("readyReplicas")),
            ("availableReplicas", available),
            ("unavailableReplicas", (total.max(wanted.replicas) - available).max(0)),
        ] {
            object::put(&mut changed, &["status", member], json!(value));
        }
        let selector = object::selector_text(&deployment["spec"]["selector"]);
        object::put(&mut changed, &["status", "selector"], json!(selector));
        let phase = phase::deployment(wanted.replicas, &changed["status"]);
        object::put(&mut changed, &["status", "phase"], json!(phase));
        conditions(&mut changed, current, available >= wanted.replicas - wanted.max_unavailable, now);
        client.save(&MACHINE_DEPLOYMENT, &fresh, &changed).await?;
        Ok(())
    }
}

fn conditions(deployment: &mut Value, current: Option<&Value>, available: bool, now: jiff::Timestamp) {
    let enough = match available {
        true => Condition::holds("Available"),
        false => Condition::fails(
            "Available",
            "Warning",
            "WaitingForAvailableMachines",
            "Minimum availability requires more machines than are available",
        ),
    };
    condition::set(deployment, &enough, now);
    let mirrored = current.and_then(|set| condition::mirror(set, "MachineSetReady"));
    let waiting = || Condition::fails("MachineSetReady", "Info", "WaitingForMachineSet", "");
    condition::set(deployment, &mirrored.unwrap_or_else(waiting), now);
    condition::summarise(deployment, &["MachineSetReady", "Available"], now);
}

impl Core {
    /// Keys of the objects of a kind that belong to a Cluster.
    pub(super) async fn of_cluster(&self, kind: &Kind, cluster: &Value) -> Vec<Key> {
        let objects = self.client.list(kind, object::namespace(cluster), "").await.unwrap_or_default();
        objects.iter().filter(|object| cluster_key(object) == key_of(cluster)).map(key_of).collect()
    }

    /// Makes the Cluster an owner of the templates that a machine template names.
    pub(super) async fn claim_templates(&self, object: &Value, pointer: &str, cluster: &Value) -> Result<(), Error> {
        for member in ["/infrastructureRef", "/bootstrap/configRef"] {
            let Some(reference) = object.pointer(&format!("{pointer}{member}")) else { continue };
            let Some(kind) = Kind::of_reference(reference) else { continue };
            let name = object::text(reference, "/name");
            let Some(template) = self.client.get(&kind, object::namespace(object), name).await? else { continue };
            if !object::is_owned_by(&template, cluster) {
                let mut changed = template.clone();
                object::set_owner(&mut changed, cluster, Owner::Plain);
                self.client.save(&kind, &template, &changed).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_webhook_and_leave_what_was_said() {
        let cluster =
            json!({"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Cluster", "metadata": {"name": "c", "uid": "u"}});
        let mut deployment =
            json!({"metadata": {"name": "md"}, "spec": {"selector": {}, "template": {"spec": {"version": "1.34.0"}}}});
        default(&mut deployment, &cluster);
        assert_eq!(object::number(&deployment, "/spec/replicas", 0), 1);
        assert_eq!(object::number(&deployment, "/spec/strategy/rollingUpdate/maxSurge", 0), 1);
        assert_eq!(object::text(&deployment, "/spec/template/spec/version"), "v1.34.0");
        assert_eq!(deployment["spec"]["selector"]["matchLabels"][words::DEPLOYMENT_NAME], json!("md"));
        assert_eq!(deployment["spec"]["template"]["metadata"]["labels"][words::CLUSTER_NAME], json!("c"));
        assert!(object::is_owned_by(&deployment, &cluster) && !object::is_controlled_by(&deployment, &cluster));
        let once = deployment.clone();
        default(&mut deployment, &cluster);
        assert_eq!(deployment, once, "a second pass changes nothing");
        object::put(&mut deployment, &["spec", "replicas"], json!(0));
        default(&mut deployment, &cluster);
        assert_eq!(object::number(&deployment, "/spec/replicas", 1), 0);
    }
}
