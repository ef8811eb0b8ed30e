//! A complete control plane on free ports in a temporary folder.

mod commands;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use backplane_apiserver::kubeconfig;
use tempfile::TempDir;

use super::Parts;
use super::files::Files;
use super::program::{Program, Watchdog, free_port};
use crate::driver::client_from_kubeconfig;
use crate::wait::eventually;

/// Longest wait for a part to answer. A loaded machine takes ten times the usual second.
const LIMIT: Duration = Duration::from_secs(60);

/// What a control plane consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The store.
    Etcd,
    /// kube-apiserver.
    ApiServer,
    /// kube-controller-manager.
    Controllers,
}

/// A bearer token that the API server knows.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "what a token stands for")]
pub struct PlaneToken {
    pub token: String,
    pub user: String,
    pub groups: Vec<String>,
}

/// What a control plane is started with.
#[derive(Debug, Clone)]
pub struct PlaneOptions {
    /// Whether kube-controller-manager runs.
    pub controllers: bool,
    /// Its controllers.
    pub controller_names: Vec<&'static str>,
    /// Further arguments of kube-apiserver.
    pub apiserver: Vec<String>,
    /// Further tokens. The administrator has one anyway.
    pub tokens: Vec<PlaneToken>,
    /// Audit policy, as YAML; the metadata of every request unless given.
    pub audit_policy: Option<String>,
}

impl Default for PlaneOptions {
    fn default() -> Self {
        Self {
            controllers: true,
            controller_names: vec!["namespace-controller", "garbage-collector-controller", "serviceaccount-controller"],
            apiserver: Vec::new(),
            tokens: Vec::new(),
            audit_policy: None,
        }
    }
}

/// etcd, kube-apiserver and, unless left out, kube-controller-manager. Dropping it kills them and removes their folder; so does the
/// end of the process, however it ends.
pub struct ControlPlane {
    // Killed in this order; the watchdog and the folder go last.
    controllers: Option<Program>,
    apiserver: Option<Program>,
    etcd: Option<Program>,
    parts: Parts,
    options: PlaneOptions,
    files: Files,
    etcd_port: u16,
    peer_port: u16,
    port: u16,
    admin: String,
    _watchdog: Watchdog,
    folder: TempDir,
}

impl ControlPlane {
    /// A control plane with usual options.
    ///
    /// # Errors
    /// A part that does not start, with the end of its log.
    pub async fn start(parts: &Parts) -> Result<Self> {
        Self::start_with(parts, PlaneOptions::default()).await
    }

    /// A control plane with these options.
    ///
    /// # Errors
    /// A part that does not start, with the end of its log.
    pub async fn start_with(parts: &Parts, options: PlaneOptions) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("backplane-plane-").tempdir()?;
        let admin = PlaneToken {
            token: "administrator".into(),
            user: "administrator".into(),
            groups: vec!["system:masters".into()],
        };
        let tokens: Vec<PlaneToken> = options.tokens.iter().cloned().chain([admin.clone()]).collect();
        let mut plane = Self {
            controllers: None,
            apiserver: None,
            etcd: None,
            parts: parts.clone(),
            files: Files::write(folder.path(), &tokens, options.audit_policy.as_deref())?,
            options,
            etcd_port: free_port()?,
            peer_port: free_port()?,
            port: free_port()?,
            admin: admin.token,
            _watchdog: Watchdog::of(folder.path())?,
            folder,
        };
        plane.start_part(Part::Etcd).await?;
        plane.start_part(Part::ApiServer).await?;
        if plane.options.controllers {
            plane.start_part(Part::Controllers).await?;
        }
        Ok(plane)
    }

    /// URL of the API server.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// URL of etcd, which speaks plain HTTP.
    pub fn etcd_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.etcd_port)
    }

    /// The authority of the API server's certificate.
    pub fn ca_pem(&self) -> &str {
        &self.files.ca_pem
    }

    /// Kubeconfig of the administrator.
    pub fn kubeconfig(&self) -> String {
        self.kubeconfig_for(&self.admin)
    }

    /// Kubeconfig of whoever has this token.
    pub fn kubeconfig_for(&self, token: &str) -> String {
        kubeconfig(&self.url(), &self.files.ca_pem, token, "real")
    }

    /// A client of the administrator.
    ///
    /// # Errors
    /// A client that cannot be made.
    pub async fn client(&self) -> Result<kube::Client> {
        client_from_kubeconfig(&self.kubeconfig()).await
    }

    /// Where its programs, and others, are.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// What the API server was asked, one JSON object a line.
    pub fn audit_log(&self) -> &Path {
        &self.files.audit
    }

    /// The folder of its logs and data.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process number of a part that runs.
    pub fn id(&self, part: Part) -> Option<u32> {
        self.program(part).map(Program::id)
    }

    /// Kills a part, as `kill -9` does.
    pub fn kill(&mut self, part: Part) {
        if let Some(mut program) = self.slot(part).take() {
            program.kill();
        }
    }

    /// Stops a part where it stands, until [`ControlPlane::thaw`].
    ///
    /// # Errors
    /// When it does not run.
    pub fn freeze(&self, part: Part) -> Result<()> {
        self.program(part).with_context(|| format!("{part:?} does not run"))?.signal("STOP")
    }

    /// Lets a frozen part go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn thaw(&self, part: Part) -> Result<()> {
        self.program(part).with_context(|| format!("{part:?} does not run"))?.signal("CONT")
    }

    /// Starts a part, on the port that it had before, and waits until it answers.
    ///
    /// # Errors
    /// A part that does not start, with the end of its log.
    pub async fn start_part(&mut self, part: Part) -> Result<()> {
        let program = match part {
            Part::Etcd => Program::start("etcd", self.folder.path(), &mut self.etcd_command()),
            Part::ApiServer => Program::start("kube-apiserver", self.folder.path(), &mut self.apiserver_command()),
            Part::Controllers => {
                let mut command = self.controllers_command()?;
                Program::start("kube-controller-manager", self.folder.path(), &mut command)
            }
        }?;
        *self.slot(part) = Some(program);
        self.answers(part).await
    }

    async fn answers(&mut self, part: Part) -> Result<()> {
        let client = self.client().await?;
        let etcd = ("127.0.0.1", self.etcd_port);
        let program = self.slot(part).as_mut().with_context(|| format!("{part:?} does not run"))?;
        let expected = format!("an answer of {part:?}");
        let ready = eventually(&expected, LIMIT, async || {
            Ok(match part {
                Part::Etcd => tokio::net::TcpStream::connect(etcd).await.map(drop).map_err(|e| e.to_string()),
                Part::ApiServer => serves(&client).await,
                Part::Controllers => Ok(()),
            })
        });
        tokio::select! {
            ready = ready => ready,
            ended = ends(program) => ended,
        }
    }

    fn program(&self, part: Part) -> Option<&Program> {
        match part {
            Part::Etcd => self.etcd.as_ref(),
            Part::ApiServer => self.apiserver.as_ref(),
            Part::Controllers => self.controllers.as_ref(),
        }
    }

    fn slot(&mut self, part: Part) -> &mut Option<Program> {
        match part {
            Part::Etcd => &mut self.etcd,
            Part::ApiServer => &mut self.apiserver,
            Part::Controllers => &mut self.controllers,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Ready, and with the namespace that everybody expects.
async fn serves(client: &kube::Client) -> Result<(), String> {
    for path in ["/readyz", "/api/v1/namespaces/default"] {
        let request = http::Request::get(path).body(Vec::new()).map_err(|e| e.to_string())?;
        client.request_text(request).await.map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// Waits until a program ends, which is always too early.
async fn ends(program: &mut Program) -> Result<()> {
    loop {
        program.check()?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
