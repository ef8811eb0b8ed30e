//! What the sandbox costs: one reconcile through a guest against the same Rust function called natively.
//!
//! Both read a 4.4 KB object from the same doors into the same typed struct, list its children and apply one intent that
//! the store answers without a request. `cargo run --release --example boundary` (guests built before) prints the ratio; samples
//! alternate, so that a machine that slows down slows both.

#[path = "../../../tests/guests/boundary/src/logic.rs"]
mod logic;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use backplane_core::condition::Event;
use backplane_core::grant::Permissions;
use backplane_core::ports::{DeleteOptions, ObjectBytes, Patch, Query, ReadError, Reads, WriteError, Writes};
use backplane_core::reconcile::{Outcome, Reason, Reconciler, Request};
use backplane_core::{Declaration, Grant, Kind, ObjectRef};
use backplane_engine::{Context, Engine, EngineSettings, Generation, Slot};
use serde::Deserialize;
use serde_json::{Value, json};

const SAMPLES: usize = 21;
const CALLS: u32 = 2_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let doors = Arc::new(Memory::new());
    let slot = slot(&doors)?;
    let (mut native, mut guest) = (Vec::new(), Vec::new());
    for _ in 0..SAMPLES {
        native.push(timed_native(&doors));
        guest.push(timed_guest(&slot).await?);
    }
    let (native, guest) = (median(native), median(guest));
    println!("native {native:?}  guest {guest:?}  ratio {:.2}", guest.as_secs_f64() / native.as_secs_f64());
    println!("object {} bytes, memory growths {}", subject().len(), slot.metrics().memory_growths);
    Ok(())
}

fn slot(doors: &Arc<Memory>) -> Result<Slot, Box<dyn std::error::Error>> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/target/wasm32-wasip2/release");
    let guests = std::env::var_os("BACKPLANE_GUESTS").map_or(built, PathBuf::from);
    let component = Engine::new(EngineSettings::default())?.load_file("boundary", &guests.join("boundary.wasm"))?;
    let context = Context {
        permissions: Arc::new(Permissions::new(Declaration::default(), Grant::default())),
        reads: Arc::clone(doors) as Arc<dyn Reads>,
        writes: Arc::clone(doors) as Arc<dyn Writes>,
        ..Context::nothing("boundary")
    };
    Ok(Slot::new(Generation::new(component, context)?))
}

fn timed_native(doors: &Arc<Memory>) -> Duration {
    let native = Native { reads: Arc::clone(doors) as _, writes: Arc::clone(doors) as _ };
    let started = Instant::now();
    for _ in 0..CALLS {
        assert!(logic::reconcile(&native, std::hint::black_box("subject")) > 3);
    }
    started.elapsed() / CALLS
}

async fn timed_guest(slot: &Slot) -> Result<Duration, Box<dyn std::error::Error>> {
    let request = Request { object: object("Wish", "subject"), reason: Reason::Changed, attempt: 0 };
    let started = Instant::now();
    for _ in 0..CALLS {
        let response = slot.reconcile(&request).await?;
        assert!(matches!(response.outcome, Outcome::RequeueAfter(seen) if seen > Duration::from_millis(3)));
    }
    Ok(started.elapsed() / CALLS)
}

fn median(mut samples: Vec<Duration>) -> Duration {
    samples.sort_unstable();
    samples[samples.len() / 2]
}

fn object(kind: &str, name: &str) -> ObjectRef {
    ObjectRef::new(Kind::new("demo.example.org", "v1", kind), Some("demo"), name)
}

/// The native twin's doors: the ports, called as a native room calls them.
struct Native {
    reads: Arc<dyn Reads>,
    writes: Arc<dyn Writes>,
}

impl logic::Doors for Native {
    fn get(&self, name: &str) -> impl AsRef<[u8]> {
        self.reads.get(&object("Wish", name)).ok().flatten().unwrap_or_default()
    }

    fn children(&self, uid: &str) -> Vec<impl AsRef<[u8]>> {
        let query = Query { namespace: Some("demo".into()), owner_uid: Some(uid.into()), ..Query::default() };
        self.reads.list(&Kind::new("demo.example.org", "v1", "Child"), &query).unwrap_or_default()
    }

    fn apply(&self, intent: &[u8]) -> usize {
        use std::task::{Context, Poll, Waker};
        let mut write = self.writes.apply(intent);
        match write.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer.map_or(0, |object| object.len()),
            Poll::Pending => 0,
        }
    }
}

/// A store that does what the real one does for these calls, and no more: finds by name, selects by owner, and answers an intent that
/// it has seen before.
struct Memory {
    objects: BTreeMap<ObjectRef, (Option<String>, ObjectBytes)>,
    applied: Mutex<BTreeMap<ObjectRef, (Vec<u8>, ObjectBytes)>>,
}

impl Memory {
    fn new() -> Self {
        let bytes = |text: String| ObjectBytes::from(text.into_bytes());
        let mut objects = BTreeMap::from([(object("Wish", "subject"), (None, bytes(subject())))]);
        for name in ["a", "b", "c"] {
            objects.insert(object("Child", name), (Some(UID.to_owned()), bytes(child(name))));
        }
        Self { objects, applied: Mutex::default() }
    }
}

const UID: &str = "0f2e4c1a-7c1b-4c59-9d5e-0a7a4a3e1a11";

/// A Pod of 4.4 KB as clusters have them: many short members, most of which nobody asks for.
fn subject() -> String {
    let containers = ["web", "sidecar"].map(container);
    let conditions = ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map(|kind| {
        json!({
            "type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": "2026-01-01T00:00:00Z",
            "observedGeneration": 1,
        })
    });
    let toleration =
        |key: &str| json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
    let tolerations = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].map(toleration);
    json!({
        "apiVersion": "demo.example.org/v1", "kind": "Wish",
        "metadata": {
            "name": "subject", "generateName": "subject-", "namespace": "demo", "uid": UID, "resourceVersion": "12345",
            "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"app": "web", "team": "a", "tier": "front", "pod-template-hash": "6d4b75cb6d"},
            "annotations": {"example.org/revision": "7", "example.org/restarted-at": "2026-01-01T00:00:00Z"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "subject", "uid": UID, "controller": true}],
        },
        "spec": {
            "nodeName": "node-1", "restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "serviceAccountName": "default",
            "terminationGracePeriodSeconds": 30, "enableServiceLinks": true, "preemptionPolicy": "PreemptLowerPriority",
            "securityContext": {"runAsNonRoot": true, "fsGroup": 2000, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": containers,
            "volumes": [
                {"name": "data", "persistentVolumeClaim": {"claimName": "data-subject"}},
                {"name": "config", "configMap": {"name": "subject", "defaultMode": 420}},
            ],
            "tolerations": tolerations,
        },
        "status": {
            "phase": "Running", "hostIP": "10.0.0.7", "podIP": "10.220.3.14", "podIPs": [{"ip": "10.220.3.14"}],
            "startTime": "2026-01-01T00:00:00Z", "qosClass": "Burstable", "conditions": conditions,
        },
    })
    .to_string()
}

fn container(name: &str) -> Value {
    let env: Vec<_> = (0..10).map(|i| json!({"name": format!("VARIABLE_{i}"), "value": "value"})).collect();
    let probe = |path: &str| json!({"httpGet": {"path": path, "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10, "timeoutSeconds": 1});
    json!({
        "name": name, "image": format!("registry.example.org/team/{name}:v1.2.3"), "imagePullPolicy": "IfNotPresent",
        "args": ["--port=8080", "--log-level=info"], "env": env,
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
        "livenessProbe": probe("/healthz"), "readinessProbe": probe("/readyz"),
        "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "config", "mountPath": "/etc/web", "readOnly": true}],
        "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}},
    })
}

fn child(name: &str) -> String {
    let owner = json!({"apiVersion": "demo.example.org/v1", "kind": "Wish", "name": "subject", "uid": UID});
    json!({
        "apiVersion": "demo.example.org/v1", "kind": "Child",
        "metadata": {
            "name": name, "namespace": "demo", "uid": UID, "resourceVersion": "12346", "ownerReferences": [owner],
            "annotations": {"example.org/revision": "7"},
        },
        "status": {"ready": true},
    })
    .to_string()
}

impl Reads for Memory {
    fn get(&self, object: &ObjectRef) -> Result<Option<ObjectBytes>, ReadError> {
        Ok(self.objects.get(object).map(|(_, bytes)| Arc::clone(bytes)))
    }

    fn list(&self, kind: &Kind, query: &Query) -> Result<Vec<ObjectBytes>, ReadError> {
        let owned = |(object, (owner, _)): &(&ObjectRef, &(Option<String>, ObjectBytes))| {
            object.kind == *kind && object.namespace == query.namespace && *owner == query.owner_uid
        };
        Ok(self.objects.iter().filter(owned).map(|(_, (_, bytes))| Arc::clone(bytes)).collect())
    }

    fn is_reconciled(&self, _: &Kind) -> bool {
        true
    }
}

impl Memory {
    fn answer(&self, intent: &[u8]) -> Result<ObjectBytes, WriteError> {
        let head: Head = serde_json::from_slice(intent).map_err(|error| WriteError::Invalid(error.to_string()))?;
        let kind = Kind::from_api_version(&head.api_version, &head.kind);
        let object = ObjectRef { kind, namespace: head.metadata.namespace, name: head.metadata.name };
        let mut applied = self.applied.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, answer)) = applied.get(&object)
            && known == intent
        {
            return Ok(Arc::clone(answer));
        }
        let answer = ObjectBytes::from(intent);
        applied.insert(object, (intent.to_vec(), Arc::clone(&answer)));
        Ok(answer)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    api_version: String,
    kind: String,
    metadata: HeadMetadata,
}

#[derive(Deserialize)]
struct HeadMetadata {
    name: String,
    namespace: Option<String>,
}

#[async_trait]
impl Writes for Memory {
    async fn apply(&self, object: &[u8]) -> Result<ObjectBytes, WriteError> {
        self.answer(object)
    }

    async fn apply_status(&self, object: &[u8]) -> Result<ObjectBytes, WriteError> {
        self.answer(object)
    }

    async fn create(&self, object: &[u8]) -> Result<ObjectBytes, WriteError> {
        self.answer(object)
    }

    async fn patch(&self, _: &ObjectRef, patch: &Patch<'_>) -> Result<ObjectBytes, WriteError> {
        let (Patch::Json(bytes) | Patch::Merge(bytes) | Patch::MergeStatus(bytes)) = patch;
        self.answer(bytes)
    }

    async fn delete(&self, _: &ObjectRef, _: &DeleteOptions) -> Result<(), WriteError> {
        Ok(())
    }

    async fn event(&self, _: &ObjectRef, _: &Event) {}
}
