//! One HTTP exchange: faults first, then the rules every path shares, then [`crate::api`], and a line in the record.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    ACCEPT, ALLOW, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};

use crate::api::list::Query;
use crate::api::{self, Answer, Call, Payload};
use crate::cloud::{Cloud, Inner};
use crate::error::ApiError;
use crate::faults::{Fault, FaultBody};
use std::sync::Arc;

pub(crate) mod serve;

const BASE: &str = "/api/2.0";
const JSON: &str = "application/json; charset=utf-8";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Bytes of a request that are read at most.
const LARGEST_BODY: usize = 8 << 20;

/// Marks a response that must not be sent: the connection is to be closed instead.
#[derive(Clone)]
pub(crate) struct Dropped;

/// Answers a request, or does to it what a fault demands.
pub(crate) async fn respond(cloud: Cloud, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let path = target.strip_prefix(BASE).unwrap_or(target).to_owned();
    let fault = cloud.inner.faults.take(&parts.method, &path);
    match &fault {
        Some(Fault::Hang) => {
            cloud.inner.recorder.record(parts.method, &path, None);
            return std::future::pending().await;
        }
        Some(Fault::Delay(pause)) => cloud.inner.env.clock.sleep(*pause).await,
        _ => {}
    }
    let response = match &fault {
        Some(Fault::Status { status, retry_after, body }) => faulty(*status, *retry_after, *body),
        _ => perform(&cloud.inner, &parts, body).await,
    };
    let dropped = fault == Some(Fault::PerformThenDrop);
    let status = (!dropped).then_some(response.status().as_u16());
    cloud.inner.recorder.record(parts.method, &path, status);
    match fault {
        Some(Fault::HalfBody) => halved(response).await,
        Some(Fault::PerformThenDrop) => nothing(),
        _ => response,
    }
}

async fn perform(cloud: &Arc<Inner>, parts: &Parts, body: Body) -> Response<Body> {
    let body = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(collected) => collected.to_bytes().to_vec(),
        Err(_) => return refusal(cloud, parts, &ApiError::malformed("The body cannot be read")),
    };
    if let Some(redirect) = missing_slash(cloud, parts) {
        return redirect;
    }
    let outcome = call(cloud, parts, body).and_then(|call| cloud.with(|world| api::answer(world, &call)));
    match outcome {
        Ok(answer) => answered(cloud, answer),
        Err(error) => refusal(cloud, parts, &error),
    }
}

/// Checks what is common to all paths and takes the path apart.
fn call(cloud: &Inner, parts: &Parts, body: Vec<u8>) -> Result<Call, ApiError> {
    let path = parts.uri.path().strip_prefix(BASE).and_then(|path| path.strip_prefix('/'));
    let path = path.and_then(|path| path.strip_suffix('/')).ok_or_else(ApiError::not_found)?;
    if path != "cloud_status" {
        authenticate(cloud, &parts.headers)?;
    }
    acceptable(&parts.headers)?;
    let query = Query::of(&parts.uri)?;
    let path = path.split('/').map(str::to_owned).collect();
    Ok(Call { method: parts.method.clone(), path, query, body })
}

fn authenticate(cloud: &Inner, headers: &HeaderMap) -> Result<(), ApiError> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (scheme, value) = header.split_once(' ').unwrap_or_default();
    let accepted = if scheme.eq_ignore_ascii_case("basic") {
        let expected = format!("{}:{}", cloud.credentials.email, cloud.credentials.password);
        STANDARD.decode(value.trim()).is_ok_and(|given| given == expected.as_bytes())
    } else {
        scheme.eq_ignore_ascii_case("bearer") && cloud.credentials.tokens.iter().any(|token| token == value.trim())
    };
    if accepted { Ok(()) } else { Err(ApiError::unauthorised()) }
}

fn acceptable(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(accept) = headers.get(ACCEPT).and_then(|value| value.to_str().ok()) else { return Ok(()) };
    let offered = ["*/*", "application/*", "application/json", "application/xml"];
    let wanted = accept.split(',').filter_map(|range| range.split(';').next()).map(str::trim);
    if wanted.into_iter().any(|range| offered.contains(&range)) { Ok(()) } else { Err(ApiError::not_acceptable()) }
}

/// Every resource ends in a slash; a GET that forgets it is sent on.
fn missing_slash(cloud: &Inner, parts: &Parts) -> Option<Response<Body>> {
    let path = parts.uri.path();
    let forgotten = path.starts_with(BASE) && !path.ends_with('/') && parts.method == Method::GET;
    if !forgotten || !cloud.quirks.redirect_missing_slash {
        return None;
    }
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut response = blank(StatusCode::MOVED_PERMANENTLY);
    set(&mut response, LOCATION, &format!("{path}/{query}"));
    Some(response)
}

fn answered(cloud: &Inner, answer: Answer) -> Response<Body> {
    let (content_type, bytes) = match answer.payload {
        Payload::Nothing => (None, Bytes::new()),
        Payload::Json(value) => (Some(JSON), Bytes::from(value.to_string())),
        Payload::Text(text) => (Some("text/plain; charset=utf-8"), Bytes::from(text)),
    };
    let mut response = blank(answer.status);
    *response.body_mut() = Body::from(bytes);
    if let Some(content_type) = content_type {
        set(&mut response, CONTENT_TYPE, content_type);
    }
    if let Some(location) = &answer.location {
        set(&mut response, LOCATION, location);
    }
    set(&mut response, REQUEST_ID, &cloud.env.uuid());
    response
}

fn refusal(cloud: &Inner, parts: &Parts, error: &ApiError) -> Response<Body> {
    let mut response = answered(cloud, Answer { status: error.status, ..Answer::ok(error.body()) });
    if error.status == StatusCode::UNAUTHORIZED {
        set(&mut response, WWW_AUTHENTICATE, "Basic realm=\"users\"");
    }
    if error.status == StatusCode::METHOD_NOT_ALLOWED {
        let path: Vec<&str> = parts.uri.path().trim_start_matches(BASE).trim_matches('/').split('/').collect();
        set(&mut response, ALLOW, &api::verbs(&path).unwrap_or_default().join(", "));
    }
    response
}

fn faulty(status: u16, retry_after: Option<u64>, body: FaultBody) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = blank(status);
    match body {
        FaultBody::Empty => {}
        FaultBody::Text => {
            set(&mut response, CONTENT_TYPE, "text/plain");
            *response.body_mut() = Body::from("upstream connect error\n");
        }
        FaultBody::Array => {
            set(&mut response, CONTENT_TYPE, JSON);
            *response.body_mut() = Body::from(fault_body(status).to_string());
        }
    }
    if let Some(seconds) = retry_after {
        set(&mut response, RETRY_AFTER, &seconds.to_string());
    }
    response
}

fn fault_body(status: StatusCode) -> serde_json::Value {
    let (kind, message) = match status.as_u16() {
        400 => ("validation", "invalid request"),
        401 => ("permission", "Authentication required"),
        402 => ("billing", "Not enough funds"),
        403 => ("permission", "Operation not permitted"),
        404 => ("notexist", "notfound"),
        429 => ("backend", "Too many requests"),
        503 => ("concurrency", "The object is being changed by another request"),
        _ => ("backend", "unknown error"),
    };
    serde_json::json!([{ "error_type": kind, "error_point": null, "error_message": message }])
}

/// Announces the whole body, sends half of it and then fails.
async fn halved(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let whole = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(whole.len().max(2)));
    let half: Result<Bytes, std::io::Error> = Ok(whole.slice(..whole.len() / 2));
    let broken = futures::stream::once(async {
        // Without a pause the half would be thrown away unsent together with the connection.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("connection broken on demand"))
    });
    let body = futures::StreamExt::chain(futures::stream::iter([half]), broken);
    Response::from_parts(parts, Body::from_stream(body))
}

fn nothing() -> Response<Body> {
    let mut response = blank(StatusCode::BAD_GATEWAY);
    response.extensions_mut().insert(Dropped);
    response
}

fn blank(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
