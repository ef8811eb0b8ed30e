//! A look into the cloud, over its own HTTP API, as a bill payer would.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use bytes::Bytes;
use http::Method;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::wait::eventually;

/// How long an answer may take: the simulator is next door.
const PATIENCE: Duration = Duration::from_secs(2);

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

    /// Takes a server away behind everybody's back, as somebody at the cloud's own console would.
    ///
    /// # Errors
    /// A cloud that refuses.
    pub async fn remove_server(&self, uuid: &str, limit: Duration) -> Result<()> {
        self.call(Method::POST, &format!("/servers/{uuid}/action/?do=stop")).await?;
        eventually("the server stopped and gone", limit, async || {
            let deleted = self.call(Method::DELETE, &format!("/servers/{uuid}/?recurse=all_drives")).await;
            Ok(deleted.map(drop).map_err(|error| error.to_string()))
        })
        .await
    }

    async fn list(&self, path: &str) -> Result<Vec<Value>> {
        let body = self.call(Method::GET, &format!("{path}?limit=0")).await?;
        let list: Value = serde_json::from_slice(&body)?;
        Ok(list["objects"].as_array().cloned().unwrap_or_default())
    }

    async fn call(&self, method: Method, path: &str) -> Result<Bytes> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(http::header::AUTHORIZATION, &self.authorization)
            .body(Empty::<Bytes>::new())?;
        let client = Client::builder(TokioExecutor::new()).build_http();
        let asked = tokio::time::timeout(PATIENCE, client.request(request));
        let response = asked.await.context("the cloud is silent")?.context("the cloud does not answer")?;
        if !response.status().is_success() {
            bail!("the cloud answered {} to {path}", response.status());
        }
        Ok(response.into_body().collect().await?.to_bytes())
    }
}
