//! The doors of a plugin that has been granted nothing: every read and every write is denied.

use async_trait::async_trait;
use backplane_core::condition::Event;
use backplane_core::grant::Denied;
use backplane_core::ports::{DeleteOptions, ObjectBytes, Patch, Query, ReadError, Reads, WriteError, Writes};
use backplane_core::{Kind, ObjectRef};

pub(crate) struct Nothing;

fn denied(what: &str) -> Denied {
    Denied::Ungranted { what: what.to_owned() }
}

impl Reads for Nothing {
    fn get(&self, _: &ObjectRef) -> Result<Option<ObjectBytes>, ReadError> {
        Err(denied("every read").into())
    }

    fn list(&self, _: &Kind, _: &Query) -> Result<Vec<ObjectBytes>, ReadError> {
        Err(denied("every read").into())
    }

    fn is_reconciled(&self, _: &Kind) -> bool {
        false
    }
}

#[async_trait]
impl Writes for Nothing {
    async fn apply(&self, _: &[u8]) -> Result<ObjectBytes, WriteError> {
        Err(denied("every write").into())
    }

    async fn apply_status(&self, _: &[u8]) -> Result<ObjectBytes, WriteError> {
        Err(denied("every write").into())
    }

    async fn create(&self, _: &[u8]) -> Result<ObjectBytes, WriteError> {
        Err(denied("every write").into())
    }

    async fn patch(&self, _: &ObjectRef, _: &Patch<'_>) -> Result<ObjectBytes, WriteError> {
        Err(denied("every write").into())
    }

    async fn delete(&self, _: &ObjectRef, _: &DeleteOptions) -> Result<(), WriteError> {
        Err(denied("every write").into())
    }

    async fn event(&self, _: &ObjectRef, _: &Event) {}
}
