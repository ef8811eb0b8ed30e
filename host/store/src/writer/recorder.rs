//! Records events as `core/v1` Events, counting repetitions on one object.
//!
//! Best effort and never in the way: a bounded queue and one task for the whole store. A series is known by object,
//! type, reason and message; its repetitions are written at counts of a power of two and otherwise at most every ten
//! seconds, so a reconcile that fails all night costs a handful of requests.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use backplane_core::condition::{Event, EventType};
use backplane_core::{ErrorChain, ObjectRef};
use http::{Method, Request, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::debug;

use super::refusal::cut;
use super::{Identity, MERGE_PATCH};
use crate::counters::{Counters, count};
use crate::lease::Fence;
use crate::options::Clock;
use crate::transport::{Transport, TransportError, encode};

const QUEUE: usize = 1024;
const MAX_SERIES: usize = 2048;
/// After this long a repetition is a new event; the API server forgets events after an hour.
const SERIES_LIFE: Duration = Duration::from_secs(30 * 60);
const REPEAT_PAUSE: Duration = Duration::from_secs(10);
/// How long the stop of the daemon may be held up by events.
const LAST_WORDS: Duration = Duration::from_secs(1);
const MAX_MESSAGE: usize = 1024;

/// The way to the recording task.
#[derive(Clone)]
pub(crate) struct Recorder {
    queue: mpsc::Sender<Record>,
    counters: Arc<Counters>,
}

struct Record {
    transport: Transport,
    /// Keeps the lease, under which the event is to be sent, from being given back meanwhile.
    _pass: Option<TaskTrackerToken>,
    identity: Identity,
    object: ObjectRef,
    uid: String,
    event: Event,
}

struct Series {
    name: String,
    first: Timestamp,
    count: u32,
    seen: Instant,
    written: Instant,
}

struct Task {
    counters: Arc<Counters>,
    clock: Clock,
    series: HashMap<u64, Series>,
    order: VecDeque<u64>,
}

impl Recorder {
    pub(crate) fn start(tasks: &TaskTracker, clock: Clock, counters: Arc<Counters>, cancel: CancellationToken) -> Self {
        let (queue, records) = mpsc::channel(QUEUE);
        let task = Task { counters: Arc::clone(&counters), clock, series: HashMap::new(), order: VecDeque::new() };
        tasks.spawn(task.run(records, cancel));
        Self { queue, counters }
    }

    pub(super) fn record(
        &self,
        transport: &Transport,
        identity: &Identity,
        object: &ObjectRef,
        uid: String,
        event: &Event,
    ) {
        let Ok(pass) = transport.fence().map(Fence::pass).transpose() else {
            return count(&self.counters.events_lost);
        };
        let (identity, object, event) = (identity.clone(), object.clone(), event.clone());
        let record = Record { transport: transport.clone(), _pass: pass, identity, object, uid, event };
        if self.queue.try_send(record).is_err() {
            count(&self.counters.events_lost);
        }
    }
}

impl Task {
    async fn run(mut self, mut records: mpsc::Receiver<Record>, cancel: CancellationToken) {
        let too_late = async {
            cancel.cancelled().await;
            tokio::time::sleep(LAST_WORDS).await;
        };
        tokio::select! {
            () = self.record_all(&mut records, &cancel) => {}
            () = too_late => {}
        }
    }

    /// Ends when cancelled and nothing is left in the queue.
    async fn record_all(&mut self, records: &mut mpsc::Receiver<Record>, cancel: &CancellationToken) {
        loop {
            let record = tokio::select! {
                biased;
                record = records.recv() => record,
                () = cancel.cancelled() => None,
            };
            let Some(record) = record else { return };
            self.record(&record).await;
        }
    }

    async fn record(&mut self, record: &Record) {
        let key = series_key(record);
        let written = match self.repeated(key) {
            Some(repetition) => match self.repeat(record, repetition).await {
                Ok(StatusCode::NOT_FOUND) => self.begin(key, record).await,
                other => other,
            },
            None if self.series.contains_key(&key) => return,
            None => self.begin(key, record).await,
        };
        match written {
            Ok(status) if status.is_success() => self.counters.wrote("event", "ok"),
            Ok(status) => self.lost(record, "refused", &status),
            Err(error) => self.lost(record, "failed", &ErrorChain(&error)),
        }
    }

    fn lost(&self, record: &Record, result: &'static str, error: &dyn std::fmt::Display) {
        self.counters.wrote("event", result);
        count(&self.counters.events_lost);
        debug!(object.r#ref = %record.object, component = record.identity.plugin(), %error, "event lost");
    }

    /// Counts a repetition of a known series; gives its name and count if it is time to write them.
    fn repeated(&mut self, key: u64) -> Option<(String, u32)> {
        let series = self.series.get_mut(&key)?;
        let now = Instant::now();
        if now - series.seen > SERIES_LIFE {
            self.series.remove(&key);
            self.order.retain(|k| *k != key);
            return None;
        }
        (series.seen, series.count) = (now, series.count + 1);
        let due = series.count.is_power_of_two() || now - series.written >= REPEAT_PAUSE;
        if due {
            series.written = now;
        }
        due.then(|| (series.name.clone(), series.count))
    }

    async fn repeat(&self, record: &Record, (name, count): (String, u32)) -> Result<StatusCode, TransportError> {
        let path = format!("{}/{}", collection(&record.object), encode(&name));
        let body = json!({"count": count, "lastTimestamp": seconds((self.clock)())});
        self.send(record, Method::PATCH, path, MERGE_PATCH, &body).await
    }

    async fn begin(&mut self, key: u64, record: &Record) -> Result<StatusCode, TransportError> {
        let first = (self.clock)();
        let name = format!("{}.{:x}", cut(&record.object.name, 230), key ^ first.as_nanosecond() as u64);
        let now = Instant::now();
        let count = self.series.remove(&key).map_or(1, |known| known.count);
        let series = Series { name, first, count, seen: now, written: now };
        let body = body(record, &series);
        self.series.insert(key, series);
        self.order.retain(|k| *k != key);
        self.order.push_back(key);
        if self.order.len() > MAX_SERIES {
            self.order.pop_front().iter().for_each(|oldest| drop(self.series.remove(oldest)));
        }
        self.send(record, Method::POST, collection(&record.object), "application/json", &body).await
    }

    async fn send(
        &self,
        record: &Record,
        method: Method,
        path: String,
        content_type: &str,
        body: &Value,
    ) -> Result<StatusCode, TransportError> {
        let request = Request::builder().method(method).uri(path).header(http::header::CONTENT_TYPE, content_type);
        let body = serde_json::to_vec(body).map_err(TransportError::Json)?;
        Ok(record.transport.ask(record.identity.sign(request).body(body)?).await?.status)
    }
}

fn body(record: &Record, series: &Series) -> Value {
    let Record { identity, object, uid, event, .. } = record;
    let (first, kind) = (seconds(series.first), &object.kind);
    let involved = json!({"apiVersion": kind.api_version(), "kind": kind.kind, "name": object.name,
        "namespace": object.namespace, "uid": uid});
    let kind = match event.kind {
        EventType::Normal => "Normal",
        EventType::Warning => "Warning",
    };
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": series.name, "namespace": namespace(object)},
        "involvedObject": involved, "type": kind,
        "reason": cut(&event.reason, 128), "message": cut(&event.message, MAX_MESSAGE),
        "source": {"component": identity.manager()},
        "reportingComponent": identity.manager(), "reportingInstance": identity.manager(),
        "firstTimestamp": first, "lastTimestamp": first, "count": series.count,
    })
}

/// Events of cluster-scoped objects lie in `default`, as `kubectl describe` expects.
fn namespace(object: &ObjectRef) -> &str {
    object.namespace.as_deref().unwrap_or("default")
}

fn collection(object: &ObjectRef) -> String {
    format!("/api/v1/namespaces/{}/events", encode(namespace(object)))
}

fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn series_key(record: &Record) -> u64 {
    let text = format!(
        "{}\0{}\0{}\0{:?}\0{}\0{}",
        record.identity.manager(),
        record.object,
        record.uid,
        record.event.kind,
        record.event.reason,
        record.event.message
    );
    let mut first = [0; 8];
    first.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..8]);
    u64::from_le_bytes(first)
}
