//! Counters of one generation, and their sum over the generations of a slot.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use backplane_core::CallError;

/// Counters of a plugin since it was put into its slot. Labels come from closed sets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SlotMetrics {
    /// Calls that were answered, whatever the answer.
    pub calls_ok: u64,
    /// Calls that ended in a trap.
    pub calls_trap: u64,
    /// Calls that ran past their deadline.
    pub calls_deadline: u64,
    /// Calls that went beyond a budget.
    pub calls_limit: u64,
    /// Calls that found no free instance.
    pub calls_saturated: u64,
    /// Calls that the host could not make.
    pub calls_host: u64,
    /// HTTP requests refused because the endpoint is not declared, not granted or unknown.
    pub endpoint_refusals: u64,
    /// Times that an instance's memory grew after its start. A plugin should be linked so that this stays 0.
    pub memory_growths: u64,
    /// Calls from the guest into the host.
    pub host_calls: u64,
    /// Bytes that the guest handed to the host.
    pub output_bytes: u64,
    /// Instances made.
    pub instances_created: u64,
    /// Instances that exist now, idle or busy.
    pub instances_live: u64,
}

macro_rules! metrics {
    ($($field:ident),* $(,)?) => {
        #[derive(Default)]
        pub(crate) struct Metrics { $($field: AtomicU64,)* }

        impl Metrics {
            pub(crate) fn snapshot(&self) -> SlotMetrics {
                SlotMetrics { $($field: self.$field.load(Relaxed),)* }
            }
        }

        impl std::ops::Add for SlotMetrics {
            type Output = Self;

            fn add(self, other: Self) -> Self {
                Self { $($field: self.$field + other.$field,)* }
            }
        }
    };
}

metrics! {
    calls_ok, calls_trap, calls_deadline, calls_limit, calls_saturated, calls_host, endpoint_refusals, memory_growths,
    host_calls, output_bytes, instances_created, instances_live,
}

impl Metrics {
    pub(crate) fn call<T>(&self, result: &Result<T, CallError>) {
        let counter = match result {
            Ok(_) => &self.calls_ok,
            Err(CallError::Trap { .. }) => &self.calls_trap,
            Err(CallError::Deadline { .. }) => &self.calls_deadline,
            Err(CallError::Limit { .. }) => &self.calls_limit,
            Err(CallError::Saturated { .. }) => &self.calls_saturated,
            Err(CallError::NotExported { .. } | CallError::Host { .. }) => &self.calls_host,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(crate) fn used(&self, host_calls: u64, output_bytes: u64) {
        self.host_calls.fetch_add(host_calls, Relaxed);
        self.output_bytes.fetch_add(output_bytes, Relaxed);
    }

    pub(crate) fn endpoint_refused(&self) {
        self.endpoint_refusals.fetch_add(1, Relaxed);
    }

    pub(crate) fn memory_grew(&self) {
        self.memory_growths.fetch_add(1, Relaxed);
    }

    pub(crate) fn instance_created(&self) {
        self.instances_created.fetch_add(1, Relaxed);
        self.instances_live.fetch_add(1, Relaxed);
    }

    pub(crate) fn instance_gone(&self) {
        self.instances_live.fetch_sub(1, Relaxed);
    }
}
