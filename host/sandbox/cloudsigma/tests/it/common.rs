//! What the tests of the API share: a clock that stands still until it is told, and a client for the router.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use backplane_cloudsigma_sim::{Clock, Cloud, CloudOptions, Credentials, Env, SeededRandom};
use base64::Engine as _;
use futures::future::BoxFuture;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

pub(crate) const GIB: u64 = 1 << 30;

/// A clock that stands still until [`StillClock::advance`] is called.
pub(crate) struct StillClock {
    now: watch::Sender<Timestamp>,
    _keep: Mutex<watch::Receiver<Timestamp>>,
}

impl StillClock {
    fn new() -> Self {
        let (now, keep) = watch::channel("2026-01-02T03:04:05Z".parse().unwrap());
        Self { now, _keep: Mutex::new(keep) }
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.now.send_modify(|now| *now += by);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let (until, mut changes) = (self.now() + duration, self.now.subscribe());
        Box::pin(async move {
            // The clock is gone when the test is over: then nobody waits any more.
            let _ = changes.wait_for(|now| *now >= until).await;
        })
    }
}

/// A cloud with a standing clock, and a client with its credential.
pub(crate) struct World {
    pub(crate) cloud: Cloud,
    pub(crate) clock: Arc<StillClock>,
    pub(crate) auth: String,
}

impl World {
    pub(crate) fn new(adjust: impl FnOnce(&mut CloudOptions)) -> Self {
        let mut options =
            CloudOptions { credentials: Credentials::new("me@example.com", "secret"), ..CloudOptions::default() };
        adjust(&mut options);
        let clock = Arc::new(StillClock::new());
        let env = Env { clock: clock.clone(), random: Arc::new(SeededRandom::new(7)) };
        let basic = base64::engine::general_purpose::STANDARD.encode("me@example.com:secret");
        Self { cloud: Cloud::new(env, options), clock, auth: format!("Basic {basic}") }
    }

    /// Sends a request with the usual headers.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (StatusCode, HeaderMap, Value) {
        let headers = [("authorization", self.auth.as_str()), ("content-type", "application/json")];
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.raw(method, &format!("/api/2.0{path}"), &headers, body).await
    }

    /// Sends a request as it is. The body is null if it is not JSON.
    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> (StatusCode, HeaderMap, Value) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let service = TowerToHyperService::new(self.cloud.router());
        let response = service.call(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// Sends a request that has to be answered with `status`, and hands back the body.
    pub(crate) async fn expect(&self, status: u16, method: &str, path: &str, body: Value) -> Value {
        let body = (!body.is_null()).then_some(body);
        let (got, _, answer) = self.ask(method, path, body).await;
        assert_eq!(got.as_u16(), status, "{method} {path}: {answer}");
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.expect(200, "GET", path, Value::Null).await
    }

    /// Creates a small server and hands back its uuid.
    pub(crate) async fn server(&self, more: Value) -> String {
        let mut object = json!({ "name": "s", "cpu": 2000, "mem": GIB, "vnc_password": "v" });
        merge(&mut object, more);
        let made = self.expect(201, "POST", "/servers/", json!({ "objects": [object] })).await;
        uuid(&made["objects"][0])
    }

    /// Creates a drive, waits until it is there, and hands back its uuid.
    pub(crate) async fn drive(&self, more: Value) -> String {
        let mut object = json!({ "name": "d", "media": "disk", "size": 2 * GIB });
        merge(&mut object, more);
        let made = self.expect(201, "POST", "/drives/", json!({ "objects": [object] })).await;
        self.clock.advance(Duration::from_secs(3));
        uuid(&made["objects"][0])
    }

    pub(crate) async fn act(&self, uuid: &str, action: &str) -> Value {
        self.expect(202, "POST", &format!("/servers/{uuid}/action/?do={action}"), json!({})).await
    }

    /// Starts a server and waits until it runs.
    pub(crate) async fn running(&self, uuid: &str) {
        self.act(uuid, "start").await;
        self.clock.advance(Duration::from_secs(2));
        assert_eq!(self.status(uuid).await, "running");
    }

    pub(crate) async fn status(&self, uuid: &str) -> String {
        self.get(&format!("/servers/{uuid}/")).await["status"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn drive_status(&self, uuid: &str) -> String {
        self.get(&format!("/drives/{uuid}/")).await["status"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn uuid(object: &Value) -> String {
    object["uuid"].as_str().unwrap_or_else(|| panic!("no uuid in {object}")).to_owned()
}

pub(crate) fn merge(object: &mut Value, more: Value) {
    for (name, value) in more.as_object().cloned().unwrap_or_default() {
        object[name] = value;
    }
}

/// The only error of an answer.
pub(crate) fn error(answer: &Value) -> (&str, &str, &Value) {
    let errors = answer.as_array().unwrap_or_else(|| panic!("not an error array: {answer}"));
    assert_eq!(errors.len(), 1);
    (errors[0]["error_type"].as_str().unwrap(), errors[0]["error_message"].as_str().unwrap(), &errors[0]["error_point"])
}

pub(crate) fn attached(drive: &str, channel: &str) -> Value {
    json!({ "device": "virtio", "dev_channel": channel, "boot_order": 1, "drive": drive })
}
