//! `cargo xtask demo`: builds, then hands over to the demo program, which plays the guide.

use std::process::Command;

use anyhow::Result;

use crate::build::{Profile, guests, programs};
use crate::run::run;

pub(crate) fn demo(arguments: &[String]) -> Result<()> {
    let guests = guests()?;
    let programs = programs(Profile::Dev)?;
    let mut demo = Command::new(programs.join("demo"));
    demo.args(arguments).env("BACKPLANE_GUESTS", guests).env("BACKPLANE_BIN", programs.join("backplane"));
    run(&mut demo)
}
