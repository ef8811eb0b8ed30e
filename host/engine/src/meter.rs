//! Counts what one call costs and stops it at its budget.
//!
//! A meter belongs to one instance and is set anew before each call. It is shared with the parts of the host that act
//! for the call from elsewhere (output streams, an HTTP request in flight), so its counters are atomic. The first
//! budget that runs out is remembered: whatever error the guest then dies of, the call ended because of that.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use backplane_core::call::Budget;

use crate::context::Limits;

/// A budget ran out; the call ends here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the budget of {limit} {budget} is used up")]
pub(crate) struct Exceeded {
    pub(crate) budget: Budget,
    pub(crate) limit: u64,
}

pub(crate) struct Meter {
    host_calls: Counter,
    output_bytes: Counter,
    log_bytes: Counter,
    log_full: AtomicBool,
    exceeded: OnceLock<Exceeded>,
}

struct Counter {
    used: AtomicU64,
    limit: u64,
}

impl Counter {
    fn new(limit: u64) -> Self {
        Self { used: AtomicU64::new(0), limit }
    }

    /// Whether `amount` more is within the limit; counted in any case.
    fn add(&self, amount: u64) -> bool {
        self.used.fetch_add(amount, Relaxed).saturating_add(amount) <= self.limit
    }
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            host_calls: Counter::new(limits.host_calls),
            output_bytes: Counter::new(limits.output_bytes),
            log_bytes: Counter::new(limits.log_bytes),
            log_full: AtomicBool::new(false),
            exceeded: OnceLock::new(),
        }
    }

    /// Begins a new call. An instance whose meter is exceeded is never used again, so that mark stays.
    pub(crate) fn reset(&self) {
        for counter in [&self.host_calls, &self.output_bytes, &self.log_bytes] {
            counter.used.store(0, Relaxed);
        }
        self.log_full.store(false, Relaxed);
    }

    /// Counts one call from the guest into the host that carries `bytes`.
    pub(crate) fn host_call(&self, bytes: usize) -> Result<(), Exceeded> {
        if !self.host_calls.add(1) {
            return Err(self.exceed(Budget::HostCalls, self.host_calls.limit));
        }
        self.output(bytes)
    }

    /// Counts bytes that the guest hands over.
    pub(crate) fn output(&self, bytes: usize) -> Result<(), Exceeded> {
        if bytes == 0 || self.output_bytes.add(bytes as u64) {
            return Ok(());
        }
        Err(self.exceed(Budget::OutputBytes, self.output_bytes.limit))
    }

    /// Whether a log line of so many bytes may be written.
    pub(crate) fn log_line(&self, bytes: usize) -> LogLine {
        if self.log_bytes.add(bytes as u64) {
            return LogLine::Write;
        }
        if self.log_full.swap(true, Relaxed) { LogLine::Drop } else { LogLine::DropAndSay }
    }

    pub(crate) fn exceed(&self, budget: Budget, limit: u64) -> Exceeded {
        *self.exceeded.get_or_init(|| Exceeded { budget, limit })
    }

    pub(crate) fn exceeded(&self) -> Option<Exceeded> {
        self.exceeded.get().copied()
    }

    pub(crate) fn host_calls(&self) -> u64 {
        self.host_calls.used.load(Relaxed)
    }

    pub(crate) fn output_bytes(&self) -> u64 {
        self.output_bytes.used.load(Relaxed)
    }
}

/// What becomes of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogLine {
    Write,
    /// Dropped, and it is the first one: say so.
    DropAndSay,
    Drop,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter() -> Meter {
        Meter::new(&Limits { host_calls: 2, output_bytes: 10, log_bytes: 10, ..Limits::default() })
    }

    #[test]
    fn the_first_budget_that_runs_out_is_the_one_remembered() {
        let meter = meter();
        assert!(meter.host_call(10).is_ok());
        assert_eq!(meter.output(1).map_err(|e| e.budget), Err(Budget::OutputBytes));
        assert!(meter.host_call(0).is_ok());
        assert_eq!(meter.host_call(0).map_err(|e| e.budget), Err(Budget::OutputBytes));
        assert_eq!(meter.exceeded(), Some(Exceeded { budget: Budget::OutputBytes, limit: 10 }));
    }

    #[test]
    fn a_new_call_starts_with_full_budgets() {
        let meter = meter();
        assert!(meter.host_call(10).is_ok());
        meter.reset();
        assert!(meter.host_call(10).is_ok());
        assert_eq!(meter.exceeded(), None);
    }

    #[test]
    fn log_lines_beyond_their_budget_are_dropped_and_one_line_says_so() {
        let meter = meter();
        let seen = [6, 6, 6].map(|bytes| meter.log_line(bytes));
        assert_eq!(seen, [LogLine::Write, LogLine::DropAndSay, LogLine::Drop]);
    }
}
