//! One served kind in one place: what every operation on objects needs at hand.

use std::sync::Arc;

use backplane_apimachinery::{ResourceKind, Status};
use backplane_core::ObjectKey;
use bytes::Bytes;
use serde_json::Value;

use super::events;
use super::request::ResourceRequest;
use crate::registry::storage_of;
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
        let kind = kind.ok_or_else(Status::no_such_resource)?;
        let misplaced = match (kind.is_namespaced(), &request.namespace) {
            (true, None) => request.name.is_some(),
            (false, Some(_)) => true,
            _ => false,
        };
        if misplaced {
            return Err(Status::no_such_resource());
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

    /// The object in this version.
    pub(crate) fn value(&self, stored: &Stored) -> Value {
        let mut value = stored.value();
        convert(&mut value, &self.kind);
        value
    }

    /// The object in this version, as JSON.
    pub(crate) fn render(&self, stored: &Stored) -> Bytes {
        if *stored.api_version == self.kind.api_version() {
            return stored.bytes.clone();
        }
        self.value(stored).to_string().into()
    }

    pub(crate) fn not_found(&self, name: &str) -> Status {
        Status::not_found(&self.kind.group, &self.kind.plural, name)
    }

    pub(crate) fn conflict(&self, name: &str, why: &str) -> Status {
        Status::conflict(&self.kind.group, &self.kind.plural, name, why)
    }

    pub(crate) fn modified(&self, name: &str) -> Status {
        Status::modified(&self.kind.group, &self.kind.plural, name)
    }

    pub(crate) fn not_allowed(&self, verb: &str) -> Status {
        Status::method_not_allowed(&self.kind.group, &self.kind.plural, verb)
    }
}

/// Shows a stored object in the version of a kind. All versions of a kind have one schema, so the version is all that
/// changes; events alone have two faces.
pub(crate) fn convert(object: &mut Value, kind: &ResourceKind) {
    if object["apiVersion"].as_str() != Some(&kind.api_version()) {
        events::show(object, &kind.group);
        object["apiVersion"] = kind.api_version().into();
    }
}
