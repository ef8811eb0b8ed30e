//! A real control plane, a daemon as a process, and everything between them that can misbehave.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context, Result};
use backplane_apiserver::kubeconfig;
use backplane_tests::figures::fetch;
use backplane_tests::guests::guest;
use backplane_tests::process::backplane;
use backplane_tests::proxy::{Gate, Wire};
use backplane_tests::real::{ControlPlane, Parts, PlaneOptions, PlaneToken, Program, free_port};
use backplane_tests::wait::eventually;

use crate::audit;
use crate::kinds::{self, BINDINGS, DAEMON, DEFINITIONS, collection};
use crate::load::{ACCOUNTS, Load, name};
use crate::user::User;

const TOKEN: &str = "the-daemon";
const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
/// Longest wait for the daemon to be ready.
const LIMIT: Duration = Duration::from_secs(60);

/// Everything that takes part. Dropping it ends all of it.
pub(crate) struct Stage {
    pub(crate) daemon: Option<Program>,
    pub(crate) wire: Wire,
    pub(crate) gate: Gate,
    pub(crate) user: User,
    pub(crate) plane: ControlPlane,
    observe: u16,
    config: PathBuf,
    next: Arc<AtomicU64>,
}

impl Stage {
    /// Starts all of it, with the accounts in place and booked once.
    pub(crate) async fn start(parts: &Parts) -> Result<Self> {
        let token = PlaneToken { token: TOKEN.into(), user: DAEMON.into(), groups: Vec::new() };
        let policy = Some(audit::POLICY.to_owned());
        let options =
            PlaneOptions { tokens: vec![token], audit_policy: policy, controllers: false, ..PlaneOptions::default() };
        let plane = ControlPlane::start_with(parts, options).await?;
        let user = User::new(&plane.kubeconfig()).await?;
        let gate = Gate::open(&plane.url()).await?;
        let wire = Wire::open(gate.address()).await?;
        let (observe, config) = (free_port()?, plane.folder().join("backplane.toml"));
        let next = Arc::new(AtomicU64::new(1));
        let mut stage = Self { daemon: None, wire, gate, user, plane, observe, config, next };
        stage.prepare().await?;
        stage.start_daemon().await?;
        Ok(stage)
    }

    async fn prepare(&self) -> Result<()> {
        for namespace in kinds::namespaces() {
            self.user.create("/api/v1/namespaces", &namespace).await?;
        }
        self.define("Account", "accounts").await?;
        self.define("Entry", "entries").await?;
        for role in kinds::roles() {
            self.user.create(ROLES, &role).await?;
        }
        self.bind().await?;
        for index in 0..ACCOUNTS {
            self.user.create(&collection("accounts"), &kinds::account(&name(index), 0)).await?;
        }
        Ok(std::fs::write(&self.config, self.settings()?)?)
    }

    fn settings(&self) -> Result<String> {
        let file = self.plane.folder().join("daemon.kubeconfig");
        std::fs::write(
            &file,
            kubeconfig(&format!("https://{}", self.wire.address()), self.gate.ca(), TOKEN, "faults"),
        )?;
        Ok(format!(
            "observe = {{ listen = \"127.0.0.1:{}\" }}\ncluster = {{ kubeconfig = {file:?} }}\n\
             [[plugin]]\npath = {:?}\nworkers = 8\n",
            self.observe,
            guest("ledger.wasm")
        ))
    }

    /// Defines a kind and waits until it is served.
    pub(crate) async fn define(&self, kind: &str, plural: &str) -> Result<()> {
        self.user.create(DEFINITIONS, &kinds::definition(kind, plural)).await?;
        eventually(&format!("{plural} served"), LIMIT, async || {
            self.user.items(&collection(plural)).await?;
            Ok(Ok(()))
        })
        .await
    }

    /// Gives daemon and plugin their rights.
    pub(crate) async fn bind(&self) -> Result<()> {
        for binding in kinds::bindings() {
            self.user.create(BINDINGS, &binding).await?;
        }
        Ok(())
    }

    /// Takes them away.
    pub(crate) async fn unbind(&self) -> Result<()> {
        for binding in kinds::bindings() {
            let name = binding["metadata"]["name"].as_str().context("a binding has a name")?;
            self.user.remove(&format!("{BINDINGS}/{name}")).await?;
        }
        Ok(())
    }

    /// Starts the daemon and waits until it is ready.
    pub(crate) async fn start_daemon(&mut self) -> Result<()> {
        let mut command = Command::new(backplane());
        command.args(["run", "--log", "info", "--config"]).arg(&self.config);
        let daemon = self.daemon.insert(Program::start("backplane", self.plane.folder(), &mut command)?);
        let address = ([127, 0, 0, 1], self.observe).into();
        let ready = eventually("a daemon that is ready", LIMIT, async || {
            fetch(address, "/readyz").await?;
            Ok(Ok(()))
        })
        .await;
        daemon.check()?;
        ready
    }

    pub(crate) fn load(&self) -> Load {
        Load::start(&self.user, &self.next)
    }

    /// Memory of the daemon in bytes, as the kernel counts what is resident.
    pub(crate) fn memory(&self) -> Result<u64> {
        let id = self.daemon.as_ref().context("the daemon does not run")?.id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kilobytes << 10)
    }

    /// The end of the daemon's log, for a failure.
    pub(crate) fn last_lines(&self) -> String {
        self.daemon.as_ref().map(|daemon| daemon.last_lines(40)).unwrap_or_default()
    }
}
