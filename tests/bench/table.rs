//! Rows of a comparison, printed and written.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

/// A comparison.
#[derive(Debug, Serialize)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) rows: Vec<Row>,
}

/// One figure of it.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) ours: f64,
    pub(crate) baseline: f64,
    pub(crate) unit: &'static str,
    pub(crate) ratio: f64,
    pub(crate) goal: String,
    pub(crate) holds: bool,
}

impl Row {
    /// A row whose ratio, ours against the baseline, may be at most `goal`.
    pub(crate) fn at_most(what: impl Into<String>, ours: f64, baseline: f64, unit: &'static str, goal: f64) -> Self {
        let ratio = ours / baseline;
        Self {
            what: what.into(),
            ours,
            baseline,
            unit,
            ratio,
            goal: format!("<= {}", (goal * 1e3).round() / 1e3),
            holds: ratio <= goal,
        }
    }

    /// A row whose ratio must be at least `goal`.
    pub(crate) fn at_least(what: impl Into<String>, ours: f64, baseline: f64, unit: &'static str, goal: f64) -> Self {
        let ratio = ours / baseline;
        Self { what: what.into(), ours, baseline, unit, ratio, goal: format!(">= {goal}"), holds: ratio >= goal }
    }

    /// A row whose ratio must be below `goal`.
    pub(crate) fn below(what: impl Into<String>, ours: f64, baseline: f64, unit: &'static str, goal: f64) -> Self {
        let ratio = ours / baseline;
        Self { what: what.into(), ours, baseline, unit, ratio, goal: format!("< {goal}"), holds: ratio < goal }
    }

    /// A row that is only told: no goal was set for it.
    pub(crate) fn told(what: impl Into<String>, ours: f64, baseline: f64, unit: &'static str) -> Self {
        Self { what: what.into(), ours, baseline, unit, ratio: ours / baseline, goal: "-".into(), holds: true }
    }
}

impl Table {
    pub(crate) fn print(&self) {
        println!("\n{}", self.name);
        println!("{:<56} {:>12} {:>12} {:>8} {:>8}  goal", "what", "ours", "baseline", "unit", "ratio");
        for row in &self.rows {
            let mark = if row.holds { "" } else { "  missed" };
            println!(
                "{:<56} {:>12.3} {:>12.3} {:>8} {:>8.3}  {}{mark}",
                row.what, row.ours, row.baseline, row.unit, row.ratio, row.goal
            );
        }
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder)?;
        let file = folder.join(format!("{}.json", self.name));
        std::fs::write(&file, serde_json::to_string_pretty(self)?)?;
        println!("written to {}", file.display());
        Ok(())
    }
}

/// The middle of some samples.
pub(crate) fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}
