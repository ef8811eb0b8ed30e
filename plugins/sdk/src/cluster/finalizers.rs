//! Finalizers: an object stays until the list is empty. Both changes are conditional on the version that was read, because a
//! merge patch replaces the whole list.

use serde_json::json;

use super::{Cluster, Identify, Obj, ObjectRef, Result};
use crate::error::Error;
use crate::meta::ObjectMeta;

impl Cluster {
    /// Adds a finalizer unless it is there. Needs verb `patch`.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the object changed meanwhile: `?` has it looked at again.
    pub fn add_finalizer<T>(&self, object: &Obj<T>, finalizer: &str) -> Result<()>
    where
        Obj<T>: Identify,
    {
        if object.metadata.has_finalizer(finalizer) {
            return Ok(());
        }
        let mut finalizers = object.metadata.finalizers.clone();
        finalizers.push(finalizer.to_owned());
        self.write_finalizers(&object.object_ref(), &object.metadata, &finalizers)
    }

    /// Removes a finalizer if it is there; the object may be gone afterwards. An absent object is not an error.
    ///
    /// # Errors
    /// As [`Cluster::add_finalizer`].
    pub fn remove_finalizer<T>(&self, object: &Obj<T>, finalizer: &str) -> Result<()>
    where
        Obj<T>: Identify,
    {
        self.drop_finalizer(&object.object_ref(), &object.metadata, finalizer)
    }

    pub(crate) fn drop_finalizer(&self, target: &ObjectRef, metadata: &ObjectMeta, finalizer: &str) -> Result<()> {
        if !metadata.has_finalizer(finalizer) {
            return Ok(());
        }
        let left: Vec<_> = metadata.finalizers.iter().filter(|present| *present != finalizer).cloned().collect();
        match self.write_finalizers(target, metadata, &left) {
            Err(Error::NotFound(_)) => Ok(()),
            other => other,
        }
    }

    fn write_finalizers(&self, target: &ObjectRef, metadata: &ObjectMeta, finalizers: &[String]) -> Result<()> {
        let version = &metadata.resource_version;
        let change = json!({"metadata": {"resourceVersion": version, "finalizers": finalizers}});
        self.patch_merge(target, &change).map(drop)
    }
}
