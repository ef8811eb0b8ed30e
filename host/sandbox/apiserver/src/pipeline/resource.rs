//! One served kind in one place: what every operation on objects needs at hand.

use std::fmt;
use std::sync::Arc;

use backplane_apimachinery::apply::Versions;
use backplane_apimachinery::kind::Origin;
use backplane_apimachinery::{ResourceKind, Schema, Status};
use backplane_core::{Kind, ObjectKey};
use bytes::Bytes;
use serde_json::Value;

use super::request::ResourceRequest;
use crate::conversion;
use crate::registry::{Kinds, storage_of};
use crate::server::Inner;
use crate::storage::{GroupResource, Stored};

/// A kind, where its objects are stored, and the namespace that is being looked at.
#[derive(Clone)]
pub(crate) struct Resource<'a> {
    pub(crate) server: &'a Inner,
    pub(crate) kind: Arc<ResourceKind>,
    pub(crate) storage: GroupResource,
    pub(crate) namespace: Option<String>,
}

impl<'a> Resource<'a> {
    /// Objects of a kind in one namespace, or in all.
    pub(crate) fn new(server: &'a Inner, kind: Arc<ResourceKind>, namespace: Option<&str>) -> Self {
        Self { server, storage: storage_of(&kind), kind, namespace: namespace.map(str::to_owned) }
    }

    /// The resource that a request names.
    pub(super) fn find(server: &'a Inner, request: &ResourceRequest) -> Result<Self, Status> {
        let kinds = server.registry.kinds();
        let kind = kinds.resource(&request.group, &request.version, &request.resource);
        let kind = kind.ok_or_else(|| unknown(&kinds, &request.group))?;
        let misplaced = match (kind.is_namespaced(), &request.namespace) {
            (true, None) => request.name.is_some(),
            (false, Some(_)) => true,
            _ => false,
        };
        if misplaced {
            return Err(Status::no_such_resource());
        }
        if let Some(name @ (".." | ".")) = request.name.as_deref() {
            return Err(Status::bad_request(format!("Name parameter invalid: {name:?}: may not be '{name}'")));
        }
        Ok(Self::new(server, Arc::clone(kind), request.namespace.as_deref()))
    }

    /// Where an object of this name is.
    pub(crate) fn key(&self, name: &str) -> ObjectKey {
        ObjectKey { namespace: self.namespace.clone(), name: name.to_owned() }
    }

    /// An object that must be there.
    pub(crate) fn get(&self, name: &str) -> Result<Arc<Stored>, Status> {
        self.server.storage.get(&self.storage, &self.key(name)).ok_or_else(|| self.not_found(name))
    }

    /// Whether there is an object of this name.
    pub(crate) fn holds(&self, name: &str) -> bool {
        self.server.storage.get(&self.storage, &self.key(name)).is_some()
    }

    /// The object in this version.
    pub(crate) fn value(&self, stored: &Stored) -> Result<Value, Status> {
        serde_json::from_slice(&self.render(stored)?).map_err(|_| Status::internal("stored object is not JSON"))
    }

    /// The object in this version, as JSON.
    pub(crate) fn render(&self, stored: &Stored) -> Result<Bytes, Status> {
        let rendered = conversion::render(self.server, &self.kind, [stored])?;
        rendered.into_iter().next().ok_or_else(|| Status::internal("an object was lost on its way"))
    }

    /// Objects in this version, as JSON; all that have to be converted are converted together.
    pub(crate) fn render_all(&self, stored: &[Arc<Stored>]) -> Result<Vec<Bytes>, Status> {
        conversion::render(self.server, &self.kind, stored.iter().map(Arc::as_ref))
    }

    /// An object of this kind in this version, whatever version it is in now.
    pub(crate) fn in_version(&self, object: Value) -> Result<Value, Status> {
        self.converted(object, &self.kind.api_version())
    }

    /// An object in the version in which it is stored.
    pub(crate) fn to_storage(&self, object: Value) -> Result<Value, Status> {
        if self.kind.origin != Origin::Custom || self.kind.storage {
            return Ok(object);
        }
        self.converted(object, &self.api_version(&self.kind.conversion.storage_version))
    }

    fn converted(&self, object: Value, api_version: &str) -> Result<Value, Status> {
        let converted = conversion::convert(self.server, &self.kind, vec![object], api_version)?;
        converted.into_iter().next().ok_or_else(|| Status::internal("an object was lost on its way"))
    }

    fn api_version(&self, version: &str) -> String {
        Kind::new(&self.kind.group, version, &self.kind.kind).api_version()
    }

    pub(crate) fn not_found(&self, name: &str) -> Status {
        Status::not_found(&self.kind.group, &self.kind.plural, name)
    }

    /// 409 for a new object whose name is taken.
    pub(super) fn taken(&self, name: &str, by: Option<&Stored>) -> Status {
        let refuse =
            if by.is_some_and(|stored| stored.deleting) { Status::being_deleted } else { Status::already_exists };
        refuse(&self.kind.group, &self.kind.plural, name)
    }

    pub(crate) fn conflict(&self, name: &str, why: &str) -> Status {
        Status::conflict(&self.kind.group, &self.kind.plural, name, why)
    }

    pub(crate) fn modified(&self, name: &str) -> Status {
        Status::modified(&self.kind.group, &self.kind.plural, name)
    }

    /// Whether one request may delete many: not in all namespaces at once, and not namespaces.
    pub(super) fn may_be_deleted_together(&self) -> bool {
        let namespaces = self.kind.group.is_empty() && self.kind.kind == "Namespace";
        !namespaces && (self.namespace.is_some() || !self.kind.is_namespaced())
    }

    pub(crate) fn not_allowed(&self) -> Status {
        Status::method_not_allowed()
    }
}

/// 404 for something that is not there: in words below the groups of Kubernetes, as a plain text below all others.
pub(super) fn unknown(kinds: &Kinds, group: &str) -> Status {
    if kinds.builds_in(group) { Status::no_such_resource() } else { Status::no_such_path() }
}

impl fmt::Debug for Resource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource")
            .field("kind", &self.kind.kind())
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

impl Versions for Resource<'_> {
    fn convert(&self, objects: &[&Value], api_version: &str) -> Result<Option<Vec<Value>>, Status> {
        if self.schema(api_version).is_none() {
            return Ok(None);
        }
        let objects = objects.iter().map(|object| (*object).clone()).collect();
        conversion::as_converted(self.server, &self.kind, objects, api_version).map(Some)
    }

    fn schema(&self, api_version: &str) -> Option<Arc<Schema>> {
        let kinds = self.server.registry.kinds();
        let kind = kinds.kind(&Kind::from_api_version(api_version, &self.kind.kind))?;
        (storage_of(kind) == self.storage).then(|| Arc::clone(&kind.schema))
    }
}
