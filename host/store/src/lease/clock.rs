//! The clock that leases are measured by.
//!
//! It must go on while the process is stopped, and while the machine is suspended: both are exactly when a lease runs out
//! unnoticed. `CLOCK_MONOTONIC` does the first, `CLOCK_BOOTTIME` both. A virtual machine whose own clocks stand still
//! while it is paused is beyond any clock that it can read.

use std::sync::Arc;
use std::time::Duration;

/// Time since some fixed moment in the past, for measuring only. Tests hand in their own.
pub type BootClock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// The machine's clock.
pub fn boot_clock() -> BootClock {
    Arc::new(now)
}

#[cfg(target_os = "linux")]
fn now() -> Duration {
    // Every kernel that runs wasmtime has this clock; without it nothing would ever be held, which is safe.
    nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME).map_or(Duration::MAX, Duration::from)
}

#[cfg(not(target_os = "linux"))]
fn now() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
