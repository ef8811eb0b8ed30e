//! A client in the same process: the same pipeline as for everybody, without a socket.

use std::sync::Arc;

use backplane_apimachinery::{ResourceKind, Status};
use backplane_core::Kind;
use bytes::Bytes;
use futures::{Stream, stream};
use http::{Method, Request};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::http::whole;
use crate::server::ApiServer;
use crate::user::User;

mod follow;

/// What path segments and query values need no escape for.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b':');

/// A client inside the process, for stand-in controllers. Clones act as the same user.
#[derive(Clone)]
pub struct LocalClient {
    server: ApiServer,
    user: User,
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new, to this watch at least.
    Added,
    /// It changed.
    Modified,
    /// It is gone; the object is its last state.
    Deleted,
}

/// One event of a watch.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchEvent {
    /// What happened.
    pub change: ChangeKind,
    /// The object.
    pub object: Value,
}

impl LocalClient {
    pub(crate) fn new(server: ApiServer, user: User) -> Self {
        Self { server, user }
    }

    /// The server that this client talks to.
    pub fn server(&self) -> &ApiServer {
        &self.server
    }

    /// An object, or `None` if there is none of that name.
    ///
    /// # Errors
    /// Any other negative answer.
    pub async fn get(&self, kind: &Kind, namespace: Option<&str>, name: &str) -> Result<Option<Value>, Status> {
        let path = self.path(kind, namespace, Some(name))?;
        absent(self.send(Method::GET, &path, None).await)
    }

    /// The objects of a kind whose labels match, ordered by namespace and name; `None`: of all namespaces. The empty
    /// selector matches all.
    ///
    /// # Errors
    /// Any negative answer.
    pub async fn list(&self, kind: &Kind, namespace: Option<&str>, label_selector: &str) -> Result<Vec<Value>, Status> {
        let path = self.path(kind, namespace, None)?;
        let path = format!("{path}?labelSelector={}", utf8_percent_encode(label_selector, PLAIN));
        match self.send(Method::GET, &path, None).await?["items"].take() {
            Value::Array(mut items) => {
                for item in &mut items {
                    item["apiVersion"] = kind.api_version().into();
                    item["kind"] = kind.kind.clone().into();
                }
                Ok(items)
            }
            _ => Err(Status::internal("answer of a list holds no items")),
        }
    }

    /// Creates an object; kind and namespace are its own.
    ///
    /// # Errors
    /// Any negative answer.
    pub async fn create(&self, object: &Value) -> Result<Value, Status> {
        let path = self.path(&kind_of(object), namespace_of(object), None)?;
        self.send(Method::POST, &path, Some(("application/json", object.to_string()))).await
    }

    /// Replaces an object; its `resourceVersion`, if there is one, must be the present one.
    ///
    /// # Errors
    /// Any negative answer; 409 if somebody was faster.
    pub async fn update(&self, object: &Value) -> Result<Value, Status> {
        self.send(Method::PUT, &self.path_of(object)?, Some(("application/json", object.to_string()))).await
    }

    /// As [`LocalClient::update`], for the status alone.
    ///
    /// # Errors
    /// Any negative answer; 409 if somebody was faster.
    pub async fn update_status(&self, object: &Value) -> Result<Value, Status> {
        let path = format!("{}/status", self.path_of(object)?);
        self.send(Method::PUT, &path, Some(("application/json", object.to_string()))).await
    }

    /// Applies an object (server-side apply), taking fields that others own.
    ///
    /// # Errors
    /// Any negative answer.
    pub async fn apply(&self, object: &Value, manager: &str) -> Result<Value, Status> {
        self.apply_at(self.path_of(object)?, object, manager).await
    }

    /// As [`LocalClient::apply`], for the status alone.
    ///
    /// # Errors
    /// Any negative answer.
    pub async fn apply_status(&self, object: &Value, manager: &str) -> Result<Value, Status> {
        self.apply_at(format!("{}/status", self.path_of(object)?), object, manager).await
    }

    async fn apply_at(&self, path: String, object: &Value, manager: &str) -> Result<Value, Status> {
        let path = format!("{path}?force=true&fieldManager={}", utf8_percent_encode(manager, PLAIN));
        self.send(Method::PATCH, &path, Some(("application/apply-patch+yaml", object.to_string()))).await
    }

    /// Changes an object by a merge patch.
    ///
    /// # Errors
    /// Any negative answer.
    pub async fn merge(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        name: &str,
        patch: &Value,
    ) -> Result<Value, Status> {
        let path = self.path(kind, namespace, Some(name))?;
        self.send(Method::PATCH, &path, Some(("application/merge-patch+json", patch.to_string()))).await
    }

    /// As [`LocalClient::merge`], for the status alone.
    ///
    /// # Errors
    /// Any negative answer.
    pub async fn merge_status(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        name: &str,
        patch: &Value,
    ) -> Result<Value, Status> {
        let path = format!("{}/status", self.path(kind, namespace, Some(name))?);
        self.send(Method::PATCH, &path, Some(("application/merge-patch+json", patch.to_string()))).await
    }

    /// Deletes an object. One that is not there is as good as deleted.
    ///
    /// # Errors
    /// Any other negative answer.
    pub async fn delete(&self, kind: &Kind, namespace: Option<&str>, name: &str) -> Result<(), Status> {
        let path = self.path(kind, namespace, Some(name))?;
        absent(self.send(Method::DELETE, &path, None).await).map(|_| ())
    }

    /// The objects of a kind, first those present as added, then whatever happens; `None`: in all namespaces. Goes on as
    /// long as the server lives and serves the kind. A reader that falls far behind misses steps, but never a final state.
    ///
    /// # Errors
    /// 404 if the kind is not served, 403 if the user may not watch it.
    pub async fn watch(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
    ) -> Result<impl Stream<Item = WatchEvent> + Send + Unpin + use<>, Status> {
        // The answer itself is not read: it is only asked whether the user may watch.
        let path =
            format!("{}?watch=true&resourceVersion={}", self.path(kind, namespace, None)?, self.server.revision());
        self.respond(Method::GET, &path, None).await?;
        let follow = follow::Follow::new(&self.server.inner, self.kind(kind)?, namespace);
        Ok(Box::pin(stream::unfold(follow, |mut follow| async move {
            let event = follow.next().await?;
            Some((event, follow))
        })))
    }

    fn kind(&self, kind: &Kind) -> Result<Arc<ResourceKind>, Status> {
        self.server.inner.registry.kinds().kind(kind).cloned().ok_or_else(Status::no_such_resource)
    }

    fn path_of(&self, object: &Value) -> Result<String, Status> {
        self.path(&kind_of(object), namespace_of(object), Some(object["metadata"]["name"].as_str().unwrap_or_default()))
    }

    fn path(&self, kind: &Kind, namespace: Option<&str>, name: Option<&str>) -> Result<String, Status> {
        let resource = self.kind(kind)?;
        let root = if kind.group.is_empty() { "api" } else { "apis" };
        let mut path = format!("/{root}/{}", kind.api_version());
        if let Some(namespace) = namespace.filter(|_| resource.is_namespaced()) {
            path.push_str(&format!("/namespaces/{}", utf8_percent_encode(namespace, PLAIN)));
        }
        path.push_str(&format!("/{}", resource.plural));
        match name {
            Some("") => Err(Status::bad_request("name is required")),
            Some(name) => Ok(format!("{path}/{}", utf8_percent_encode(name, PLAIN))),
            None => Ok(path),
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<(&str, String)>) -> Result<Value, Status> {
        let bytes = whole(self.respond(method, path, body).await?).await;
        serde_json::from_slice(&bytes).map_err(|_| Status::internal("answer is not JSON"))
    }

    async fn respond(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, String)>,
    ) -> Result<http::Response<crate::Body>, Status> {
        let mut request = Request::builder().method(method).uri(path).header("user-agent", self.user.name.as_str());
        if let Some((media, _)) = &body {
            request = request.header("content-type", *media);
        }
        let bytes = body.map_or_else(Bytes::new, |(_, text)| text.into());
        let mut request = request.body(bytes).map_err(|error| Status::bad_request(error.to_string()))?;
        request.extensions_mut().insert(self.user.clone());
        let response = self.server.handle(request).await;
        match response.extensions().get::<Status>() {
            Some(status) => Err(status.clone()),
            None => Ok(response),
        }
    }
}

fn absent(answer: Result<Value, Status>) -> Result<Option<Value>, Status> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(status) if status.code() == 404 && status.reason() == "NotFound" => Ok(None),
        Err(status) => Err(status),
    }
}

fn kind_of(object: &Value) -> Kind {
    let text = |field: &str| object[field].as_str().unwrap_or_default();
    Kind::from_api_version(text("apiVersion"), text("kind"))
}

fn namespace_of(object: &Value) -> Option<&str> {
    object["metadata"]["namespace"].as_str()
}
