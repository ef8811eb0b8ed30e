//! `backplane:reconciler/status`: a status that is returned rather than applied. It is kept here until the call has its
//! answer; whoever asked for the call writes it.

use backplane_core::declaration::Verb;

use crate::bindings::status::{Host, StatusError};
use crate::state::State;

impl Host for State {
    fn return_status(&mut self, status: Vec<u8>) -> wasmtime::Result<Result<(), StatusError>> {
        self.meter.host_call(status.len())?;
        Ok(self.take_status(status))
    }
}

impl State {
    fn take_status(&mut self, status: Vec<u8>) -> Result<(), StatusError> {
        let Some(object) = &self.reconciled else {
            return Err(StatusError::Invalid("no object is being reconciled".into()));
        };
        let decision = self.context.permissions.write(&object.kind, object.namespace.as_deref(), Verb::ApplyStatus);
        decision.map_err(|denied| StatusError::Denied(denied.to_string()))?;
        // The parser's own text could quote the status.
        serde_json::from_slice::<serde_json::Map<_, _>>(&status)
            .map_err(|error| StatusError::Invalid(format!("no JSON object, column {}", error.column())))?;
        self.returned_status = Some(status);
        Ok(())
    }
}
