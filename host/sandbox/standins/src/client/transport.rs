//! Requests, one by one: to a server in the process, or over the network to somebody else's. The only place that knows which.

mod remote;

use backplane_apiserver::{LocalClient, Status};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use serde_json::Value;

use crate::kinds::{Kind, Scope};
use crate::object;
use remote::Remote;

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

impl From<kube::Error> for ApiError {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self { code: status.code, reason: status.reason, message: status.message },
            other => Self { code: 0, reason: "NoAnswer".into(), message: other.to_string() },
        }
    }
}

/// The requests of one user.
#[derive(Clone)]
pub(crate) enum Transport {
    /// To the embedded server.
    Local(LocalClient),
    /// To any other.
    Remote(Remote),
}

/// Which part of an object a patch is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Main,
    Status,
}

impl Transport {
    /// To a cluster that is not ours, with the user that the client is set up with.
    pub(crate) fn remote(client: kube::Client, manager: &'static str) -> Self {
        Self::Remote(Remote::new(client, manager))
    }

    pub(super) async fn get(&self, kind: &Kind, namespace: &str, name: &str) -> Result<Option<Value>, ApiError> {
        match self {
            Self::Local(local) => Ok(local.get(&kind.core(), scope(kind, namespace), name).await?),
            Self::Remote(remote) => remote.get(kind, scope(kind, namespace), name).await,
        }
    }

    pub(super) async fn list(&self, kind: &Kind, namespace: &str, selector: &str) -> Result<Vec<Value>, ApiError> {
        match self {
            Self::Local(local) => Ok(local.list(&kind.core(), scope(kind, namespace), selector).await?),
            Self::Remote(remote) => remote.list(kind, scope(kind, namespace), selector).await,
        }
    }

    pub(super) async fn create(&self, object: &Value) -> Result<Value, ApiError> {
        match self {
            Self::Local(local) => Ok(local.create(object).await?),
            Self::Remote(remote) => {
                let kind = &Kind::of_object(object);
                remote.create(kind, scope(kind, object::namespace(object)), object).await
            }
        }
    }

    pub(super) async fn patch(
        &self,
        kind: &Kind,
        object: &Value,
        part: Part,
        patch: &Value,
    ) -> Result<Value, ApiError> {
        let (core, place, name) = (kind.core(), scope(kind, object::namespace(object)), object::name(object));
        Ok(match (self, part) {
            (Self::Local(local), Part::Main) => local.merge(&core, place, name, patch).await?,
            (Self::Local(local), Part::Status) => local.merge_status(&core, place, name, patch).await?,
            (Self::Remote(remote), part) => remote.patch(kind, place, name, part, patch).await?,
        })
    }

    pub(super) async fn delete(&self, kind: &Kind, object: &Value) -> Result<(), ApiError> {
        let (place, name) = (scope(kind, object::namespace(object)), object::name(object));
        match self {
            Self::Local(local) => Ok(local.delete(&kind.core(), place, name).await?),
            Self::Remote(remote) => remote.delete(kind, place, name).await,
        }
    }

    /// Every object, and every change from then on.
    pub(super) async fn watch(&self, kind: &Kind) -> Result<BoxStream<'static, Value>, ApiError> {
        match self {
            Self::Local(local) => Ok(local.watch(&kind.core(), None).await?.map(|event| event.object).boxed()),
            Self::Remote(remote) => remote.watch(kind).await,
        }
    }
}

fn scope<'a>(kind: &Kind, namespace: &'a str) -> Option<&'a str> {
    (kind.scope == Scope::Namespaced && !namespace.is_empty()).then_some(namespace)
}
