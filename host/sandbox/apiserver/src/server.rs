//! A server: its parts, its settings, and the handle that everybody else holds.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use tokio::sync::broadcast;

use crate::audit::AuditEvent;
use crate::conversion::Memory;
use crate::env::Env;
use crate::local::LocalClient;
use crate::pipeline;
use crate::pipeline::admission::Known;
use crate::pipeline::protobuf::Table;
use crate::pipeline::rbac::Rbac;
use crate::registry::Registry;
use crate::storage::Storage;
use crate::user::{MASTERS, User};
use crate::webhook::Webhooks;

/// Body of an answer; that of a watch goes on.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Audit events that a slow listener may be behind before it loses some.
const AUDIT_BACKLOG: usize = 4096;

/// How a server presents itself and whom it lets in.
#[derive(Debug, Clone)]
pub struct Options {
    /// Name, for logs.
    pub name: String,
    /// Version that `/version` reports, such as `v1.34.0`.
    pub version: String,
    /// Static bearer tokens.
    pub tokens: Vec<Token>,
    /// Whether `id.secret` of a Secret `kube-system/bootstrap-token-<id>` is a bearer token.
    pub bootstrap_tokens: bool,
    /// Whether requests without credentials go on as `system:anonymous`. Otherwise they get 401.
    pub anonymous: bool,
    /// Changes that are kept per resource. A watch or list from before them gets 410.
    pub history: usize,
}

/// A static bearer token and whom it belongs to.
#[derive(Clone)]
pub struct Token {
    /// The secret.
    pub token: String,
    /// User name.
    pub user: String,
    /// Groups; `system:authenticated` is added.
    pub groups: Vec<String>,
}

impl std::fmt::Debug for Token {
    /// Leaves the secret out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("user", &self.user).field("groups", &self.groups).finish_non_exhaustive()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "sandbox".into(),
            version: "v1.34.0".into(),
            tokens: Vec::new(),
            bootstrap_tokens: false,
            anonymous: true,
            // Some minutes of a busy sandbox; a slow watch gets that long before it has to list again.
            history: 10_000,
        }
    }
}

/// A handle on a server; clones are the same server, which lives as long as one of them.
#[derive(Clone)]
pub struct ApiServer {
    pub(crate) inner: Arc<Inner>,
}

/// The parts of a server.
pub(crate) struct Inner {
    pub(crate) env: Env,
    pub(crate) options: Options,
    pub(crate) storage: Storage,
    pub(crate) registry: Registry,
    pub(crate) rbac: Rbac,
    /// Read when the first client sends protobuf.
    pub(crate) wire: OnceLock<Table>,
    pub(crate) webhooks: Webhooks,
    pub(crate) conversions: Memory,
    pub(crate) admission: Known,
    audit: broadcast::Sender<AuditEvent>,
}

impl ApiServer {
    /// Starts an empty server with the usual namespaces and roles. Its controllers run as tasks until the last handle is
    /// dropped.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(env: Env, options: Options) -> Self {
        let inner = Arc::new(Inner {
            storage: Storage::new(options.history),
            registry: Registry::new(),
            rbac: Rbac::default(),
            wire: OnceLock::new(),
            webhooks: Webhooks::default(),
            conversions: Memory::default(),
            admission: Known::default(),
            audit: broadcast::channel(AUDIT_BACKLOG).0,
            env,
            options,
        });
        pipeline::bootstrap(&inner);
        crate::gc::start(&inner);
        crate::namespaces::start(&inner);
        crate::protection::start(&inner);
        crate::crds::start(&inner);
        Self { inner }
    }

    /// A client inside the process that may do everything.
    pub fn client(&self) -> LocalClient {
        self.client_as("system:admin", &[MASTERS])
    }

    /// A client inside the process that acts as this user; RBAC applies.
    pub fn client_as(&self, user: &str, groups: &[&str]) -> LocalClient {
        LocalClient::new(self.clone(), User::known(user, groups))
    }

    /// Answers one request: the same way for sockets and for clients inside the process.
    pub async fn handle(&self, request: http::Request<Bytes>) -> http::Response<Body> {
        pipeline::handle(&self.inner, request).await
    }

    /// Every request from now on, as it is answered; watches when they begin. A listener that is far behind loses events.
    pub fn audit(&self) -> broadcast::Receiver<AuditEvent> {
        self.inner.audit.subscribe()
    }

    /// The latest revision of any object.
    pub fn revision(&self) -> u64 {
        self.inner.storage.revision()
    }
}

impl Inner {
    /// Tells those who listen, if any.
    pub(crate) fn record(&self, event: AuditEvent) {
        // Nobody listening is the usual case.
        let _ = self.audit.send(event);
    }
}
