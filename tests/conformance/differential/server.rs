//! One of the two servers, asked without any help of a client library: nothing is retried, no error is interpreted.

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use kube::Config;
use kube::client::ConfigExt as _;
use kube::config::{KubeConfigOptions, Kubeconfig};

pub(crate) use hyper::body::Incoming;

type Connector = hyper_rustls::HttpsConnector<hyper_util::client::legacy::connect::HttpConnector>;

/// Where a server is, and how it is spoken to.
pub(crate) struct Server {
    url: String,
    token: String,
    client: Client<Connector, Full<Bytes>>,
}

impl Server {
    /// The server of a kubeconfig, as its user.
    ///
    /// # Errors
    /// A kubeconfig that names no server or token.
    pub(crate) async fn of(kubeconfig: &str) -> Result<Self> {
        let document: serde_json::Value = serde_saphyr::from_str(kubeconfig).context("the kubeconfig is not YAML")?;
        let text = |pointer: &str| document.pointer(pointer).and_then(serde_json::Value::as_str).map(str::to_owned);
        let url = text("/clusters/0/cluster/server").context("no server")?;
        let token = text("/users/0/user/token").context("no token")?;
        let parsed = Kubeconfig::from_yaml(kubeconfig)?;
        let config = Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await?;
        let client = Client::builder(TokioExecutor::new()).build(config.rustls_https_connector()?);
        Ok(Self { url, token, client })
    }

    /// Sends one request and takes whatever comes.
    ///
    /// # Errors
    /// No answer at all.
    pub(crate) async fn send(
        &self,
        method: &Method,
        path: &str,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Result<Response<Incoming>> {
        let mut request = Request::builder().method(method.clone()).uri(format!("{}{path}", self.url));
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        Ok(self.client.request(request.body(Full::new(body.into()))?).await?)
    }
}
