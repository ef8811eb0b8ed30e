//! The two doors between rooms that must not know each other: reading the cache and writing to the API server.
//!
//! The engine calls these on behalf of a guest; the store implements them. Each value is bound to one plugin: it
//! already knows the plugin's permissions and identity.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::condition::Event;
use crate::error::BoxError;
use crate::grant::Denied;
use crate::object::{Kind, ObjectRef};

/// The JSON bytes of an object, shared with the cache. Without `managedFields`.
pub type ObjectBytes = Arc<[u8]>;

/// Reads of the shared watch cache. Never touches the network; never answers before the first sync.
pub trait Reads: Send + Sync {
    /// The object, or `None` if the cache holds none of that name.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn get(&self, object: &ObjectRef) -> Result<Option<ObjectBytes>, ReadError>;

    /// The objects of a kind that match every part of the query, ordered by namespace and name.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn list(&self, kind: &Kind, query: &Query) -> Result<Vec<ObjectBytes>, ReadError>;

    /// Whether some loaded plugin or room of the host reconciles objects of this kind.
    fn is_reconciled(&self, kind: &Kind) -> bool;
}

/// Which objects of a kind. Every part that is set must match; the default matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Only this namespace.
    pub namespace: Option<String>,
    /// Only objects whose labels match.
    pub selector: crate::selector::Selector,
    /// Only objects that name this uid in `ownerReferences`.
    pub owner_uid: Option<String>,
}

/// Why a read has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not permitted.
    #[error("read denied")]
    Denied(#[from] Denied),
    /// The kind has not been listed for the first time yet, or the API server does not serve it (yet).
    #[error("{0} is not synchronised yet")]
    NotReady(Kind),
}

/// Writes to the API server, under the plugin's own identity.
#[async_trait]
pub trait Writes: Send + Sync {
    /// Server-side apply of a whole intent (`apiVersion`, `kind`, `metadata.name`, …) with force, as this plugin's
    /// field manager. Answered from the cache when neither intent nor target changed since the last apply.
    async fn apply(&self, object: &[u8]) -> Result<ObjectBytes, WriteError>;

    /// The same for the `status` subresource. The object must exist.
    async fn apply_status(&self, object: &[u8]) -> Result<ObjectBytes, WriteError>;

    /// Creates; an existing object is [`WriteError::AlreadyExists`]. `metadata.generateName` is allowed.
    async fn create(&self, object: &[u8]) -> Result<ObjectBytes, WriteError>;

    /// Changes part of an object.
    async fn patch(&self, object: &ObjectRef, patch: &Patch<'_>) -> Result<ObjectBytes, WriteError>;

    /// Deletes. An absent object is not an error.
    async fn delete(&self, object: &ObjectRef, options: &DeleteOptions) -> Result<(), WriteError>;

    /// Records an event about an object. Best effort: a lost event is logged, not returned.
    async fn event(&self, object: &ObjectRef, event: &Event);
}

/// A patch and its format.
#[derive(Debug, Clone, Copy)]
pub enum Patch<'a> {
    /// RFC 6902, a JSON array of operations.
    Json(&'a [u8]),
    /// RFC 7386, a JSON object. `metadata.resourceVersion` in it makes it conditional.
    Merge(&'a [u8]),
    /// RFC 7386 on the `status` subresource; the host alone uses it, for conditions and for what its rooms
    /// find.
    MergeStatus(&'a [u8]),
}

/// How to delete.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// Only if the object has this uid.
    pub uid: Option<String>,
    /// Only if the object has this resourceVersion.
    pub resource_version: Option<String>,
    /// What happens to dependents.
    pub propagation: Propagation,
}

/// What happens to the dependents of a deleted object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the three values of metav1.DeletionPropagation")]
pub enum Propagation {
    #[default]
    Background,
    Foreground,
    Orphan,
}

/// Why a write did not happen.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Not permitted by declaration or grant; no request was made.
    #[error("write denied")]
    Denied(#[from] Denied),
    /// The API server refused the identity (403): the plugin's Role lacks it.
    #[error("forbidden by the API server: {0}")]
    Forbidden(String),
    /// The object is not there (404).
    #[error("not found: {0}")]
    NotFound(String),
    /// It is there already (409 `AlreadyExists`).
    #[error("already exists: {0}")]
    AlreadyExists(String),
    /// A precondition failed or somebody else changed it (409 `Conflict`).
    #[error("conflict: {0}")]
    Conflict(String),
    /// The API server judged the object wrong (400, 422); the text names the fields.
    #[error("invalid: {0}")]
    Invalid(String),
    /// The API server asks for a pause (429, 503 with Retry-After).
    #[error("throttled for {0:?}")]
    Throttled(Duration),
    /// Anything else: network, 500, a body that is no JSON.
    #[error("the API server could not be asked")]
    Other(#[source] BoxError),
}
