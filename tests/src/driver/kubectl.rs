//! kubectl as a child process.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::resource::Resource;

/// kubectl bound to one kubeconfig.
#[derive(Clone)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
}

/// What a command printed.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the three results of a process")]
pub struct Output {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

/// kubectl on the search path.
pub fn find_kubectl() -> Option<PathBuf> {
    find_program("kubectl")
}

/// A program on the path.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

impl Kubectl {
    pub(super) fn new(program: PathBuf, kubeconfig: &Path) -> Self {
        Self { program, kubeconfig: kubeconfig.into() }
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// Only if it cannot be started; a failing command is an [`Output`].
    pub async fn run(&self, arguments: &[&str], input: Option<&str>) -> Result<Output> {
        let mut command = Command::new(&self.program);
        command.args(arguments).env("KUBECONFIG", &self.kubeconfig).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("kubectl cannot be started")?;
        let mut stdin = child.stdin.take().context("kubectl has no stdin")?;
        stdin.write_all(input.unwrap_or_default().as_bytes()).await?;
        drop(stdin);
        let output = child.wait_with_output().await?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Output { success: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) })
    }

    /// Runs a command that must succeed and returns what it printed.
    ///
    /// # Errors
    /// What it said on stderr.
    pub async fn ok(&self, arguments: &[&str], input: Option<&str>) -> Result<String> {
        let output = self.run(arguments, input).await?;
        if !output.success {
            bail!("kubectl {}: {}", arguments.join(" "), output.stderr.trim());
        }
        Ok(output.stdout)
    }

    pub(super) async fn get(&self, resource: Resource, namespace: Option<&str>, name: &str) -> Result<Option<Value>> {
        let kind = resource.full_name();
        let mut command = vec!["get", &kind, name, "-o", "json", "--ignore-not-found"];
        command.extend(namespace.iter().flat_map(|namespace| ["-n", namespace]));
        let text = self.ok(&command, None).await?;
        if text.trim().is_empty() { Ok(None) } else { Ok(Some(serde_json::from_str(&text)?)) }
    }

    pub(super) async fn list(&self, resource: Resource, namespace: Option<&str>, selector: &str) -> Result<Vec<Value>> {
        let kind = resource.full_name();
        let mut command = vec!["get", &kind, "-o", "json", "-l", selector];
        command.extend(namespace.iter().flat_map(|namespace| ["-n", namespace]));
        let list: Value = serde_json::from_str(&self.ok(&command, None).await?)?;
        Ok(list["items"].as_array().cloned().unwrap_or_default())
    }
}
