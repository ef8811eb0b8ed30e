//! `backplane dev`: starts a world, says how to connect, and leaves nothing behind.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use backplane_runtime::logs;
use backplane_runtime::settings::ObserveSettings;
use clap::Args;
use serde_json::json;
use tempfile::TempDir;

use crate::dev::{Dev, DevOptions};
use crate::run::ended;

/// The first line of every kubeconfig that is ours to overwrite and remove.
const MARK: &str = "# Written by `backplane dev`; removed when it ends.\n";

/// What `backplane dev` takes.
#[derive(Args)]
pub struct DevArguments {
    /// Settings file; its plugins replace the default ones.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A further plugin, with default settings and everything it declares granted. May be repeated.
    #[arg(long = "plugin", value_name = "FILE")]
    plugins: Vec<PathBuf>,
    /// Folder with the default plugins.
    #[arg(long, value_name = "FOLDER")]
    plugin_folder: Option<PathBuf>,
    /// Where the API server listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9443")]
    listen: SocketAddr,
    /// Where to write the administrator's kubeconfig; a new temporary file unless given.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Where to write how to connect, as JSON, for programs.
    #[arg(long, value_name = "FILE")]
    info: Option<PathBuf>,
    /// Factor on the delays of simulators and stand-ins.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    time_scale: f64,
    /// A stand-in to leave out because the real program runs. May be repeated.
    #[arg(long, value_name = "NAME")]
    without: Vec<String>,
    /// Where compiled plugins are kept.
    #[arg(long, value_name = "FOLDER")]
    cache_dir: Option<PathBuf>,
    /// Log filter.
    #[arg(long, env = "RUST_LOG", hide_env_values = true, value_name = "FILTER", default_value = "warn")]
    log: String,
}

/// Runs until a signal ends it.
///
/// # Errors
/// Settings or plugins that cannot be used, a port in use, or a file that is somebody else's.
pub async fn dev(arguments: DevArguments) -> Result<()> {
    let start = Instant::now();
    logs::init(&ObserveSettings::default(), Some(&arguments.log))?;
    let files = Files::new(&arguments)?;
    let dev = Dev::start(options(&arguments)?).await?;
    files.write(&dev)?;
    announce(&dev, &files, start.elapsed());
    ended().await?;
    dev.stop().await;
    Ok(())
}

fn options(arguments: &DevArguments) -> Result<DevOptions> {
    if !(arguments.time_scale.is_finite() && arguments.time_scale >= 0.0) {
        bail!("--time-scale: must be a number that is not negative");
    }
    let defaults = DevOptions::default();
    Ok(DevOptions {
        listen: arguments.listen,
        time_scale: arguments.time_scale,
        config: arguments.config.clone(),
        plugins: arguments.plugins.clone(),
        plugin_folder: arguments.plugin_folder.clone().or(defaults.plugin_folder),
        cache_dir: arguments.cache_dir.clone(),
        without: arguments.without.iter().cloned().collect(),
        external: None,
        seed: defaults.seed,
    })
}

fn announce(dev: &Dev, files: &Files, elapsed: Duration) {
    println!("ready after {:.2} s", elapsed.as_secs_f64());
    println!("export KUBECONFIG={}", files.kubeconfig.display());
    println!("cloud    {}", dev.cloud_access().url);
    println!("metrics  http://{}/metrics", dev.observe_address());
    for image in dev.cloud_access().images.iter().filter(|image| image.kubernetes_version.is_some()) {
        println!("image    {}  {}", image.uuid, image.name);
    }
}

/// The files that say how to connect; removed when this is dropped.
struct Files {
    kubeconfig: PathBuf,
    info: Option<PathBuf>,
    _scratch: Option<TempDir>,
}

impl Files {
    fn new(arguments: &DevArguments) -> Result<Self> {
        let scratch = match arguments.kubeconfig {
            Some(_) => None,
            None => Some(tempfile::Builder::new().prefix("backplane-dev-").tempdir()?),
        };
        let in_scratch = scratch.as_ref().map(|folder| folder.path().join("kubeconfig"));
        let kubeconfig = arguments.kubeconfig.clone().or(in_scratch).context("no place for the kubeconfig")?;
        refuse_foreign(&kubeconfig)?;
        Ok(Self { kubeconfig, info: arguments.info.clone(), _scratch: scratch })
    }

    fn write(&self, dev: &Dev) -> Result<()> {
        write_private(&self.kubeconfig, &format!("{MARK}{}", dev.kubeconfig()))?;
        if let Some(file) = &self.info {
            let info = json!({"kubeconfig": self.kubeconfig, "cloud": dev.cloud_access()});
            write_private(file, &info.to_string())?;
        }
        Ok(())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for file in std::iter::once(&self.kubeconfig).chain(&self.info) {
            // What was never written, or is gone already, needs no removal.
            let _ = std::fs::remove_file(file);
        }
    }
}

/// Somebody's own kubeconfig is never overwritten.
fn refuse_foreign(file: &Path) -> Result<()> {
    match std::fs::read_to_string(file) {
        Ok(text) if text.starts_with(MARK) => Ok(()),
        Ok(_) => bail!("--kubeconfig: {} exists and was not written by `backplane dev`", file.display()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => bail!("--kubeconfig: {} cannot be used: {error}", file.display()),
    }
}

/// Writes under another name first, so that a reader never sees half of it; readable by the owner alone.
fn write_private(file: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let written = file.with_extension("new");
    let context = || format!("{} cannot be written", file.display());
    let mut open = std::fs::OpenOptions::new();
    let mut handle = open.create(true).truncate(true).write(true).mode(0o600).open(&written).with_context(context)?;
    handle.write_all(text.as_bytes()).with_context(context)?;
    std::fs::rename(&written, file).with_context(context)
}
