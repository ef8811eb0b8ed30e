//! A webhook over TLS whose answers a test decides.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio_rustls::TlsAcceptor;

use crate::Authority;

type Answer = Arc<dyn Fn(&Value) -> Option<Value> + Send + Sync>;

/// A listening webhook; it ends with the test.
pub(super) struct Hook {
    addr: SocketAddr,
    bundle: String,
    /// Every document that was sent.
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Hook {
    /// Answers each `request` with the `response` that `answer` gives; never, if it gives none.
    pub(super) async fn start(answer: impl Fn(&Value) -> Option<Value> + Send + Sync + 'static) -> Self {
        let authority = Authority::new("hooks").unwrap();
        let names = ["127.0.0.1", "hook.default.svc"];
        let config = authority.issue(&names).unwrap().server_config().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (asked, answer): (_, Answer) = (Arc::<Mutex<Vec<Value>>>::default(), Arc::new(answer));
        let hook = Self { addr, bundle: bundle(&authority), asked: Arc::clone(&asked) };
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, asked, answer) = (acceptor.clone(), Arc::clone(&asked), Arc::clone(&answer));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(|request| respond(request, Arc::clone(&asked), Arc::clone(&answer)));
                    let mut builder =
                        hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new());
                    let _ = builder.http1().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        hook
    }

    pub(super) fn port(&self) -> u16 {
        self.addr.port()
    }

    /// `clientConfig` that leads here.
    pub(super) fn client(&self) -> Value {
        json!({"url": format!("https://{}/ask", self.addr), "caBundle": self.bundle})
    }

    pub(super) fn bundle(&self) -> &str {
        &self.bundle
    }

    pub(super) fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }
}

pub(super) fn bundle(authority: &Authority) -> String {
    base64::engine::general_purpose::STANDARD.encode(authority.ca_pem())
}

async fn respond(
    request: Request<Incoming>,
    asked: Arc<Mutex<Vec<Value>>>,
    answer: Answer,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let mut document: Value = serde_json::from_slice(&body).unwrap();
    asked.lock().unwrap().push(document["request"].clone());
    let Some(mut response) = answer(&document["request"]) else { std::future::pending().await };
    response["uid"] = document["request"]["uid"].clone();
    document["response"] = response;
    Ok(Response::new(Full::new(document.to_string().into())))
}

/// A JSON patch as webhooks answer it.
pub(super) fn patch(operations: &Value) -> Value {
    let text = base64::engine::general_purpose::STANDARD.encode(operations.to_string());
    json!({"allowed": true, "patchType": "JSONPatch", "patch": text})
}
