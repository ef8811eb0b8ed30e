//! Stands for the Deployment and StatefulSet controllers of kube-controller-manager together with scheduler and
//! kubelets.
//!
//! It reports as many ready replicas as were asked for, after a delay. Left out: ReplicaSets, Pods, volumes, revisions,
//! rollout order, failures: nothing runs, and nothing can go wrong.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::Error;
use crate::kinds::{DEPLOYMENT, Kind, STATEFUL_SET};
use crate::queue::Key;
use crate::runner::{Controller, Handle, Next, key_of};
use crate::{condition, object};

/// The control loop for one of the two kinds.
pub(crate) struct Workloads {
    pub(crate) client: Client,
    pub(crate) kind: Kind,
    pub(crate) delay: Duration,
    /// Since when a generation of an object is being rolled out.
    pub(crate) rollouts: Mutex<BTreeMap<Key, (i64, Timestamp)>>,
}

#[async_trait]
impl Controller for Workloads {
    fn name(&self) -> &'static str {
        "workloads"
    }

    fn watches(&self) -> Vec<Kind> {
        vec![self.kind.clone()]
    }

    async fn concerns(&self, _kind: &Kind, object: &Value) -> Vec<Key> {
        vec![key_of(object)]
    }

    async fn reconcile(&self, key: &Key, _handle: &Handle) -> Result<Next, Error> {
        let Some(workload) = self.client.get(&self.kind, &key.namespace, &key.name).await? else {
            self.rollouts().remove(key);
            return Ok(Next::OnChange);
        };
        let observed = object::number(&workload, "/status/observedGeneration", -1);
        let generation = object::number(&workload, "/metadata/generation", 1);
        if object::is_deleting(&workload) || (observed == generation && is_settled(&workload)) {
            return Ok(Next::OnChange);
        }
        let mut changed = workload.clone();
        let now = self.client.now();
        let left = self.left(key, generation, now);
        if observed == generation && left.is_zero() {
            settle(&mut changed, &self.kind, now);
        } else if observed != generation {
            begin(&mut changed, &self.kind, generation, now);
        }
        self.client.save(&self.kind, &workload, &changed).await?;
        Ok(if is_settled(&changed) { Next::OnChange } else { Next::After(left) })
    }
}

impl Workloads {
    /// How long this generation still takes.
    fn left(&self, key: &Key, generation: i64, now: Timestamp) -> Duration {
        let mut rollouts = self.rollouts();
        let (seen, since) = rollouts.entry(key.clone()).or_insert((generation, now));
        if *seen != generation {
            (*seen, *since) = (generation, now);
        }
        let passed = Duration::try_from(now.duration_since(*since)).unwrap_or_default();
        self.delay.saturating_sub(passed)
    }

    fn rollouts(&self) -> MutexGuard<'_, BTreeMap<Key, (i64, Timestamp)>> {
        self.rollouts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wanted(workload: &Value) -> i64 {
    object::number(workload, "/spec/replicas", 1)
}

fn is_settled(workload: &Value) -> bool {
    object::number(workload, "/status/readyReplicas", 0) == wanted(workload)
        && object::number(workload, "/status/updatedReplicas", 0) == wanted(workload)
}

/// The change was seen: replicas exist, as many as before are ready.
fn begin(workload: &mut Value, kind: &Kind, generation: i64, now: Timestamp) {
    let replicas = wanted(workload);
    let ready = object::number(workload, "/status/readyReplicas", 0).min(replicas);
    for (member, value) in [("observedGeneration", generation), ("replicas", replicas), ("updatedReplicas", ready)] {
        object::put(workload, &["status", member], json!(value));
    }
    counts(workload, kind, ready, now);
}

/// All replicas are ready.
fn settle(workload: &mut Value, kind: &Kind, now: Timestamp) {
    let replicas = wanted(workload);
    object::put(workload, &["status", "replicas"], json!(replicas));
    object::put(workload, &["status", "updatedReplicas"], json!(replicas));
    counts(workload, kind, replicas, now);
}

fn counts(workload: &mut Value, kind: &Kind, ready: i64, now: Timestamp) {
    let replicas = wanted(workload);
    object::put(workload, &["status", "readyReplicas"], json!(ready));
    object::put(workload, &["status", "availableReplicas"], json!(ready));
    if *kind == STATEFUL_SET {
        object::put(workload, &["status", "currentReplicas"], json!(ready));
        return;
    }
    match replicas - ready {
        0 => object::take(workload, &["status", "unavailableReplicas"]),
        missing => object::put(workload, &["status", "unavailableReplicas"], json!(missing)),
    }
    let (reason, message) = match ready == replicas {
        true => ("MinimumReplicasAvailable", "Deployment has minimum availability."),
        false => ("MinimumReplicasUnavailable", "Deployment does not have minimum availability."),
    };
    condition::set_meta(workload, "Available", ready == replicas, reason, message, now);
    let reason = if ready == replicas { "NewReplicaSetAvailable" } else { "ReplicaSetUpdated" };
    condition::set_meta(workload, "Progressing", true, reason, "", now);
    debug_assert!(*kind == DEPLOYMENT, "the other kind has returned");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_workload_is_first_seen_and_then_ready() {
        let now = Timestamp::UNIX_EPOCH;
        for kind in [DEPLOYMENT, STATEFUL_SET] {
            let mut workload = json!({"spec": {"replicas": 3}});
            begin(&mut workload, &kind, 1, now);
            assert!(!is_settled(&workload), "{}", kind.kind);
            assert_eq!(object::number(&workload, "/status/observedGeneration", 0), 1);
            assert_eq!(object::number(&workload, "/status/readyReplicas", -1), 0);
            settle(&mut workload, &kind, now);
            assert!(is_settled(&workload), "{}", kind.kind);
            assert_eq!(condition::is_true(&workload, "Available"), kind == DEPLOYMENT);
        }
    }

    #[test]
    fn scaling_down_never_reports_more_ready_than_asked_for() {
        let mut workload = json!({"spec": {"replicas": 1}, "status": {"readyReplicas": 3}});
        begin(&mut workload, &DEPLOYMENT, 2, Timestamp::UNIX_EPOCH);
        assert_eq!(object::number(&workload, "/status/readyReplicas", 0), 1);
    }
}
