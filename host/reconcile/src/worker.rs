//! One look at one object.

use std::any::Any;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backplane_core::condition::Event;
use backplane_core::ports::{WriteError, Writes};
use backplane_core::reconcile::{Reconciler, Request, Response};
use backplane_core::{CallError, ErrorChain, ObjectRef};
use backplane_store::Store;
use futures::FutureExt;
use tokio::time::Instant;
use tracing::{Instrument, Span, debug, field, info_span, warn};

use crate::options::Options;
use crate::outcome::{Verdict, judge};
use crate::queue::{Next, Work};
use crate::status::{Returned, Statement, StatusWriter};
use crate::wakes::Wakes;

/// Looks at one object that may fail with the API server before its conditions say so.
const QUIET: u32 = 3;

pub(crate) struct Worker {
    pub(crate) name: String,
    pub(crate) store: Store,
    pub(crate) reconciler: Arc<dyn Reconciler>,
    pub(crate) writes: Arc<dyn Writes>,
    pub(crate) wakes: Arc<Wakes>,
    pub(crate) status: StatusWriter,
    pub(crate) options: Options,
    /// The trouble that was last told of each object, so that a retry does not tell it again.
    pub(crate) told: Mutex<HashMap<ObjectRef, Event>>,
}

impl Worker {
    /// Looks at an object, says so in its status, and gives the time of the next look.
    pub(crate) async fn look(&self, work: Work) -> Next {
        let span = info_span!(
            "reconcile",
            object.r#ref = %work.object,
            object.reason = %work.reason,
            component = self.name,
            attempt = work.attempt,
            outcome = field::Empty,
            elapsed_ms = field::Empty,
        );
        self.look_within(work).instrument(span).await
    }

    async fn look_within(&self, work: Work) -> Next {
        let Work { object, reason, attempt } = work;
        let generation = self.wakes.find(&object).map_or(0, |entry| entry.generation());
        let request = Request { object, reason, attempt };
        let began = Instant::now();
        let result = self.reconcile(&request).await;
        let failure = result.as_ref().err().map(|error| ErrorChain(error).to_string());
        let verdict = judge(result, &self.options);
        self.observe(&verdict, failure, began.elapsed());
        let gone = self.wakes.find(&request.object).is_none();
        if gone {
            self.told().remove(&request.object);
        }
        self.tell(&request.object, &verdict, gone).await;
        let quiet = request.attempt < QUIET && self.failed_with_the_server(&verdict, began);
        let written = if quiet { Ok(()) } else { self.state(&request.object, generation, &verdict).await };
        let next = if gone { Next::Rest } else { after_status(verdict.next, written) };
        if matches!(next, Next::Retry { .. } | Next::RetrySlowly) {
            self.options.metrics.retried(&self.name);
        }
        next
    }

    /// To write a condition would most likely fail as well, and if not, it would soon be taken back.
    fn failed_with_the_server(&self, verdict: &Verdict, began: Instant) -> bool {
        matches!(verdict.next, Next::Retry { .. }) && self.store.writes_failed_since(began)
    }

    async fn state(&self, object: &ObjectRef, generation: i64, verdict: &Verdict) -> Result<(), WriteError> {
        let returned = verdict.status.as_deref().map_or_else(Returned::default, Returned::read);
        let statement = Statement { generation, conditions: &verdict.conditions, returned };
        self.status.state(object, statement, &self.options).await
    }

    /// A panic in a room of the host is caught here; a guest's trap never comes so far.
    async fn reconcile(&self, request: &Request) -> Result<Response, CallError> {
        let call = AssertUnwindSafe(self.reconciler.reconcile(request)).catch_unwind();
        call.await.unwrap_or_else(|panic| {
            Err(CallError::Host { plugin: self.name.clone(), source: panic_text(panic.as_ref()).into() })
        })
    }

    fn observe(&self, verdict: &Verdict, failure: Option<String>, elapsed: Duration) {
        let span = Span::current();
        span.record("outcome", verdict.label);
        span.record("elapsed_ms", elapsed.as_millis() as u64);
        self.options.metrics.looked(&self.name, verdict.label, elapsed);
        match failure {
            Some(error) => warn!(error, outcome = verdict.label, "reconcile gave no answer"),
            None => debug!(outcome = verdict.label, "reconciled"),
        }
    }

    async fn tell(&self, object: &ObjectRef, verdict: &Verdict, gone: bool) {
        for event in &verdict.events {
            self.writes.event(object, event).await;
        }
        if let Some(trouble) = self.news(object, verdict).filter(|_| !gone) {
            self.writes.event(object, &trouble).await;
        }
    }

    /// The trouble, unless it was told already.
    fn news(&self, object: &ObjectRef, verdict: &Verdict) -> Option<Event> {
        let mut told = self.told();
        match &verdict.trouble {
            None if verdict.next_is_success() => {
                told.remove(object);
                None
            }
            None => None,
            Some(trouble) if told.get(object) == Some(trouble) => None,
            Some(trouble) => {
                told.insert(object.clone(), trouble.clone());
                Some(trouble.clone())
            }
        }
    }

    fn told(&self) -> MutexGuard<'_, HashMap<ObjectRef, Event>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Verdict {
    fn next_is_success(&self) -> bool {
        matches!(self.next, Next::Rest | Next::After(_))
    }
}

/// A status that could not be written is written at another look, unless no look can help.
fn after_status(next: Next, written: Result<(), WriteError>) -> Next {
    let Err(error) = written else { return next };
    warn!(error = %ErrorChain(&error), "conditions could not be written");
    // A right that the API server withdrew may be given back, and nobody would tell.
    let hopeless = matches!(error, WriteError::Denied(_) | WriteError::Invalid(_));
    let at_least = if let WriteError::Throttled(pause) = error { pause } else { Duration::ZERO };
    match next {
        Next::Rest | Next::After(_) if !hopeless => Next::Retry { at_least },
        next => next,
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    format!("panicked: {}", crate::condition::cut(text.lines().next().unwrap_or_default(), 200))
}
