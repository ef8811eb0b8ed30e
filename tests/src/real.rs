//! The programs that users run, as tests start them: kube-apiserver, kube-controller-manager, etcd, Cluster API.
//!
//! `cargo xtask real-parts` builds them; `cargo xtask test --real` runs the tests that need them. Without it these tests say
//! that they were skipped. A test begins with [`parts`] and ends when that is `None`.
//!
//! ```text
//!   Parts (where the programs are) ──> ControlPlane: etcd <── kube-apiserver <── kube-controller-manager
//!                                  └─> ClusterApi: core and kubeadm managers ──kubeconfig──> any API server
//! ```

mod cluster_api;
mod files;
mod plane;
mod program;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

pub use cluster_api::ClusterApi;
pub use plane::{ControlPlane, Part, PlaneOptions, PlaneToken};
pub use program::{Program, free_port};

use crate::driver::find_program;
use crate::skip::skipped;

/// Set by `cargo xtask test --real`: tests on real parts run, and what is missing is an error.
const WANTED: &str = "BACKPLANE_REAL";
/// Set by `cargo xtask test --real --long`: faults are repeated as often as the figures of the documentation say.
const LONG: &str = "BACKPLANE_LONG";
/// Names another folder than `target/real`.
const FOLDER: &str = "BACKPLANE_REAL_PARTS";

/// Where the real parts are.
#[derive(Debug, Clone)]
pub struct Parts {
    folder: PathBuf,
}

impl Parts {
    /// A program by its name, such as `kube-apiserver`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// A folder of manifests that came with a part, such as `cluster-api/core`.
    pub fn manifests(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The real parts, or `None` after saying that `what` is not shown without them.
///
/// # Errors
/// When real parts were asked for and one is missing.
pub fn parts(what: &str) -> Result<Option<Parts>> {
    if std::env::var_os(WANTED).is_none() {
        skipped(what, why_not())?;
        return Ok(None);
    }
    built().map(Some)
}

/// Why tests on real parts do not run.
fn why_not() -> &'static str {
    match find_program("go") {
        Some(_) => "`cargo xtask test --real` runs it on real parts",
        None => "Go was not found, which the real parts are built with",
    }
}

/// The real parts, whoever asks.
///
/// # Errors
/// When one is missing.
pub fn built() -> Result<Parts> {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/real");
    let parts = Parts { folder: std::env::var_os(FOLDER).map_or_else(usual, PathBuf::from) };
    for name in ["etcd", "kube-apiserver", "kube-controller-manager"] {
        if !parts.program(name).is_file() {
            bail!("{name} is not among the real parts; `cargo xtask real-parts` builds it");
        }
    }
    Ok(parts)
}

/// How often something is repeated: `short` in the ordinary run, `long` where `--long` was asked for.
pub fn repetitions(short: usize, long: usize) -> usize {
    if std::env::var_os(LONG).is_some() { long } else { short }
}
