//! What a change costs on its way from the API server to a reconciler, ours against a kube-rs `Controller`.
//!
//! Each side is a process of its own whose reconciler only notes when it was called. Each change carries the time at which it
//! was made, so that the delay needs no second clock. Two sources: a fake API server that delivers at a steady rate, to one side
//! after the other, interleaved; and a real one, changed as fast as it goes, which both sides follow at the same time.

mod child;
mod fake;
mod source;

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use backplane_tests::real;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::table::{Row, Table, median};
pub(crate) use child::run as child;
use source::{Source, Stream};

/// Objects, each changed once a second.
const OBJECTS: usize = 10_000;
/// Changes a second, offered.
const RATE: f64 = 10_000.0;
/// How long changes are made in one round, unless `BENCH_SECONDS` says otherwise.
const SECONDS: u64 = 10;
/// Rounds of the fake source.
const ROUNDS: usize = 3;
/// Longest wait for a side to be ready, or to have its figures.
const LIMIT: Duration = Duration::from_secs(300);
/// Ours may cost as much as the baseline.
const GOAL: f64 = 1.0;

/// Who follows.
#[derive(Debug, Clone, Copy)]
enum Side {
    Ours,
    KubeRs,
}

/// What a side measured between the marks.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Measured {
    cpu_seconds: f64,
    looks: usize,
    p50_ms: f64,
    p99_ms: f64,
}

/// What was measured of one side in one round.
#[derive(Debug, Clone, Copy)]
struct Figures {
    cpu_us: f64,
    p50_ms: f64,
    p99_ms: f64,
}

pub(crate) async fn bench() -> Result<Table> {
    let seconds = std::env::var("BENCH_SECONDS").ok().map_or(Ok(SECONDS), |text| text.parse())?;
    let lasting = Duration::from_secs(seconds);
    let mut rows = through_fake(lasting).await.context("the fake source")?;
    match real::parts("bench events, the real server")? {
        Some(parts) => {
            rows.extend(through_real(Source::real(&parts).await?, lasting).await.context("the real source")?)
        }
        None => println!("without the real parts only the fake source is measured"),
    }
    Ok(Table { name: "events", rows })
}

async fn through_fake(lasting: Duration) -> Result<Vec<Row>> {
    let (mut ours, mut baseline) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (side, figures) in [(Side::Ours, &mut ours), (Side::KubeRs, &mut baseline)] {
            let source = Source::fake(OBJECTS).await?;
            figures.extend(follow(&source, &[side], lasting).await?);
        }
    }
    Ok(rows(&format!("fake stream, {RATE} changes a second"), &ours, &baseline))
}

async fn through_real(source: Source, lasting: Duration) -> Result<Vec<Row>> {
    let (mut ours, mut baseline, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let figures = follow(&source, &[Side::Ours, Side::KubeRs], lasting).await?;
        ours.push(figures[0]);
        baseline.push(figures[1]);
        rates.push(source.last_rate());
    }
    Ok(rows(&format!("real server, {:.0} changes a second", median(rates)), &ours, &baseline))
}

/// One round: the sides start and are ready, changes are made, the sides say what they measured.
async fn follow(source: &Source, sides: &[Side], lasting: Duration) -> Result<Vec<Figures>> {
    let mut followers = Vec::new();
    for side in sides {
        followers.push(Follower::start(*side, source)?);
    }
    for follower in &mut followers {
        anyhow::ensure!(follower.line().await? == "ready", "no readiness");
    }
    let stream = Stream { objects: OBJECTS, rate: RATE, lasting };
    let changes = source.change(&stream).await?;
    let mut figures = Vec::new();
    for (side, mut follower) in sides.iter().zip(followers) {
        let measured: Measured = serde_json::from_str(&follower.line().await?)?;
        println!("  {side:?}: {changes} changes, {measured:?}");
        let Measured { cpu_seconds, p50_ms, p99_ms, .. } = measured;
        figures.push(Figures { cpu_us: cpu_seconds * 1e6 / changes as f64, p50_ms, p99_ms });
    }
    Ok(figures)
}

fn rows(what: &str, ours: &[Figures], baseline: &[Figures]) -> Vec<Row> {
    let middle = |of: &[Figures], figure: fn(&Figures) -> f64| median(of.iter().map(figure).collect());
    let row = |name: &str, unit, figure: fn(&Figures) -> f64| {
        Row::at_most(format!("{what}: {name}"), middle(ours, figure), middle(baseline, figure), unit, GOAL)
    };
    vec![row("CPU a change", "us", |f| f.cpu_us), row("p50", "ms", |f| f.p50_ms), row("p99", "ms", |f| f.p99_ms)]
}

/// A side as a process.
struct Follower {
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Follower {
    fn start(side: Side, source: &Source) -> Result<Self> {
        let name = match side {
            Side::Ours => "ours",
            Side::KubeRs => "kube-rs",
        };
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["events-child", name, &OBJECTS.to_string()]).arg(source.kubeconfig());
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let stdout = child.stdout.take().context("its output is piped")?;
        Ok(Self { lines: BufReader::new(stdout).lines(), _child: child })
    }

    async fn line(&mut self) -> Result<String> {
        let line = tokio::time::timeout(LIMIT, self.lines.next_line()).await.context("nothing was said")??;
        line.context("the side ended")
    }
}
