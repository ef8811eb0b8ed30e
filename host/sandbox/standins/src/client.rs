//! The way of a stand-in to an API server, in the words that controllers use.
//!
//! Reads go to the server each time, so there is no cache that lags. Writes send only what differs ([`crate::diff`]).

mod transport;

use futures::stream::BoxStream;
use serde_json::{Value, json};

pub(crate) use transport::{ApiError, Transport};

use crate::diff::{self, Changes};
use crate::kinds::{EVENT, Kind};
use crate::object::{self, Owner};
use crate::runner::Tasks;
use transport::Part;

/// A client that acts as one user.
#[derive(Clone)]
pub(crate) struct Client {
    transport: Transport,
    tasks: Tasks,
}

/// Class of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    Warning,
}

impl Client {
    pub(crate) fn new(transport: Transport, tasks: Tasks) -> Self {
        Self { transport, tasks }
    }

    /// The present time of the world.
    pub(crate) fn now(&self) -> jiff::Timestamp {
        self.tasks.env.clock.now()
    }

    /// Five characters for the end of a name.
    pub(crate) fn suffix(&self) -> String {
        self.tasks.env.suffix()
    }

    /// Lower-case letters and digits that nobody can guess.
    pub(crate) fn letters(&self, count: usize) -> String {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        (0..count).map(|_| char::from(LETTERS[rand::random_range(0..LETTERS.len())])).collect()
    }

    /// Runs a task until it ends or the world is stopped.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// The object; `None` also if its kind is not served.
    pub(crate) async fn get(&self, kind: &Kind, namespace: &str, name: &str) -> Result<Option<Value>, ApiError> {
        match self.transport.get(kind, namespace, name).await {
            Err(error) if error.is_not_found() => Ok(None),
            other => other,
        }
    }

    /// All objects of a namespace (of all, if empty) that a selector selects (all, if empty). A kind that is not served
    /// has none.
    pub(crate) async fn list(&self, kind: &Kind, namespace: &str, selector: &str) -> Result<Vec<Value>, ApiError> {
        match self.transport.list(kind, namespace, selector).await {
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            other => other,
        }
    }

    /// The objects of a kind, and each again whenever it changes, at last as it was when it went.
    pub(crate) async fn watch(&self, kind: &Kind) -> Result<BoxStream<'static, Value>, ApiError> {
        self.transport.watch(kind).await
    }

    /// Makes an object.
    pub(crate) async fn create(&self, object: &Value) -> Result<Value, ApiError> {
        self.transport.create(object).await
    }

    /// Sends what differs between the object as it was read and as it should be; nothing if nothing does. The status
    /// goes first: removing the last finalizer ends the object.
    pub(crate) async fn save(&self, kind: &Kind, before: &Value, after: &Value) -> Result<Value, ApiError> {
        let Changes { mut main, status } = diff::changes(before, after);
        let mut latest = None;
        if let Some(status) = status {
            let saved = self.transport.patch(kind, before, Part::Status, &status).await?;
            guard_again(main.as_mut(), before, &saved);
            latest = Some(saved);
        }
        if let Some(main) = main {
            latest = Some(self.transport.patch(kind, before, Part::Main, &main).await?);
        }
        Ok(latest.unwrap_or_else(|| after.clone()))
    }

    /// Makes the object, or gives the one that is there the members of `wanted` and leaves its others alone.
    pub(crate) async fn ensure(&self, kind: &Kind, wanted: &Value) -> Result<Value, ApiError> {
        match self.get(kind, object::namespace(wanted), object::name(wanted)).await? {
            None => self.create(wanted).await,
            Some(present) => {
                let mut merged = present.clone();
                overlay(&mut merged, wanted);
                self.save(kind, &present, &merged).await
            }
        }
    }

    /// Asks for the deletion of exactly this object; one that is gone already is no error.
    pub(crate) async fn delete(&self, kind: &Kind, object: &Value) -> Result<(), ApiError> {
        match self.transport.delete(kind, object).await {
            Err(error) if error.is_not_found() => Ok(()),
            other => other,
        }
    }

    /// Writes an event about an object; the same text about the same object is one event. That it cannot be written
    /// is no reason to stop.
    pub(crate) async fn event(&self, about: &Value, kind: EventKind, reason: &str, message: &str) {
        let EventKind::Warning = kind;
        let name = format!("{}.{:016x}", object::name(about), fingerprint(&[object::uid(about), reason, message]));
        let now = crate::condition::instant(self.now());
        let event = json!({
            "apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": reason, "message": message,
            "metadata": {"name": name, "namespace": object::namespace(about)},
            "involvedObject": {"apiVersion": about["apiVersion"], "kind": about["kind"], "name": object::name(about),
                "namespace": object::namespace(about), "uid": object::uid(about)},
            "source": {"component": "sandbox"}, "firstTimestamp": now, "lastTimestamp": now, "count": 1,
        });
        match self.get(&EVENT, object::namespace(about), &name).await {
            Ok(Some(_)) => {}
            _ => {
                if let Err(error) = self.create(&event).await {
                    tracing::debug!(%error, reason, "event cannot be written");
                }
            }
        }
    }
}

/// After the status was written the object has a new version. A guarded patch is sent for that one, if the lists it
/// replaces are still as they were read; else the old version stays and the server refuses it.
fn guard_again(main: Option<&mut Value>, before: &Value, saved: &Value) {
    let Some(main) = main.filter(|main| main.pointer("/metadata/resourceVersion").is_some()) else { return };
    let shared = ["/metadata/finalizers", "/metadata/ownerReferences"];
    if shared.iter().all(|pointer| object::list(before, pointer) == object::list(saved, pointer)) {
        object::put(main, &["metadata", "resourceVersion"], object::member(saved, "/metadata/resourceVersion"));
    }
}

/// Puts the members of `wanted` over those of `present`: objects member by member, lists of equal length item by item
/// (what a server has defaulted inside stays), owners by uid.
fn overlay(present: &mut Value, wanted: &Value) {
    let owners = object::member(wanted, "/metadata/ownerReferences");
    let mut rest = wanted.clone();
    object::take(&mut rest, &["metadata", "ownerReferences"]);
    merge(present, &rest);
    for owner in owners.as_array().into_iter().flatten() {
        let known = object::owners(present).iter().any(|o| object::text(o, "/uid") == object::text(owner, "/uid"));
        if !known {
            let plain = json!({"apiVersion": owner["apiVersion"], "kind": owner["kind"],
                "metadata": {"name": owner["name"], "uid": owner["uid"]}});
            // Somebody else may control the object already; there can be only one.
            let mode = if object::controller(present).is_some() { Owner::Plain } else { Owner::Controlling };
            object::set_owner(present, &plain, mode);
        }
    }
}

fn merge(present: &mut Value, wanted: &Value) {
    match (present, wanted) {
        (Value::Object(present), Value::Object(wanted)) => {
            for (key, value) in wanted {
                merge(present.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(present), Value::Array(wanted)) if present.len() == wanted.len() => {
            present.iter_mut().zip(wanted).for_each(|(present, wanted)| merge(present, wanted));
        }
        (present, wanted) => *present = wanted.clone(),
    }
}

/// The 64-bit FNV-1a hash of some texts.
fn fingerprint(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlay_keeps_what_others_put_there() {
        let mut present = json!({
            "metadata": {"labels": {"theirs": "1"}, "ownerReferences": [{"uid": "a", "controller": true}]},
            "spec": {"ports": [{"port": 1, "nodePort": 30000}], "clusterIP": "10.96.0.9"},
        });
        let wanted = json!({
            "metadata": {"labels": {"mine": "2"}, "ownerReferences": [
                {"apiVersion": "v1", "kind": "K", "name": "b", "uid": "b", "controller": true}]},
            "spec": {"ports": [{"port": 1, "name": "x"}]},
        });
        overlay(&mut present, &wanted);
        assert_eq!(present["metadata"]["labels"], json!({"theirs": "1", "mine": "2"}));
        assert_eq!(present["spec"]["ports"], json!([{"port": 1, "nodePort": 30000, "name": "x"}]));
        assert_eq!(object::text(&present, "/spec/clusterIP"), "10.96.0.9");
        assert_eq!(object::owners(&present).len(), 2);
        assert_eq!(object::controller(&present).map(|o| object::text(o, "/uid")), Some("a"));
        let once = present.clone();
        overlay(&mut present, &wanted);
        assert_eq!(present, once, "a second pass changes nothing");
    }
}
