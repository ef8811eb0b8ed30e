//! Guests, an engine, and doors that remember what came through them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use async_trait::async_trait;
use backplane_core::condition::Event;
use backplane_core::grant::{Denied, Permissions};
use backplane_core::ports::{DeleteOptions, ObjectBytes, Patch, Query, ReadError, Reads, WriteError, Writes};
use backplane_core::reconcile::{Outcome, Reason, Reconciler, Request};
use backplane_core::{CallError, Declaration, Grant, Kind, ObjectRef};
use backplane_engine::{Component, Context, Engine, EngineSettings, Generation, Limits, Slot};
use tokio::sync::Semaphore;

/// Where the guests are: `BACKPLANE_GUESTS`, or where `cargo xtask guests` puts them.
pub(crate) fn guests() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/target/wasm32-wasip2/release");
    std::env::var_os("BACKPLANE_GUESTS").map_or(built, PathBuf::from)
}

/// The bytes of a guest.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let path = guests().join(format!("{}.wasm", name.replace('-', "_")));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask guests` builds it", path.display()))
}

/// An engine whose artefacts are shared by all tests, so that each guest is compiled once.
pub(crate) fn engine() -> Engine {
    log_to_threads();
    let cache_dir = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("artefacts"));
    Engine::new(EngineSettings { cache_dir, instances: 16, ..EngineSettings::default() }).expect("engine")
}

pub(crate) fn load(name: &str) -> Component {
    engine().load(name, &guest(name)).expect(name)
}

pub(crate) fn kind(name: &str) -> Kind {
    Kind::new("demo.example.org", "v1", name)
}

pub(crate) fn wish(name: &str) -> Request {
    let object = ObjectRef::new(kind("Wish"), Some("demo"), name);
    Request { object, reason: Reason::Changed, attempt: 2 }
}

/// A context with the given limits and doors that deny everything.
pub(crate) fn limited(plugin: &str, limits: Limits) -> Context {
    Context { limits, ..Context::nothing(plugin) }
}

/// A context over a fake store.
pub(crate) fn over(store: &Arc<Fake>) -> Context {
    let (reads, writes): (Arc<dyn Reads>, Arc<dyn Writes>) = (Arc::clone(store) as _, Arc::clone(store) as _);
    Context { reads, writes, ..Context::nothing("echo") }
}

pub(crate) fn slot(component: Component, context: Context) -> Slot {
    Slot::new(Generation::new(component, context).expect("generation"))
}

/// What the guest says to a wish: the message of its refusal.
pub(crate) async fn ask(slot: &Slot, name: &str) -> Result<String, CallError> {
    match slot.reconcile(&wish(name)).await?.outcome {
        Outcome::Refused { message, .. } => Ok(message),
        outcome => panic!("{name}: {outcome:?}"),
    }
}

/// Permissions to call these endpoints, declared and granted.
pub(crate) fn may_call(endpoints: &[&str]) -> Arc<Permissions> {
    let endpoints: Vec<String> = endpoints.iter().map(|&name| name.to_owned()).collect();
    let declaration = Declaration { endpoints: endpoints.clone(), ..Declaration::default() };
    Arc::new(Permissions::new(declaration, Grant { endpoints, ..Grant::default() }))
}

/// Waits for something that another task brings about.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap_or_else(|_| panic!("{what} did not happen"));
}

/// A store in memory. Writes are remembered and answered with what was asked.
pub(crate) struct Fake {
    pub(crate) objects: Mutex<BTreeMap<ObjectRef, ObjectBytes>>,
    pub(crate) queries: Mutex<Vec<Query>>,
    pub(crate) written: Mutex<Vec<String>>,
    /// `create` waits for a permit of this.
    pub(crate) gate: Semaphore,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            objects: Mutex::default(),
            queries: Mutex::default(),
            written: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        }
    }
}

impl Fake {
    pub(crate) fn with(objects: &[(ObjectRef, &str)]) -> Arc<Self> {
        let fake = Self::default();
        let entries = objects.iter().map(|(object, text)| (object.clone(), Arc::from(text.as_bytes())));
        fake.objects.lock().expect("lock").extend(entries);
        Arc::new(fake)
    }

    /// A store whose `create` never ends.
    pub(crate) fn stuck() -> Arc<Self> {
        Arc::new(Self { gate: Semaphore::new(0), ..Self::default() })
    }

    fn wrote(&self, what: String) -> Result<ObjectBytes, WriteError> {
        let answer = Arc::from(what.as_bytes());
        self.written.lock().expect("lock").push(what);
        Ok(answer)
    }
}

impl Reads for Fake {
    fn get(&self, object: &ObjectRef) -> Result<Option<ObjectBytes>, ReadError> {
        Ok(self.objects.lock().expect("lock").get(object).cloned())
    }

    fn list(&self, kind: &Kind, query: &Query) -> Result<Vec<ObjectBytes>, ReadError> {
        if kind.kind == "Unheard" {
            return Err(Denied::Undeclared { what: format!("read of {kind}") }.into());
        }
        self.queries.lock().expect("lock").push(query.clone());
        let objects = self.objects.lock().expect("lock");
        Ok(objects.iter().filter(|(object, _)| object.kind == *kind).map(|(_, bytes)| Arc::clone(bytes)).collect())
    }

    fn is_reconciled(&self, kind: &Kind) -> bool {
        kind.kind == "Wish"
    }
}

#[async_trait]
impl Writes for Fake {
    async fn apply(&self, object: &[u8]) -> Result<ObjectBytes, WriteError> {
        self.wrote(format!("apply {}", String::from_utf8_lossy(object)))
    }

    async fn apply_status(&self, _: &[u8]) -> Result<ObjectBytes, WriteError> {
        Err(WriteError::Throttled(Duration::from_millis(1_500)))
    }

    async fn create(&self, _: &[u8]) -> Result<ObjectBytes, WriteError> {
        let _turn = self.gate.acquire().await.expect("never closed");
        Err(WriteError::Other("connection refused".into()))
    }

    async fn patch(&self, object: &ObjectRef, patch: &Patch<'_>) -> Result<ObjectBytes, WriteError> {
        self.wrote(format!("patch {object} {patch:?}"))
    }

    async fn delete(&self, object: &ObjectRef, options: &DeleteOptions) -> Result<(), WriteError> {
        self.wrote(format!("delete {object} {options:?}")).map(drop)
    }

    async fn event(&self, object: &ObjectRef, event: &Event) {
        let _ = self.wrote(format!("event {object} {} {}", event.reason, event.message));
    }
}

thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What this test has logged: each test has a thread to itself.
pub(crate) fn logged() -> String {
    LINES.with_borrow(|lines| String::from_utf8_lossy(lines).into_owned())
}

/// One subscriber for the whole process: with one for each thread, tracing may forget call sites (tokio-rs/tracing#2765).
fn log_to_threads() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_writer(|| ThreadLog)
            .with_ansi(false)
            .with_max_level(tracing::Level::DEBUG)
            .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE)
            .init();
    });
}

struct ThreadLog;

impl io::Write for ThreadLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
