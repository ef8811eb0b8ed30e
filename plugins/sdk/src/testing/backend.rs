//! The doors themselves.

use serde_json::{Value, json};

use super::{FakeCluster, Part, State, merge, selector, target};
use crate::cluster::{Backend, DeleteOptions, Patch};
use crate::error::{Error, Result};
use crate::outcome::Event;
use crate::query::Query;
use crate::refs::{Kind, ObjectRef};

impl Backend for FakeCluster {
    fn get(&self, object: &ObjectRef) -> Result<Option<Vec<u8>>> {
        let state = self.state.borrow();
        state.readable(&object.kind)?;
        Ok(state.objects.get(object).map(bytes))
    }

    fn list(&self, kind: &Kind, query: &Query) -> Result<Vec<Vec<u8>>> {
        let state = self.state.borrow();
        state.readable(kind)?;
        let wanted = selector::parse(&query.selector).map_err(Error::Other)?;
        let of_kind = state.objects.iter().filter(|(target, _)| target.kind == *kind);
        let matching = of_kind.filter(|(target, object)| {
            query.namespace.as_ref().is_none_or(|namespace| target.namespace.as_ref() == Some(namespace))
                && query.owner_uid.as_ref().is_none_or(|uid| owned_by(object, uid))
                && wanted.iter().all(|term| term.matches(&object["metadata"]["labels"]))
        });
        Ok(matching.map(|(_, object)| bytes(object)).collect())
    }

    fn is_reconciled(&self, kind: &Kind) -> bool {
        self.state.borrow().reconciled.contains(&(kind.group.to_string(), kind.kind.to_string()))
    }

    fn apply(&self, object: &[u8]) -> Result<Vec<u8>> {
        self.state.borrow_mut().apply(&parse(object)?, Part::Main)
    }

    fn apply_status(&self, object: &[u8]) -> Result<Vec<u8>> {
        let whole = parse(object)?;
        self.state.borrow_mut().apply(&whole, Part::Status)
    }

    fn create(&self, object: &[u8]) -> Result<Vec<u8>> {
        let mut state = self.state.borrow_mut();
        state.failure()?;
        let mut object = parse(object)?;
        if let Some(prefix) = object["metadata"]["generateName"].as_str().map(str::to_owned) {
            object["metadata"]["name"] = json!(format!("{prefix}{:05}", state.version));
        }
        let target = target(&object);
        if state.objects.contains_key(&target) {
            return Err(Error::AlreadyExists(target.to_string()));
        }
        state.save("create", &target, object, None)
    }

    fn patch(&self, object: &ObjectRef, patch: Patch<'_>) -> Result<Vec<u8>> {
        let mut state = self.state.borrow_mut();
        state.failure()?;
        let previous = state.objects.get(object).cloned().ok_or_else(|| Error::NotFound(object.to_string()))?;
        let mut changed = previous.clone();
        match patch {
            Patch::Merge(change) => {
                let change = parse(change)?;
                expect(&previous, "resourceVersion", change["metadata"]["resourceVersion"].as_str())?;
                json_patch::merge(&mut changed, &change);
            }
            Patch::Json(operations) => {
                let operations: json_patch::Patch =
                    serde_json::from_slice(operations).map_err(|error| Error::Invalid(error.to_string()))?;
                json_patch::patch(&mut changed, &operations).map_err(|error| Error::Invalid(error.to_string()))?;
            }
        }
        state.save("patch", object, changed, Some(&previous))
    }

    fn delete(&self, object: &ObjectRef, options: &DeleteOptions) -> Result<()> {
        let mut state = self.state.borrow_mut();
        state.failure()?;
        let Some(present) = state.objects.get(object) else { return Ok(()) };
        expect(present, "uid", options.uid.as_deref())?;
        expect(present, "resourceVersion", options.resource_version.as_deref())?;
        state.delete(object);
        state.writes.push(format!("delete {object}"));
        Ok(())
    }

    fn emit(&self, object: &ObjectRef, event: &Event) {
        self.state.borrow_mut().events.push((object.clone(), event.clone()));
    }
}

impl State {
    fn readable(&self, kind: &Kind) -> Result<()> {
        if self.not_ready.contains(kind) { Err(Error::NotReady(kind.to_string())) } else { Ok(()) }
    }

    fn apply(&mut self, whole: &Value, part: Part) -> Result<Vec<u8>> {
        self.failure()?;
        let target = target(whole);
        let previous = self.objects.get(&target).cloned();
        if previous.is_none() && part == Part::Status {
            return Err(Error::NotFound(target.to_string()));
        }
        let intent = match part {
            Part::Main => whole.clone(),
            Part::Status => json!({"status": whole["status"]}),
        };
        let mut object = previous.clone().unwrap_or_else(|| json!({}));
        let last = self.intents.insert((target.clone(), part), intent.clone());
        merge::take_back(&mut object, last.as_ref(), &intent);
        merge::put(&mut object, &intent);
        let verb = if part == Part::Main { "apply" } else { "apply-status" };
        self.save(verb, &target, object, previous.as_ref())
    }

    fn save(&mut self, verb: &str, target: &ObjectRef, object: Value, previous: Option<&Value>) -> Result<Vec<u8>> {
        if self.store(target, object.clone(), previous) {
            self.writes.push(format!("{verb} {target}"));
        }
        Ok(bytes(self.objects.get(target).unwrap_or(&object)))
    }
}

fn owned_by(object: &Value, uid: &str) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array();
    owners.is_some_and(|owners| owners.iter().any(|owner| owner["uid"] == uid))
}

/// A precondition that the caller gave.
fn expect(object: &Value, member: &str, wanted: Option<&str>) -> Result<()> {
    match wanted {
        Some(wanted) if object["metadata"][member] != wanted => {
            Err(Error::Conflict(format!("{member} is not {wanted}")))
        }
        _ => Ok(()),
    }
}

fn parse(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|error| Error::Invalid(error.to_string()))
}

fn bytes(object: &Value) -> Vec<u8> {
    object.to_string().into_bytes()
}
