//! As much of an API server as a watch of one kind needs, delivering changes at a steady rate.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use futures::StreamExt;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::source::{Stream, text};

/// How often changes are sent. Each time brings what has become due, as a server under load does.
const TICK: Duration = Duration::from_millis(2);

type Answer = Response<BoxBody<Bytes, Infallible>>;

/// A fake API server.
pub(super) struct Fake {
    address: SocketAddr,
    state: Arc<State>,
    serving: tokio::task::JoinHandle<()>,
}

struct State {
    objects: usize,
    version: AtomicU64,
    watches: Mutex<Vec<mpsc::UnboundedSender<Bytes>>>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Fake {
    pub(super) async fn start(objects: usize) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let version = AtomicU64::new(objects as u64);
        let state = Arc::new(State { objects, version, watches: Mutex::default() });
        let serving = tokio::spawn(serve(listener, Arc::clone(&state)));
        Ok(Self { address, state, serving })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) async fn change(&self, stream: &Stream) -> Result<usize> {
        let mark = self.state.objects - 1;
        self.state.send(mark, "begin", 1);
        let (begin, mut sent) = (Instant::now(), 0);
        let total = (stream.rate * stream.lasting.as_secs_f64()) as usize;
        while sent < total {
            tokio::time::sleep(TICK).await;
            let due = ((begin.elapsed().as_secs_f64() * stream.rate) as usize).min(total);
            self.state.send(sent, "change", due - sent);
            sent = due;
        }
        self.state.send(mark, "end", 1);
        Ok(total)
    }
}

impl State {
    /// Sends a change of so many objects, beginning with this one.
    fn send(&self, from: usize, what: &str, count: usize) {
        let mut lines = String::new();
        for i in from..from + count {
            let version = self.version.fetch_add(1, Ordering::Relaxed) + 1;
            // The last object carries the marks alone, lest a change fold with one.
            let number = if what == "change" { i % (self.objects - 1) } else { i };
            let object = object(number, version, &text(what));
            let _ = writeln!(lines, r#"{{"type":"MODIFIED","object":{object}}}"#);
        }
        let lines = Bytes::from(lines);
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        watches.retain(|watch| watch.send(lines.clone()).is_ok());
    }

    fn answer(&self, query: &str, path: &str) -> Answer {
        let asked = |part: &str| query.split('&').any(|given| given == part);
        if path == "/apis/bench.example.org/v1" {
            return whole(StatusCode::OK, DISCOVERY.into());
        }
        if path != "/apis/bench.example.org/v1/notes" {
            return whole(StatusCode::NOT_FOUND, r#"{"kind":"Status","code":404}"#.into());
        }
        if asked("sendInitialEvents=true") {
            return whole(StatusCode::UNPROCESSABLE_ENTITY, r#"{"kind":"Status","code":422}"#.into());
        }
        if asked("watch=1") || asked("watch=true") { self.watch() } else { whole(StatusCode::OK, self.list()) }
    }

    fn list(&self) -> String {
        let objects: Vec<String> = (0..self.objects).map(|i| object(i, i as u64 + 1, &text("old"))).collect();
        let version = self.version.load(Ordering::Relaxed);
        format!(
            r#"{{"apiVersion":"bench.example.org/v1","kind":"NoteList","metadata":{{"resourceVersion":"{version}"}},"items":[{}]}}"#,
            objects.join(",")
        )
    }

    fn watch(&self) -> Answer {
        let (sender, lines) = mpsc::unbounded_channel();
        self.watches.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        let frames = futures::stream::unfold(lines, async |mut lines| Some((lines.recv().await?, lines)));
        let frames = frames.map(|lines| Ok(Frame::data(lines)));
        Response::new(BodyExt::boxed(StreamBody::new(frames)))
    }
}

const DISCOVERY: &str = r#"{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"bench.example.org/v1","resources":[
    {"name":"notes","singularName":"note","namespaced":true,"kind":"Note","verbs":["get","list","watch"]}]}"#;

/// An object of about a kilobyte, with the managed fields that a real one has.
fn object(i: usize, version: u64, text: &str) -> String {
    format!(
        r#"{{"apiVersion":"bench.example.org/v1","kind":"Note","metadata":{{"creationTimestamp":"2026-01-01T00:00:00Z","generation":{version},"labels":{{"app":"bench","number":"{i}"}},"managedFields":[{{"apiVersion":"bench.example.org/v1","fieldsType":"FieldsV1","fieldsV1":{{"f:metadata":{{"f:labels":{{".":{{}},"f:app":{{}},"f:number":{{}}}}}},"f:spec":{{".":{{}},"f:text":{{}}}}}},"manager":"bench","operation":"Update","time":"2026-01-01T00:00:00Z"}}],"name":"note-{i:05}","namespace":"bench-{}","resourceVersion":"{version}","uid":"00000000-0000-4000-8000-{i:012}"}},"spec":{{"text":"{text}"}}}}"#,
        i % 10
    )
}

fn whole(status: StatusCode, body: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)).boxed());
    *answer.status_mut() = status;
    answer
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    while let Ok((socket, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        let service = hyper_util::service::TowerToHyperService::new(tower::service_fn(
            move |request: Request<hyper::body::Incoming>| {
                let state = Arc::clone(&state);
                async move {
                    let uri = request.uri();
                    Ok::<_, Infallible>(state.answer(uri.query().unwrap_or_default(), uri.path()))
                }
            },
        ));
        tokio::spawn(async move {
            let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
        });
    }
}
