//! Builds what other tasks need.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::run::{cargo, root, run, target};

/// The target that guests are compiled for.
const GUEST_TARGET: &str = "wasm32-wasip2";

/// Builds all guests and returns the folder with their `.wasm` files.
pub(crate) fn guests() -> Result<PathBuf> {
    add_guest_target();
    let plugins = root().join("plugins");
    // A target directory of their own: flags and features of guests must not disturb those of the host.
    let out = plugins.join("target");
    let mut command = cargo();
    command.current_dir(&plugins).env("CARGO_TARGET_DIR", &out);
    run(command.args(["build", "--workspace", "--release", "--locked", "--target", GUEST_TARGET]))?;
    Ok(out.join(GUEST_TARGET).join("release"))
}

/// rustup knows the target; a toolchain without rustup must bring it along, and cargo says so if it does not.
fn add_guest_target() {
    let mut rustup = Command::new("rustup");
    rustup.current_dir(root()).args(["target", "add", GUEST_TARGET]);
    if let Err(error) = run(&mut rustup) {
        eprintln!("note: {error:#}; going on with the targets that are installed");
    }
}

/// Builds every program of the workspace and returns the folder with them.
pub(crate) fn programs(profile: Profile) -> Result<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--workspace", "--bins", "--locked"]);
    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => {
            command.arg("--release");
            "release"
        }
    };
    run(&mut command)?;
    Ok(target().join(folder))
}

/// How programs are compiled.
#[derive(Clone, Copy)]
pub(crate) enum Profile {
    /// Quickly.
    Dev,
    /// To be measured.
    Release,
}
