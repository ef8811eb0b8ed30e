//! `cargo xtask lint`: what CI judges besides tests.

use anyhow::Result;

use crate::licences;
use crate::run::{cargo, root, run};

pub(crate) fn lint() -> Result<()> {
    let plugins = root().join("plugins");
    for folder in [root(), plugins.clone()] {
        run(cargo().current_dir(folder).args(["fmt", "--all", "--check"]))?;
    }
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"]))?;
    let guests =
        ["clippy", "--workspace", "--release", "--locked", "--target", "wasm32-wasip2", "--", "--deny", "warnings"];
    run(cargo().current_dir(&plugins).env("CARGO_TARGET_DIR", plugins.join("target")).args(guests))?;
    let docs = ["doc", "--workspace", "--no-deps", "--locked"];
    run(cargo().env("RUSTDOCFLAGS", "--deny warnings").args(docs))?;
    licences::check()
}
