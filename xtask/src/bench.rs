//! `cargo xtask bench NAME…`: comparisons, measured on release builds.

use std::process::Command;

use anyhow::{Result, bail};

use crate::build::{Profile, guests, programs};
use crate::real_parts::all as real_parts;
use crate::run::{root, run, target};

/// The comparisons there are.
const NAMES: [&str; 5] = ["boundary", "events", "reconcile", "start", "store-memory"];

/// Those that compare on a real API server.
const ON_REAL_PARTS: [&str; 3] = ["events", "reconcile", "store-memory"];

pub(crate) fn bench(names: &[String]) -> Result<()> {
    let names: Vec<&str> = if names.is_empty() { NAMES.to_vec() } else { names.iter().map(String::as_str).collect() };
    if let Some(unknown) = names.iter().find(|name| !NAMES.contains(name)) {
        bail!("unknown bench {unknown:?}; there are {}", NAMES.join(", "));
    }
    let real = if names.iter().any(|name| ON_REAL_PARTS.contains(name)) { Some(real_parts()?) } else { None };
    let guests = guests()?;
    let programs = programs(Profile::Release)?;
    let out = target().join("bench");
    std::fs::create_dir_all(&out)?;
    for name in names {
        let mut bench = Command::new(programs.join("bench"));
        bench.current_dir(root()).arg(name).arg(&out);
        bench.env("BACKPLANE_GUESTS", &guests).env("BACKPLANE_BIN", programs.join("backplane"));
        if let Some(folder) = &real {
            bench.env("BACKPLANE_REAL", "1").env("BACKPLANE_REAL_PARTS", folder);
        }
        run(&mut bench)?;
    }
    Ok(())
}
