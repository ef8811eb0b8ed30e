//! `backplane run`: the daemon alone.

use std::path::PathBuf;

use anyhow::Result;
use backplane_runtime::settings::Settings;
use backplane_runtime::{Prepared, logs};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::cluster::cluster;

/// What `backplane run` takes.
#[derive(Args)]
pub struct RunArguments {
    /// The settings file; everything wrong with it is reported before anything starts.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Log filter; wins over the file's.
    #[arg(long, env = "RUST_LOG", hide_env_values = true, value_name = "FILTER")]
    log: Option<String>,
}

/// Runs until a signal ends it.
///
/// # Errors
/// Settings, plugins or a cluster that cannot be used.
pub async fn run(arguments: RunArguments) -> Result<()> {
    let settings = Settings::read(&arguments.config)?;
    logs::init(&settings.observe, arguments.log.as_deref())?;
    let to = settings.cluster.clone();
    let prepared = Prepared::new(settings, &arguments.config).await?;
    let daemon = prepared.start_in(cluster(&to).await?).await?;
    ended().await?;
    daemon.stop().await;
    Ok(())
}

/// Waits for Ctrl-C or a polite kill.
pub(crate) async fn ended() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
