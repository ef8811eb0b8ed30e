//! Several daemons on a real API server, killed and frozen: its audit log shows that nobody writes outside a lease.

#[path = "replicas/judge.rs"]
mod judge;
#[path = "replicas/load.rs"]
mod load;
#[path = "replicas/stage.rs"]
mod stage;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use backplane_tests::real::{Part, parts, repetitions};
use backplane_tests::wait::eventually;
use judge::Judge;
use k8s_openapi::jiff::Timestamp;
use load::Load;
use stage::{FAST, Frozen, SHARDS, Stage, USUAL};

/// Longer than a lease of [`FAST`], and than the kernel waits after it.
const SILENCE: Duration = Duration::from_secs(6);

fn longest(times: &[Duration]) -> f64 {
    times.iter().max().map(Duration::as_secs_f64).unwrap_or_default()
}

/// How a replica is treated.
#[derive(Debug, Clone, Copy)]
enum Strike {
    Killed,
    /// Longer than its leases last.
    Frozen,
    /// For a moment that ends about when its leases do.
    Stopped(u64),
}

/// The strikes, in turn. The moments of the short stops wander over the whole life of a lease.
fn strike(number: usize) -> Strike {
    match number % 4 {
        0 => Strike::Killed,
        1 | 3 => Strike::Frozen,
        _ => Strike::Stopped(1800 + (number as u64 * 377) % 2600),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_replica_writes_outside_its_lease_whatever_kills_or_freezes_it() -> Result<()> {
    let Some(parts) = parts("that there are never two writers")? else { return Ok(()) };
    let mut stage = Stage::start(&parts, FAST).await?;
    // One of three has nothing but the fence at its sockets to keep it from writing when it wakes.
    let mut running = vec![stage.add(Frozen::Ends)?, stage.add(Frozen::Wakes)?, stage.add(Frozen::Ends)?];
    stage.shared_by(&running).await?;
    let load = Load::start(&stage).await?;
    let (mut ended, strikes) = (0, repetitions(8, 200));
    for number in 0..strikes {
        let holders = stage.shared_by(&running).await?;
        let victim = holders[&(number as u32 % SHARDS)].clone();
        let frozen = hit(&mut stage, &victim, strike(number)).await?;
        if stage.has_ended(&victim) {
            ended += usize::from(frozen);
            stage.kill(&victim);
            running.retain(|name| *name != victim);
            let wakes = running.len() < 2 || number % 3 == 0;
            running.push(stage.add(if wakes { Frozen::Wakes } else { Frozen::Ends })?);
        }
    }
    let pages = load.done(&stage).await?;
    let judge = Judge::read(stage.plane.audit_log())?;
    println!(
        "strikes {strikes}; frozen and ended by the kernel {ended}; changes of holder {}; writes judged {} of {} replicas; \
         outside a lease {}; pages {pages}",
        judge.changes(),
        judge.deeds.len(),
        judge.writers().len(),
        judge.wrong().len()
    );
    ensure!(judge.wrong().is_empty(), "{:#?}", judge.wrong());
    ensure!(judge.changes() >= strikes / 2 && judge.deeds.len() > strikes * 20, "too little happened");
    Ok(())
}

/// Says whether the replica was frozen for longer than its leases last.
async fn hit(stage: &mut Stage, victim: &str, strike: Strike) -> Result<bool> {
    let pause = match strike {
        Strike::Killed => {
            stage.signal(victim, "KILL")?;
            tokio::time::sleep(Duration::from_millis(200)).await;
            return Ok(false);
        }
        Strike::Frozen => Duration::from_millis(6000),
        Strike::Stopped(millis) => Duration::from_millis(millis),
    };
    stage.signal(victim, "STOP")?;
    tokio::time::sleep(pause).await;
    if !stage.has_ended(victim) {
        stage.signal(victim, "CONT")?;
        // It wakes with requests half made and a cache of the past.
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }
    Ok(matches!(strike, Strike::Frozen))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_holder_is_replaced_within_fifteen_seconds_and_one_that_stops_within_two() -> Result<()> {
    let Some(parts) = parts("how long a takeover lasts")? else { return Ok(()) };
    let mut stage = Stage::start(&parts, USUAL).await?;
    let mut running = vec![stage.add(Frozen::Ends)?, stage.add(Frozen::Ends)?, stage.add(Frozen::Ends)?];
    stage.shared_by(&running).await?;
    let load = Load::start(&stage).await?;
    let (mut kills, mut stops) = (Vec::new(), Vec::new());
    for number in 0..repetitions(2, 20) {
        for (signal, times) in [("KILL", &mut kills), ("TERM", &mut stops)] {
            let holders = stage.shared_by(&running).await?;
            let victim = running.remove(0);
            let shards: Vec<u32> = holders.iter().filter(|(_, holder)| **holder == victim).map(|(s, _)| *s).collect();
            let since = Timestamp::now();
            stage.signal(&victim, signal)?;
            let limit = Duration::from_secs(40);
            for shard in shards {
                let took = eventually(&format!("{number}: {signal}: another writes for {shard}"), limit, async || {
                    let judge = Judge::read(stage.plane.audit_log())?;
                    Ok(judge.others_act(shard, since, &victim).ok_or_else(|| stage.last_lines(&running[0])))
                })
                .await?;
                times.push(took);
            }
            stage.kill(&victim);
            running.push(stage.add(Frozen::Ends)?);
        }
    }
    println!("until another writes: killed {:.1} s, stopped {:.1} s at most", longest(&kills), longest(&stops));
    load.done(&stage).await?;
    let wrong = Judge::read(stage.plane.audit_log())?.wrong();
    ensure!(wrong.is_empty(), "{wrong:#?}");
    ensure!(longest(&kills) < 15.0, "killed: {kills:?}");
    ensure!(longest(&stops) < 2.0, "stopped: {stops:?}");
    Ok(())
}

/// The kernel's timer is for replicas that do not run. One that merely gets no answer takes it back in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_outlives_an_api_server_that_is_silent_for_longer_than_a_lease_lasts() -> Result<()> {
    let Some(parts) = parts("that a replica outlives a silent API server")? else { return Ok(()) };
    let mut stage = Stage::start(&parts, FAST).await?;
    let only = stage.add(Frozen::Ends)?;
    stage.shared_by(std::slice::from_ref(&only)).await?;
    let load = Load::start(&stage).await?;
    for number in 0..repetitions(3, 20) {
        tokio::time::sleep(Duration::from_millis(1500 + number as u64 * 370 % 1000)).await;
        stage.plane.freeze(Part::ApiServer)?;
        tokio::time::sleep(SILENCE).await;
        stage.plane.thaw(Part::ApiServer)?;
    }
    load.done(&stage).await?;
    ensure!(!stage.has_ended(&only), "it has ended\n{}", stage.last_lines(&only));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_start_one_by_one_share_the_work_and_are_restarted_one_by_one_without_losing_any() -> Result<()> {
    let Some(parts) = parts("a rolling restart")? else { return Ok(()) };
    let mut stage = Stage::start(&parts, USUAL).await?;
    let mut running = vec![stage.add(Frozen::Ends)?];
    stage.shared_by(&running).await?;
    for _ in 0..2 {
        running.push(stage.add(Frozen::Ends)?);
        stage.shared_by(&running).await?;
    }
    let load = Load::start(&stage).await?;
    let begun = Timestamp::now();
    tokio::time::sleep(Duration::from_secs(8)).await;
    let restarting = Timestamp::now();
    for _ in 0..3 {
        running.push(stage.add(Frozen::Ends)?);
        let old = running.remove(0);
        stage.signal(&old, "TERM")?;
        stage.ended(&old).await?;
        stage.shared_by(&running).await.with_context(|| stage.last_lines(&running[2]))?;
    }
    let restarted = Timestamp::now();
    let pages = load.done(&stage).await?;
    let judge = Judge::read(stage.plane.audit_log())?;
    let (before, during) = (judge.peak(begun, restarting), judge.peak(restarting, restarted));
    println!("pages {pages}, none late; writes in the busiest second: before {before}, while restarting {during}");
    ensure!(judge.wrong().is_empty(), "{:#?}", judge.wrong());
    // Whoever takes a shard looks at each of its pages once: ten pages, two or three writes each.
    ensure!(during <= before + 60, "{during} writes in a second, {before} before");
    Ok(())
}
