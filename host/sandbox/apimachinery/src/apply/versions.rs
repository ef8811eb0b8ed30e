//! Managers that wrote in another version of the kind: what a change and a field are there.
//!
//! Field paths mean something in one version only. So a change is looked at once per version that a manager wrote in, with
//! both objects converted to it, and what an applier drops is taken out in the version in which it was applied.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use serde_json::Value;

use super::compare::{self, Comparison};
use super::managed::Managed;
use super::set::Set;
use super::shape::Shape;
use super::{Step, check, remove, to_set};
use crate::schema::Schema;
use crate::status::Status;

/// The versions of one kind.
pub trait Versions: Debug {
    /// These objects in another version, in the same order; `None` if there is no such version (any more).
    ///
    /// # Errors
    /// When the conversion fails.
    fn convert(&self, objects: &[&Value], api_version: &str) -> Result<Option<Vec<Value>>, Status>;

    /// The fields of the kind in a version.
    fn schema(&self, api_version: &str) -> Option<Arc<Schema>>;
}

/// One change in every version that a manager wrote in.
pub(super) struct Views {
    /// In the version of the request.
    pub(super) own: Comparison,
    /// In the others. `None`: they are all like the request's.
    others: Option<BTreeMap<String, Comparison>>,
    version: String,
}

impl Views {
    /// One view for all versions.
    pub(super) fn alone(own: Comparison) -> Self {
        Self { own, others: None, version: String::new() }
    }

    /// The change in a version; `None` if it could not be seen there.
    pub(super) fn at(&self, api_version: &str) -> Option<&Comparison> {
        match &self.others {
            Some(others) if api_version != self.version => others.get(api_version),
            _ => Some(&self.own),
        }
    }
}

impl Step<'_> {
    /// Compares two objects in the version of the request.
    pub(super) fn compared(&self, before: &Value, after: &Value) -> Comparison {
        compare::compare(self.shape, before, after).without(&self.ignored())
    }

    /// Compares two objects in every version that a manager wrote in. Managers of versions that are gone are forgotten.
    pub(super) fn views(&self, before: &Value, after: &Value, managed: &mut Managed) -> Result<Views, Status> {
        let own = self.compared(before, after);
        let Some(versions) = self.applier.versions else { return Ok(Views::alone(own)) };
        let version = self.kind.api_version();
        let mut others = BTreeMap::new();
        for other in managed.by_version().into_keys().filter(|other| *other != version) {
            match (versions.convert(&[before, after], &other)?, versions.schema(&other)) {
                (Some(both), Some(schema)) => {
                    both.iter().try_for_each(|object| check::declared(&schema, object))?;
                    let compared = compare::compare(Shape::of(&schema), &both[0], &both[1]).without(&self.ignored());
                    others.insert(other, compared);
                }
                _ => managed.forget_version(&other),
            }
        }
        Ok(Views { own, others: Some(others), version })
    }

    /// Takes out what the manager applied last time (in which version), does not apply now, and nobody else owns.
    pub(super) fn prune(&self, merged: Value, managed: &Managed, last: Option<(&Set, &str)>) -> Result<Value, Status> {
        let Some((last, at)) = last.filter(|(set, _)| !set.is_empty()) else { return Ok(merged) };
        let Some(schema) = self.schema(at) else { return Ok(merged) };
        let shape = Shape::of(&schema);
        let named = |set: &Set| set.ensure_named(shape);
        let last = named(last);
        let Some(whole) = self.converted(&[&merged], at)? else { return Ok(merged) };
        let whole = &whole[0];
        let pruned = remove::remove(shape, whole, &last);
        let owned = self.with_owned(whole.clone(), pruned, at, managed)?;
        // Fields that nobody owns are not this manager's to remove.
        let all = named(&to_set::of(shape, whole));
        let gone = all.difference(&named(&to_set::of(shape, &owned))).intersection(&last);
        let left = remove::remove(shape, whole, &gone);
        Ok(self.converted(&[&left], &self.kind.api_version())?.and_then(|mut one| one.pop()).unwrap_or(left))
    }

    /// Puts back what somebody owns, in each owner's version; the version at hand first, because what it owns may be needed
    /// to convert. The result is in that version.
    fn with_owned(&self, mut whole: Value, mut pruned: Value, at: &str, managed: &Managed) -> Result<Value, Status> {
        let mut owned = self.owned_sets(managed);
        let first = owned.remove(at).map(|set| (at.to_owned(), set));
        for (version, set) in first.into_iter().chain(owned) {
            let Some(schema) = self.schema(&version) else { continue };
            let Some(both) = self.converted(&[&whole, &pruned], &version)? else { continue };
            let shape = Shape::of(&schema);
            let named = |set: &Set| set.ensure_named(shape);
            let kept = named(&to_set::of(shape, &both[1])).union(&named(&set));
            pruned = remove::remove(shape, &both[0], &named(&to_set::of(shape, &both[0])).difference(&kept));
            whole = both.into_iter().next().unwrap_or_default();
        }
        Ok(self.converted(&[&pruned], at)?.and_then(|mut one| one.pop()).unwrap_or(pruned))
    }

    fn owned_sets(&self, managed: &Managed) -> BTreeMap<String, Set> {
        let by_version = managed.by_version();
        if self.applier.versions.is_some() {
            return by_version;
        }
        let all = by_version.values().fold(Set::default(), |all, set| all.union(set));
        BTreeMap::from([(self.kind.api_version(), all)])
    }

    fn schema(&self, api_version: &str) -> Option<Arc<Schema>> {
        match self.applier.versions {
            Some(versions) if api_version != self.kind.api_version() => versions.schema(api_version),
            _ => Some(Arc::clone(&self.kind.schema)),
        }
    }

    fn converted(&self, objects: &[&Value], api_version: &str) -> Result<Option<Vec<Value>>, Status> {
        let there = |object: &&Value| object["apiVersion"] == api_version;
        match self.applier.versions {
            Some(versions) if !objects.iter().all(there) => versions.convert(objects, api_version),
            _ => Ok(Some(objects.iter().map(|object| (*object).clone()).collect())),
        }
    }
}
