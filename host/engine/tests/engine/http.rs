//! HTTP to named endpoints: where requests go, what they carry, what guests learn.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use backplane_engine::{Context, Credential, Endpoint, Endpoints, Slot};
use tokio::net::TcpListener;

use crate::support::{Fake, ask, load, may_call, over, slot, wish};

/// What the server saw: method, path, body, and the headers.
type Seen = Arc<Mutex<Vec<(String, HeaderMap)>>>;

async fn server() -> (SocketAddr, Seen) {
    let seen = Seen::default();
    let app = Router::new()
        .route("/api/echo", any(answer))
        .route("/api/leak", any(|headers: HeaderMap| async move { format!("{headers:?}") }))
        .route("/api/elsewhere", get(|| async { Redirect::temporary("/api/echo") }))
        .route("/api/large", get(|| async { vec![b'x'; 100_000] }))
        .route("/api/never", get(std::future::pending::<String>))
        .with_state(Arc::clone(&seen));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let address = listener.local_addr().expect("address");
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, seen)
}

async fn answer(State(seen): State<Seen>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let line = format!("{method} {uri} {}", body.len());
    seen.lock().expect("lock").push((line.clone(), headers));
    ([("set-cookie", "session=1"), ("x-server", "yes")], line).into_response()
}

fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint {
        credential: Some(Credential::Basic { username: "us".into(), password: "pass-word".to_owned().into() }),
        allow_plain_http: true,
        ..Endpoint::new("cloud", format!("http://{address}/api"))
    }
}

/// A plugin that may call `cloud` and makes one request to `url`.
fn caller(endpoint: Endpoint, spec: &str) -> Slot {
    let context = over(&Fake::with(&[(wish("fetch").object, &format!(r#"{{"spec": {spec}}}"#))]));
    let endpoints = Endpoints::new([endpoint]).expect("endpoints");
    slot(load("echo"), Context { endpoints, permissions: may_call(&["cloud", "unset"]), ..context })
}

async fn fetch(endpoint: Endpoint, url: &str) -> String {
    ask(&caller(endpoint, &format!(r#"{{"url": "{url}"}}"#)), "fetch").await.expect("answer")
}

#[tokio::test]
async fn a_request_goes_to_the_endpoint_with_the_hosts_credential_and_not_the_guests() {
    let (address, seen) = server().await;
    let slot = caller(endpoint(address), r#"{"url": "http://cloud/echo?a=b", "method": "POST", "body": "hello"}"#);
    // One header, x-server, besides those that a server always sends; no cookie.
    let message = ask(&slot, "fetch").await.expect("answer");
    assert!(message.starts_with("200 ") && message.ends_with(" POST /api/echo?a=b 5"), "{message}");
    let (_, headers) = seen.lock().expect("lock").pop().expect("a request");
    assert_eq!(headers["authorization"], "Basic dXM6cGFzcy13b3Jk");
    assert_eq!(
        (&headers["x-guest"], &headers["host"]),
        (&"yes".parse().expect("value"), &address.to_string().parse().expect("value"))
    );
    assert!(!headers.contains_key("cookie"), "{headers:?}");
    let metrics = slot.metrics();
    assert_eq!((metrics.calls_ok, metrics.endpoint_refusals), (1, 0));
    assert!(metrics.output_bytes >= 5);
}

#[tokio::test]
async fn an_endpoint_that_may_not_be_called_is_refused_without_a_connection() {
    let (address, seen) = server().await;
    for url in
        ["http://other/echo", "http://unset/echo", &format!("http://{address}/api/echo"), "http://cloud.zrh/echo"]
    {
        let slot = caller(endpoint(address), &format!(r#"{{"url": "{url}"}}"#));
        let message = ask(&slot, "fetch").await.expect("answer");
        assert!(message.starts_with("error ErrorCode::"), "{url}: {message}");
        assert_eq!(slot.metrics().endpoint_refusals, 1, "{url}");
    }
    assert!(seen.lock().expect("lock").is_empty());
}

#[tokio::test]
async fn a_variant_leads_to_its_own_address() {
    let (address, seen) = server().await;
    let url = format!("http://{address}/{{variant}}");
    let regional = Endpoint { url, variants: Some(vec!["api".into()]), ..endpoint(address) };
    assert!(fetch(regional.clone(), "http://cloud.api/echo").await.starts_with("200 "));
    assert_eq!(fetch(regional, "http://cloud.fra/echo").await, "error ErrorCode::DestinationNotFound");
    assert_eq!(seen.lock().expect("lock").len(), 1);
}

#[tokio::test]
async fn each_failure_has_its_own_code() {
    let (address, _) = server().await;
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("port").local_addr().expect("address");
    let base = || endpoint(address);
    let cases = [
        ("nobody listens", endpoint(closed), "/echo", "DestinationUnavailable"),
        ("too large", Endpoint { max_response_bytes: 1_000, ..base() }, "/large", "HttpResponseBodySize(Some(1000))"),
        ("no answer", Endpoint { timeout: Duration::from_millis(50), ..base() }, "/never", "HttpResponseTimeout"),
        ("out of its base", base(), "/../admin", "DestinationNotFound"),
    ];
    for (name, endpoint, path, expected) in cases {
        let message = fetch(endpoint, &format!("http://cloud{path}")).await;
        assert_eq!(message, format!("error ErrorCode::{expected}"), "{name}");
    }
}

#[tokio::test]
async fn half_an_answer_is_an_error_and_not_an_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let address = listener.local_addr().expect("address");
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.expect("connection");
        let _ = stream.read(&mut [0; 4_096]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
    });
    let message = fetch(endpoint(address), "http://cloud/echo").await;
    assert_eq!(message, "error ErrorCode::HttpResponseIncomplete");
}

#[tokio::test]
async fn a_redirect_is_handed_to_the_guest_and_not_followed() {
    let (address, seen) = server().await;
    assert!(fetch(endpoint(address), "http://cloud/elsewhere").await.starts_with("307 "));
    assert!(seen.lock().expect("lock").is_empty());
}

#[tokio::test]
async fn a_server_that_echoes_the_credential_does_not_give_it_to_the_guest() {
    let (address, _) = server().await;
    let message = fetch(endpoint(address), "http://cloud/leak").await;
    assert!(message.contains("InternalError") && !message.contains("pass") && !message.contains("dXM6"), "{message}");
}

#[tokio::test]
async fn requests_beyond_the_concurrency_wait_their_turn_within_the_timeout() {
    let (address, _) = server().await;
    let narrow = Endpoint { max_concurrent: 1, timeout: Duration::from_millis(300), ..endpoint(address) };
    let endpoints = Endpoints::new([narrow]).expect("endpoints");
    let caller = |url: &str| {
        let context = over(&Fake::with(&[(wish("fetch").object, &format!(r#"{{"spec": {{"url": "{url}"}}}}"#))]));
        let (endpoints, permissions) = (endpoints.clone(), may_call(&["cloud"]));
        slot(load("echo"), Context { endpoints, permissions, ..context })
    };
    let (first, second) = (caller("http://cloud/never"), caller("http://cloud/never"));
    let (first, second) = tokio::join!(ask(&first, "fetch"), ask(&second, "fetch"));
    for message in [first, second] {
        assert_eq!(message.expect("answer"), "error ErrorCode::HttpResponseTimeout");
    }
}

#[tokio::test]
async fn a_request_body_counts_as_output_of_the_call() {
    let (address, _) = server().await;
    let spec = format!(r#"{{"url": "http://cloud/echo", "method": "POST", "body": "{}"}}"#, "x".repeat(50_000));
    let context = over(&Fake::with(&[(wish("fetch").object, &format!(r#"{{"spec": {spec}}}"#))]));
    let mut context = Context {
        endpoints: Endpoints::new([endpoint(address)]).expect("endpoints"),
        permissions: may_call(&["cloud"]),
        ..context
    };
    context.limits.output_bytes = 10_000;
    let error = ask(&slot(load("echo"), context), "fetch").await.expect_err("limit");
    assert!(error.to_string().contains("bytes of output"), "{error}");
}
