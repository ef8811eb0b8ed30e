//! What the sandbox costs: one reconcile through a guest against the same Rust function called natively.
//!
//! Both read a 4.4 KB object from the same doors into the same typed struct, list its children and apply one intent that
//! the store answers without a request. `cargo run --release --example boundary` (guests built before) prints the ratio; samples
//! alternate, so that a machine that slows down slows both.

#[path = "/work/tgt/probe-logic.rs"]
mod logic;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use backplane_core::condition::Event;
use backplane_core::grant::Permissions;
use backplane_core::ports::{DeleteOptions, ObjectBytes, Patch, Query, ReadError, Reads, WriteError, Writes};
use backplane_core::reconcile::{Outcome, Reason, Reconciler, Request};
use backplane_core::{Declaration, Grant, Kind, ObjectRef};
use backplane_engine::{Context, Engine, EngineSettings, Generation, Slot};

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
    println!("bytes {}", doors.subject.len());
    for name in ["nop", "get", "parse", "get+parse+list", "apply", "list"] {
        let mut v = Vec::new();
        for _ in 0..SAMPLES {
            let request = Request { object: object("Wish", name), reason: Reason::Changed, attempt: 0 };
            let started = Instant::now();
            for _ in 0..CALLS { slot.reconcile(&request).await?; }
            v.push(started.elapsed() / CALLS);
        }
        println!("{name} {:?}", median(v));
    }
    let native = Native { reads: Arc::clone(&doors) as _, writes: Arc::clone(&doors) as _ };
    for name in ["nop", "get", "parse", "get+parse+list", "apply", "list"] {
        let mut v = Vec::new();
        for _ in 0..SAMPLES {
            let started = Instant::now();
            for _ in 0..CALLS { std::hint::black_box(logic::reconcile(&native, std::hint::black_box(name))); }
            v.push(started.elapsed() / CALLS);
        }
        println!("native {name} {:?}", median(v));
    }
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

    fn children(&self, uid: &str) -> usize {
        let query = Query { namespace: Some("demo".into()), owner_uid: Some(uid.into()), ..Query::default() };
        self.reads.list(&Kind::new("demo.example.org", "v1", "Child"), &query).map_or(0, |children| children.len())
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

/// A store that holds one subject and three children, and knows every intent already.
struct Memory {
    subject: ObjectBytes,
    children: Vec<ObjectBytes>,
    applied: ObjectBytes,
}

impl Memory {
    fn new() -> Self {
        let child: ObjectBytes = Arc::from(vec![b' '; 600]);
        Self {
            subject: Arc::from(subject().as_bytes()),
            children: vec![Arc::clone(&child), Arc::clone(&child), Arc::clone(&child)],
            applied: child,
        }
    }
}

/// A Pod of some 4.4 KB: much that nobody asks for, as objects are.
fn subject() -> String {
    let env: Vec<_> = (0..12)
        .map(|i| serde_json::json!({"name": format!("VARIABLE_{i}"), "value": "a value of some length"}))
        .collect();
    let container = |name: &str| {
        serde_json::json!({
            "name": name, "image": format!("registry.example.org/team/{name}:v1.2.3"), "env": env,
            "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
            "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10},
        })
    };
    let condition = |kind: &str| serde_json::json!({"type": kind, "status": "True", "reason": "Fine", "lastTransitionTime": "2026-01-01T00:00:00Z"});
    let conditions = ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map(condition);
    serde_json::json!({
        "apiVersion": "demo.example.org/v1", "kind": "Wish",
        "metadata": {
            "name": "subject", "namespace": "demo", "uid": "0f2e4c1a-7c1b-4c59-9d5e-0a7a4a3e1a11", "resourceVersion": "12345",
            "labels": {"app": "web", "team": "a", "tier": "front"},
            "annotations": {"example.org/note": "x".repeat(400)},
        },
        "spec": {"nodeName": "node-1", "containers": [container("web"), container("sidecar")]},
        "status": {"phase": "Running", "conditions": conditions},
    })
    .to_string()
}

impl Reads for Memory {
    fn get(&self, _: &ObjectRef) -> Result<Option<ObjectBytes>, ReadError> {
        Ok(Some(Arc::clone(&self.subject)))
    }

    fn list(&self, _: &Kind, _: &Query) -> Result<Vec<ObjectBytes>, ReadError> {
        Ok(self.children.clone())
    }

    fn is_reconciled(&self, _: &Kind) -> bool {
        true
    }
}

#[async_trait]
impl Writes for Memory {
    async fn apply(&self, _: &[u8]) -> Result<ObjectBytes, WriteError> {
        Ok(Arc::clone(&self.applied))
    }

    async fn apply_status(&self, _: &[u8]) -> Result<ObjectBytes, WriteError> {
        Ok(Arc::clone(&self.applied))
    }

    async fn create(&self, _: &[u8]) -> Result<ObjectBytes, WriteError> {
        Ok(Arc::clone(&self.applied))
    }

    async fn patch(&self, _: &ObjectRef, _: &Patch<'_>) -> Result<ObjectBytes, WriteError> {
        Ok(Arc::clone(&self.applied))
    }

    async fn delete(&self, _: &ObjectRef, _: &DeleteOptions) -> Result<(), WriteError> {
        Ok(())
    }

    async fn event(&self, _: &ObjectRef, _: &Event) {}
}
