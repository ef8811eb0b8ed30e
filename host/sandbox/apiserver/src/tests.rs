//! The server as a whole, asked through `handle`: no socket, no sleep.

mod access;
mod conversions;
mod definitions;
mod deletion;
mod discovery;
mod hook;
mod lists;
mod local;
mod objects;
mod patches;
mod sockets;
mod watches;
mod webhooks;

use bytes::Bytes;
use futures::StreamExt as _;
use http::{Method, Request, Response};
use http_body_util::{BodyDataStream, BodyExt as _};
use serde_json::{Value, json};

use crate::user::{MASTERS, User};
use crate::{ApiServer, Body, Env, Options};

const WEBSITES: &str = "/apis/demo.example.org/v1/namespaces/default/websites";
const CONFIGMAPS: &str = "/api/v1/namespaces/default/configmaps";

/// A server with its administrator.
struct World {
    server: ApiServer,
}

/// What a request got.
#[derive(Debug)]
struct Answer {
    code: u16,
    body: Value,
    headers: http::HeaderMap,
}

impl World {
    fn new() -> Self {
        Self::with(Options::default())
    }

    fn with(options: Options) -> Self {
        Self { server: ApiServer::new(Env::system(1), options) }
    }

    /// A server that serves websites.
    async fn with_websites() -> Self {
        let world = Self::new();
        let crd: Value = serde_saphyr::from_str(include_str!("../tests/crds/website.yaml")).unwrap();
        world.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd).await.is(201);
        world
    }

    async fn respond(&self, method: Method, uri: &str, headers: &[(&str, &str)], body: Bytes) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body).unwrap();
        if !headers.iter().any(|(name, _)| *name == "authorization" || *name == "anonymous") {
            request.extensions_mut().insert(User::known("admin", &[MASTERS]));
        }
        self.server.handle(request).await
    }

    async fn send(&self, method: Method, uri: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        let response = self.respond(method, uri, headers, body.into()).await;
        let (code, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body =
            serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into());
        Answer { code, body, headers }
    }

    async fn get(&self, uri: &str) -> Answer {
        self.send(Method::GET, uri, &[], "").await
    }

    async fn post(&self, uri: &str, body: Value) -> Answer {
        self.send(Method::POST, uri, &[], body.to_string()).await
    }

    async fn put(&self, uri: &str, body: Value) -> Answer {
        self.send(Method::PUT, uri, &[], body.to_string()).await
    }

    async fn delete(&self, uri: &str) -> Answer {
        self.send(Method::DELETE, uri, &[], "").await
    }

    async fn patch(&self, format: &str, uri: &str, body: Value) -> Answer {
        let media = match format {
            "apply" => "application/apply-patch+yaml".to_owned(),
            format => format!("application/{format}-patch+json"),
        };
        self.send(Method::PATCH, uri, &[("content-type", &media)], body.to_string()).await
    }

    /// Opens a watch.
    async fn watch(&self, uri: &str) -> Watch {
        let response = self.respond(Method::GET, uri, &[], Bytes::new()).await;
        assert_eq!(response.status(), 200);
        Watch { body: response.into_body().into_data_stream() }
    }

    /// Gives the controllers in the server the chance to finish until something holds.
    async fn until<F: Future<Output = bool>>(&self, what: &str, condition: impl Fn() -> F) {
        for _ in 0..10_000 {
            if condition().await {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("never: {what}");
    }

    /// Waits until a path answers 404.
    async fn gone(&self, uri: &str) {
        self.until(&format!("{uri} is gone"), || async { self.get(uri).await.code == 404 }).await;
    }
}

impl Answer {
    /// Checks the code.
    fn is(self, code: u16) -> Self {
        assert_eq!(self.code, code, "{}", self.body);
        self
    }

    /// Text at a JSON pointer.
    fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn version(&self) -> String {
        self.text("/metadata/resourceVersion").to_owned()
    }

    fn names(&self) -> Vec<&str> {
        self.body["items"].as_array().into_iter().flatten().filter_map(|i| i["metadata"]["name"].as_str()).collect()
    }
}

struct Watch {
    body: BodyDataStream<Body>,
}

impl Watch {
    /// The next event; `None` when the watch has ended.
    async fn event(&mut self) -> Option<Value> {
        let line = self.body.next().await?.unwrap();
        Some(serde_json::from_slice(&line).unwrap())
    }

    /// The next event as `TYPE name`.
    async fn next(&mut self) -> String {
        let event = self.event().await.expect("an event");
        let name = event["object"]["metadata"]["name"].as_str().unwrap_or_default();
        format!("{} {name}", event["type"].as_str().unwrap_or_default())
    }
}

fn configmap(name: &str, data: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"x": data}})
}

fn website(name: &str) -> Value {
    json!({"apiVersion": "demo.example.org/v1", "kind": "Website", "metadata": {"name": name},
        "spec": {"host": "a.example.org"}})
}
