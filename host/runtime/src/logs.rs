//! Sets up the process's log: lines for people, or one JSON object a line.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, ObserveSettings};

/// A log filter that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("log filter {0:?} cannot be read")]
pub struct BadFilter(String, #[source] tracing_subscriber::filter::ParseError);

/// Starts logging to standard error. A second call in one process changes nothing: tests start many daemons.
///
/// # Errors
/// A filter that cannot be read.
pub fn init(settings: &ObserveSettings, filter_override: Option<&str>) -> Result<(), BadFilter> {
    let text = filter_override.unwrap_or(&settings.log_filter);
    let filter = EnvFilter::try_new(text).map_err(|error| BadFilter(text.into(), error))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match settings.log_format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    // Only "already set" can fail here, and whoever set it keeps it.
    drop(started);
    Ok(())
}
