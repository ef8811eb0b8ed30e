//! The contenders as processes, watched from outside.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use backplane_tests::real::Parts;
use tokio::process::{Child, Command};

/// Who does the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contender {
    Backplane,
    KubeRs,
    ControllerRuntime,
}

impl Contender {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Backplane => "backplane, guest tests/guests/note",
            Self::KubeRs => "kube-rs Controller, tests/bench/reconcile/native.rs",
            Self::ControllerRuntime => "controller-runtime v0.25.2, tests/real/controller",
        }
    }

    fn command(self, parts: &Parts, kubeconfig: &Path, workers: usize) -> Result<Command> {
        let workers = workers.to_string();
        Ok(match self {
            Self::Backplane => {
                let program = std::env::var_os("BACKPLANE_BIN").context("BACKPLANE_BIN is not set")?;
                let mut command = Command::new(program);
                command.args(["run", "--config"]).arg(settings(kubeconfig, &workers)?);
                command
            }
            Self::KubeRs => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["reconcile-native", &workers]).arg(kubeconfig);
                command
            }
            Self::ControllerRuntime => {
                let mut command = Command::new(parts.program("controller"));
                command.args(["-concurrency", &workers, "-kubeconfig"]).arg(kubeconfig);
                command
            }
        })
    }
}

/// The settings file of the daemon, beside the kubeconfig.
fn settings(kubeconfig: &Path, workers: &str) -> Result<PathBuf> {
    let guests = std::env::var_os("BACKPLANE_GUESTS").context("BACKPLANE_GUESTS is not set")?;
    let guest = PathBuf::from(guests).join("note.wasm");
    let folder = kubeconfig.parent().context("a kubeconfig lies in a folder")?;
    let file = folder.join("backplane.toml");
    let text = format!(
        "[cluster]\nkubeconfig = {kubeconfig:?}\n[engine]\ncache-dir = {:?}\n[observe]\nlisten = \"127.0.0.1:0\"\n\
         log-filter = \"warn\"\n[[plugin]]\npath = {guest:?}\nworkers = {workers}\n\
         [plugin.limits]\nwarm-instances = {workers}\n",
        folder.join("cache"),
    );
    std::fs::write(&file, text)?;
    Ok(file)
}

/// A running contender.
pub(super) struct Process {
    child: Child,
    id: u32,
}

impl Process {
    pub(super) fn start(contender: Contender, parts: &Parts, kubeconfig: &Path, workers: usize) -> Result<Self> {
        let mut command = contender.command(parts, kubeconfig, workers)?;
        command.env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        let child = command.spawn().with_context(|| format!("{} cannot be started", contender.name()))?;
        let id = child.id().context("it ended at once")?;
        Ok(Self { child, id })
    }

    /// Waits until it ends, which is always too early.
    pub(super) async fn ended(&mut self) -> Result<()> {
        bail!("it ended with {}", self.child.wait().await?)
    }

    /// Waits until it has used next to no processor time for two seconds; gives the beginning of these.
    pub(super) async fn idle(&mut self, limit: Duration) -> Result<Instant> {
        const QUIET: Duration = Duration::from_secs(2);
        const NEXT_TO_NOTHING: f64 = 0.03;
        let deadline = Instant::now() + limit;
        let mut samples = vec![(Instant::now(), self.cpu_seconds()?)];
        while Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let now = (Instant::now(), self.cpu_seconds()?);
            samples.push(now);
            samples.retain(|(at, _)| now.0 - *at <= QUIET + Duration::from_millis(100));
            let (since, used) = samples[0];
            if now.0 - since >= QUIET && now.1 > 0.0 && now.1 - used < NEXT_TO_NOTHING {
                return Ok(since);
            }
        }
        bail!("it does not come to rest")
    }

    pub(super) fn cpu_seconds(&self) -> Result<f64> {
        cpu_seconds(self.id)
    }

    /// The most that was resident. Source: proc_pid_status(5), `VmHWM`.
    pub(super) fn peak_bytes(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id)).context("it is gone")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kibibytes * 1024.0)
    }

    /// Ends it politely.
    pub(super) async fn stop(mut self) -> Result<()> {
        Command::new("kill").args(["-TERM", &self.id.to_string()]).status().await?;
        tokio::time::timeout(Duration::from_secs(60), self.child.wait()).await.context("it does not stop")??;
        Ok(())
    }
}

/// Processor time that a process and its threads have used so far. Source: proc_pid_stat(5).
pub(crate) fn cpu_seconds(id: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).context("it is gone")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).context("stat is short");
    // The clock of /proc ticks a hundred times a second on every Linux there is.
    Ok((ticks(11)? + ticks(12)?) as f64 / 100.0)
}
