//! The host's functions behind the library's doors.

use std::time::Duration;

use serde_json::Value;

use super::imports::backplane::cluster::cluster as wit_cluster;
use super::imports::backplane::logging::logging;
use super::imports::backplane::reconciler::status as wit_status;
use super::imports::backplane::settings::settings as wit_settings;
use super::imports::backplane::store::store;
use crate::cluster::{Backend, DeleteOptions, Patch, Propagation};
use crate::error::{Error, Result};
use crate::log::Level;
use crate::outcome::Event;
use crate::query::Query;
use crate::refs::{Kind, ObjectRef};

pub(crate) fn settings() -> Vec<u8> {
    wit_settings::get()
}

pub(crate) fn log(level: Level, message: &str, facts: Vec<(String, String)>) {
    let level = match level {
        Level::Trace => logging::Level::Trace,
        Level::Debug => logging::Level::Debug,
        Level::Info => logging::Level::Info,
        Level::Warn => logging::Level::Warn,
        Level::Error => logging::Level::Error,
    };
    logging::log(level, message, &facts);
}

/// Leaves the status with the host, which writes it after the call.
pub(crate) fn return_status(status: Option<&Value>) -> Result<()> {
    let Some(status) = status else { return Ok(()) };
    wit_status::return_status(status.to_string().as_bytes()).map_err(|error| match error {
        wit_status::StatusError::Denied(what) => Error::Denied(what),
        wit_status::StatusError::Invalid(what) => Error::Invalid(what),
    })
}

/// The cluster as the host shows it.
pub(crate) struct HostCluster;

impl Backend for HostCluster {
    fn get(&self, object: &ObjectRef) -> Result<Option<Vec<u8>>> {
        store::get(&object.into()).map_err(read_error)
    }

    fn list(&self, kind: &Kind, query: &Query) -> Result<Vec<Vec<u8>>> {
        let query = store::Query {
            namespace: query.namespace.clone(),
            selector: query.selector.clone(),
            owner_uid: query.owner_uid.clone(),
        };
        store::list_objects(&kind.into(), &query).map_err(read_error)
    }

    fn is_reconciled(&self, kind: &Kind) -> bool {
        store::is_reconciled(&kind.into())
    }

    fn apply(&self, object: &[u8]) -> Result<Vec<u8>> {
        wit_cluster::apply(object).map_err(write_error)
    }

    fn apply_status(&self, object: &[u8]) -> Result<Vec<u8>> {
        wit_cluster::apply_status(object).map_err(write_error)
    }

    fn create(&self, object: &[u8]) -> Result<Vec<u8>> {
        wit_cluster::create(object).map_err(write_error)
    }

    fn patch(&self, object: &ObjectRef, patch: Patch<'_>) -> Result<Vec<u8>> {
        let (format, patch) = match patch {
            Patch::Json(patch) => (wit_cluster::PatchType::Json, patch),
            Patch::Merge(patch) => (wit_cluster::PatchType::Merge, patch),
        };
        wit_cluster::patch(&object.into(), format, patch).map_err(write_error)
    }

    fn delete(&self, object: &ObjectRef, options: &DeleteOptions) -> Result<()> {
        let options = wit_cluster::DeleteOptions {
            uid: options.uid.clone(),
            resource_version: options.resource_version.clone(),
            propagation: match options.propagation {
                Propagation::Background => wit_cluster::Propagation::Background,
                Propagation::Foreground => wit_cluster::Propagation::Foreground,
                Propagation::Orphan => wit_cluster::Propagation::Orphan,
            },
        };
        wit_cluster::delete(&object.into(), &options).map_err(write_error)
    }

    fn emit(&self, object: &ObjectRef, event: &Event) {
        wit_cluster::emit(&object.into(), &event.clone().into());
    }
}

fn read_error(error: store::ReadError) -> Error {
    match error {
        store::ReadError::Denied(what) => Error::Denied(what),
        store::ReadError::NotReady(what) => Error::NotReady(what),
        store::ReadError::Other(what) => Error::Other(what),
    }
}

fn write_error(error: wit_cluster::WriteError) -> Error {
    use wit_cluster::WriteError as Wit;
    match error {
        Wit::Denied(what) => Error::Denied(what),
        Wit::Forbidden(what) => Error::Forbidden(what),
        Wit::NotFound(what) => Error::NotFound(what),
        Wit::AlreadyExists(what) => Error::AlreadyExists(what),
        Wit::Conflict(what) => Error::Conflict(what),
        Wit::Invalid(what) => Error::Invalid(what),
        Wit::Throttled(milliseconds) => Error::Throttled(Duration::from_millis(milliseconds)),
        Wit::Other(what) => Error::Other(what),
    }
}
