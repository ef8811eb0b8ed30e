//! Answers as HTTP responses.

use std::convert::Infallible;

use backplane_apimachinery::{Status, yaml};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use serde_json::Value;

use super::accept::Format;
use crate::server::Body;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer of bytes.
pub(crate) fn bytes(code: u16, content_type: HeaderValue, bytes: Bytes) -> Response<Body> {
    let mut response = Response::new(Full::new(bytes).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// An answer that is JSON already.
pub(crate) fn json_bytes(code: u16, json: Bytes, format: Format) -> Response<Body> {
    match format {
        Format::Json => bytes(code, JSON, json),
        Format::Yaml => yaml(code, &json),
    }
}

/// An answer of a JSON value.
pub(crate) fn json(code: u16, value: &Value, format: Format) -> Response<Body> {
    json_bytes(code, value.to_string().into(), format)
}

/// A plain text.
pub(crate) fn text(code: u16, text: &str) -> Response<Body> {
    bytes(code, HeaderValue::from_static("text/plain; charset=utf-8"), Bytes::copy_from_slice(text.as_bytes()))
}

/// A negative answer in JSON.
pub(crate) fn status(status: &Status) -> Response<Body> {
    status_in(status, Format::Json)
}

/// A negative answer. Clients inside the process find the [`Status`] itself among the extensions.
pub(super) fn status_in(status: &Status, format: Format) -> Response<Body> {
    if status.is_plain() {
        let mut response = text(status.code(), &format!("{}\n", status.message()));
        response.extensions_mut().insert(status.clone());
        return response;
    }
    let value = status.to_value();
    let mut response = json(status.code(), &value, format);
    if let Some(seconds) = value["details"]["retryAfterSeconds"].as_u64() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.extensions_mut().insert(status.clone());
    warn(&mut response, status.warnings());
    response
}

/// An answer that goes on: one JSON document per line.
pub(crate) fn stream(lines: impl Stream<Item = Bytes> + Send + 'static) -> Response<Body> {
    let frames = lines.map(|line| Ok::<_, Infallible>(Frame::data(line)));
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// Adds `Warning` headers, as kubectl prints them.
pub(crate) fn warn(response: &mut Response<Body>, warnings: &[String]) {
    for warning in warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            response.headers_mut().append(http::header::WARNING, value);
        }
    }
}

fn yaml(code: u16, json: &[u8]) -> Response<Body> {
    match serde_json::from_slice::<Value>(json) {
        Ok(value) => bytes(code, HeaderValue::from_static("application/yaml"), yaml::to_string(&value).into()),
        Err(_) => status(&Status::internal("answer cannot be written as YAML")),
    }
}
