//! How long `backplane dev` takes to be ready, with compiled plugins in its cache and without.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use backplane_tests::process::DevProcess;

use crate::table::{Row, Table, median};

/// Starts of each kind.
const ROUNDS: usize = 7;
/// A start that nobody waits for, in seconds.
const GOAL_SECONDS: f64 = 0.3;

pub(crate) async fn bench() -> Result<Table> {
    let warm_cache = tempfile::tempdir()?;
    start(warm_cache.path()).await?;
    let (mut warm, mut cold) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        warm.push(start(warm_cache.path()).await?);
        cold.push(start(tempfile::tempdir()?.path()).await?);
    }
    let fastest = warm.iter().copied().fold(f64::INFINITY, f64::min);
    let (warm, cold) = (median(warm), median(cold));
    Ok(Table {
        name: "start",
        rows: vec![
            Row::told("ready, warm cache against cold (median)", warm, cold, "s"),
            Row::at_most("ready, warm cache against the goal (median)", warm, GOAL_SECONDS, "s", 1.0),
            Row::told("ready, warm cache against the goal (fastest)", fastest, GOAL_SECONDS, "s"),
        ],
    })
}

/// Seconds from starting the process to being ready.
async fn start(cache: &Path) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let begin = Instant::now();
    let mut dev = DevProcess::start_with_cache(folder.path(), Some(cache)).await?;
    let elapsed = begin.elapsed().as_secs_f64();
    dev.stop().await?;
    Ok(elapsed)
}
