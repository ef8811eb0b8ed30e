//! `backplane describe leases`: who works for what.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use backplane_runtime::ReplicaState;
use backplane_runtime::settings::Settings;
use clap::Args;

use super::{Output, ask};

/// What `backplane describe leases` takes.
#[derive(Args)]
pub struct LeasesArguments {
    /// The daemon's settings file: where it tells about itself.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the daemon tells about itself; wins over the file's `observe.listen`.
    #[arg(long, value_name = "ADDRESS")]
    observe: Option<SocketAddr>,
    /// A table for people, or JSON for programs.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Output,
}

/// Prints who holds which lease.
///
/// # Errors
/// A daemon that cannot be asked.
pub async fn leases(arguments: LeasesArguments) -> Result<()> {
    let settings = match &arguments.config {
        Some(file) => Settings::read(file)?,
        None => Settings::default(),
    };
    let observe = arguments.observe.unwrap_or(settings.observe.listen);
    let text = ask(observe, "/leases").await?;
    match arguments.output {
        Output::Json => println!("{text}"),
        Output::Table if text == "{}" => println!("This daemon asks for no leases."),
        Output::Table => {
            let state = serde_json::from_str(&text);
            print!("{}", table(&state.with_context(|| format!("{observe} does not answer as this daemon does"))?));
        }
    }
    Ok(())
}

fn table(state: &ReplicaState) -> String {
    let mut text = format!(
        "replica {}; lease {} s, renewed within {} s, every {} s\n",
        state.identity, state.lease_duration_seconds, state.renew_deadline_seconds, state.retry_period_seconds
    );
    let width = state.leases.iter().map(|lease| lease.name.len()).max().unwrap_or_default().max(5);
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{:width$}  RENEWED  CHANGES  HOLDER", "LEASE");
    for lease in &state.leases {
        let holder = lease.holder.as_deref().unwrap_or("-");
        let _ = writeln!(
            text,
            "{:width$}  {:>5.1} s  {:>7}  {holder}{}",
            lease.name,
            lease.unchanged_seconds,
            lease.transitions,
            if lease.held { " (this one)" } else { "" }
        );
    }
    if let Some(problem) = &state.problem {
        let _ = writeln!(text, "problem: {problem}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_who_holds_what() {
        let state = serde_json::from_str(
            r#"{"identity":"a-1","leaseDurationSeconds":10,"renewDeadlineSeconds":6,"retryPeriodSeconds":2,
            "leases":[{"name":"backplane-web","plugin":"web","shard":null,"holder":"a-1","held":true,"transitions":3,
            "unchangedSeconds":0.5,"taken":1,"lost":0,"fenced":0,"waitsFor":null}],"members":[],"problem":null}"#,
        );
        let text = table(&state.expect("a state"));
        let expected = "replica a-1; lease 10 s, renewed within 6 s, every 2 s\n\
            LEASE          RENEWED  CHANGES  HOLDER\n\
            backplane-web    0.5 s        3  a-1 (this one)\n";
        assert_eq!(text, expected);
    }
}
