//! `backplane`: the command line.

use std::path::PathBuf;
use std::process::ExitCode;

use backplane_core::ErrorChain;
use clap::{Parser, Subcommand};

/// Runs a platform's control logic as sandboxed WebAssembly components over one shared watch cache.
#[derive(Parser)]
#[command(name = "backplane", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// API server, simulators, stand-ins and plugins in one process, for development.
    #[cfg(feature = "dev")]
    Dev(backplane::DevArguments),
    /// The daemon alone, against the cluster of a kubeconfig or of the Pod it runs in.
    Run(backplane::RunArguments),
    /// Looks at plugins.
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Says what a daemon does, or would.
    #[command(subcommand)]
    Describe(DescribeCommand),
}

#[derive(Subcommand)]
enum DescribeCommand {
    /// What each watch of a running daemon costs and who reads it; with --estimate, what one more would cost.
    Watches(backplane::describe::WatchesArguments),
    /// Which replica works for which plugin, as a running daemon sees it.
    Leases(backplane::describe::LeasesArguments),
}

#[derive(Subcommand)]
enum PluginCommand {
    /// Says what a component exports, imports, reads, writes and needs. It is asked to describe itself, with every import
    /// failing, and nothing else of it runs.
    Check {
        /// The component, a `.wasm` file.
        file: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        #[cfg(feature = "dev")]
        Command::Dev(arguments) => backplane::dev(arguments).await,
        Command::Run(arguments) => backplane::run(arguments).await,
        Command::Plugin(PluginCommand::Check { file }) => backplane::check::check(&file).await,
        Command::Describe(DescribeCommand::Watches(arguments)) => backplane::describe::watches(arguments).await,
        Command::Describe(DescribeCommand::Leases(arguments)) => backplane::describe::leases(arguments).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("backplane: {}", ErrorChain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}
