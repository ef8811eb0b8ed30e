//! Requests to the API server as bytes: paths, deadlines, counting. Knows nothing of what the bytes mean.

mod address;
mod lines;
mod page;
mod status;

use std::sync::Arc;
use std::time::Duration;

use backplane_core::BoxError;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt;
use kube::client::Body;

use crate::counters::Counters;
use crate::lease::{Fence, Fenced};
use crate::options::Options;
pub(crate) use address::{Resource, encode, root};
pub(crate) use lines::Lines;
pub(crate) use page::Page;
pub(crate) use status::Status;

/// How long a request without an answer counts as under way.
const UNANSWERED: Duration = Duration::from_secs(2);

/// Why a request has no answer at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    #[error("the request could not be made")]
    Request(#[from] http::Error),
    #[error("the API server did not answer")]
    Send(#[source] BoxError),
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    #[error("the answer broke off")]
    Body(#[source] BoxError),
    #[error("the answer is no JSON of the expected form")]
    Json(#[source] serde_json::Error),
    #[error("the request may not be made")]
    Fenced(#[from] Fenced),
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

#[derive(Clone)]
pub(crate) struct Transport {
    client: kube::Client,
    timeout: Duration,
    write_timeout: Duration,
    agent: HeaderValue,
    /// What every request needs to be made at all; such a request is followed to its answer, whoever asked.
    fence: Option<Fence>,
    pub(crate) counters: Arc<Counters>,
}

impl Transport {
    pub(crate) fn new(client: kube::Client, options: &Options, counters: Arc<Counters>) -> Self {
        let Options { request_timeout: timeout, write_timeout, .. } = *options;
        // What is no header value names nobody.
        let agent = HeaderValue::from_str(&options.agent).unwrap_or_else(|_| HeaderValue::from_static("backplane"));
        Self { client, timeout, write_timeout, agent, fence: None, counters }
    }

    /// The same by way of another client, with another limit.
    pub(crate) fn with_client(&self, client: kube::Client, timeout: Duration) -> Self {
        Self { client, timeout, write_timeout: timeout, ..self.clone() }
    }

    /// The same by way of another client, whose connections the fence guards.
    pub(crate) fn fenced(&self, client: kube::Client, fence: Fence) -> Self {
        Self { client, fence: Some(fence), ..self.clone() }
    }

    /// What keeps count of requests that must be answered before a lease is given back.
    pub(crate) fn fence(&self) -> Option<&Fence> {
        self.fence.as_ref()
    }

    /// Sends a write and reads the whole answer.
    pub(crate) async fn ask(&self, request: Request<Vec<u8>>) -> Result<Answer, TransportError> {
        let Some(fence) = &self.fence else { return self.exchange(request, self.write_timeout).await };
        let pass = fence.pass()?;
        // A task of its own: if the caller goes away, the request may be carried out all the same, and somebody has to know.
        let transport = self.clone();
        let exchange = async move {
            let answer = transport.exchange(request, transport.write_timeout).await;
            if answer.is_err() {
                // What was sent before it failed may still be carried out.
                tokio::spawn(async move {
                    tokio::time::sleep(UNANSWERED).await;
                    drop(pass);
                });
            }
            answer
        };
        tokio::spawn(exchange).await.map_err(|error| TransportError::Send(error.into()))?
    }

    async fn exchange(&self, mut request: Request<Vec<u8>>, timeout: Duration) -> Result<Answer, TransportError> {
        request.headers_mut().insert(http::header::USER_AGENT, self.agent.clone());
        let exchange = async {
            let (head, body) = self.client.send(request.map(Body::from)).await.map_err(failed)?.into_parts();
            let body = body.collect().await.map_err(|e| TransportError::Body(e.into()))?.to_bytes();
            Ok(Answer { status: head.status, headers: head.headers, body })
        };
        tokio::time::timeout(timeout, exchange).await.map_err(|_| TransportError::Timeout(timeout))?
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, TransportError> {
        self.get_as(path, "application/json").await
    }

    /// The same, in a form that the server may be asked for.
    pub(crate) async fn get_as(&self, path: &str, accept: &str) -> Result<Answer, TransportError> {
        let request = Request::get(path).header(http::header::ACCEPT, accept).body(Vec::new())?;
        self.exchange(request, self.timeout).await
    }

    /// Opens a stream of lines; a refusal is read whole.
    pub(crate) async fn open(&self, path: &str, idle: Duration) -> Result<Result<Lines, Answer>, TransportError> {
        // Compressed watches come one gzip member per event, which decoders stop after; so none is asked for.
        let request = Request::get(path)
            .header(http::header::ACCEPT, "application/json")
            .header(http::header::ACCEPT_ENCODING, "identity")
            .header(http::header::USER_AGENT, &self.agent)
            .body(Body::empty())?;
        let answer = tokio::time::timeout(self.timeout, self.client.send(request)).await;
        let (head, body) = answer.map_err(|_| TransportError::Timeout(self.timeout))?.map_err(failed)?.into_parts();
        if head.status.is_success() {
            return Ok(Ok(Lines::new(body, idle)));
        }
        let body = tokio::time::timeout(self.timeout, body.collect()).await;
        let body =
            body.map_err(|_| TransportError::Timeout(self.timeout))?.map_err(|e| TransportError::Body(e.into()))?;
        Ok(Err(Answer { status: head.status, headers: head.headers, body: body.to_bytes() }))
    }
}

fn failed(error: kube::Error) -> TransportError {
    TransportError::Send(error.into())
}
