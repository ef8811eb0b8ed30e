//! A program of somebody else, as a child that does not outlive its owner.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

/// A running program. Its output goes to `NAME.log` in the folder it was started with; dropping it kills it.
#[derive(Debug)]
pub struct Program {
    name: String,
    log: PathBuf,
    mark: PathBuf,
    child: Child,
}

impl Program {
    /// Starts a program. `folder` gets its log and, for a watchdog, its process number.
    ///
    /// # Errors
    /// A program that cannot be started.
    pub fn start(name: &str, folder: &Path, command: &mut Command) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log)?;
        let child = command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).spawn();
        let child = child.with_context(|| format!("{name} cannot be started"))?;
        let mark = folder.join(format!("{name}.pid"));
        let program = Self { name: name.into(), log, mark, child };
        std::fs::write(&program.mark, program.id().to_string())?;
        Ok(program)
    }

    /// Its process number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails, with the end of its log, if it has ended.
    ///
    /// # Errors
    /// When it does not run any more.
    pub fn check(&mut self) -> Result<()> {
        let Some(status) = self.child.try_wait()? else { return Ok(()) };
        bail!("{} ended with {status}:\n{}", self.name, self.last_lines(15))
    }

    /// The end of its log.
    pub fn last_lines(&self, count: usize) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }

    /// Ends it as `kill -9` does, and waits until it is gone.
    pub fn kill(&mut self) {
        // It may be gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.mark);
    }

    /// Sends a signal by its name, such as `STOP`.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let status = Command::new("kill").args([&format!("-{signal}"), &self.id().to_string()]).status()?;
        if !status.success() {
            bail!("{} got no signal {signal}: {status}", self.name);
        }
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Outlives its owner by a moment: when the owner's process is gone, whatever the reason, it kills the programs whose numbers lie
/// in the folder, and removes the folder.
#[derive(Debug)]
pub(super) struct Watchdog(Child);

impl Watchdog {
    pub(super) fn of(folder: &Path) -> Result<Self> {
        // A signal to the whole group, such as that of a terminal or of timeout(1), must not end it first.
        const SCRIPT: &str = r#"trap '' HUP INT TERM; cat >/dev/null; cd "$1" || exit; for f in *.pid; do
            [ -f "$f" ] && kill -9 "$(cat "$f")"; done; cd / && rm -rf "$1""#;
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "watchdog"]).arg(folder);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self(command.spawn().context("no shell to watch over a control plane")?))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // Reaped, so that long test runs leave no zombies.
        let _ = self.0.wait();
    }
}

/// A port that is free at the moment.
///
/// # Errors
/// When none is.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
