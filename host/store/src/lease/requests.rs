//! Requests about leases. Each is conditional on the version that was last seen, so that of two replicas one is refused.

use std::time::Duration;

use backplane_core::ErrorChain;
use http::{Method, Request, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::object::{SELECTOR, Sight, Written};
use crate::transport::{Answer, Status, Transport, TransportError, encode};

/// What became of a request.
#[derive(Debug)]
pub(super) enum Reply {
    /// Done; the Lease is now so.
    Done(Sight),
    /// Somebody else was first; the Lease is now so, as far as could be learnt.
    Conflict(Option<Sight>),
    /// There is no such Lease.
    Gone,
    /// The API server answered, with a refusal.
    Refused(String),
    /// No answer, or not in time: it may or may not be done.
    Unanswered(String),
}

#[derive(Clone)]
pub(super) struct Requests {
    pub(super) transport: Transport,
    pub(super) namespace: String,
}

#[derive(Deserialize)]
struct List<'a> {
    metadata: ListMetadata,
    #[serde(borrow, default)]
    items: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMetadata {
    resource_version: String,
}

impl Requests {
    pub(super) fn collection(&self) -> String {
        format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases", encode(&self.namespace))
    }

    /// Creates a Lease, or replaces what we own of it.
    pub(super) async fn write(&self, written: &Written<'_>, within: Duration) -> Reply {
        let body = written.body(&self.namespace).to_string().into_bytes();
        let (method, path, content_type) = match written.version {
            None => (Method::POST, self.collection(), "application/json"),
            Some(_) => (Method::PATCH, self.path(written.name), "application/merge-patch+json"),
        };
        match self.send(method, &path, content_type, body, within).await {
            Ok(answer) if answer.status == StatusCode::CONFLICT => {
                Reply::Conflict(self.read(written.name, within).await)
            }
            Ok(answer) => reply(&answer),
            Err(error) => Reply::Unanswered(ErrorChain(&error).to_string()),
        }
    }

    /// Removes a Lease that is still in this version.
    pub(super) async fn remove(&self, name: &str, version: u64, within: Duration) -> Result<(), String> {
        let body = format!(r#"{{"preconditions":{{"resourceVersion":"{version}"}}}}"#).into_bytes();
        match self.send(Method::DELETE, &self.path(name), "application/json", body, within).await {
            Ok(answer) if answer.status.is_success() || answer.status == StatusCode::NOT_FOUND => Ok(()),
            Ok(answer) => Err(refusal(&answer)),
            Err(error) => Err(ErrorChain(&error).to_string()),
        }
    }

    /// All leases of the namespace that are ours to look at, and the version of the list.
    pub(super) async fn list(&self) -> Result<(Vec<Sight>, u64), String> {
        let path = format!("{}?labelSelector={SELECTOR}", self.collection());
        let answer = self.transport.get(&path).await.map_err(|error| ErrorChain(&error).to_string())?;
        if !answer.status.is_success() {
            return Err(refusal(&answer));
        }
        let list: List<'_> = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
        let version = list.metadata.resource_version.parse().map_err(|_| "the list has no version".to_owned())?;
        Ok((list.items.iter().filter_map(|item| Sight::read(item.get().as_bytes())).collect(), version))
    }

    async fn read(&self, name: &str, within: Duration) -> Option<Sight> {
        let answer = tokio::time::timeout(within, self.transport.get(&self.path(name))).await.ok()?.ok()?;
        Sight::read(&answer.body).filter(|_| answer.status.is_success())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
        within: Duration,
    ) -> Result<Answer, TransportError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::CONTENT_TYPE, content_type)
            .header(http::header::ACCEPT, "application/json")
            .body(body)?;
        let answer = tokio::time::timeout(within, self.transport.ask(request)).await;
        answer.unwrap_or(Err(TransportError::Timeout(within)))
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{}", self.collection(), encode(name))
    }
}

fn reply(answer: &Answer) -> Reply {
    match answer.status {
        StatusCode::NOT_FOUND if Status::read(&answer.body).details.is_some_and(|d| d.kind == "leases") => Reply::Gone,
        status if status.is_success() => match Sight::read(&answer.body) {
            Some(sight) => Reply::Done(sight),
            None => Reply::Unanswered("the answer is no Lease".into()),
        },
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            Reply::Unanswered(refusal(answer))
        }
        _ => Reply::Refused(refusal(answer)),
    }
}

fn refusal(answer: &Answer) -> String {
    let status = Status::read(&answer.body);
    format!("{}: {}", answer.status.as_u16(), status.message)
}
