//! A daemon on a real control plane, under two hundred changes a second, while everything around it fails.
//!
//! ```text
//!   Load ──────────────────────────────────────────────> kube-apiserver <──> etcd
//!   daemon (`backplane run`, guest `ledger`) ──> Wire ──> Gate ──^
//! ```
//!
//! The guest does what is not safe to do twice (`tests/guests/ledger`), so the books show it. After each fault everything
//! that had been shown by then must be booked, once; meanwhile requests must stay bounded, and memory flat throughout.

#[path = "real/audit.rs"]
mod audit;
#[path = "real/books.rs"]
mod books;
#[path = "real/compaction.rs"]
mod compaction;
#[path = "real/fault.rs"]
mod fault;
#[path = "real/kinds.rs"]
mod kinds;
#[path = "real/load.rs"]
mod load;
#[path = "real/report.rs"]
mod report;
#[path = "real/settled.rs"]
mod settled;
#[path = "real/stage.rs"]
mod stage;
#[path = "real/user.rs"]
mod user;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use audit::Created;
use backplane_tests::real::{parts, repetitions};
use backplane_tests::wait::eventually;
use books::Books;
use fault::{FAULTS, Fault};
use load::{ACCOUNTS, Load};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use report::{Strike, report};
use serde_json::{Value, json};
use stage::Stage;

/// Longest time after which everything must be as it should be.
const LIMIT: Duration = Duration::from_secs(90);
/// Between two looks into the books, which cost the API server more than a change does.
const POLL: Duration = Duration::from_millis(200);
/// How long the daemon is watched without a fault.
const CALM: Duration = Duration::from_secs(4);
/// Looks at one account within a second, while they fail: one for its change, and three of a back-off from 250 ms.
const LOOKS: u64 = 4;
/// Requests of the daemon within any second of a fault: one for each look, since the first failures are not told.
/// Eight workers without back-off would make several thousands.
const PEAK: u64 = LOOKS * ACCOUNTS as u64;
/// Reads a second during a fault, on the average: two watches that are opened again with back-off, their lists, and discovery.
const READS: f64 = 40.0;

struct Run {
    stage: Stage,
    load: Load,
    random: StdRng,
    strikes: Vec<Strike>,
}

impl Run {
    async fn strikes(&mut self, order: Vec<Fault>) -> Result<()> {
        for fault in order {
            self.strike(fault).await?;
        }
        Ok(())
    }

    async fn strike(&mut self, fault: Fault) -> Result<()> {
        let (pause, time) = (self.random.random_range(300..1500), self.random.random_range(300..2500));
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let began = Instant::now();
        fault.strike(&mut self.stage, Duration::from_millis(time)).await?;
        let ended = Instant::now();
        let recovered = self.caught_up().await;
        let recovery = recovered.is_ok().then(|| ended.elapsed());
        if let Err(error) = recovered {
            eprintln!("{}: {error:#}\n{}", fault.what(), self.stage.last_lines());
        }
        let counts = self.stage.gate.counts(began, ended);
        let reads = counts.reads as f64 / (ended - began).as_secs_f64().max(1.0);
        let strike = Strike { fault, recovery, peak: counts.peak, reads, memory: self.stage.memory()? };
        eprintln!("{} for {time} ms: {strike:?}", fault.what());
        self.strikes.push(strike);
        Ok(())
    }

    /// Waits until everything is booked that is shown now; the load goes on.
    async fn caught_up(&self) -> Result<()> {
        let user = &self.stage.user;
        let shown =
            eventually("accounts to be read", LIMIT, async || Ok(Ok(Books::read(user).await?.numbers()))).await?;
        eventually("everything booked", LIMIT, async || {
            tokio::time::sleep(POLL).await;
            let books = Books::read(user).await?;
            let twice = books.twice();
            ensure!(twice.is_empty(), "booked twice: {twice:?}");
            let behind = books.behind(&shown);
            Ok(if behind.is_empty() { Ok(()) } else { Err(some(&behind)) })
        })
        .await
    }

    /// What the daemon does when nothing is wrong.
    async fn calm(&self) -> Result<Value> {
        self.caught_up().await?;
        let shown = Instant::now();
        self.caught_up().await?;
        let lag = shown.elapsed().as_secs_f64();
        let (began, made) = (Instant::now(), self.load.made());
        tokio::time::sleep(CALM).await;
        let counts = self.stage.gate.counts(began, Instant::now());
        let each = |count: u64| (count as f64 / CALM.as_secs_f64()).round();
        Ok(json!({"changes_per_second": each(self.load.made() - made), "writes_per_second": each(counts.writes),
            "reads_per_second": each(counts.reads), "peak_requests_per_second": counts.peak, "catch_up_seconds": lag}))
    }

    fn judge(&self) -> Result<()> {
        for Strike { fault, recovery, peak, reads, .. } in &self.strikes {
            ensure!(recovery.is_some(), "{}: not everything was booked within {LIMIT:?}", fault.what());
            ensure!(*peak <= PEAK, "{}: {peak} requests within a second", fault.what());
            ensure!(*reads <= READS, "{}: {reads} reads a second", fault.what());
        }
        self.memory_is_flat()
    }

    /// Of one process: the first strikes warm it up, and none of the later ones adds to what the first half needed.
    fn memory_is_flat(&self) -> Result<()> {
        let one: Vec<u64> = self.strikes.iter().filter(|s| s.fault != Fault::DaemonKilled).map(|s| s.memory).collect();
        let (first, second) = one.split_at(one.len() / 2);
        let most = |part: &[u64]| part.iter().max().copied().unwrap_or_default();
        let (before, after) = (most(first), most(second));
        println!("memory of the daemon at most: first half {} MiB, second half {} MiB", before >> 20, after >> 20);
        ensure!(after <= before + before / 4 + (16 << 20), "memory grew from {before} to {after} bytes");
        Ok(())
    }
}

fn some(all: &[String]) -> String {
    format!("{} of them, such as {:?}", all.len(), all.first())
}

/// Faults of one process in an order that mixes them; those that end the process come last.
fn order(times: usize, random: &mut StdRng) -> Vec<Fault> {
    let mut order: Vec<Fault> = (0..times).flat_map(|_| FAULTS).filter(|fault| *fault != Fault::DaemonKilled).collect();
    for i in (1..order.len()).rev() {
        order.swap(i, random.random_range(0..=i));
    }
    order.extend(std::iter::repeat_n(Fault::DaemonKilled, times));
    order
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_recovered_from_with_nothing_missed_and_nothing_done_twice() -> Result<()> {
    let what = "every fault on a real control plane";
    let Some(parts) = parts(what)? else { return Ok(()) };
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let order = order(repetitions(1, 20), &mut random);
    let stage = Stage::start(&parts).await?;
    let load = stage.load();
    let mut run = Run { stage, load, random, strikes: Vec::new() };
    let calm = run.calm().await?;
    let struck = run.strikes(order).await;
    // Whatever ended the run, what it had shown until then is worth seeing.
    report(&FAULTS, &run.strikes, &calm)?;
    struck?;
    run.judge()?;
    let Run { stage, load, strikes, .. } = run;
    load.stop().await;
    the_books_are_right(&stage).await?;
    let deleted = strikes.iter().filter(|strike| strike.fault == Fault::KindDeleted).count();
    created_once(&stage, deleted)
}

/// The API server's own record: no account ever got more entries than there were definitions of them to get one in.
fn created_once(stage: &Stage, deleted: usize) -> Result<()> {
    let created = Created::read(stage.plane.audit_log())?;
    println!("entries created: {} for {ACCOUNTS} accounts, with {} definitions", created.total(), 1 + deleted);
    ensure!(created.total() >= ACCOUNTS, "the audit log knows of {} creations only", created.total());
    let more = created.more_than(1 + deleted);
    ensure!(more.is_empty(), "created twice: {more:?}");
    Ok(())
}

/// With the load at an end, everything is booked exactly once.
async fn the_books_are_right(stage: &Stage) -> Result<()> {
    eventually("right books", LIMIT, async || {
        let books = Books::read(&stage.user).await?;
        let twice = books.twice();
        ensure!(twice.is_empty(), "booked twice: {twice:?}");
        let behind = books.behind(&books.numbers());
        Ok(if behind.is_empty() { Ok(()) } else { Err(some(&behind)) })
    })
    .await
}
