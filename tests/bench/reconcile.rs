//! The same small reconciler three times on a real kube-apiserver: in a component, natively on kube-rs, and in Go on
//! controller-runtime.
//!
//! A Note wants one ConfigMap and a status. Each contender gets a fresh control plane, the same Notes and the same number of
//! workers, is a process of its own and has a user of its own, whose requests are counted in the API server's audit log.
//!
//! ```text
//!   10,000 Notes ──> start: until all say so in their status ──> stop, start: until it is idle ──> touch one, twenty times
//! ```

mod audit;
mod contender;
pub(crate) mod load;
pub(crate) mod native;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use backplane_tests::real::{self, ControlPlane, Parts, PlaneOptions, PlaneToken};
use kube::Client;

use crate::table::{Row, Table, median};
use audit::Requests;
pub(crate) use contender::cpu_seconds;
use contender::{Contender, Process};

/// Notes, unless `BENCH_NOTES` says otherwise.
const NOTES: usize = 10_000;
/// Reconciles at the same time, of every contender.
const WORKERS: usize = 16;
/// Changes of a single Note.
const TOUCHES: usize = 20;
/// Longest wait for one phase.
const LIMIT: Duration = Duration::from_secs(1800);
/// Who the contenders are to the API server.
const USER: &str = "contender";

/// What was measured of one contender.
#[derive(Debug)]
struct Figures {
    converge: Phase,
    restart: Phase,
    touch_ms: f64,
    touches: Requests,
}

/// One phase of one contender.
#[derive(Debug)]
struct Phase {
    seconds: f64,
    cpu_seconds: f64,
    peak_bytes: f64,
    requests: Requests,
}

pub(crate) async fn bench() -> Result<Table> {
    let parts =
        real::parts("bench reconcile")?.context("the real parts are missing; `cargo xtask real-parts` builds them")?;
    let notes = std::env::var("BENCH_NOTES").ok().map_or(Ok(NOTES), |text| text.parse())?;
    let mut all = Vec::new();
    for contender in [Contender::Backplane, Contender::KubeRs, Contender::ControllerRuntime] {
        let figures = measure(&parts, contender, notes).await.with_context(|| format!("{contender:?}"))?;
        print(contender, &figures);
        all.push(figures);
    }
    let [ours, native, go] = &all[..] else { unreachable!("three contenders") };
    Ok(Table { name: "reconcile", rows: rows(notes, ours, native, go) })
}

async fn measure(parts: &Parts, contender: Contender, notes: usize) -> Result<Figures> {
    let plane = plane(parts).await?;
    let client = plane.client().await?;
    load::prepare(&client, USER).await?;
    let kubeconfig = plane.folder().join("contender.kubeconfig");
    std::fs::write(&kubeconfig, plane.kubeconfig_for(USER))?;
    let start = || Process::start(contender, parts, &kubeconfig, WORKERS);
    // A first start with nothing to do: programs are read from disk, and the guest is compiled, before anything is measured.
    let mut first = start()?;
    first.idle(LIMIT).await.context("first start")?;
    first.stop().await?;
    load::fill(&client, notes).await?;

    let converge = converge(&plane, &client, start()?, notes).await.context("converge")?;
    let (mark, begin) = (audit::end(plane.audit_log())?, Instant::now());
    let mut process = start()?;
    let idle = process.idle(LIMIT).await.context("restart")?;
    let requests = audit::since(plane.audit_log(), mark, USER)?;
    let restart = phase(&process, (idle - begin).as_secs_f64(), requests)?;

    let mark = audit::end(plane.audit_log())?;
    let touch_ms = touch(&client, notes).await.context("touch")?;
    process.idle(LIMIT).await?;
    let touches = audit::since(plane.audit_log(), mark, USER)?;
    process.stop().await?;
    Ok(Figures { converge, restart, touch_ms, touches })
}

/// A control plane without controllers, where [`USER`] has a token.
pub(crate) async fn plane(parts: &Parts) -> Result<ControlPlane> {
    let token = PlaneToken { token: USER.into(), user: USER.into(), groups: Vec::new() };
    let options = PlaneOptions { controllers: false, tokens: vec![token], ..PlaneOptions::default() };
    ControlPlane::start_with(parts, options).await
}

/// From the start of the process until every Note says that it is done, and on until nothing more is asked.
async fn converge(plane: &ControlPlane, client: &Client, mut process: Process, notes: usize) -> Result<Phase> {
    let (mark, begin) = (audit::end(plane.audit_log())?, Instant::now());
    let ready = load::all_ready(client, notes);
    tokio::select! {
        ready = tokio::time::timeout(LIMIT, ready) => ready.context("not all Notes became ready")??,
        ended = process.ended() => ended?,
    }
    let seconds = begin.elapsed().as_secs_f64();
    process.idle(LIMIT).await?;
    load::check_children(client, notes).await?;
    let phase = phase(&process, seconds, audit::since(plane.audit_log(), mark, USER)?)?;
    process.stop().await?;
    Ok(phase)
}

fn phase(process: &Process, seconds: f64, requests: Requests) -> Result<Phase> {
    Ok(Phase { seconds, cpu_seconds: process.cpu_seconds()?, peak_bytes: process.peak_bytes()?, requests })
}

/// Median time from the answer to a changed spec until the status says the same, in milliseconds.
async fn touch(client: &Client, notes: usize) -> Result<f64> {
    let mut delays = Vec::new();
    for i in 0..TOUCHES {
        let delay = load::touch(client, i * notes / TOUCHES, LIMIT).await?;
        delays.push(delay.as_secs_f64() * 1e3);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(median(delays))
}

impl Figures {
    fn writes(&self) -> f64 {
        [&self.converge.requests, &self.restart.requests, &self.touches].map(Requests::writes).into_iter().sum::<u64>()
            as f64
    }
}

fn print(contender: Contender, figures: &Figures) {
    println!("\n{}", contender.name());
    for (name, phase) in [("converge", &figures.converge), ("restart", &figures.restart)] {
        let mebibytes = phase.peak_bytes / f64::from(1 << 20);
        println!(
            "  {name:<9} {:>8.2} s, CPU {:>6.2} s, peak {mebibytes:>6.1} MiB, requests: {}",
            phase.seconds, phase.cpu_seconds, phase.requests
        );
    }
    println!("  touch     {:>8.2} ms (median of {TOUCHES}), requests: {}", figures.touch_ms, figures.touches);
}

fn rows(notes: usize, ours: &Figures, native: &Figures, go: &Figures) -> Vec<Row> {
    let rate = |figures: &Figures| notes as f64 / figures.converge.seconds;
    let peak = |figures: &Figures| figures.converge.peak_bytes.max(figures.restart.peak_bytes) / f64::from(1 << 20);
    let restart_writes = |figures: &Figures| figures.restart.requests.writes() as f64;
    let mut rows = Vec::new();
    for (name, other, slowest) in [("kube-rs", native, 0.8), ("controller-runtime", go, 1.0)] {
        let row = |what: &str| format!("{what}, {name}");
        rows.push(Row::at_least(
            row(&format!("Notes a second, {notes} Notes")),
            rate(ours),
            rate(other),
            "1/s",
            slowest,
        ));
        rows.push(Row::below(row("API writes of the whole run"), ours.writes(), other.writes(), "1", 1.0));
        let (mine, theirs) = (ours.converge.cpu_seconds, other.converge.cpu_seconds);
        rows.push(Row::told(row("CPU of the controller, converge"), mine, theirs, "s"));
        rows.push(Row::told(row("restart until idle"), ours.restart.seconds, other.restart.seconds, "s"));
        rows.push(Row::told(
            row("CPU of the controller, restart"),
            ours.restart.cpu_seconds,
            other.restart.cpu_seconds,
            "s",
        ));
        rows.push(Row::told(row("API writes of the restart"), restart_writes(ours), restart_writes(other), "1"));
        rows.push(Row::told(row("one touched Note until its status"), ours.touch_ms, other.touch_ms, "ms"));
        rows.push(match name {
            "kube-rs" => Row::told(row("peak memory"), peak(ours), peak(other), "MiB"),
            _ => Row::at_most(row("peak memory"), peak(ours), peak(other), "MiB", 1.0 / 3.0),
        });
    }
    rows
}
