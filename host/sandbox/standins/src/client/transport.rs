//! Requests, one by one. The only place that knows [`LocalClient`].

use backplane_apiserver::{LocalClient, Status};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use serde_json::Value;

use crate::kinds::{Kind, Scope};
use crate::object;

/// A negative answer.
#[derive(Debug, thiserror::Error)]
#[error("{code} {reason}: {message}")]
pub(crate) struct ApiError {
    code: u16,
    reason: String,
    message: String,
}

impl ApiError {
    /// Whether there is no such object, or no such kind.
    pub(crate) fn is_not_found(&self) -> bool {
        self.code == 404
    }
}

impl From<Status> for ApiError {
    fn from(status: Status) -> Self {
        Self { code: status.code(), reason: status.reason().to_owned(), message: status.message().to_owned() }
    }
}

/// The requests of one user.
#[derive(Clone)]
pub(super) struct Transport(LocalClient);

/// Which part of an object a patch is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Main,
    Status,
}

impl Transport {
    pub(super) fn new(local: LocalClient) -> Self {
        Self(local)
    }

    pub(super) async fn get(&self, kind: &Kind, namespace: &str, name: &str) -> Result<Option<Value>, ApiError> {
        Ok(self.0.get(&kind.core(), scope(kind, namespace), name).await?)
    }

    pub(super) async fn list(&self, kind: &Kind, namespace: &str, selector: &str) -> Result<Vec<Value>, ApiError> {
        Ok(self.0.list(&kind.core(), scope(kind, namespace), selector).await?)
    }

    pub(super) async fn create(&self, object: &Value) -> Result<Value, ApiError> {
        Ok(self.0.create(object).await?)
    }

    pub(super) async fn patch(
        &self,
        kind: &Kind,
        object: &Value,
        part: Part,
        patch: &Value,
    ) -> Result<Value, ApiError> {
        let (core, place, name) = (kind.core(), scope(kind, object::namespace(object)), object::name(object));
        Ok(match part {
            Part::Main => self.0.merge(&core, place, name, patch).await?,
            Part::Status => self.0.merge_status(&core, place, name, patch).await?,
        })
    }

    pub(super) async fn delete(&self, kind: &Kind, object: &Value) -> Result<(), ApiError> {
        let place = scope(kind, object::namespace(object));
        Ok(self.0.delete(&kind.core(), place, object::name(object)).await?)
    }

    /// Every object, and every change from then on.
    pub(super) async fn watch(&self, kind: &Kind) -> Result<BoxStream<'static, Value>, ApiError> {
        Ok(self.0.watch(&kind.core(), None).await?.map(|event| event.object).boxed())
    }
}

fn scope<'a>(kind: &Kind, namespace: &'a str) -> Option<&'a str> {
    (kind.scope == Scope::Namespaced && !namespace.is_empty()).then_some(namespace)
}
