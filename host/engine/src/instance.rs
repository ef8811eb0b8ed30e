//! One live instance: starts it, makes one call at a time, and says how a call ended.
//!
//! A call is bounded twice over in time: epochs make a guest that computes yield to the runtime at every tick, and a
//! timer around the call ends it at its deadline, whether the guest computes or the host waits for somebody. After a call that
//! ended without an answer the instance is gone; nothing can be entered again that was left in the middle.

use std::sync::Arc;

use backplane_core::CallError;
use wasmtime::component;
use wasmtime::{PoolConcurrencyLimitError, Store};

use crate::bindings::{lifecycle, machines, reconciler};
use crate::call::Call;
use crate::component::{Component, Indices};
use crate::context::Context;
use crate::meter::Meter;
use crate::metrics::Metrics;
use crate::state::State;
use crate::trap::TrapReport;

/// Bytes that one import may carry from the guest at once, whatever the plugin's own budget.
const LIFTED_BYTES: usize = 32 << 20;

/// Handles that a guest may hold at one time; each stands for something in the host.
const HANDLES: usize = 4_096;

pub(crate) struct Instance {
    pub(crate) store: Store<State>,
    pub(crate) exports: Exports,
    calls: u64,
}

pub(crate) struct Exports {
    pub(crate) lifecycle: lifecycle::Guest,
    pub(crate) reconciler: Option<reconciler::Guest>,
    pub(crate) machines: Option<machines::Guest>,
}

impl Instance {
    pub(crate) async fn start(
        component: &Component,
        context: Arc<Context>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, CallError> {
        let deadline = context.limits.deadline;
        let mut store = Store::new(component.pre().engine(), State::new(context, metrics, component.memory_limit()));
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(LIFTED_BYTES);
        store.set_max_component_handles(HANDLES);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        let started = tokio::time::timeout(deadline, exports(component, &mut store)).await;
        match ended(&store, started) {
            Ok(exports) => Ok(Self { store, exports, calls: 0 }),
            Err(error) => Err(error),
        }
    }

    /// Makes one call. The instance comes back if it can serve another.
    pub(crate) async fn call<C: Call>(mut self, call: &C) -> (Result<C::Answer, CallError>, Option<Self>) {
        self.store.data().meter.reset();
        self.store.set_epoch_deadline(1);
        self.calls += 1;
        let deadline = self.store.data().context.limits.deadline;
        let answer = tokio::time::timeout(deadline, call.run(&mut self.store, &self.exports)).await;
        if let Ok(Ok(answer)) = &answer {
            // Remembered by the meter if it is too much.
            let _ = self.store.data().meter.output(C::weigh(answer));
        }
        let result = ended(&self.store, answer);
        let again = result.is_ok() && self.is_fit();
        (result, again.then_some(self))
    }

    fn is_fit(&self) -> bool {
        let state = self.store.data();
        let limits = &state.context.limits;
        self.calls < limits.recycle_after_calls && state.memory.bytes() < limits.recycle_at_bytes
    }

    /// The counter of this instance's calls.
    pub(crate) fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.store.data().meter)
    }
}

/// The exports bear the contract's names and versions but have other types.
#[derive(Debug, thiserror::Error)]
#[error("its exports have other types than this host's contract")]
struct OtherTypes;

async fn exports(component: &Component, store: &mut Store<State>) -> wasmtime::Result<Exports> {
    let instance = component.pre().instantiate_async(&mut *store).await?;
    found(component.exports(), store, &instance).map_err(|error| error.context(OtherTypes))
}

fn found(indices: &Indices, store: &mut Store<State>, instance: &component::Instance) -> wasmtime::Result<Exports> {
    let reconciler = indices.reconciler.as_ref().map(|indices| indices.load(&mut *store, instance));
    let machines = indices.machines.as_ref().map(|indices| indices.load(&mut *store, instance));
    Ok(Exports {
        lifecycle: indices.lifecycle.load(&mut *store, instance)?,
        reconciler: reconciler.transpose()?,
        machines: machines.transpose()?,
    })
}

/// Says how a call ended. A budget that ran out explains whatever came after it.
fn ended<T>(
    store: &Store<State>,
    answer: Result<wasmtime::Result<T>, tokio::time::error::Elapsed>,
) -> Result<T, CallError> {
    let state = store.data();
    let plugin = || state.context.plugin.clone();
    if let Some(exceeded) = state.meter.exceeded() {
        return Err(CallError::Limit { plugin: plugin(), budget: exceeded.budget, limit: exceeded.limit });
    }
    match answer {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) if error.is::<PoolConcurrencyLimitError>() => Err(CallError::Saturated { plugin: plugin() }),
        Ok(Err(error)) if error.is::<OtherTypes>() => {
            Err(CallError::Host { plugin: plugin(), source: Box::new(OtherTypes) })
        }
        Ok(Err(error)) => Err(CallError::Trap { plugin: plugin(), source: Box::new(TrapReport::of(&error)) }),
        Err(_) => Err(CallError::Deadline { plugin: plugin(), deadline: state.context.limits.deadline }),
    }
}
