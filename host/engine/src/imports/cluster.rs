//! `backplane:cluster`: writes, under the plugin's identity. Permissions are asked behind the door
//! ([`backplane_core::ports::Writes`]), where the identity is known.

use std::sync::Arc;

use backplane_core::ports::{DeleteOptions, ObjectBytes, Patch, Propagation, WriteError, Writes};
use backplane_core::{ErrorChain, ObjectRef};

use crate::bindings::cluster as wit;
use crate::bindings::types;
use crate::state::State;

type Written<T> = wasmtime::Result<Result<T, wit::WriteError>>;

impl State {
    /// The door for a write that carries so many bytes.
    fn writes(&self, bytes: usize) -> wasmtime::Result<Arc<dyn Writes>> {
        self.meter.host_call(bytes)?;
        Ok(Arc::clone(&self.context.writes))
    }
}

fn written(result: Result<ObjectBytes, WriteError>) -> Written<Vec<u8>> {
    Ok(result.map(|bytes| bytes.to_vec()).map_err(Into::into))
}

impl wit::Host for State {
    async fn apply(&mut self, object: Vec<u8>) -> Written<Vec<u8>> {
        written(self.writes(object.len())?.apply(&object).await)
    }

    async fn apply_status(&mut self, object: Vec<u8>) -> Written<Vec<u8>> {
        written(self.writes(object.len())?.apply_status(&object).await)
    }

    async fn create(&mut self, object: Vec<u8>) -> Written<Vec<u8>> {
        written(self.writes(object.len())?.create(&object).await)
    }

    async fn patch(&mut self, object: types::ObjectRef, format: wit::PatchType, patch: Vec<u8>) -> Written<Vec<u8>> {
        let writes = self.writes(patch.len())?;
        let patch = match format {
            wit::PatchType::Json => Patch::Json(&patch),
            wit::PatchType::Merge => Patch::Merge(&patch),
        };
        written(writes.patch(&object.into(), &patch).await)
    }

    async fn delete(&mut self, object: types::ObjectRef, options: wit::DeleteOptions) -> Written<()> {
        let writes = self.writes(0)?;
        Ok(writes.delete(&ObjectRef::from(object), &options.into()).await.map_err(Into::into))
    }

    async fn emit(&mut self, object: types::ObjectRef, event: types::Event) -> wasmtime::Result<()> {
        let writes = self.writes(event.reason.len() + event.message.len())?;
        writes.event(&object.into(), &event.into()).await;
        Ok(())
    }
}

impl From<wit::DeleteOptions> for DeleteOptions {
    fn from(options: wit::DeleteOptions) -> Self {
        Self {
            uid: options.uid,
            resource_version: options.resource_version,
            propagation: match options.propagation {
                wit::Propagation::Background => Propagation::Background,
                wit::Propagation::Foreground => Propagation::Foreground,
                wit::Propagation::Orphan => Propagation::Orphan,
            },
        }
    }
}

impl From<WriteError> for wit::WriteError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Denied(denied) => Self::Denied(denied.to_string()),
            WriteError::Forbidden(text) => Self::Forbidden(text),
            WriteError::NotFound(text) => Self::NotFound(text),
            WriteError::AlreadyExists(text) => Self::AlreadyExists(text),
            WriteError::Conflict(text) => Self::Conflict(text),
            WriteError::Invalid(text) => Self::Invalid(text),
            WriteError::Throttled(pause) => Self::Throttled(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)),
            WriteError::Other(_) => Self::Other(ErrorChain(&error).to_string()),
        }
    }
}
