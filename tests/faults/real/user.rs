//! An administrator who talks to the API server directly, past everything that misbehaves.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use backplane_tests::wait::eventually;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::Value;

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Makes requests by path; every one is made once.
#[derive(Clone)]
pub(crate) struct User(kube::Client);

impl User {
    pub(crate) async fn new(kubeconfig: &str) -> Result<Self> {
        let parsed = Kubeconfig::from_yaml(kubeconfig)?;
        let mut config = kube::Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await?;
        config.default_retry = false;
        Ok(Self(kube::Client::try_from(config)?))
    }

    /// Status and body.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(StatusCode, Value)> {
        let kind = if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
        let bytes = body.map(Value::to_string).unwrap_or_default().into_bytes();
        let request =
            Request::builder().method(method).uri(path).header("content-type", kind).body(Body::from(bytes))?;
        let exchange = async {
            let answer = self.0.send(request).await?;
            let status = answer.status();
            let bytes = answer.into_body().collect().await?.to_bytes();
            Ok::<_, kube::Error>((status, bytes))
        };
        let (status, bytes) = tokio::time::timeout(PATIENCE, exchange).await.context("no answer")??;
        Ok((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }

    async fn ok(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let (status, answer) = self.ask(method.clone(), path, body).await?;
        if !status.is_success() {
            bail!("{method} {path}: {status} {}", answer["message"]);
        }
        Ok(answer)
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.ok(Method::GET, path, None).await
    }

    pub(crate) async fn items(&self, path: &str) -> Result<Vec<Value>> {
        let mut list = self.get(path).await?;
        match list["items"].take() {
            Value::Array(items) => Ok(items),
            _ => bail!("{path} is no list"),
        }
    }

    pub(crate) async fn patch(&self, path: &str, patch: &Value) -> Result<Value> {
        self.ok(Method::PATCH, path, Some(patch)).await
    }

    /// Creates as soon as the server takes it; one that is there already is as good.
    pub(crate) async fn create(&self, collection: &str, object: &Value) -> Result<()> {
        eventually(&format!("{} in {collection}", object["metadata"]["name"]), Duration::from_secs(60), async || {
            let (status, answer) = self.ask(Method::POST, collection, Some(object)).await?;
            let there = answer["reason"] == "AlreadyExists";
            Ok(if status.is_success() || there { Ok(()) } else { Err(format!("{status} {}", answer["message"])) })
        })
        .await
    }

    /// Deletes, and waits until it is gone.
    pub(crate) async fn remove(&self, path: &str) -> Result<()> {
        eventually(&format!("{path} gone"), Duration::from_secs(60), async || {
            let (status, _) = self.ask(Method::DELETE, path, None).await?;
            Ok(if status == StatusCode::NOT_FOUND { Ok(()) } else { Err(status.to_string()) })
        })
        .await
    }
}
