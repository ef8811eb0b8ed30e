//! The table, for people and for machines.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::fault::Fault;

/// What one strike of a fault showed.
#[derive(Debug, Clone)]
pub(crate) struct Strike {
    pub(crate) fault: Fault,
    /// From the end of the fault until everything that had been shown by then was booked; `None`: never.
    pub(crate) recovery: Option<Duration>,
    /// Requests of the daemon while it lasted: the most within a second, and reads a second on the average.
    pub(crate) peak: u64,
    pub(crate) reads: f64,
    /// Memory of the daemon afterwards.
    pub(crate) memory: u64,
}

/// One line of the table.
struct Row<'a> {
    fault: Fault,
    strikes: Vec<&'a Strike>,
}

impl Row<'_> {
    fn converged(&self) -> usize {
        self.strikes.iter().filter(|strike| strike.recovery.is_some()).count()
    }

    fn longest(&self) -> f64 {
        self.seconds().into_iter().fold(0.0, f64::max)
    }

    fn median(&self) -> f64 {
        let mut all = self.seconds();
        all.sort_by(f64::total_cmp);
        all.get(all.len().saturating_sub(1) / 2).copied().unwrap_or_default()
    }

    fn seconds(&self) -> Vec<f64> {
        self.strikes.iter().filter_map(|strike| strike.recovery).map(|time| time.as_secs_f64()).collect()
    }

    fn peak(&self) -> u64 {
        self.strikes.iter().map(|strike| strike.peak).max().unwrap_or_default()
    }

    fn reads(&self) -> f64 {
        self.strikes.iter().map(|strike| strike.reads).fold(0.0, f64::max)
    }

    fn memory(&self) -> u64 {
        self.strikes.iter().map(|strike| strike.memory).max().unwrap_or_default() >> 20
    }

    fn json(&self) -> Value {
        json!({"fault": self.fault.what(), "times": self.strikes.len(), "converged": self.converged(),
            "longest_recovery_seconds": self.longest(), "median_recovery_seconds": self.median(),
            "peak_requests_per_second": self.peak(), "most_reads_per_second": self.reads(), "memory_mib": self.memory()})
    }
}

/// Prints the table and writes `target/faults/faults.json`.
pub(crate) fn report(faults: &[Fault], strikes: &[Strike], steady: &Value) -> Result<()> {
    let of = |fault: Fault| Row { fault, strikes: strikes.iter().filter(|strike| strike.fault == fault).collect() };
    let rows: Vec<Row<'_>> = faults.iter().map(|fault| of(*fault)).collect();
    println!("without a fault: {steady}");
    println!(
        "{:32} {:>5} {:>9} {:>11} {:>10} {:>11} {:>9} {:>8}",
        "fault", "times", "converged", "longest (s)", "median (s)", "peak (1/s)", "reads/s", "RSS MiB"
    );
    for row in &rows {
        println!(
            "{:32} {:>5} {:>9} {:>11.2} {:>10.2} {:>11} {:>9.1} {:>8}",
            row.fault.what(),
            row.strikes.len(),
            row.converged(),
            row.longest(),
            row.median(),
            row.peak(),
            row.reads(),
            row.memory()
        );
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/faults");
    std::fs::create_dir_all(&folder)?;
    let rows: Vec<Value> = rows.iter().map(Row::json).collect();
    let text = serde_json::to_string_pretty(&json!({"name": "faults", "steady": steady, "rows": rows}))?;
    Ok(std::fs::write(folder.join("faults.json"), text)?)
}
