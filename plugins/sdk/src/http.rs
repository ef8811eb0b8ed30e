//! HTTP to the endpoints that the operator granted.
//!
//! The host part of a URL is an endpoint's *name*, perhaps with a variant: `http://cloudsigma/servers/`,
//! `http://cloudsigma.zrh/servers/`. The host knows the address behind it, adds the credential, and speaks TLS; the guest
//! sees neither. Always write `http://`.
//!
//! Calls block; the host suspends the guest meanwhile. An answer with any status is an [`Response`], not an error.

#[cfg(target_family = "wasm")]
mod wasi;

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "HTTP's own words")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// As it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A request, built fluently and sent with [`Request::send`].
#[derive(Clone)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Whole URL; the host part is an endpoint's name.
    pub url: String,
    /// Headers. `authorization` is the host's affair and refused.
    pub headers: Vec<(String, String)>,
    /// Body; empty for none.
    pub body: Vec<u8>,
    /// How long connecting, the first byte and each pause between bytes may take.
    pub timeout: Duration,
    /// Longest body that is accepted as an answer.
    pub max_body: usize,
    failure: Option<String>,
}

impl Request {
    /// A request without headers and body, 15 seconds of patience and room for an answer of 8 MiB.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: Duration::from_secs(15),
            max_body: 8 << 20,
            failure: None,
        }
    }

    /// `GET`.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::Get, url)
    }

    /// `POST`.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new(Method::Post, url)
    }

    /// `PUT`.
    pub fn put(url: impl Into<String>) -> Self {
        Self::new(Method::Put, url)
    }

    /// `PATCH`.
    pub fn patch(url: impl Into<String>) -> Self {
        Self::new(Method::Patch, url)
    }

    /// `DELETE`.
    pub fn delete(url: impl Into<String>) -> Self {
        Self::new(Method::Delete, url)
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sends a value as JSON. What cannot be written as JSON fails in `send`.
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body = bytes,
            Err(error) => self.failure = Some(error.to_string()),
        }
        self.header("content-type", "application/json")
    }

    /// Sends bytes.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Another patience than 15 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Another room for the answer than 8 MiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Sends it through the host.
    ///
    /// # Errors
    /// See [`Error`]. Natively there is no host: use [`Request::send_through`] with a transport of the test.
    pub fn send(&self) -> Result<Response, Error> {
        self.send_through(&Host)
    }

    /// Sends it through a transport, such as a test's.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn send_through(&self, transport: &dyn Transport) -> Result<Response, Error> {
        match &self.failure {
            Some(failure) => Err(Error::Other(format!("the body is no JSON: {failure}"))),
            None => transport.send(self),
        }
    }
}

/// An answer, whatever its status.
#[derive(Clone)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers; names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body, complete.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer without headers, as tests need it.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The pause that `retry-after` asks for, if it is given in seconds.
    pub fn retry_after(&self) -> Option<Duration> {
        self.header("retry-after")?.trim().parse().ok().map(Duration::from_secs)
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// [`Error::Incomplete`] if it ends early, [`Error::Other`] if it does not fit; no part of the body is quoted.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| match error.classify() {
            serde_json::error::Category::Eof => Error::Incomplete,
            _ => Error::Other(format!(
                "the answer is not the expected JSON (line {}, column {})",
                error.line(),
                error.column()
            )),
        })
    }
}

/// Why there is no answer, or not a whole one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The endpoint is not declared or not granted, or the host forbids the request.
    #[error("request denied: {0}")]
    Denied(String),
    /// No answer in time. The other side may have acted all the same.
    #[error("no answer in time")]
    Timeout,
    /// The other side cannot be reached, or the connection broke.
    #[error("no connection: {0}")]
    Connection(String),
    /// The answer ended early. The other side has probably acted.
    #[error("the answer ended early")]
    Incomplete,
    /// The answer is longer than the request allows.
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// Something that carries requests. The host is one; tests bring their own.
pub trait Transport {
    /// Sends a request and waits for the whole answer.
    ///
    /// # Errors
    /// See [`Error`].
    fn send(&self, request: &Request) -> Result<Response, Error>;
}

/// The transport that ends at the host.
#[derive(Debug, Clone, Copy, Default)]
pub struct Host;

impl Transport for Host {
    #[cfg(target_family = "wasm")]
    fn send(&self, request: &Request) -> Result<Response, Error> {
        wasi::send(request)
    }

    #[cfg(not(target_family = "wasm"))]
    fn send(&self, _: &Request) -> Result<Response, Error> {
        Err(Error::Denied("there is no host in a native build".into()))
    }
}

/// Takes a URL apart into authority and path with query.
#[cfg(any(target_family = "wasm", test))]
fn split(url: &str) -> Result<(&str, &str), Error> {
    let rest = url
        .strip_prefix("http://")
        .ok_or_else(|| Error::Other(format!("the URL {url} does not begin with http://")))?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority {
        "" => Err(Error::Other(format!("the URL {url} names no endpoint"))),
        _ => Ok((authority, if path.is_empty() { "/" } else { path })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_an_endpoint_and_a_path() {
        assert_eq!(split("http://cloudsigma.zrh/servers/?limit=0"), Ok(("cloudsigma.zrh", "/servers/?limit=0")));
        assert_eq!(split("http://cloudsigma"), Ok(("cloudsigma", "/")));
        for bad in ["https://a/", "cloudsigma/servers", "http:///x"] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn half_a_body_is_told_from_a_wrong_one() {
        let cases = [
            ("half", r#"{"uuid": "4f"#, Err(Error::Incomplete)),
            ("empty", "", Err(Error::Incomplete)),
            ("whole", r#"{"uuid": "4f"}"#, Ok(())),
        ];
        for (name, body, expected) in cases {
            assert_eq!(Response::new(200, body).json::<serde_json::Value>().map(drop), expected, "{name}");
        }
        assert!(matches!(Response::new(200, "<html>").json::<serde_json::Value>(), Err(Error::Other(_))));
    }
}
