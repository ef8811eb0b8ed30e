//! A plugin's writes: permitted, under its own name, and visible in the cache as soon as they are answered.
//!
//! ```text
//!   permitted? ──no──> denied, no request
//!       │ yes
//!   same intent as before, target as we left it? ──yes──> answered from the cache, no request
//!       │ no
//!   request as system:serviceaccount:<namespace>:backplane-<plugin> ──> answer ──> cache ──> caller
//! ```

mod create;
mod identity;
mod intent;
mod memory;
mod names;
mod owned;
mod recorder;
mod refusal;
mod teacher;

use std::sync::Arc;

use async_trait::async_trait;
use backplane_core::condition::Event;
use backplane_core::declaration::Verb;
use backplane_core::grant::{Denied, Permissions};
use backplane_core::ports::{DeleteOptions, ObjectBytes, Patch, Propagation, WriteError, Writes};
use backplane_core::{BoxError, ObjectRef};
use http::{Method, Request};
use serde_json::json;
use tracing::debug;

use crate::changes::Source;
use crate::discovery::DiscoveryError;
use crate::entry::Entry;
use crate::store::Store;
use crate::transport::{Answer, Resource, Status, Transport, encode};
pub use identity::Identity;
use intent::Intent;
use memory::{Memory, Part};
use names::Names;
pub(crate) use recorder::Recorder;
pub(crate) use teacher::Teacher;

const APPLY: &str = "application/apply-patch+yaml";
const JSON_PATCH: &str = "application/json-patch+json";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// Writes of one plugin.
pub struct Writer {
    store: Store,
    identity: Identity,
    permissions: Arc<Permissions>,
    transport: Transport,
    memory: Arc<Memory>,
    names: Names,
}

/// One request, before the plugin's identity is added.
struct Call<'a> {
    verb: &'static str,
    method: Method,
    path: String,
    content_type: &'static str,
    body: &'a [u8],
}

impl Writer {
    pub(crate) fn new(store: Store, identity: Identity, permissions: Arc<Permissions>, transport: Transport) -> Self {
        let names = Names::new(store.0.options.seed);
        let memory = Arc::default();
        store.0.teacher.enrol(identity.manager(), permissions.declaration(), &memory);
        Self { store, identity, permissions, transport, memory, names }
    }

    fn permit(&self, verb: &'static str, object: &ObjectRef, needed: Verb) -> Result<(), WriteError> {
        let decision = self.permissions.write(&object.kind, object.namespace.as_deref(), needed);
        self.counted(verb, decision)
    }

    /// Conditions are written by the host, as the plugin, for the kinds that it reconciles.
    fn permit_conditions(&self, object: &ObjectRef) -> Result<(), WriteError> {
        let namespace = object.namespace.as_deref();
        let decision = if self.permissions.declaration().reconciles.contains(&object.kind) {
            self.permissions.read(&object.kind, namespace)
        } else {
            self.permissions.write(&object.kind, namespace, Verb::ApplyStatus)
        };
        self.counted("patch-status", decision)
    }

    fn counted(&self, verb: &'static str, decision: Result<(), Denied>) -> Result<(), WriteError> {
        decision.map_err(|denied| {
            self.store.counters().wrote(verb, "denied");
            denied.into()
        })
    }

    /// Where an object of this kind is served; a namespace must be given exactly where the kind has one.
    async fn locate(&self, object: &ObjectRef) -> Result<Resource, WriteError> {
        let resource = self.store.0.discovery.resolve(&object.kind).await.map_err(|error| match error {
            DiscoveryError::NotServed(_) => WriteError::NotFound(error.to_string()),
            error => WriteError::Other(error.into()),
        })?;
        if resource.namespaced && object.namespace.is_none() {
            return Err(WriteError::Invalid(format!("{object}: metadata.namespace is missing")));
        }
        Ok(resource)
    }

    async fn apply_part(&self, object: &[u8], part: Part) -> Result<ObjectBytes, WriteError> {
        let intent = Intent::read(object)?;
        let target = intent.named()?;
        let (verb, needed) = match part {
            Part::Main { .. } => ("apply", Verb::Apply),
            Part::Status => ("apply-status", Verb::ApplyStatus),
        };
        self.permit(verb, &target, needed)?;
        if let Some(live) = self.unchanged(&target, part, object) {
            self.store.counters().wrote(verb, "suppressed");
            return Ok(live);
        }
        let resource = self.locate(&target).await?;
        let place = resource.object(target.namespace.as_deref(), &target.name, part.subresource());
        let path = format!("{place}?fieldManager={}&force=true", encode(self.identity.manager()));
        let call = Call { verb, method: Method::PATCH, path, content_type: APPLY, body: object };
        let entry = self.write(&target, call).await?;
        self.memory.remember(&target, part, object, &entry);
        Ok(entry.bytes())
    }

    /// The live object, if this same intent was applied before and nobody has touched what it speaks of since.
    fn unchanged(&self, target: &ObjectRef, part: Part, intent: &[u8]) -> Option<ObjectBytes> {
        let live = self.live(target)?;
        self.memory.recalls(target, part, intent, &live).then(|| live.bytes())
    }

    fn live(&self, target: &ObjectRef) -> Option<Arc<Entry>> {
        self.store.0.cells_of(&target.kind).iter().filter(|cell| cell.is_synced()).find_map(|cell| {
            let inner = cell.read();
            inner.replica.table.get(target.namespace.as_deref(), &target.name).cloned()
        })
    }

    /// Makes a request whose answer is the object, and lets the cache see it.
    async fn write(&self, target: &ObjectRef, call: Call<'_>) -> Result<Arc<Entry>, WriteError> {
        let answer = self.request(target, call).await?;
        let entry = Entry::parse(&target.kind, &answer.body).map_err(|e| WriteError::Other(e.into()))?;
        let entry = Arc::new(entry);
        self.write_through(target, &entry);
        Ok(entry)
    }

    fn write_through(&self, target: &ObjectRef, entry: &Arc<Entry>) {
        if self.store.0.options.write_through {
            for cell in self.store.0.cells_of(&target.kind) {
                let entry = cell.held_form(entry);
                cell.apply(Source::OwnWrite, |replica| replica.wrote(entry));
            }
        }
    }

    async fn request(&self, target: &ObjectRef, call: Call<'_>) -> Result<Answer, WriteError> {
        let verb = call.verb;
        let request = Request::builder()
            .method(call.method)
            .uri(call.path)
            .header(http::header::CONTENT_TYPE, call.content_type)
            .header(http::header::ACCEPT, "application/json");
        let request = self.identity.sign(request).body(call.body.to_vec()).map_err(|e| WriteError::Other(e.into()))?;
        let answer = self.transport.ask(request).await;
        let result = answer.map_err(|error| WriteError::Other(error.into())).and_then(|answer| {
            if answer.status.is_success() { Ok(answer) } else { Err(refusal::explain(target, &answer)) }
        });
        self.note(target, verb, result.as_ref().err());
        result
    }

    fn note(&self, target: &ObjectRef, verb: &'static str, error: Option<&WriteError>) {
        let result = match error {
            None => "ok",
            Some(WriteError::Other(_) | WriteError::Throttled(_)) => "failed",
            Some(_) => "refused",
        };
        self.store.counters().wrote(verb, result);
        match error {
            Some(WriteError::Other(_)) => self.store.0.outage.failed(),
            Some(WriteError::Throttled(_) | WriteError::Forbidden(_)) => self.store.0.outage.refused(),
            _ => self.store.0.outage.answered(),
        }
        debug!(object.r#ref = %target, operation = verb, outcome = result, component = self.identity.plugin(), "write");
    }

    /// Lets the cache see what a deletion did: the object on its way out, or gone.
    fn deleted(&self, target: &ObjectRef, answer: &Answer) {
        let status = Status::read(&answer.body);
        if status.kind == "Status" {
            return self.gone(target, &status.details.unwrap_or_default().uid);
        }
        match Entry::parse(&target.kind, &answer.body) {
            Ok(entry) if entry.deleting() => self.write_through(target, &Arc::new(entry)),
            // Kinds that answer with the last state and do not wait leave the object unmarked.
            Ok(entry) => self.gone(target, entry.uid()),
            Err(_) => {}
        }
    }

    fn gone(&self, target: &ObjectRef, uid: &str) {
        if self.store.0.options.write_through && !uid.is_empty() {
            for cell in self.store.0.cells_of(&target.kind) {
                cell.apply(Source::OwnWrite, |r| r.deleted(target.namespace.as_deref(), &target.name, uid));
            }
        }
    }
}

#[async_trait]
impl Writes for Writer {
    async fn apply(&self, object: &[u8]) -> Result<ObjectBytes, WriteError> {
        let with_status = crate::entry::members(object).is_ok_and(|members| members.get("status").is_some());
        self.apply_part(object, Part::Main { with_status }).await
    }

    async fn apply_status(&self, object: &[u8]) -> Result<ObjectBytes, WriteError> {
        self.apply_part(object, Part::Status).await
    }

    async fn create(&self, object: &[u8]) -> Result<ObjectBytes, WriteError> {
        self.create_object(object).await
    }

    async fn patch(&self, object: &ObjectRef, patch: &Patch<'_>) -> Result<ObjectBytes, WriteError> {
        let (verb, content_type, body, subresource) = match *patch {
            Patch::Json(body) => ("patch", JSON_PATCH, body, None),
            Patch::Merge(body) => ("patch", MERGE_PATCH, body, None),
            Patch::MergeStatus(body) => ("patch-status", MERGE_PATCH, body, Some("status")),
        };
        match subresource {
            None => self.permit(verb, object, Verb::Patch)?,
            Some(_) => self.permit_conditions(object)?,
        }
        let place = self.locate(object).await?.object(object.namespace.as_deref(), &object.name, subresource);
        let path = format!("{place}?fieldManager={}", encode(self.identity.manager()));
        let call = Call { verb, method: Method::PATCH, path, content_type, body };
        Ok(self.write(object, call).await?.bytes())
    }

    async fn delete(&self, object: &ObjectRef, options: &DeleteOptions) -> Result<(), WriteError> {
        self.permit("delete", object, Verb::Delete)?;
        let path = self.locate(object).await?.object(object.namespace.as_deref(), &object.name, None);
        let body = delete_body(options).map_err(WriteError::Other)?;
        let call = Call { verb: "delete", method: Method::DELETE, path, content_type: "application/json", body: &body };
        self.memory.forget(object);
        match self.request(object, call).await {
            Ok(answer) => self.deleted(object, &answer),
            Err(WriteError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn event(&self, object: &ObjectRef, event: &Event) {
        if let Err(denied) = self.permissions.read(&object.kind, object.namespace.as_deref()) {
            debug!(object.r#ref = %object, error = %denied, "event about an object of somebody else dropped");
            return;
        }
        let uid = self.live(object).map(|live| live.uid().to_owned()).unwrap_or_default();
        self.store.0.recorder.record(&self.transport, &self.identity, object, uid, event);
    }
}

fn delete_body(options: &DeleteOptions) -> Result<Vec<u8>, BoxError> {
    let propagation = match options.propagation {
        Propagation::Background => "Background",
        Propagation::Foreground => "Foreground",
        Propagation::Orphan => "Orphan",
    };
    let mut body = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation});
    if options.uid.is_some() || options.resource_version.is_some() {
        let (uid, version) = (options.uid.as_ref(), options.resource_version.as_ref());
        let given = [("uid", uid), ("resourceVersion", version)].into_iter().filter(|(_, value)| value.is_some());
        body["preconditions"] = given.map(|(key, value)| (key.to_owned(), json!(value))).collect();
    }
    Ok(serde_json::to_vec(&body)?)
}
