//! A look into the cloud, over its own HTTP API, as a bill payer would.

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Reads a CloudSigma account.
#[derive(Clone)]
pub struct CloudView {
    base: String,
    authorization: String,
}

impl CloudView {
    /// An account at a base URL such as `http://127.0.0.1:4000/api/2.0/`.
    pub fn new(base: &str, email: &str, password: &str) -> Self {
        let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{email}:{password}"));
        Self { base: base.trim_end_matches('/').into(), authorization: format!("Basic {encoded}") }
    }

    /// Every server of the account, whole.
    ///
    /// # Errors
    /// A cloud that does not answer.
    pub async fn servers(&self) -> Result<Vec<Value>> {
        self.list("/servers/detail/").await
    }

    /// Every drive of the account, whole.
    ///
    /// # Errors
    /// A cloud that does not answer.
    pub async fn drives(&self) -> Result<Vec<Value>> {
        self.list("/drives/detail/").await
    }

    /// Every tag of the account.
    ///
    /// # Errors
    /// A cloud that does not answer.
    pub async fn tags(&self) -> Result<Vec<Value>> {
        self.list("/tags/").await
    }

    /// The servers whose meta names this cluster.
    ///
    /// # Errors
    /// A cloud that does not answer.
    pub async fn servers_of(&self, cluster: &str) -> Result<Vec<Value>> {
        let all = self.servers().await?;
        Ok(all.into_iter().filter(|server| server["meta"]["cluster"] == cluster).collect())
    }

    async fn list(&self, path: &str) -> Result<Vec<Value>> {
        let request = http::Request::get(format!("{}{path}?limit=0", self.base))
            .header(http::header::AUTHORIZATION, &self.authorization)
            .body(Empty::<Bytes>::new())?;
        let client = Client::builder(TokioExecutor::new()).build_http();
        let response = client.request(request).await.context("the cloud does not answer")?;
        if !response.status().is_success() {
            bail!("the cloud answered {} to {path}", response.status());
        }
        let list: Value = serde_json::from_slice(&response.into_body().collect().await?.to_bytes())?;
        Ok(list["objects"].as_array().cloned().unwrap_or_default())
    }
}
