//! The demo's live display: one line a step, and under the running one what the cluster looks like right now.
//!
//! On a terminal the live line is drawn over; in a pipe only finished steps are printed.

use std::future::Future;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::guide::{CLUSTER, Guide, MIXED, NAMESPACE};
use crate::resource::{KDC_CLUSTER, MACHINE};

/// How often the live line is drawn.
const REFRESH: Duration = Duration::from_millis(250);

/// A step as the display names it.
pub struct Row<'a> {
    /// Its number.
    pub number: u32,
    /// What it is about.
    pub title: &'a str,
    /// What one would type.
    pub command: &'a str,
}

/// Draws on standard output.
pub struct Display {
    start: Instant,
    live: bool,
}

impl Default for Display {
    fn default() -> Self {
        Self::new()
    }
}

impl Display {
    /// A display that draws over itself only on a terminal.
    pub fn new() -> Self {
        Self { start: Instant::now(), live: std::io::stdout().is_terminal() }
    }

    /// Shows a step while it runs, and how it ended.
    ///
    /// # Errors
    /// The step's own.
    pub async fn show(&mut self, row: &Row<'_>, guide: &Guide, step: impl Future<Output = Result<()>>) -> Result<()> {
        let begin = Instant::now();
        tokio::pin!(step);
        let result = loop {
            tokio::select! {
                result = &mut step => break result,
                () = tokio::time::sleep(REFRESH), if self.live => self.draw(row, begin, &snapshot(guide).await),
            }
        };
        self.clear();
        let (mark, elapsed) = (if result.is_ok() { "ok  " } else { "FAIL" }, begin.elapsed().as_secs_f64());
        println!("{mark} {} {:<28} {elapsed:>6.1} s   {}", row.number, row.title, row.command);
        if let Err(error) = &result {
            println!("       {error:#}");
        }
        result
    }

    /// The last line.
    pub fn summary(&self, done: usize, count: usize) {
        println!("\n{done} of {count} steps held, {:.1} s", self.start.elapsed().as_secs_f64());
    }

    fn draw(&self, row: &Row<'_>, begin: Instant, snapshot: &str) {
        self.clear();
        print!("...  {} {:<28} {:>6.1} s   {snapshot}", row.number, row.title, begin.elapsed().as_secs_f64());
        // A display that cannot be drawn is no reason to fail the guide.
        let _ = std::io::stdout().flush();
    }

    fn clear(&self) {
        if self.live {
            print!("\r\x1b[2K");
        }
    }
}

/// Phases, machines and servers at this moment, in one line.
async fn snapshot(guide: &Guide) -> String {
    let mut parts = Vec::new();
    for cluster in [CLUSTER, MIXED] {
        if let Ok(Some(found)) = guide.driver.get(KDC_CLUSTER, Some(NAMESPACE), cluster).await {
            parts.push(format!("{cluster} {}", found["status"]["phase"].as_str().unwrap_or("-")));
        }
    }
    let machines = guide.driver.list(MACHINE, Some(NAMESPACE), "").await.unwrap_or_default();
    let running = machines.iter().filter(|machine| machine["status"]["phase"] == "Running").count();
    let servers = guide.cloud.servers().await.unwrap_or_default().len();
    parts.push(format!("machines {running}/{} running", machines.len()));
    parts.push(format!("servers {servers}"));
    parts.join(" | ")
}
