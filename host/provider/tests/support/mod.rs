//! A cluster in a map and a cloud in a variable: enough to see what the rooms read, write and ask.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use backplane_core::condition::Event;
use backplane_core::machines::{
    Address, MachineError, MachineKinds, MachinePhase, MachineRequest, MachineState, Machines,
};
use backplane_core::ports::{DeleteOptions, ObjectBytes, Patch, Query, ReadError, Reads, WriteError, Writes};
use backplane_core::reconcile::{Reason, Reconciler, Request, Response};
use backplane_core::{CallError, Kind, ObjectRef};
use backplane_provider::{ClusterRoom, MachineRoom};
use serde_json::{Value, json};

const INFRASTRUCTURE: &str = "infrastructure.cluster.x-k8s.io";

/// The kinds of a provider that does not exist.
pub(crate) fn kinds() -> MachineKinds {
    let kind = |name: &str| Kind::new(INFRASTRUCTURE, "v1beta1", name);
    MachineKinds {
        machine: kind("TestMachine"),
        cluster: kind("TestCluster"),
        template: kind("TestMachineTemplate"),
        instance_id_field: Some("instanceID".into()),
        instance_state_field: Some("instanceState".into()),
        ready_condition: "ServerReady".into(),
        cluster_condition: "NetworkReady".into(),
        provider_id_prefix: "test://".into(),
    }
}

/// Objects by reference, and every patch in order.
#[derive(Default)]
pub(crate) struct World {
    objects: Mutex<BTreeMap<ObjectRef, Value>>,
    pub(crate) patches: Mutex<Vec<Value>>,
    pub(crate) answer: Mutex<Option<Result<MachineState, MachineError>>>,
    pub(crate) asked: Mutex<Vec<(&'static str, MachineRequest)>>,
}

impl World {
    /// A machine that owns everything it needs: Machine, Cluster, bootstrap Secret.
    pub(crate) fn complete() -> Arc<Self> {
        let world = Arc::new(Self::default());
        world.put(json!({"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Cluster",
            "metadata": {"name": "c", "namespace": "n"}, "status": {"infrastructureReady": true}}));
        world.put(json!({"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Machine",
            "metadata": {"name": "m", "namespace": "n"}, "spec": {"bootstrap": {"dataSecretName": "boot"}}}));
        world.put(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "boot", "namespace": "n"},
            "data": {"value": "I2Nsb3VkLWNvbmZpZwo="}}));
        world.put(machine());
        world.answer(Ok(running()));
        world
    }

    pub(crate) fn put(&self, object: Value) {
        self.lock().insert(reference(&object), object);
    }

    pub(crate) fn remove(&self, kind: &str) {
        self.lock().retain(|id, _| id.kind.kind != kind);
    }

    /// Changes the object of this kind by a merge patch.
    pub(crate) fn edit(&self, kind: &str, patch: Value) {
        let mut objects = self.lock();
        let object = objects.iter_mut().find(|(id, _)| id.kind.kind == kind).expect("an object of that kind").1;
        json_patch::merge(object, &patch);
    }

    pub(crate) fn object(&self, kind: &str) -> Value {
        let objects = self.lock();
        objects.iter().find(|(id, _)| id.kind.kind == kind).map(|(_, object)| object.clone()).unwrap_or_default()
    }

    pub(crate) fn answer(&self, answer: Result<MachineState, MachineError>) {
        *self.answer.lock().unwrap() = Some(answer);
    }

    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.asked.lock().unwrap().iter().map(|(name, _)| *name).collect()
    }

    pub(crate) async fn look_at_machine(self: &Arc<Self>) -> Response {
        let room = MachineRoom::new(kinds(), self.clone(), self.clone(), self.clone());
        room.reconcile(&request(kinds().machine, "i")).await.expect("an answer")
    }

    pub(crate) async fn look_at_cluster(self: &Arc<Self>) -> Response {
        let room = ClusterRoom::new(kinds(), self.clone(), self.clone());
        room.reconcile(&request(kinds().cluster, "c")).await.expect("an answer")
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ObjectRef, Value>> {
        self.objects.lock().unwrap()
    }

    fn ask(&self, name: &'static str, request: &MachineRequest) -> Result<MachineState, MachineError> {
        self.asked.lock().unwrap().push((name, request.clone()));
        self.answer.lock().unwrap().clone().expect("an answer was set")
    }
}

fn request(kind: Kind, name: &str) -> Request {
    Request { object: ObjectRef::new(kind, Some("n"), name), reason: Reason::Changed, attempt: 0 }
}

/// An infrastructure machine that its Machine owns already.
fn machine() -> Value {
    json!({"apiVersion": format!("{INFRASTRUCTURE}/v1beta1"), "kind": "TestMachine",
        "metadata": {"name": "i", "namespace": "n", "uid": "u", "resourceVersion": "1",
            "labels": {"cluster.x-k8s.io/cluster-name": "c"},
            "ownerReferences": [{"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Machine", "name": "m", "uid": "x"}]},
        "spec": {}})
}

/// A state with nothing left to wish for.
pub(crate) fn running() -> MachineState {
    MachineState {
        phase: MachinePhase::Running,
        instance_id: Some("7".into()),
        instance_state: "running".into(),
        provider_id: Some("test://7".into()),
        addresses: vec![Address { kind: "InternalIP".into(), address: "10.0.0.7".into() }],
        message: String::new(),
        poll_after: None,
        events: Vec::new(),
    }
}

fn reference(object: &Value) -> ObjectRef {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let kind = Kind::from_api_version(text("/apiVersion"), text("/kind"));
    ObjectRef::new(kind, Some(text("/metadata/namespace")), text("/metadata/name"))
}

impl Reads for World {
    fn get(&self, object: &ObjectRef) -> Result<Option<ObjectBytes>, ReadError> {
        Ok(self.lock().get(object).map(|value| value.to_string().into_bytes().into()))
    }

    fn list(&self, kind: &Kind, query: &Query) -> Result<Vec<ObjectBytes>, ReadError> {
        let label = |value: &Value, key: &str| value["metadata"]["labels"][key].as_str().map(str::to_owned);
        let objects = self.lock();
        let matching = objects.iter().filter(|(id, value)| {
            let labels: BTreeMap<&str, String> = query
                .selector
                .requirements()
                .iter()
                .filter_map(key_of)
                .filter_map(|k| Some((k, label(value, k)?)))
                .collect();
            id.kind == *kind && query.selector.matches(|key| labels.get(key).map(String::as_str))
        });
        Ok(matching.map(|(_, value)| value.to_string().into_bytes().into()).collect())
    }

    fn is_reconciled(&self, _kind: &Kind) -> bool {
        true
    }
}

fn key_of(requirement: &backplane_core::selector::Requirement) -> Option<&str> {
    match requirement {
        backplane_core::selector::Requirement::In { key, .. } => Some(key),
        _ => None,
    }
}

#[async_trait]
impl Writes for World {
    async fn patch(&self, object: &ObjectRef, patch: &Patch<'_>) -> Result<ObjectBytes, WriteError> {
        let (Patch::Merge(bytes) | Patch::MergeStatus(bytes) | Patch::Json(bytes)) = patch;
        let patch: Value = serde_json::from_slice(bytes).expect("a patch is JSON");
        self.patches.lock().unwrap().push(patch.clone());
        let mut objects = self.lock();
        let Some(found) = objects.get_mut(object) else { return Err(WriteError::NotFound(object.to_string())) };
        json_patch::merge(found, &patch);
        Ok(found.to_string().into_bytes().into())
    }

    async fn apply(&self, _object: &[u8]) -> Result<ObjectBytes, WriteError> {
        panic!("the rooms patch, they do not apply")
    }

    async fn apply_status(&self, _object: &[u8]) -> Result<ObjectBytes, WriteError> {
        panic!("the rooms patch, they do not apply")
    }

    async fn create(&self, _object: &[u8]) -> Result<ObjectBytes, WriteError> {
        panic!("the rooms create nothing")
    }

    async fn delete(&self, _object: &ObjectRef, _options: &DeleteOptions) -> Result<(), WriteError> {
        panic!("the rooms delete nothing")
    }

    async fn event(&self, _object: &ObjectRef, _event: &Event) {
        panic!("the rooms return their events")
    }
}

type Answer = Result<Result<MachineState, MachineError>, CallError>;

#[async_trait]
impl Machines for World {
    async fn ensure(&self, request: &MachineRequest) -> Answer {
        Ok(self.ask("ensure", request))
    }

    async fn observe(&self, request: &MachineRequest) -> Answer {
        Ok(self.ask("observe", request))
    }

    async fn delete(&self, request: &MachineRequest) -> Answer {
        Ok(self.ask("delete", request))
    }
}
