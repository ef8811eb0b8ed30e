//! `cargo xtask test`: every test of the workspace, with the counts at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::build::{Profile, guests, programs};
use crate::real_parts;
use crate::run::{cargo, root, shown};

/// Guests whose logic is also tested natively.
const NATIVE_GUESTS: [&str; 5] =
    ["backplane-sdk", "backplane-sdk-macros", "backplane-clusters", "backplane-cloudsigma", "website"];

/// What was asked for.
struct Wanted<'a> {
    /// Also the tests on real parts.
    real: bool,
    /// Faults as often as the documentation says.
    long: bool,
    /// For `cargo test`.
    rest: Vec<&'a String>,
}

impl<'a> Wanted<'a> {
    fn read(arguments: &'a [String]) -> Result<Self> {
        let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
        let (real, long) = (has("--real"), has("--long"));
        if long && !real {
            bail!("--long repeats faults on real parts and needs --real");
        }
        let rest = arguments.iter().filter(|argument| !matches!(argument.as_str(), "--real" | "--long"));
        Ok(Self { real, long, rest: rest.collect() })
    }
}

/// What the test programs reported.
#[derive(Debug, Default)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
    /// What tests said that they skipped, by the reason.
    skipped: BTreeMap<String, BTreeSet<String>>,
}

pub(crate) fn test(arguments: &[String]) -> Result<()> {
    let wanted = Wanted::read(arguments)?;
    let real = if wanted.real { Some(real_parts::for_tests()?) } else { None };
    let guests = guests()?;
    let programs = programs(Profile::Dev)?;
    let mut host = cargo();
    host.args(["test", "--workspace", "--locked", "--no-fail-fast"]).args(wanted.rest);
    host.env("BACKPLANE_GUESTS", guests).env("BACKPLANE_BIN", programs.join("backplane"));
    if let Some(folder) = real {
        host.env("BACKPLANE_REAL", "1").env("BACKPLANE_REAL_PARTS", folder);
    }
    if wanted.long {
        host.env("BACKPLANE_LONG", "1");
    }
    let mut plugins = cargo();
    plugins.current_dir(root().join("plugins")).args(["test", "--locked", "--no-fail-fast"]);
    // The other guests are what the host's tests load; natively they have nothing to test.
    plugins.args(NATIVE_GUESTS.iter().flat_map(|guest| ["--package", guest]));
    plugins.env("CARGO_TARGET_DIR", root().join("plugins/target"));

    let mut counts = Counts::default();
    let mut all_passed = true;
    for mut command in [host, plugins] {
        all_passed &= count(&mut command, &mut counts)?;
    }
    report(&counts);
    if !all_passed || counts.failed > 0 {
        bail!("tests failed");
    }
    Ok(())
}

/// Runs the tests, passes their lines on and counts.
fn count(command: &mut Command, counts: &mut Counts) -> Result<bool> {
    eprintln!("$ {}", shown(command));
    // `--nocapture` would mix the lines of parallel tests; `--show-output` prints those of passed tests, too.
    command.args(["--", "--show-output"]);
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start {}", shown(command)))?;
    let output = child.stdout.take().context("the test output is not piped")?;
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        counts.read(&line);
    }
    Ok(child.wait()?.success())
}

impl Counts {
    fn read(&mut self, line: &str) {
        if let Some((what, why)) = line.trim().strip_prefix("skipped: ").and_then(|said| said.split_once(": ")) {
            self.skipped.entry(why.into()).or_default().insert(what.into());
        }
        let Some(result) = line.strip_prefix("test result: ") else { return };
        for part in result.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(word)) = (words.next(), words.next()) else { continue };
            let number: u64 = number.parse().unwrap_or(0);
            match word {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

fn report(counts: &Counts) {
    println!();
    for (why, what) in &counts.skipped {
        println!("skipped: {}: {why}", what.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
    }
    let Counts { passed, failed, ignored, skipped } = counts;
    let skipped: usize = skipped.values().map(BTreeSet::len).sum();
    println!("tests: {passed} passed, {failed} failed, {ignored} ignored, {skipped} skipped");
}
