//! A served world for tests from outside: HTTPS on a free port, a kubeconfig in a temporary directory.

use backplane_apiserver::{ApiServer, Authority, Env, LocalClient, Options, Serving, Token, kubeconfig};
use tempfile::TempDir;

/// The definition that the tests use.
pub(crate) const WEBSITE_CRD: &str = include_str!("../crds/website.yaml");

/// A server that listens.
pub(crate) struct World {
    server: ApiServer,
    pub(crate) dir: TempDir,
    _serving: Serving,
}

impl World {
    /// Starts a server; its administrator's kubeconfig is the file `kubeconfig` in `dir`.
    pub(crate) async fn start() -> Self {
        let env = Env::system(7);
        let token = env.hex(16);
        let admin = Token { token: token.clone(), user: "admin".into(), groups: vec!["system:masters".into()] };
        let server = ApiServer::new(env, Options { tokens: vec![admin], ..Options::default() });
        let authority = Authority::new("test-ca").unwrap();
        let certificate = authority.issue(&["127.0.0.1", "localhost"]).unwrap();
        let serving = server.serve(([127, 0, 0, 1], 0).into(), Some(certificate)).await.unwrap();
        let url = format!("https://{}", serving.addr);
        let dir = tempfile::tempdir().unwrap();
        let text = kubeconfig(&url, &authority.ca_pem(), &token, "test");
        std::fs::write(dir.path().join("kubeconfig"), text).unwrap();
        Self { server, dir, _serving: serving }
    }

    /// As [`World::start`], serving websites.
    pub(crate) async fn with_websites() -> Self {
        let world = Self::start().await;
        let crd: serde_json::Value = serde_saphyr::from_str(WEBSITE_CRD).unwrap();
        world.client().create(&crd).await.unwrap();
        world
    }

    pub(crate) fn client(&self) -> LocalClient {
        self.server.client()
    }
}
