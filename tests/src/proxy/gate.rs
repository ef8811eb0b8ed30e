//! Understands requests: passes them on, or answers in the API server's place. Counts them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use backplane_apiserver::Authority;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::client::Body;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

/// Resolution of the counts.
const SLICE: Duration = Duration::from_millis(100);

type Outgoing = Response<UnsyncBoxBody<Bytes, kube::Error>>;

/// What becomes of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// They pass.
    Forward,
    /// They are answered with this status, and with so many seconds of `Retry-After`.
    Answer(u16, Option<u32>),
}

/// Requests that arrived, whatever became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// GET requests: lists, watches opened, discovery.
    pub reads: u64,
    /// All others.
    pub writes: u64,
    /// Of both, the most within one second.
    pub peak: u64,
}

/// A server that stands in front of an API server, with a certificate of its own. Dropping it ends it.
pub struct Gate {
    address: SocketAddr,
    ca: String,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

struct Shared {
    upstream: kube::Client,
    policy: Mutex<Policy>,
    began: Instant,
    /// Reads and writes by slice of time.
    seen: Mutex<BTreeMap<u64, (u64, u64)>>,
}

impl Gate {
    /// Opens a port on loopback in front of the server at this URL. Whoever passes brings his own credentials.
    ///
    /// # Errors
    /// No port, or a URL that is none.
    pub async fn open(upstream: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let authority = Authority::new("gate")?;
        let mut tls = authority.issue(&["127.0.0.1"])?.server_config()?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let shared = Arc::new(Shared {
            upstream: client(upstream)?,
            policy: Mutex::new(Policy::Forward),
            began: Instant::now(),
            seen: Mutex::default(),
        });
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let accepting = tokio::spawn(accept(listener, acceptor, Arc::clone(&shared))).abort_handle();
        Ok(Self { address, ca: authority.ca_pem(), shared, accepting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The authority of its certificate, as PEM.
    pub fn ca(&self) -> &str {
        &self.ca
    }

    /// Changes what becomes of requests from now on. Watches that are open stay open.
    pub fn set(&self, policy: Policy) {
        *lock(&self.shared.policy) = policy;
    }

    /// What arrived between two moments.
    pub fn counts(&self, from: Instant, to: Instant) -> Counts {
        let seen = lock(&self.shared.seen);
        let within = || seen.range(self.shared.slice(from)..=self.shared.slice(to));
        let (reads, writes) = within().fold((0, 0), |sum, (_, next)| (sum.0 + next.0, sum.1 + next.1));
        let second = (Duration::from_secs(1).as_millis() / SLICE.as_millis()) as u64;
        let around = |at: u64| seen.range(at..at + second).map(|(_, (reads, writes))| reads + writes).sum();
        let peak = within().map(|(at, _)| around(*at)).max().unwrap_or_default();
        Counts { reads, writes, peak }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Trusts whoever answers at the URL, and has no credential of its own.
fn client(upstream: &str) -> Result<kube::Client> {
    let mut config = kube::Config::new(upstream.parse().context("the URL of the API server")?);
    config.accept_invalid_certs = true;
    config.read_timeout = None;
    config.default_retry = false;
    Ok(kube::Client::try_from(config)?)
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        tokio::spawn(serve(stream, acceptor.clone(), Arc::clone(&shared)));
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(|request| answer(Arc::clone(&shared), request));
    // An error is a connection that broke, which is what a proxy like this is for.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// An upstream that does not answer leaves its client without an answer, too.
async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Outgoing, kube::Error> {
    shared.count(request.method());
    let policy = *lock(&shared.policy);
    if let Policy::Answer(code, pause) = policy {
        return Ok(refusal(code, pause));
    }
    let (mut head, body) = request.into_parts();
    head.headers.remove(http::header::HOST);
    let body = body.collect().await.map_err(kube::Error::HyperError)?.to_bytes();
    let answer = shared.upstream.send(Request::from_parts(head, Body::from(body.to_vec()))).await?;
    Ok(answer.map(BodyExt::boxed_unsync))
}

fn refusal(code: u16, pause: Option<u32>) -> Outgoing {
    let status = serde_json::json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
        "message": "told to refuse", "details": {"retryAfterSeconds": pause}});
    let body = Full::new(Bytes::from(status.to_string())).map_err(|never: Infallible| match never {});
    let mut answer = Response::new(body.boxed_unsync());
    *answer.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(pause) = pause {
        answer.headers_mut().insert(http::header::RETRY_AFTER, pause.into());
    }
    answer
}

impl Shared {
    fn slice(&self, at: Instant) -> u64 {
        (at.saturating_duration_since(self.began).as_millis() / SLICE.as_millis()) as u64
    }

    fn count(&self, method: &Method) {
        let mut seen = lock(&self.seen);
        let (reads, writes) = seen.entry(self.slice(Instant::now())).or_default();
        *(if method == Method::GET { reads } else { writes }) += 1;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
