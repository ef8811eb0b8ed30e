//! One generation of a plugin: a component under its context, with the instances that serve it.
//!
//! ```text
//!            ┌────────── call answered, instance still fit ──────────┐
//!            v                                                       │
//!   start ─> idle ──────────────── call ─────────────────────────────┤
//!                                                                    └─ no answer, worn out, pool full, retired ─> gone
//! ```
//!
//! The instance used last is used next: its memory is in the caches. At most `max_instances` calls run at one time; who finds
//! all busy waits for `wait_for_instance` and is then told so.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use backplane_core::CallError;
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::{Instrument, Span, field::Empty};

use crate::call::Call;
use crate::component::Component;
use crate::context::Context;
use crate::error::LoadError;
use crate::instance::Instance;
use crate::metrics::Metrics;

/// A component under its context, with warm instances.
pub struct Generation {
    component: Component,
    context: Arc<Context>,
    pub(crate) metrics: Arc<Metrics>,
    idle: Mutex<Vec<Instance>>,
    turns: Semaphore,
}

/// How a call to a generation ended without an answer.
pub(crate) enum Ended {
    /// The generation takes no more calls; it was not called.
    Retired,
    Call(CallError),
}

impl From<CallError> for Ended {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl Generation {
    /// Joins a component with its context. Starts no instance; see [`Self::prepare`].
    ///
    /// # Errors
    /// [`LoadError::Memory`] if the context's limit is lower than what an instance starts with.
    pub fn new(component: Component, context: Context) -> Result<Self, LoadError> {
        let (bytes, limit) = (component.inspection().memory_bytes, context.limits.memory_bytes);
        if bytes > limit {
            return Err(LoadError::Memory { file: component.name().to_owned(), bytes, limit });
        }
        let turns = Semaphore::new(turns(&context) as usize);
        let (context, metrics) = (Arc::new(context), Arc::default());
        Ok(Self { component, context, metrics, idle: Mutex::default(), turns })
    }

    /// The component.
    pub fn component(&self) -> &Component {
        &self.component
    }

    /// What it is given.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Starts one instance and keeps it, so that a component that cannot even start is found before it is put into a
    /// slot. Does nothing if no instances are kept.
    ///
    /// # Errors
    /// The instance did not start.
    pub async fn prepare(&self) -> Result<(), CallError> {
        if self.context.limits.warm_instances > 0 {
            let instance = self.start().await?;
            self.keep(instance);
        }
        Ok(())
    }

    /// Waits until no call runs, but not beyond the deadline; from then on the generation takes no calls, and its idle
    /// instances are gone. Answers how many calls still run; they end by their own deadlines.
    pub async fn drain(&self, deadline: Duration) -> usize {
        let all = self.turns.acquire_many(turns(&self.context));
        let running = match tokio::time::timeout(deadline, all).await {
            Ok(_) => 0,
            Err(_) => turns(&self.context) as usize - self.turns.available_permits(),
        };
        self.turns.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        running
    }

    pub(crate) async fn call<C: Call>(&self, call: &C) -> Result<C::Answer, Ended> {
        let span = tracing::info_span!(
            "component_call",
            component = self.context.plugin,
            component.digest = self.component.digest(),
            function = C::FUNCTION,
            outcome = Empty,
            elapsed_ms = Empty,
        );
        self.timed(call).instrument(span).await
    }

    async fn timed<C: Call>(&self, call: &C) -> Result<C::Answer, Ended> {
        let started = Instant::now();
        let result = match self.turn().await {
            Ok(turn) => self.served(call, turn).await,
            Err(Ended::Retired) => return Err(Ended::Retired),
            Err(Ended::Call(error)) => Err(error),
        };
        self.metrics.call(&result);
        let span = Span::current();
        span.record("outcome", result.as_ref().map_or_else(CallError::reason, |_| "ok"));
        span.record("elapsed_ms", started.elapsed().as_secs_f64() * 1e3);
        result.map_err(Ended::Call)
    }

    /// Waits for the right to run a call.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, Ended> {
        if let Ok(turn) = self.turns.try_acquire() {
            return Ok(turn);
        }
        match tokio::time::timeout(self.context.limits.wait_for_instance, self.turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_closed)) => Err(Ended::Retired),
            Err(_elapsed) => Err(CallError::Saturated { plugin: self.context.plugin.clone() }.into()),
        }
    }

    async fn served<C: Call>(&self, call: &C, _turn: SemaphorePermit<'_>) -> Result<C::Answer, CallError> {
        let warm = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let instance = match warm {
            Some(instance) => instance,
            None => self.start().await?,
        };
        let meter = instance.meter();
        let (result, instance) = instance.call(call).await;
        self.metrics.used(meter.host_calls(), meter.output_bytes());
        if let Some(instance) = instance {
            self.keep(instance);
        }
        result
    }

    async fn start(&self) -> Result<Instance, CallError> {
        Instance::start(&self.component, Arc::clone(&self.context), Arc::clone(&self.metrics)).await
    }

    fn keep(&self, instance: Instance) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.context.limits.warm_instances && !self.turns.is_closed() {
            idle.push(instance);
        }
    }
}

impl std::fmt::Debug for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Generation").field("component", &self.component).field("context", &self.context).finish()
    }
}

fn turns(context: &Context) -> u32 {
    u32::try_from(context.limits.max_instances.clamp(1, Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX)
}
