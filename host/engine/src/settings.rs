//! How an engine is set up, and the wasmtime configuration that follows from it.
//!
//! The values are measured, not guessed: pooled slots that keep their pages, found by a page-map scan where the kernel
//! has one; the 4 GiB reservation left alone, because bounds checks cost a quarter to a half; epochs for interruption.
//! No fuel: it costs a little more and gives determinism that nobody here needs.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How an engine is set up. One engine serves all plugins of a daemon.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Where compiled artefacts are kept between runs. `None`: every start compiles again.
    pub cache_dir: Option<PathBuf>,
    /// Instances that may exist at one time, over all plugins. At least 128 gives each core a free list of its own. It
    /// costs address space (4 GiB each), not memory.
    pub instances: u32,
    /// The most memory one instance may have, in bytes; a plugin's own limit may be lower.
    pub memory_bytes: u64,
    /// The longest a guest computes before it lets others run. Deadlines are checked at the same moments.
    pub tick: Duration,
    /// Components larger than this are refused unread, in bytes.
    pub component_bytes: u64,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            cache_dir: None,
            instances: 128,
            memory_bytes: 64 << 20,
            tick: Duration::from_millis(10),
            component_bytes: 64 << 20,
        }
    }
}

/// Pages of a slot that stay resident when its instance is gone; a small Rust guest fits whole.
const KEEP_RESIDENT: usize = 2 << 20;

impl EngineSettings {
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::new();
        config
            .wasm_component_model(true)
            .epoch_interruption(true)
            .memory_init_cow(true)
            .wasm_backtrace_max_frames(NonZeroUsize::new(32));
        config
    }

    pub(crate) fn pooled(&self) -> Config {
        let mut config = self.config();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(self.pool()));
        config
    }

    fn pool(&self) -> PoolingAllocationConfig {
        let slots = self.instances.max(1);
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(slots)
            .total_core_instances(slots.saturating_mul(4))
            .total_memories(slots)
            .total_tables(slots.saturating_mul(2))
            .total_stacks(slots)
            .max_memory_size(usize::try_from(self.memory_bytes).unwrap_or(usize::MAX))
            .linear_memory_keep_resident(KEEP_RESIDENT)
            .table_keep_resident(64 << 10)
            .pagemap_scan(Enabled::Auto)
            .max_unused_warm_slots(slots)
            .max_core_instances_per_component(16)
            .table_elements(20_000)
            .max_component_instance_size(4 << 20)
            .max_core_instance_size(4 << 20);
        pool
    }
}
