//! Caps and counts the memory of one instance.

use std::sync::Arc;

use backplane_core::call::Budget;
use wasmtime::ResourceLimiter;

use crate::meter::Meter;
use crate::metrics::Metrics;

/// Elements that all tables of an instance may have; a Rust guest has about a hundred.
const TABLE_ELEMENTS: usize = 20_000;

/// The limiter of one store. Growth beyond the limit is a trap, so that a guest cannot limp on with a failed allocation.
pub(crate) struct Memory {
    limit: u64,
    bytes: u64,
    meter: Arc<Meter>,
    metrics: Arc<Metrics>,
}

impl Memory {
    pub(crate) fn new(limit: u64, meter: Arc<Meter>, metrics: Arc<Metrics>) -> Self {
        Self { limit, bytes: 0, meter, metrics }
    }

    /// Bytes that the instance's memories have now.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let bytes = self.bytes + (desired.saturating_sub(current)) as u64;
        if bytes > self.limit {
            return Err(self.meter.exceed(Budget::MemoryBytes, self.limit).into());
        }
        // Growth from nothing is the start of the instance. Any other slows all neighbours down (page tables are shared).
        if current > 0 {
            self.metrics.memory_grew();
        }
        self.bytes = bytes;
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }
}
