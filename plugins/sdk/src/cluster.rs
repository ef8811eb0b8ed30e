//! The cluster as a plugin sees it: reads from the shared cache, writes under the plugin's own name.
//!
//! Reads cost microseconds and may lag, but never behind the plugin's own last write. Every call is checked by the host
//! against declaration and grant. Not for conditions of the reconciled object: return those with the outcome.

mod finalizers;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::object::{Identify, Obj, Object};
use crate::outcome::Event;
use crate::query::Query;
use crate::refs::{Key, Kind, ObjectRef};

/// The doors that a [`Cluster`] stands in front of. The host implements them for components, `testing::FakeCluster` for unit tests.
pub trait Backend {
    /// The object's JSON, if there is one of that name.
    fn get(&self, object: &ObjectRef) -> Result<Option<Vec<u8>>>;
    /// The JSON of the matching objects, ordered by namespace and name.
    fn list(&self, kind: &Kind, query: &Query) -> Result<Vec<Vec<u8>>>;
    /// Whether anybody reconciles the kind.
    fn is_reconciled(&self, kind: &Kind) -> bool;
    /// Server-side apply.
    fn apply(&self, object: &[u8]) -> Result<Vec<u8>>;
    /// Server-side apply of the status.
    fn apply_status(&self, object: &[u8]) -> Result<Vec<u8>>;
    /// Create.
    fn create(&self, object: &[u8]) -> Result<Vec<u8>>;
    /// Patch.
    fn patch(&self, object: &ObjectRef, patch: Patch<'_>) -> Result<Vec<u8>>;
    /// Delete.
    fn delete(&self, object: &ObjectRef, options: &DeleteOptions) -> Result<()>;
    /// Event.
    fn emit(&self, object: &ObjectRef, event: &Event);
}

/// A patch and its format.
#[derive(Debug, Clone, Copy)]
pub enum Patch<'a> {
    /// RFC 6902, a JSON array of operations.
    Json(&'a [u8]),
    /// RFC 7386, a JSON object.
    Merge(&'a [u8]),
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
pub enum Propagation {
    /// They are deleted afterwards.
    #[default]
    Background,
    /// They are deleted first.
    Foreground,
    /// They stay, without owner.
    Orphan,
}

/// Reads and writes. Handed to every call; natively made by `testing::FakeCluster`.
pub struct Cluster {
    backend: Box<dyn Backend>,
}

impl Cluster {
    /// A cluster behind these doors.
    pub fn new(backend: impl Backend + 'static) -> Self {
        Self { backend: Box::new(backend) }
    }

    /// The object of a kind with that key: `cluster.get::<Deployment>(&site.key())?`.
    ///
    /// # Errors
    /// [`Error::NotReady`] before the kind was listed once, [`Error::Shape`] if it does not fit the type.
    pub fn get<T: Object + DeserializeOwned>(&self, key: &Key) -> Result<Option<Obj<T>>> {
        self.get_ref(&T::KIND.at(key))
    }

    /// The same by reference, read into a type of one's choice: `Value`, or one that fits several kinds.
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub fn get_ref<T: DeserializeOwned>(&self, object: &ObjectRef) -> Result<Option<Obj<T>>> {
        self.backend.get(object)?.map(|bytes| read(&bytes, || object.to_string())).transpose()
    }

    /// The matching objects of a kind, ordered by namespace and name.
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub fn list<T: Object + DeserializeOwned>(&self, query: &Query) -> Result<Vec<Obj<T>>> {
        self.list_kind(&T::KIND, query)
    }

    /// The same by kind, read into a type of one's choice.
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub fn list_kind<T: DeserializeOwned>(&self, kind: &Kind, query: &Query) -> Result<Vec<Obj<T>>> {
        let objects = self.backend.list(kind, query)?;
        objects.iter().map(|bytes| read(bytes, || format!("an object of kind {}", kind.kind))).collect()
    }

    /// The children of an object that match a label selector (empty: all).
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub fn list_by<T: Object + DeserializeOwned, P>(&self, owner: &Obj<P>, selector: &str) -> Result<Vec<Obj<T>>> {
        self.list(&Query::owned_by(owner).labels(selector))
    }

    /// Whether a loaded plugin or the host reconciles objects of this kind. Lets a plugin say "nobody provides this".
    pub fn is_reconciled(&self, kind: &Kind) -> bool {
        self.backend.is_reconciled(kind)
    }

    /// Server-side apply of a whole intent: creates or changes, and removes what this plugin applied before and leaves out
    /// now. The object carries `apiVersion`, `kind` and `metadata.name`.
    ///
    /// # Errors
    /// Any write error; see [`Error`].
    pub fn apply<T: Serialize + ?Sized>(&self, object: &T) -> Result<Written> {
        self.backend.apply(&write(object)?).map(Written)
    }

    /// Applies the status of an object: `cluster.apply_status(&site, &Status { ready })?`. The object must exist.
    ///
    /// # Errors
    /// Any write error; see [`Error`].
    pub fn apply_status<T: Serialize + ?Sized>(&self, object: &impl Identify, status: &T) -> Result<Written> {
        let target = object.object_ref();
        let mut metadata = json!({"name": target.name});
        if let Some(namespace) = target.namespace {
            metadata["namespace"] = namespace.into();
        }
        let (api_version, kind) = (target.kind.api_version(), target.kind.kind);
        let status = serde_json::to_value(status).map_err(|error| shape("the status", &error))?;
        let whole = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "status": status});
        self.backend.apply_status(&write(&whole)?).map(Written)
    }

    /// Creates; `metadata.generateName` is allowed.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`], or any other write error.
    pub fn create<T: Serialize + ?Sized>(&self, object: &T) -> Result<Written> {
        self.backend.create(&write(object)?).map(Written)
    }

    /// Changes an object by RFC 6902 operations.
    ///
    /// # Errors
    /// Any write error; a failed `test` operation is [`Error::Invalid`].
    pub fn patch_json(&self, object: &impl Identify, operations: &Value) -> Result<Written> {
        self.backend.patch(&object.object_ref(), Patch::Json(&write(operations)?)).map(Written)
    }

    /// Changes an object by an RFC 7386 merge; `metadata.resourceVersion` in it makes it conditional.
    ///
    /// # Errors
    /// Any write error; see [`Error`].
    pub fn patch_merge(&self, object: &impl Identify, changes: &Value) -> Result<Written> {
        self.backend.patch(&object.object_ref(), Patch::Merge(&write(changes)?)).map(Written)
    }

    /// Deletes in the background, whatever is there by then. An absent object is not an error.
    ///
    /// # Errors
    /// Any write error; see [`Error`].
    pub fn delete(&self, object: &impl Identify) -> Result<()> {
        self.delete_with(object, &DeleteOptions::default())
    }

    /// Deletes with preconditions or another propagation.
    ///
    /// # Errors
    /// [`Error::Conflict`] if a precondition fails, or any other write error.
    pub fn delete_with(&self, object: &impl Identify, options: &DeleteOptions) -> Result<()> {
        self.backend.delete(&object.object_ref(), options)
    }

    /// Records an event about another object, best effort. Events about the reconciled one are better returned.
    pub fn emit(&self, object: &impl Identify, event: &Event) {
        self.backend.emit(&object.object_ref(), event);
    }
}

/// The answer of a write: the object as it is now, read only if somebody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written(Vec<u8>);

impl Written {
    /// The object, read into a type.
    ///
    /// # Errors
    /// [`Error::Shape`] if it does not fit.
    pub fn read<T: DeserializeOwned>(&self) -> Result<Obj<T>> {
        read(&self.0, || "the answer of a write".into())
    }

    /// Its JSON.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8], what: impl FnOnce() -> String) -> Result<Obj<T>> {
    serde_json::from_slice(bytes).map_err(|error| shape(&what(), &error))
}

fn write<T: Serialize + ?Sized>(object: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(object).map_err(|error| shape("an object to be written", &error))
}

fn shape(what: &str, error: &serde_json::Error) -> Error {
    Error::Shape { what: what.into(), cause: error.to_string() }
}
