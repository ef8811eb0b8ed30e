//! `backplane dev` as a process.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio::process::{Child, Command};

use crate::cloud::CloudView;
use crate::driver::{Driver, client_from_kubeconfig};
use crate::guide::{Guide, VERSION};
use crate::wait::eventually;

/// How to reach what `backplane dev` started; the file that `--info` writes.
#[derive(Debug, Clone, Deserialize)]
pub struct DevInfo {
    /// Kubeconfig of its administrator.
    pub kubeconfig: PathBuf,
    /// The simulated cloud.
    pub cloud: CloudInfo,
}

/// The simulated cloud.
#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "what an account consists of")]
pub struct CloudInfo {
    pub url: String,
    pub email: String,
    pub password: String,
    pub images: Vec<ImageInfo>,
}

/// An image of its library.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "what an image is known by")]
pub struct ImageInfo {
    pub uuid: String,
    pub kubernetes_version: Option<String>,
}

impl DevInfo {
    /// The image with this Kubernetes.
    ///
    /// # Errors
    /// No such image.
    pub fn image(&self, version: &str) -> Result<String> {
        let image = self.cloud.images.iter().find(|image| image.kubernetes_version.as_deref() == Some(version));
        image.map(|image| image.uuid.clone()).with_context(|| format!("no image with Kubernetes {version}"))
    }
}

/// A running `backplane dev`.
pub struct DevProcess {
    /// How to reach it.
    pub info: DevInfo,
    child: Child,
}

/// The program under test: `BACKPLANE_BIN`, or where a build of the workspace puts it.
pub fn backplane() -> PathBuf {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug/backplane");
    std::env::var_os("BACKPLANE_BIN").map_or_else(built, PathBuf::from)
}

impl DevProcess {
    /// Starts it with free ports and files in `folder`, and waits until it is ready.
    ///
    /// # Errors
    /// A process that ends or does not become ready.
    pub async fn start(folder: &Path) -> Result<Self> {
        Self::start_with_cache(folder, None).await
    }

    /// The same, with a cache of compiled plugins of its own.
    ///
    /// # Errors
    /// A process that ends or does not become ready.
    pub async fn start_with_cache(folder: &Path, cache: Option<&Path>) -> Result<Self> {
        let cache = cache.iter().flat_map(|cache| ["--cache-dir".into(), cache.as_os_str().to_owned()]);
        Self::start_with(folder, &cache.collect::<Vec<_>>()).await
    }

    /// The same, with these arguments besides.
    ///
    /// # Errors
    /// A process that ends or does not become ready.
    pub async fn start_with(folder: &Path, arguments: &[OsString]) -> Result<Self> {
        let (kubeconfig, info) = (folder.join("kubeconfig"), folder.join("info.json"));
        let log = std::fs::File::create(folder.join("dev.log"))?;
        let mut child = Command::new(backplane())
            .args(["dev", "--listen", "127.0.0.1:0", "--kubeconfig"])
            .arg(&kubeconfig)
            .arg("--info")
            .arg(&info)
            .args(arguments)
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("backplane cannot be started; `cargo xtask demo` builds it")?;
        let ready = eventually("backplane dev ready", Duration::from_secs(120), async || {
            Ok(std::fs::read(&info)
                .ok()
                .and_then(|text| serde_json::from_slice(&text).ok())
                .ok_or("no info file".into()))
        });
        tokio::select! {
            info = ready => Ok(Self { info: info?, child }),
            status = child.wait() => {
                let log = std::fs::read_to_string(folder.join("dev.log")).unwrap_or_default();
                bail!("backplane dev ended with {}:\n{log}", status?)
            }
        }
    }

    /// Somebody who follows the guide with the client library.
    ///
    /// # Errors
    /// A kubeconfig that cannot be used.
    pub async fn guide(&self, folder: &Path, limit: Duration) -> Result<Guide> {
        let client = client_from_kubeconfig(&std::fs::read_to_string(&self.info.kubeconfig)?).await?;
        let cloud = &self.info.cloud;
        Ok(Guide {
            driver: Driver::Client(client.clone()),
            client,
            cloud: CloudView::new(&cloud.url, &cloud.email, &cloud.password),
            image: self.info.image(VERSION)?,
            limit,
            folder: folder.into(),
            phases: Arc::new(Mutex::new(Vec::new())),
        })
    }

    /// Ends it as Ctrl-C does.
    ///
    /// # Errors
    /// A process that does not end within ten seconds.
    pub async fn stop(&mut self) -> Result<()> {
        if let Some(id) = self.child.id() {
            Command::new("kill").args(["-INT", &id.to_string()]).status().await?;
        }
        let ended = tokio::time::timeout(Duration::from_secs(10), self.child.wait());
        ended.await.context("backplane dev did not end")??;
        Ok(())
    }
}
