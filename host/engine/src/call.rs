//! The calls that the host makes into a guest, each a small type: what it is named, how it is made, what its answer weighs.

use backplane_core::condition::Event;
use backplane_core::machines::{MachineError, MachineRequest, MachineState};
use backplane_core::reconcile::{Outcome, Request, Response};
use wasmtime::Store;

use crate::bindings::{lifecycle, machines as wit, reconciler};
use crate::instance::Exports;
use crate::state::State;

pub(crate) trait Call: Sync {
    type Answer: Send;

    /// Interface and function, for spans.
    const FUNCTION: &'static str;

    fn run(
        &self,
        store: &mut Store<State>,
        exports: &Exports,
    ) -> impl Future<Output = wasmtime::Result<Self::Answer>> + Send;

    /// Bytes of an answer's texts; they count as output of the call.
    fn weigh(_: &Self::Answer) -> usize {
        0
    }
}

pub(crate) struct Describe;

impl Call for Describe {
    type Answer = lifecycle::Declaration;
    const FUNCTION: &'static str = "lifecycle.describe";

    async fn run(&self, store: &mut Store<State>, exports: &Exports) -> wasmtime::Result<Self::Answer> {
        exports.lifecycle.call_describe(store).await
    }
}

pub(crate) struct Configure<'a>(pub(crate) &'a [u8]);

impl Call for Configure<'_> {
    type Answer = Result<(), String>;
    const FUNCTION: &'static str = "lifecycle.configure";

    async fn run(&self, store: &mut Store<State>, exports: &Exports) -> wasmtime::Result<Self::Answer> {
        exports.lifecycle.call_configure(store, self.0).await
    }
}

pub(crate) struct DescribeKinds;

impl Call for DescribeKinds {
    type Answer = wit::MachineKinds;
    const FUNCTION: &'static str = "machines.describe-kinds";

    async fn run(&self, store: &mut Store<State>, exports: &Exports) -> wasmtime::Result<Self::Answer> {
        exported(&exports.machines)?.call_describe_kinds(store).await
    }
}

pub(crate) struct Reconcile<'a>(pub(crate) &'a Request);

impl Call for Reconcile<'_> {
    type Answer = Response;
    const FUNCTION: &'static str = "reconciler.reconcile";

    async fn run(&self, store: &mut Store<State>, exports: &Exports) -> wasmtime::Result<Self::Answer> {
        let request = reconciler::Request::from(self.0);
        let state = store.data_mut();
        (state.reconciled, state.returned_status) = (Some(self.0.object.clone()), None);
        let answer = exported(&exports.reconciler)?.call_reconcile(&mut *store, &request).await;
        let state = store.data_mut();
        state.reconciled = None;
        Ok(Response { status: state.returned_status.take(), ..answer?.into() })
    }

    fn weigh(answer: &Response) -> usize {
        let outcome = match &answer.outcome {
            Outcome::Refused { reason, message } => reason.len() + message.len(),
            Outcome::Failed { message, .. } => message.len(),
            Outcome::Done | Outcome::RequeueAfter(_) | Outcome::AwaitChange => 0,
        };
        let conditions = answer.conditions.iter().map(|c| c.kind.len() + c.reason.len() + c.message.len());
        outcome + conditions.sum::<usize>() + events_weight(&answer.events)
    }
}

fn events_weight(events: &[Event]) -> usize {
    events.iter().map(|event| event.reason.len() + event.message.len()).sum()
}

fn exported<T>(guest: &Option<T>) -> wasmtime::Result<&T> {
    guest.as_ref().ok_or_else(|| wasmtime::format_err!("the export is missing"))
}

macro_rules! machine_call {
    ($name:ident, $function:literal, $method:ident) => {
        pub(crate) struct $name<'a>(pub(crate) &'a MachineRequest);

        impl Call for $name<'_> {
            type Answer = Result<MachineState, MachineError>;
            const FUNCTION: &'static str = $function;

            async fn run(&self, store: &mut Store<State>, exports: &Exports) -> wasmtime::Result<Self::Answer> {
                let request = wit::MachineRequest::from(self.0);
                let answer = exported(&exports.machines)?.$method(store, &request).await?;
                Ok(answer.map(Into::into).map_err(Into::into))
            }

            fn weigh(answer: &Self::Answer) -> usize {
                machine_answer_weight(answer)
            }
        }
    };
}

machine_call!(Ensure, "machines.ensure", call_ensure);
machine_call!(Observe, "machines.observe", call_observe);
machine_call!(Delete, "machines.delete", call_delete);

fn machine_answer_weight(answer: &Result<MachineState, MachineError>) -> usize {
    match answer {
        Ok(state) => {
            let addresses = state.addresses.iter().map(|address| address.kind.len() + address.address.len());
            let texts = state.message.len() + state.instance_state.len();
            texts + addresses.sum::<usize>() + events_weight(&state.events)
        }
        Err(
            MachineError::Invalid(text)
            | MachineError::Unauthorised(text)
            | MachineError::Exhausted(text)
            | MachineError::Other(text),
        ) => text.len(),
        Err(MachineError::Throttled(_)) => 0,
    }
}
