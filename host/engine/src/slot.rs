//! A slot: the place of a plugin, whatever generation sits in it.
//!
//! An exchange swaps a pointer. A call that has begun finishes on the generation it began on; a call that waits for a retired
//! generation moves to the new one; so no caller notices.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use backplane_core::CallError;
use backplane_core::machines::{MachineError, MachineRequest, MachineState, Machines};
use backplane_core::reconcile::{Reconciler, Request, Response};

use crate::call::{Call, Delete, Ensure, Observe, Reconcile};
use crate::component::Export;
use crate::generation::{Ended, Generation};
use crate::metrics::{Metrics, SlotMetrics};

/// The place of a plugin. The queue and the provider room call it without knowing what sits in it.
#[derive(Debug)]
pub struct Slot {
    current: ArcSwap<Generation>,
    /// Counters of earlier generations that may still run calls.
    earlier: Mutex<Earlier>,
}

#[derive(Default)]
struct Earlier {
    finished: SlotMetrics,
    draining: Vec<Arc<Metrics>>,
}

impl std::fmt::Debug for Earlier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Earlier").field("draining", &self.draining.len()).finish_non_exhaustive()
    }
}

impl Slot {
    /// A slot with its first generation.
    pub fn new(generation: Generation) -> Self {
        Self { current: ArcSwap::from_pointee(generation), earlier: Mutex::default() }
    }

    /// The generation that serves new calls.
    pub fn generation(&self) -> Arc<Generation> {
        self.current.load_full()
    }

    /// Puts another generation in and hands out the old one; the caller drains it ([`Generation::drain`]).
    pub fn exchange(&self, generation: Generation) -> Arc<Generation> {
        let old = self.current.swap(Arc::new(generation));
        self.earlier.lock().unwrap_or_else(PoisonError::into_inner).draining.push(Arc::clone(&old.metrics));
        old
    }

    /// Counters since the slot was made, over all its generations.
    pub fn metrics(&self) -> SlotMetrics {
        let current = self.generation().metrics.snapshot();
        self.earlier.lock().unwrap_or_else(PoisonError::into_inner).sum() + current
    }

    async fn call<C: Call>(&self, export: Export, call: &C) -> Result<C::Answer, CallError> {
        loop {
            let generation = self.generation();
            if !generation.component().has(export) {
                let plugin = generation.context().plugin.clone();
                return Err(CallError::NotExported { plugin, interface: export.interface() });
            }
            match generation.call(call).await {
                Ok(answer) => return Ok(answer),
                Err(Ended::Call(error)) => return Err(error),
                Err(Ended::Retired) if Arc::ptr_eq(&generation, &self.generation()) => {
                    let plugin = generation.context().plugin.clone();
                    return Err(CallError::Host { plugin, source: "the plugin is being stopped".into() });
                }
                Err(Ended::Retired) => {}
            }
        }
    }
}

impl Earlier {
    fn sum(&mut self) -> SlotMetrics {
        // Whoever still holds a generation's counters may still count; the rest is added up once.
        let (live, gone) = self.draining.drain(..).partition(|metrics| Arc::strong_count(metrics) > 1);
        let gone: Vec<Arc<Metrics>> = gone;
        self.draining = live;
        self.finished = gone.iter().fold(self.finished, |sum, metrics| sum + metrics.snapshot());
        self.draining.iter().fold(self.finished, |sum, metrics| sum + metrics.snapshot())
    }
}

#[async_trait]
impl Reconciler for Slot {
    async fn reconcile(&self, request: &Request) -> Result<Response, CallError> {
        self.call(Export::Reconciler, &Reconcile(request)).await
    }
}

#[async_trait]
impl Machines for Slot {
    async fn ensure(&self, request: &MachineRequest) -> Result<Result<MachineState, MachineError>, CallError> {
        self.call(Export::Machines, &Ensure(request)).await
    }

    async fn observe(&self, request: &MachineRequest) -> Result<Result<MachineState, MachineError>, CallError> {
        self.call(Export::Machines, &Observe(request)).await
    }

    async fn delete(&self, request: &MachineRequest) -> Result<Result<MachineState, MachineError>, CallError> {
        self.call(Export::Machines, &Delete(request)).await
    }
}
