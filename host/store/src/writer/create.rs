//! Creations, which unlike all other writes are not safe to make twice.

use std::sync::Arc;

use backplane_core::ObjectRef;
use backplane_core::declaration::Verb;
use backplane_core::ports::{ObjectBytes, WriteError};
use http::Method;

use super::intent::Intent;
use super::names::{in_doubt, named};
use super::{Call, Writer, refusal};
use crate::entry::Entry;
use crate::transport::{Resource, encode};

/// Names tried before giving up; each is taken with a probability of a few in ten million.
const TRIES: u32 = 4;

impl Writer {
    pub(super) async fn create_object(&self, object: &[u8]) -> Result<ObjectBytes, WriteError> {
        let intent = Intent::read(object)?;
        let unnamed = intent.is_unnamed();
        let target = intent.created()?;
        self.permit("create", &target, Verb::Create)?;
        let resource = self.locate(&target).await?;
        if unnamed {
            self.create_unnamed(&target, &resource, object).await
        } else {
            self.post(&target, &resource, object).await
        }
    }

    /// Creates an object whose name is ours to choose. `prefix.name` is the beginning of it.
    async fn create_unnamed(
        &self,
        prefix: &ObjectRef,
        at: &Resource,
        intent: &[u8],
    ) -> Result<ObjectBytes, WriteError> {
        // One that is in the cache by now is no doubt any more, and no reason to have no other.
        let known = |name: &String| self.live(&rename(prefix, name)).is_some();
        let mut doubtful = self.names.doubtful(intent).filter(|name| !known(name));
        let mut taken = WriteError::AlreadyExists(format!("{prefix}: no free name was found"));
        for _ in 0..TRIES {
            let (again, name) = (doubtful.is_some(), doubtful.take().unwrap_or_else(|| self.names.fresh(&prefix.name)));
            let target = rename(prefix, &name);
            match self.post(&target, at, &named(intent, &name)?).await {
                Err(WriteError::AlreadyExists(_)) if again => {
                    self.names.settle(intent);
                    return self.fetch(&target, at).await;
                }
                Err(error @ WriteError::AlreadyExists(_)) => taken = error,
                Err(error) if in_doubt(&error) => {
                    self.names.doubt(intent, name);
                    return Err(error);
                }
                definite => {
                    self.names.settle(intent);
                    return definite;
                }
            }
        }
        Err(taken)
    }

    async fn post(&self, target: &ObjectRef, at: &Resource, object: &[u8]) -> Result<ObjectBytes, WriteError> {
        let place = at.collection(target.namespace.as_deref());
        let path = format!("{place}?fieldManager={}", encode(self.identity.manager()));
        let call = Call { verb: "create", method: Method::POST, path, content_type: "application/json", body: object };
        Ok(self.write(target, call).await?.bytes())
    }

    /// Reads what a creation whose answer was lost has made.
    async fn fetch(&self, target: &ObjectRef, at: &Resource) -> Result<ObjectBytes, WriteError> {
        let path = at.object(target.namespace.as_deref(), &target.name, None);
        let answer = self.store.0.transport.get(&path).await.map_err(|e| WriteError::Other(e.into()))?;
        if !answer.status.is_success() {
            return Err(refusal::explain(target, &answer));
        }
        let entry = Arc::new(Entry::parse(&target.kind, &answer.body).map_err(|e| WriteError::Other(e.into()))?);
        self.write_through(target, &entry);
        Ok(entry.bytes())
    }
}

fn rename(object: &ObjectRef, name: &str) -> ObjectRef {
    ObjectRef { name: name.to_owned(), ..object.clone() }
}
