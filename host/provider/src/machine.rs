//! One infrastructure machine from its first look to its last.
//!
//! ```text
//!   paused? ─> wait for owner ─> wait for cluster ─> finalizer ─> wait for bootstrap ─> ensure ─> providerID, status
//!   deleting: paused? ─> delete … until gone ─> finalizer off
//! ```
//!
//! Deletion waits for nothing but the cloud: Machine, Cluster and bootstrap data may be gone already.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use backplane_core::CallError;
use backplane_core::condition::{Condition, Event, EventType, Severity, Status};
use backplane_core::machines::{
    Bootstrap, MachineError, MachineKinds, MachinePhase, MachineRequest, MachineState, Machines,
};
use backplane_core::ports::{Patch, Reads, WriteError, Writes};
use backplane_core::reconcile::{Outcome, Reconciler, Request, Response};
use serde_json::json;

use crate::bootstrap::{BootstrapData, bootstrap_data};
use crate::contract::finalizer;
use crate::object::Object;
use crate::related::{Lookup, LookupError, infrastructure_ready, is_paused, lookup_outcome};
use crate::status::{failing, state_conditions, status_patch};

/// How often a machine at rest is looked at: a cloud sends no events.
const STEADY: Duration = Duration::from_secs(60);
/// How often a machine on its way is looked at unless the provider says otherwise.
const MOVING: Duration = Duration::from_secs(5);

/// Reconciles the infrastructure machines of one provider.
pub struct MachineRoom {
    kinds: MachineKinds,
    lookup: Lookup,
    writes: Arc<dyn Writes>,
    machines: Arc<dyn Machines>,
}

/// Why a look at a machine stopped early.
enum Stop {
    /// With this response.
    Answer(Box<Response>),
    /// Because the plugin gave none.
    Call(CallError),
}

impl From<Response> for Stop {
    fn from(response: Response) -> Self {
        Self::Answer(Box::new(response))
    }
}

impl From<LookupError> for Stop {
    fn from(error: LookupError) -> Self {
        lookup_outcome(&error).into()
    }
}

impl From<WriteError> for Stop {
    fn from(error: WriteError) -> Self {
        write_outcome(&error).into()
    }
}

/// What a failed write means for the object: a lost race is simply looked at again.
pub(crate) fn write_outcome(error: &WriteError) -> Response {
    match error {
        WriteError::Conflict(_) => Outcome::RequeueAfter(Duration::from_millis(100)).into(),
        WriteError::NotFound(_) => Outcome::Done.into(),
        WriteError::Throttled(pause) => {
            Outcome::Failed { message: error.to_string(), retry_after: Some(*pause) }.into()
        }
        _ => failed(backplane_core::ErrorChain(error).to_string()),
    }
}

fn failed(message: String) -> Response {
    Outcome::Failed { message, retry_after: None }.into()
}

#[async_trait]
impl Reconciler for MachineRoom {
    async fn reconcile(&self, request: &Request) -> Result<Response, CallError> {
        match self.look(request).await {
            Ok(response) => Ok(response),
            Err(Stop::Answer(response)) => Ok(*response),
            Err(Stop::Call(error)) => Err(error),
        }
    }
}

impl MachineRoom {
    /// A room for the kinds of one provider. `reads` and `writes` are bound to
    /// [`machine_declaration`](crate::machine_declaration).
    pub fn new(
        kinds: MachineKinds,
        reads: Arc<dyn Reads>,
        writes: Arc<dyn Writes>,
        machines: Arc<dyn Machines>,
    ) -> Self {
        Self { kinds, lookup: Lookup(reads), writes, machines }
    }

    async fn look(&self, request: &Request) -> Result<Response, Stop> {
        let Some(object) = self.lookup.get(&request.object)? else { return Ok(Outcome::Done.into()) };
        let cluster = self.lookup.cluster(&object)?;
        if is_paused(&object, cluster.as_ref()) {
            return Ok(paused());
        }
        if object.is_deleting() {
            return self.delete(&object, cluster.as_ref()).await;
        }
        let Some(machine) = self.lookup.machine(&object)? else {
            return Ok(self.waiting("WaitingForOwner", "no Machine owns this object yet"));
        };
        let Some(cluster) = cluster else {
            return Ok(self.waiting("WaitingForCluster", "the Cluster does not exist yet"));
        };
        let object = self.with_finalizer(object).await?;
        self.ensure(&object, &machine, &cluster).await
    }

    async fn ensure(&self, object: &Object, machine: &Object, cluster: &Object) -> Result<Response, Stop> {
        let bootstrap = match self.bootstrap(object, machine, cluster)? {
            Ok(bootstrap) => bootstrap,
            Err(waiting) => return Ok(waiting),
        };
        let request = self.request(object, Some(machine), Some(cluster), bootstrap)?;
        match self.machines.ensure(&request).await.map_err(Stop::Call)? {
            Ok(state) => self.settle(object, state).await,
            Err(error) => Ok(self.provider_failed(&error)),
        }
    }

    /// What a new machine boots with. A machine that exists needs none: its data may be gone by now.
    fn bootstrap(
        &self,
        object: &Object,
        machine: &Object,
        cluster: &Object,
    ) -> Result<Result<Option<Bootstrap>, Response>, Stop> {
        let exists = object.text("/spec/providerID").is_some();
        if !exists && !infrastructure_ready(cluster) {
            return Ok(Err(
                self.waiting("WaitingForClusterInfrastructure", "the Cluster's infrastructure is not ready")
            ));
        }
        Ok(match bootstrap_data(&self.lookup, machine)? {
            BootstrapData::Ready(data) => Ok(Some(data)),
            BootstrapData::Waiting(_) | BootstrapData::Invalid(_) if exists => Ok(None),
            BootstrapData::Waiting(text) => {
                let waiting = self.waiting("WaitingForBootstrapData", &text);
                Err(Response { outcome: Outcome::RequeueAfter(MOVING * 2), ..waiting })
            }
            BootstrapData::Invalid(text) => Err(self.broken("InvalidBootstrapData", text)),
        })
    }

    fn request(
        &self,
        object: &Object,
        machine: Option<&Object>,
        cluster: Option<&Object>,
        bootstrap: Option<Bootstrap>,
    ) -> Result<MachineRequest, Stop> {
        let infrastructure = match cluster {
            Some(cluster) => self.lookup.infrastructure_cluster(cluster, &self.kinds.cluster)?,
            None => None,
        };
        Ok(MachineRequest {
            object: object.bytes(),
            machine: machine.map(Object::bytes),
            cluster: infrastructure.map(|cluster| cluster.bytes()),
            bootstrap,
        })
    }

    /// Writes what the provider found. The identity comes first: a done flag without it is an error in core.
    async fn settle(&self, object: &Object, state: MachineState) -> Result<Response, Stop> {
        if state.provider_id.is_some() && state.provider_id.as_deref() != object.text("/spec/providerID") {
            let patch = json!({"spec": {"providerID": state.provider_id}}).to_string();
            self.writes.patch(&object.id, &Patch::Merge(patch.as_bytes())).await?;
        }
        self.write_status(object, &state).await?;
        let rest = if state.phase == MachinePhase::Running { STEADY } else { MOVING };
        Ok(Response {
            outcome: Outcome::RequeueAfter(state.poll_after.unwrap_or(rest)),
            conditions: state_conditions(&self.kinds, &state),
            events: state.events,
            status: None,
        })
    }

    async fn write_status(&self, object: &Object, state: &MachineState) -> Result<(), Stop> {
        if let Some(patch) = status_patch(&self.kinds, object, state) {
            self.writes.patch(&object.id, &Patch::MergeStatus(patch.to_string().as_bytes())).await?;
        }
        Ok(())
    }

    async fn delete(&self, object: &Object, cluster: Option<&Object>) -> Result<Response, Stop> {
        if !object.finalizers().contains(&finalizer(&self.kinds.machine).as_str()) {
            return Ok(Outcome::Done.into());
        }
        let machine = self.lookup.machine(object)?;
        let request = self.request(object, machine.as_ref(), cluster, None)?;
        let state = match self.machines.delete(&request).await.map_err(Stop::Call)? {
            Ok(state) => state,
            Err(error) => return Ok(self.provider_failed(&error)),
        };
        if state.phase == MachinePhase::Gone {
            self.without_finalizer(object).await?;
            return Ok(Response { outcome: Outcome::Done, conditions: Vec::new(), events: state.events, status: None });
        }
        self.write_status(object, &state).await?;
        Ok(Response {
            outcome: Outcome::RequeueAfter(state.poll_after.unwrap_or(MOVING)),
            conditions: state_conditions(&self.kinds, &state),
            events: state.events,
            status: None,
        })
    }

    async fn with_finalizer(&self, object: Object) -> Result<Object, Stop> {
        let own = finalizer(&self.kinds.machine);
        let mut finalizers = object.finalizers();
        if finalizers.contains(&own.as_str()) {
            return Ok(object);
        }
        finalizers.push(&own);
        let bytes = self.patch_finalizers(&object, &finalizers).await?;
        Object::parse(object.id.clone(), &bytes).map_err(|error| LookupError::Parse(Box::new(object.id), error).into())
    }

    async fn without_finalizer(&self, object: &Object) -> Result<(), Stop> {
        let own = finalizer(&self.kinds.machine);
        let rest: Vec<_> = object.finalizers().into_iter().filter(|name| *name != own).collect();
        self.patch_finalizers(object, &rest).await.map(drop)
    }

    async fn patch_finalizers(&self, object: &Object, finalizers: &[&str]) -> Result<Arc<[u8]>, Stop> {
        let patch = object.finalizers_patch(finalizers).to_string();
        Ok(self.writes.patch(&object.id, &Patch::Merge(patch.as_bytes())).await?)
    }

    fn waiting(&self, reason: &str, message: &str) -> Response {
        let conditions = failing(&self.kinds, reason, Severity::Info, message.into());
        Response { outcome: Outcome::AwaitChange, conditions, events: Vec::new(), status: None }
    }

    fn broken(&self, reason: &str, message: String) -> Response {
        let event = Event { kind: EventType::Warning, reason: reason.into(), message: message.clone() };
        let conditions = failing(&self.kinds, reason, Severity::Error, message.clone());
        Response {
            outcome: Outcome::Failed { message, retry_after: None },
            conditions,
            events: vec![event],
            status: None,
        }
    }

    fn provider_failed(&self, error: &MachineError) -> Response {
        let message = error.to_string();
        let (reason, outcome) = match error {
            MachineError::Invalid(text) => {
                let reason = "InvalidConfiguration";
                (reason, Outcome::Refused { reason: reason.into(), message: text.clone() })
            }
            MachineError::Throttled(pause) => {
                ("Throttled", Outcome::Failed { message: message.clone(), retry_after: Some(*pause) })
            }
            MachineError::Unauthorised(_) => ("Unauthorised", retry(&message)),
            MachineError::Exhausted(_) => ("Exhausted", retry(&message)),
            MachineError::Other(_) => ("ProviderFailed", retry(&message)),
        };
        Response {
            outcome,
            conditions: failing(&self.kinds, reason, Severity::Error, message),
            events: Vec::new(),
            status: None,
        }
    }
}

fn retry(message: &str) -> Outcome {
    Outcome::Failed { message: message.into(), retry_after: None }
}

/// Nothing is done to a paused object; only the condition says so.
pub(crate) fn paused() -> Response {
    let condition = Condition::new("Paused", Status::True, "Paused", "");
    Response { outcome: Outcome::Done, conditions: vec![condition], events: Vec::new(), status: None }
}
