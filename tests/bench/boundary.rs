//! One reconcile through a guest, against the same Rust function called natively, on the same store.
//!
//! It reads an object of 4.4 KB into a typed struct, lists its ten children and applies an intent that changes nothing. Both
//! sides go through the same doors, so what differs is the boundary and the sandbox.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use backplane_apiserver::{ApiServer, Env, LocalClient};
use backplane_core::declaration::{Declaration, Read, Verb, Write};
use backplane_core::grant::Permissions;
use backplane_core::ports::{Query, Reads, Writes};
use backplane_core::reconcile::{Outcome, Reason, Reconciler, Request};
use backplane_core::{Grant, Kind, ObjectRef, Selector};
use backplane_engine::{Context, Engine, EngineSettings, Generation, Slot};
use backplane_store::{Identity, Store};
use serde_json::{Value, json};

use crate::server::{client, options};
use crate::table::{Row, Table, median};

#[path = "../guests/boundary/src/logic.rs"]
mod logic;

/// Reconciles in one sample.
const CALLS: u32 = 5_000;
/// Samples of each side, interleaved.
const ROUNDS: usize = 15;
/// Bytes of the object.
const OBJECT_BYTES: usize = 4_400;
/// What the sandbox may cost.
const GOAL: f64 = 1.5;

pub(crate) async fn bench() -> Result<Table> {
    let server = ApiServer::new(Env::system(1), options());
    fill(&server.client()).await?;
    let serving = server.serve(([127, 0, 0, 1], 0).into(), None).await?;
    let client = client(&format!("http://{}", serving.addr))?;
    let store = Store::new(client, backplane_store::Options::default());
    let doors = Doors::new(&store);
    store.synced(&doors.watches).await;
    let slot = slot(&doors)?;
    let expected = logic::reconcile(&doors, "subject");
    ensure!(expected > 10, "the native side read nothing");
    ensure!(through(&slot).await? == expected, "the two sides disagree");
    let (mut guest, mut native) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        for _ in 0..CALLS {
            through(&slot).await?;
        }
        guest.push(micros(begin));
        let begin = Instant::now();
        for _ in 0..CALLS {
            std::hint::black_box(logic::reconcile(&doors, "subject"));
        }
        native.push(micros(begin));
    }
    let row = Row::at_most("reconcile of a 4.4 KB object (median)", median(guest), median(native), "us", GOAL);
    Ok(Table { name: "boundary", rows: vec![row] })
}

fn micros(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS)
}

async fn through(slot: &Slot) -> Result<usize> {
    let object = ObjectRef::new(kind("Wish"), Some("demo"), "subject");
    let response = slot.reconcile(&Request { object, reason: Reason::Changed, attempt: 0 }).await?;
    let Outcome::RequeueAfter(answer) = response.outcome else { anyhow::bail!("{:?}", response.outcome) };
    Ok(usize::try_from(answer.as_millis())?)
}

fn slot(doors: &Doors) -> Result<Slot> {
    let engine = Engine::new(EngineSettings::default())?;
    let folder = std::env::var_os("BACKPLANE_GUESTS").context("BACKPLANE_GUESTS is not set")?;
    let component = engine.load_file("boundary", &PathBuf::from(folder).join("boundary.wasm"))?;
    let context = Context {
        permissions: doors.permissions.clone(),
        reads: doors.reads.clone(),
        writes: doors.writes.clone(),
        ..Context::nothing("boundary")
    };
    Ok(Slot::new(Generation::new(component, context)?))
}

/// The doors that both sides use.
struct Doors {
    permissions: Arc<Permissions>,
    reads: Arc<dyn Reads>,
    writes: Arc<dyn Writes>,
    watches: Vec<backplane_store::Watch>,
}

impl Doors {
    fn new(store: &Store) -> Self {
        let read = |kind| Read { kind, selector: Selector::default(), wakes: Vec::new() };
        let config_map = Kind::new("", "v1", "ConfigMap");
        let declaration = Declaration {
            name: "boundary".into(),
            reconciles: vec![kind("Wish")],
            reads: vec![read(kind("Child")), read(config_map.clone())],
            writes: vec![Write { kind: config_map, verbs: vec![Verb::Apply] }],
            ..Declaration::default()
        };
        let permissions = Arc::new(Permissions::new(declaration, Grant::default()));
        let view = store.view(permissions.clone());
        let watches = view.watches();
        let writer = store.writer(Identity::without_impersonation("boundary"), permissions.clone());
        Self { permissions, reads: Arc::new(view), writes: Arc::new(writer), watches }
    }
}

impl logic::Doors for Doors {
    fn get(&self, name: &str) -> impl AsRef<[u8]> {
        let object = ObjectRef::new(kind("Wish"), Some("demo"), name);
        self.reads.get(&object).ok().flatten().unwrap_or_else(|| Arc::from(&b""[..]))
    }

    fn children(&self, uid: &str) -> Vec<impl AsRef<[u8]>> {
        let query =
            Query { namespace: Some("demo".into()), owner_uid: Some(uid.into()), selector: Selector::default() };
        self.reads.list(&kind("Child"), &query).unwrap_or_default()
    }

    fn apply(&self, intent: &[u8]) -> usize {
        futures::executor::block_on(self.writes.apply(intent)).map_or(0, |object| object.len())
    }
}

fn kind(name: &str) -> Kind {
    Kind::new("demo.example.org", "v1", name)
}

async fn fill(client: &LocalClient) -> Result<()> {
    for kind in ["Wish", "Child"] {
        client.create(&crd(kind)).await?;
    }
    client.create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}})).await?;
    let subject = client.create(&subject()).await?;
    let owner = json!([{"apiVersion": "demo.example.org/v1", "kind": "Wish", "name": "subject", "uid": subject["metadata"]["uid"]}]);
    for i in 0..10 {
        let metadata = json!({"name": format!("child-{i}"), "namespace": "demo", "ownerReferences": owner});
        client.create(&json!({"apiVersion": "demo.example.org/v1", "kind": "Child", "metadata": metadata})).await?;
    }
    Ok(())
}

fn crd(kind: &str) -> Value {
    let plural = if kind == "Child" { "children".to_owned() } else { format!("{}es", kind.to_lowercase()) };
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.demo.example.org")},
        "spec": {"group": "demo.example.org", "scope": "Namespaced", "names": {"plural": plural, "kind": kind},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}})
}

fn subject() -> Value {
    let container = |name: &str| json!({"name": name, "image": format!("registry.example.org/{name}:1"), "env": []});
    let mut subject = json!({"apiVersion": "demo.example.org/v1", "kind": "Wish",
        "metadata": {"name": "subject", "namespace": "demo", "annotations": {"note": ""}},
        "spec": {"containers": [container("app"), container("sidecar")]}});
    let env: Vec<Value> =
        (0..40).map(|i| json!({"name": format!("VARIABLE_{i:02}"), "value": "x".repeat(50)})).collect();
    subject["spec"]["containers"][0]["env"] = env.into();
    let missing = OBJECT_BYTES.saturating_sub(subject.to_string().len());
    subject["metadata"]["annotations"]["note"] = "x".repeat(missing).into();
    subject
}
