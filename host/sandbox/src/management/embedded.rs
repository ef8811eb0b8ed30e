//! The embedded API server, with its certificate and its tokens.

use std::net::SocketAddr;

use backplane_apiserver::{ApiServer, Authority, Env, Options, Serving, Token, kubeconfig};
use serde_json::Value;

use super::Put;
use crate::rbac;
use crate::world::{Cause, WorldError, WorldOptions, secret};

pub(crate) struct Embedded {
    pub(super) api: ApiServer,
    authority: Authority,
    pub(super) url: String,
    serving: Serving,
    admin_token: String,
    daemon_token: String,
}

impl Embedded {
    pub(super) async fn start(options: &WorldOptions, env: &Env) -> Result<Self, WorldError> {
        let authority = Authority::new("backplane-sandbox").map_err(|e| WorldError::Authority { source: e.into() })?;
        let (admin_token, daemon_token) = (secret(), secret());
        let api = ApiServer::new(env.clone(), api_options(options, &admin_token, &daemon_token));
        let (serving, url) = listen(&api, &authority, options.listen).await?;
        Ok(Self { api, authority, url, serving, admin_token, daemon_token })
    }

    pub(super) fn admin_kubeconfig(&self) -> String {
        kubeconfig(&self.url, &self.authority.ca_pem(), &self.admin_token, "sandbox")
    }

    pub(super) fn daemon_kubeconfig(&self) -> String {
        kubeconfig(&self.url, &self.authority.ca_pem(), &self.daemon_token, "backplane")
    }

    pub(super) async fn put(&self, object: &Value) -> Put {
        let client = self.api.client();
        match client.create(object).await {
            Err(status) if status.reason() == "AlreadyExists" => client.update(object).await,
            other => other,
        }
        .map(drop)
        .map_err(Into::into)
    }

    pub(super) async fn stop(self) {
        self.serving.stop().await;
    }
}

fn api_options(options: &WorldOptions, admin: &str, daemon: &str) -> Options {
    let token = |token: &str, user: &str, groups: &[&str]| Token {
        token: token.into(),
        user: user.into(),
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
    };
    let mut tokens = options.tokens.clone();
    tokens.push(token(admin, "sandbox-admin", &["system:masters"]));
    tokens.push(token(daemon, rbac::DAEMON, &["system:serviceaccounts", "system:serviceaccounts:backplane"]));
    Options { name: "sandbox".into(), version: options.version.clone(), tokens, anonymous: false, ..Options::default() }
}

async fn listen(api: &ApiServer, authority: &Authority, address: SocketAddr) -> Result<(Serving, String), WorldError> {
    let refused = |source: Cause| WorldError::Listen { what: "the API server", address, source };
    let ip = address.ip().to_string();
    let names = ["localhost", "127.0.0.1", "::1", "kubernetes.default.svc", ip.as_str()];
    let certificate = authority.issue(&names).map_err(|e| refused(e.into()))?;
    let serving = api.serve(address, Some(certificate)).await.map_err(|e| refused(e.into()))?;
    // Whoever listens everywhere is reached at home.
    let host = if address.ip().is_unspecified() { "127.0.0.1".to_owned() } else { ip };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let url = format!("https://{host}:{}", serving.addr.port());
    Ok((serving, url))
}
