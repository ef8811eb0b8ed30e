//! Finds what an infrastructure object belongs to, and whether anything may be done to it at all.

use std::sync::Arc;
use std::time::Duration;

use backplane_core::ports::{ReadError, Reads};
use backplane_core::reconcile::{Outcome, Response};
use backplane_core::{ErrorChain, Kind, ObjectRef};

use crate::contract::{CLUSTER_NAME_LABEL, PAUSED_ANNOTATION, core};
use crate::object::Object;

/// When a kind is looked for again that is not in the cache: one that appears without objects wakes nobody.
const NOT_READY: Duration = Duration::from_secs(2);

/// Reads whole objects through the room's view of the cache.
#[derive(Clone)]
pub(crate) struct Lookup(pub(crate) Arc<dyn Reads>);

/// Why an object could not be looked up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookupError {
    /// The cache has no answer.
    #[error("the cache cannot be read")]
    Read(#[from] ReadError),
    /// What the cache holds is no JSON object.
    #[error("{0} cannot be parsed")]
    Parse(Box<ObjectRef>, #[source] serde_json::Error),
}

impl Lookup {
    /// The object, if it is there.
    pub(crate) fn get(&self, id: &ObjectRef) -> Result<Option<Object>, LookupError> {
        let Some(bytes) = self.0.get(id)? else { return Ok(None) };
        Object::parse(id.clone(), &bytes).map(Some).map_err(|e| LookupError::Parse(Box::new(id.clone()), e))
    }

    /// The object of this kind and name in the namespace of another.
    pub(crate) fn beside(&self, object: &Object, kind: Kind, name: &str) -> Result<Option<Object>, LookupError> {
        self.get(&ObjectRef::new(kind, object.id.namespace.as_deref(), name))
    }

    /// The Machine that owns an infrastructure machine.
    pub(crate) fn machine(&self, object: &Object) -> Result<Option<Object>, LookupError> {
        let kind = core("Machine");
        match object.owner(&kind) {
            Some(name) => self.beside(object, kind.clone(), name),
            None => Ok(None),
        }
    }

    /// The Cluster an object belongs to: by owner for infrastructure clusters, else by label.
    pub(crate) fn cluster(&self, object: &Object) -> Result<Option<Object>, LookupError> {
        let kind = core("Cluster");
        match object.owner(&kind).or_else(|| object.label(CLUSTER_NAME_LABEL)) {
            Some(name) => self.beside(object, kind.clone(), name),
            None => Ok(None),
        }
    }

    /// The infrastructure cluster of this provider: the one that the Cluster refers to if it is of this kind, else the one
    /// named like the Cluster. The latter serves clusters with machines of several providers, whose reference points
    /// to another provider's kind.
    pub(crate) fn infrastructure_cluster(&self, cluster: &Object, kind: &Kind) -> Result<Option<Object>, LookupError> {
        let referenced = cluster.text("/spec/infrastructureRef/kind") == Some(kind.kind.as_str());
        let name = if referenced { cluster.text("/spec/infrastructureRef/name") } else { None };
        let name = name.unwrap_or(&cluster.id.name).to_owned();
        self.beside(cluster, kind.clone(), &name)
    }
}

/// What a failed look-up means for the object. A kind that is not served yet is looked for again; everything else is said.
pub(crate) fn lookup_outcome(error: &LookupError) -> Response {
    match error {
        LookupError::Read(ReadError::NotReady(_)) => Outcome::RequeueAfter(NOT_READY).into(),
        _ => Outcome::Failed { message: ErrorChain(error).to_string(), retry_after: None }.into(),
    }
}

/// Whether the object or its cluster is paused. Source: Cluster API contract, "Pausing".
pub(crate) fn is_paused(object: &Object, cluster: Option<&Object>) -> bool {
    object.has_annotation(PAUSED_ANNOTATION) || cluster.is_some_and(|cluster| cluster.flag("/spec/paused"))
}

/// Whether the infrastructure of the cluster is there, under either contract version.
pub(crate) fn infrastructure_ready(cluster: &Object) -> bool {
    cluster.flag("/status/infrastructureReady") || cluster.flag("/status/initialization/infrastructureProvisioned")
}
