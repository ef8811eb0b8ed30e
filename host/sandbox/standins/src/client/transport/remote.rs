//! Requests over the network, to a cluster that is not ours.

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, WatchParams};
use kube::core::WatchEvent;
use serde_json::Value;

use super::{ApiError, Part};
use crate::kinds::Kind;
use crate::object;

/// A user of a cluster.
#[derive(Clone)]
pub(crate) struct Remote {
    client: kube::Client,
    /// Field manager of what it writes.
    manager: &'static str,
}

impl Remote {
    pub(super) fn new(client: kube::Client, manager: &'static str) -> Self {
        Self { client, manager }
    }

    pub(super) async fn get(&self, kind: &Kind, place: Option<&str>, name: &str) -> Result<Option<Value>, ApiError> {
        Ok(self.api(kind, place).get_opt(name).await?.map(whole))
    }

    pub(super) async fn list(&self, kind: &Kind, place: Option<&str>, selector: &str) -> Result<Vec<Value>, ApiError> {
        let listed = self.api(kind, place).list(&ListParams::default().labels(selector)).await?;
        // Items of a list do not say what they are.
        Ok(listed.items.into_iter().map(|object| with_type(object, kind)).collect())
    }

    pub(super) async fn create(&self, kind: &Kind, place: Option<&str>, object: &Value) -> Result<Value, ApiError> {
        let object: DynamicObject = serde_json::from_value(object.clone()).map_err(kube::Error::SerdeError)?;
        let parameters = PostParams { field_manager: Some(self.manager.into()), ..PostParams::default() };
        Ok(whole(self.api(kind, place).create(&parameters, &object).await?))
    }

    pub(super) async fn patch(
        &self,
        kind: &Kind,
        place: Option<&str>,
        name: &str,
        part: Part,
        patch: &Value,
    ) -> Result<Value, ApiError> {
        let (api, patch) = (self.api(kind, place), Patch::Merge(patch));
        let parameters = PatchParams { field_manager: Some(self.manager.into()), ..PatchParams::default() };
        Ok(whole(match part {
            Part::Main => api.patch(name, &parameters, &patch).await?,
            Part::Status => api.patch_status(name, &parameters, &patch).await?,
        }))
    }

    pub(super) async fn delete(&self, kind: &Kind, place: Option<&str>, name: &str) -> Result<(), ApiError> {
        Ok(self.api(kind, place).delete(name, &DeleteParams::background()).await.map(drop)?)
    }

    /// Every object and every change, until the server closes the stream; whoever wants more begins anew and hears of every
    /// object again, but not of those that went meanwhile.
    pub(super) async fn watch(&self, kind: &Kind) -> Result<BoxStream<'static, Value>, ApiError> {
        let listed = self.api(kind, None).list(&ListParams::default()).await?;
        let version = listed.metadata.resource_version.unwrap_or_default();
        let changes = self.api(kind, None).watch(&WatchParams::default(), &version).await?;
        let changes = changes.take_while(|event| std::future::ready(event.is_ok()));
        let changes = changes.filter_map(|event| std::future::ready(event.ok().and_then(changed)));
        let kind = kind.clone();
        Ok(stream::iter(listed.items).chain(changes).map(move |object| with_type(object, &kind)).boxed())
    }

    fn api(&self, kind: &Kind, place: Option<&str>) -> Api<DynamicObject> {
        let resource = kind.resource();
        match place {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        }
    }
}

/// The object that an event is about.
fn changed(event: WatchEvent<DynamicObject>) -> Option<DynamicObject> {
    match event {
        WatchEvent::Added(object) | WatchEvent::Modified(object) | WatchEvent::Deleted(object) => Some(object),
        WatchEvent::Bookmark(_) | WatchEvent::Error(_) => None,
    }
}

fn whole(object: DynamicObject) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

fn with_type(object: DynamicObject, kind: &Kind) -> Value {
    let mut object = whole(object);
    object::put(&mut object, &["apiVersion"], kind.api_version().into());
    object::put(&mut object, &["kind"], kind.kind.as_ref().into());
    object
}
