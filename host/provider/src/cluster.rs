//! One infrastructure cluster: claimed, reported ready, and kept until its last machine is gone.
//!
//! A provider whose clusters need building (networks, load balancers) will get an interface of its own; machines need none.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use backplane_core::CallError;
use backplane_core::condition::{Condition, Severity, Status};
use backplane_core::machines::MachineKinds;
use backplane_core::ports::{Patch, Query, Reads, WriteError, Writes};
use backplane_core::reconcile::{Outcome, Reconciler, Request, Response};
use backplane_core::selector::{Requirement, Selector};
use serde_json::json;

use crate::contract::{CLUSTER_NAME_LABEL, MANAGED_BY_ANNOTATION, finalizer};
use crate::machine::{paused, write_outcome};
use crate::object::Object;
use crate::related::{Lookup, LookupError, is_paused, lookup_outcome};

/// Reconciles the infrastructure clusters of one provider.
pub struct ClusterRoom {
    kinds: MachineKinds,
    lookup: Lookup,
    writes: Arc<dyn Writes>,
}

#[derive(Debug, thiserror::Error)]
enum RoomError {
    #[error("a read failed")]
    Lookup(#[from] LookupError),
    #[error("a write failed")]
    Write(#[from] WriteError),
}

#[async_trait]
impl Reconciler for ClusterRoom {
    async fn reconcile(&self, request: &Request) -> Result<Response, CallError> {
        Ok(match self.look(request).await {
            Ok(response) => response,
            Err(RoomError::Write(error)) => write_outcome(&error),
            Err(RoomError::Lookup(error)) => lookup_outcome(&error),
        })
    }
}

impl ClusterRoom {
    /// A room for the cluster kind of one provider. `reads` and `writes` are bound to
    /// [`cluster_declaration`](crate::cluster_declaration).
    pub fn new(kinds: MachineKinds, reads: Arc<dyn Reads>, writes: Arc<dyn Writes>) -> Self {
        Self { kinds, lookup: Lookup(reads), writes }
    }

    async fn look(&self, request: &Request) -> Result<Response, RoomError> {
        let Some(object) = self.lookup.get(&request.object)? else { return Ok(Outcome::Done.into()) };
        if object.has_annotation(MANAGED_BY_ANNOTATION) {
            return Ok(Outcome::Done.into());
        }
        let cluster = self.lookup.cluster(&object)?;
        if is_paused(&object, cluster.as_ref()) {
            return Ok(paused());
        }
        if object.is_deleting() {
            return self.delete(&object).await;
        }
        if cluster.is_none() {
            return Ok(self.waiting("WaitingForOwner", "no Cluster owns this object yet"));
        }
        self.claim(&object).await?;
        self.report_ready(&object).await?;
        let condition = |kind: &str| Condition::new(kind, Status::True, "Provisioned", "");
        let conditions = vec![condition("Ready"), condition(&self.kinds.cluster_condition)];
        Ok(Response { outcome: Outcome::Done, conditions, events: Vec::new(), status: None })
    }

    async fn claim(&self, object: &Object) -> Result<(), RoomError> {
        let own = finalizer(&self.kinds.cluster);
        let mut finalizers = object.finalizers();
        if !finalizers.contains(&own.as_str()) {
            finalizers.push(&own);
            self.patch(object, &object.finalizers_patch(&finalizers)).await?;
        }
        Ok(())
    }

    /// Both flags: a schema drops the one it does not know. Source: Cluster API contract, InfraCluster.
    async fn report_ready(&self, object: &Object) -> Result<(), RoomError> {
        if !object.flag("/status/ready") && !object.flag("/status/initialization/provisioned") {
            let patch = json!({"status": {"ready": true, "initialization": {"provisioned": true}}}).to_string();
            self.writes.patch(&object.id, &Patch::MergeStatus(patch.as_bytes())).await?;
        }
        Ok(())
    }

    /// Stays while machines are left: their deletion reads the region and the account from this object.
    async fn delete(&self, object: &Object) -> Result<Response, RoomError> {
        let left = self.machines_left(object)?;
        if left > 0 {
            let waiting = self.waiting("WaitingForMachines", &format!("{left} machines are still there"));
            return Ok(Response { outcome: Outcome::RequeueAfter(Duration::from_secs(5)), ..waiting });
        }
        let own = finalizer(&self.kinds.cluster);
        let rest: Vec<_> = object.finalizers().into_iter().filter(|name| *name != own).collect();
        if rest.len() < object.finalizers().len() {
            self.patch(object, &object.finalizers_patch(&rest)).await?;
        }
        Ok(Outcome::Done.into())
    }

    fn machines_left(&self, object: &Object) -> Result<usize, RoomError> {
        let name = object.label(CLUSTER_NAME_LABEL).unwrap_or(&object.id.name).to_owned();
        let of_cluster = Requirement::In { key: CLUSTER_NAME_LABEL.into(), values: vec![name] };
        let query = Query {
            namespace: object.id.namespace.clone(),
            selector: Selector::new(vec![of_cluster]),
            owner_uid: None,
        };
        Ok(self.lookup.0.list(&self.kinds.machine, &query).map_err(LookupError::from)?.len())
    }

    async fn patch(&self, object: &Object, patch: &serde_json::Value) -> Result<(), RoomError> {
        self.writes.patch(&object.id, &Patch::Merge(patch.to_string().as_bytes())).await?;
        Ok(())
    }

    fn waiting(&self, reason: &str, message: &str) -> Response {
        let state = |kind: &str| {
            let mut condition = Condition::new(kind, Status::False, reason, message);
            condition.severity = Some(Severity::Info);
            condition
        };
        let conditions = vec![state("Ready"), state(&self.kinds.cluster_condition)];
        Response { outcome: Outcome::AwaitChange, conditions, events: Vec::new(), status: None }
    }
}
