//! The cloud's interface: requests, answers and errors, in its own words. No decisions.
//!
//! Every path ends in a slash and every list asks for `limit=0`: without it the cloud answers the first twenty.

mod drives;
mod error;
mod servers;
mod tags;
mod wire;

pub(crate) use drives::Drive;
pub(crate) use error::ApiError;
pub(crate) use servers::Server;
pub(crate) use tags::{Resource, Tag};
pub(crate) use wire::Link;

use std::time::Duration;

use backplane_sdk::http::{Method, Request, Response, Transport};
use backplane_sdk::log;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest list that is read.
const MAX_BODY: usize = 32 << 20;

/// One region of the cloud.
pub(crate) struct Api<'a> {
    transport: &'a dyn Transport,
    base: String,
    timeout: Duration,
}

impl<'a> Api<'a> {
    /// A region, reached as a variant of the endpoint of the plugin's name; without region the endpoint as it is.
    pub(crate) fn new(transport: &'a dyn Transport, region: Option<&str>, timeout: Duration) -> Self {
        let variant = region.map(|region| format!(".{region}")).unwrap_or_default();
        Self { transport, base: format!("http://{}{variant}", crate::plugin::NAME), timeout }
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        let response = self.exchange(&self.request(Method::Get, path))?;
        Ok(response.json()?)
    }

    fn send<B: Serialize, T: DeserializeOwned>(&self, method: Method, path: &str, body: &B) -> Result<T, ApiError> {
        let response = self.exchange(&self.request(method, path).json(body))?;
        Ok(response.json()?)
    }

    /// An action whose answer does not matter. The body is `{}`: the cloud has stumbled over empty ones.
    fn act(&self, path: &str) -> Result<(), ApiError> {
        self.exchange(&self.request(Method::Post, path).json(&serde_json::json!({}))).map(drop)
    }

    fn remove(&self, path: &str) -> Result<(), ApiError> {
        self.exchange(&self.request(Method::Delete, path)).map(drop)
    }

    fn request(&self, method: Method, path: &str) -> Request {
        let url = format!("{}{path}", self.base);
        Request::new(method, url).header("accept", "application/json").timeout(self.timeout).max_body(MAX_BODY)
    }

    fn exchange(&self, request: &Request) -> Result<Response, ApiError> {
        let answer = request.send_through(self.transport);
        let status = answer.as_ref().map_or(0, |response| response.status);
        log::trace!("cloud asked", http.method = request.method.as_str(), http.url = request.url, http.status = status);
        let response = answer?;
        if response.is_success() { Ok(response) } else { Err(ApiError::from_response(&response)) }
    }
}
