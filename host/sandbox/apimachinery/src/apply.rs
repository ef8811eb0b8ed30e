//! Server-side apply: who owns which field.
//!
//! Every write leaves its mark in `metadata.managedFields`: [`apply`] for server-side apply, [`track`] for all other writes. A
//! field that several managers applied stays until the last of them drops it; a field that a plain update changed belongs to
//! the updater alone.
//!
//! ```text
//! apply:  live + intent --merge--> merged --prune what the manager dropped--> new --compare--> conflicts, ownership
//! track:  old, new --compare--> changed fields leave their owners and join the manager
//! ```
//!
//! The algorithms follow `sigs.k8s.io/structured-merge-diff` and `k8s.io/apimachinery/pkg/util/managedfields`. What a manager
//! wrote in another version of the kind is compared in that version, which [`Versions`] converts to.

mod check;
mod compare;
mod managed;
mod merge;
mod path;
mod remove;
mod set;
mod shape;
mod to_set;
mod versions;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::kind::{Origin, ResourceKind};
use crate::scale::as_owned;
use crate::status::{ApplyConflict, Status};
use managed::{Managed, Manager, Operation};
use path::Element;
use set::Set;
use shape::Shape;
pub use versions::Versions;
use versions::Views;

/// Who applies, what part of the object, and how firmly.
#[derive(Debug, Clone, Copy)]
pub struct Applier<'a> {
    /// Field manager.
    pub manager: &'a str,
    /// Subresource written, such as `status`; `None` for the main resource.
    pub subresource: Option<&'a str>,
    /// Whether fields that others own are taken from them.
    pub force: bool,
    /// Time of the request.
    pub now: Timestamp,
    /// The other versions of the kind. `None`: all versions have the same fields.
    pub versions: Option<&'a dyn Versions>,
}

/// Applies an intent to the live object (`None`: creates it) and returns the object with new `managedFields`. The result
/// still has to be defaulted, prepared and validated like any other write; an intent that changes nothing gives back the
/// live object.
///
/// # Errors
/// 400 if the intent names `managedFields`, 409 if another manager owns a field that the intent changes, 500 if the intent
/// does not fit the schema.
pub fn apply(live: Option<&Value>, intent: Value, kind: &ResourceKind, applier: &Applier<'_>) -> Result<Value, Status> {
    if intent.pointer("/metadata/managedFields").is_some_and(|m| m.as_array().is_none_or(|a| !a.is_empty())) {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    let intent = without_managed_fields(intent);
    check::fits(kind, &intent)?;
    let managed = live.map(Managed::of).unwrap_or_default();
    let live = without_managed_fields(live.cloned().unwrap_or_else(|| empty_object(kind)));
    Step { kind, applier, shape: Shape::of(&kind.schema) }.apply(live, intent, managed)
}

/// Updates the `managedFields` of an object that was created, replaced or patched by a manager; `old` is the stored
/// object, `None` on create. Call it when the object is otherwise as it will be stored.
pub fn track(old: Option<&Value>, new: &mut Value, kind: &ResourceKind, applier: &Applier<'_>) {
    let stated = new.pointer("/metadata/managedFields").cloned();
    let mut managed = match &stated {
        Some(Value::Array(entries)) if is_reset(entries) => Managed::default(),
        Some(Value::Array(_)) => Managed::of(new),
        _ => old.map(Managed::of).unwrap_or_default(),
    };
    let step = Step { kind, applier, shape: Shape::of(&kind.schema) };
    let after = without_managed_fields(new.take());
    // What nobody owns stays so until somebody applies.
    let untracked = old.is_some() && (managed.is_empty() || step.is_unowned_scale(&managed));
    if untracked {
        *new = managed.write(after);
        return;
    }
    let seen = |object: Value| if applier.subresource == Some(SCALE) { as_owned(kind, object) } else { object };
    let before = without_managed_fields(old.cloned().unwrap_or_else(|| empty_object(kind)));
    *new = match step.update(&seen(before), &seen(after.clone()), &mut managed) {
        Ok(()) => managed.write(after),
        // A version that cannot be compared in takes all ownership with it, as on the real server.
        Err(_) => after,
    };
}

/// `[]` and `[{}]` ask for all ownership to be forgotten.
fn is_reset(entries: &[Value]) -> bool {
    match entries {
        [] => true,
        [only] => only.as_object().is_some_and(serde_json::Map::is_empty),
        _ => false,
    }
}

fn without_managed_fields(mut object: Value) -> Value {
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.remove("managedFields");
    }
    object
}

/// What a new object is compared with. Objects of built-in kinds always have some of their parts.
fn empty_object(kind: &ResourceKind) -> Value {
    let mut object = if kind.origin == Origin::Custom { json!({}) } else { crate::builtin::zero(kind) };
    object["apiVersion"] = kind.api_version().into();
    object["kind"] = kind.kind.clone().into();
    object["metadata"] = json!({});
    object
}

/// The subresource that changes the replicas.
const SCALE: &str = "scale";

/// One write, with what stays the same during it.
struct Step<'a> {
    kind: &'a ResourceKind,
    applier: &'a Applier<'a>,
    shape: Shape<'a>,
}

impl Step<'_> {
    fn manager(&self, operation: Operation) -> Manager {
        let api_version = self.kind.api_version();
        Manager::new(self.applier.manager, operation, &api_version, self.applier.subresource)
    }

    fn apply(&self, live: Value, intent: Value, mut managed: Managed) -> Result<Value, Status> {
        let me = self.manager(Operation::Apply);
        if managed.is_empty() && live.pointer("/metadata/uid").is_some() {
            self.before_first_apply(&live, &mut managed);
        }
        let merged = merge::merge(self.shape, &live, &intent);
        let mut set = to_set::of(self.shape, &intent);
        set = set.recursive_difference(&self.ignored());
        let last = managed.set(&me);
        let last_version = managed.version(&me);
        managed.replace(&me, set);
        let new = self.prune(merged, &managed, last.as_ref().zip(last_version.as_deref()))?;
        let views = self.views(&live, &new, &mut managed)?;
        let conflicts = managed.conflicts(&me, &views);
        if !self.applier.force && !conflicts.is_empty() {
            return Err(Status::apply_conflict(&conflicts));
        }
        managed.give_up(&views, Some(&me));
        managed.strip(&stripped());
        managed.touch(&me, new != live, self.applier.now);
        Ok(managed.write(new))
    }

    /// Fields of an object that was never tracked belong to a manager of that name from now on.
    fn before_first_apply(&self, live: &Value, managed: &mut Managed) {
        let manager = Manager::new("before-first-apply", Operation::Update, &self.kind.api_version(), None);
        let all = self.compared(&empty_object(self.kind), live).changed();
        managed.replace(&manager, all.difference(&stripped()));
        managed.set_time(&manager, self.applier.now);
    }

    fn update(&self, before: &Value, after: &Value, managed: &mut Managed) -> Result<(), Status> {
        let views = self.views(before, after, managed)?;
        managed.give_up(&views, None);
        let mine = views.own.changed().difference(&stripped());
        if !mine.is_empty() {
            let me = self.manager(Operation::Update);
            managed.add(&me, &mine);
            // The real server loses the time of who scales on the way from the Scale to the object.
            if self.applier.subresource != Some(SCALE) {
                managed.set_time(&me, self.applier.now);
            }
            managed.cap();
        }
        managed.strip(&stripped());
        Ok(())
    }

    /// Whether this scales an object of whose replicas nobody is the owner.
    fn is_unowned_scale(&self, managed: &Managed) -> bool {
        let paths = self.kind.subresources.scale.as_ref().filter(|_| self.applier.subresource == Some(SCALE));
        let names = paths.and_then(|paths| paths.spec_replicas.fields());
        let path: Option<Vec<Element>> =
            names.map(|names| names.into_iter().map(|name| Element::Field(name.to_owned())).collect());
        path.is_some_and(|path| !managed.owns(&path))
    }

    /// Fields that a write to this resource or subresource never sets.
    fn ignored(&self) -> Set {
        let fields: &[&[&str]] = match self.applier.subresource {
            Some("status") if self.kind.origin == Origin::Custom => &[&["spec"]],
            Some("status") => match crate::meta::changed_with_status(self.kind) {
                [] => &[&["spec"], &["metadata"]],
                all if all.contains(&"labels") => &[&["spec"]],
                _ => &[&["spec"], &["metadata", "labels"]],
            },
            None if self.kind.subresources.status => &[&["status"]],
            _ => &[],
        };
        Set::of_fields(fields)
    }
}

/// Fields that nobody owns: they identify the object or belong to the server.
fn stripped() -> Set {
    Set::of_fields(&[
        &["apiVersion"],
        &["kind"],
        &["metadata"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "creationTimestamp"],
        &["metadata", "selfLink"],
        &["metadata", "uid"],
        &["metadata", "generation"],
        &["metadata", "managedFields"],
        &["metadata", "resourceVersion"],
    ])
}

impl Managed {
    fn conflicts(&self, me: &Manager, views: &Views) -> Vec<ApplyConflict> {
        let mut conflicts = Vec::new();
        for (manager, version, set) in self.others(me) {
            let Some(compared) = views.at(version) else { continue };
            for path in set.intersection(&compared.changed()).paths() {
                conflicts.push(ApplyConflict { manager: manager.shown(), path });
            }
        }
        conflicts
    }
}

#[cfg(test)]
mod tests;
