//! Who owns the fields of a written object: settled once per write, at the moment that decides what belongs to whom.

use backplane_apimachinery::apply;
use serde_json::Value;

use super::{Origin, Part, WriteOptions, applier};
use crate::pipeline::Resource;

/// The ownership of one write.
pub(super) struct Tracking<'a> {
    resource: &'a Resource<'a>,
    part: Part,
    options: &'a WriteOptions,
    settled: bool,
}

impl<'a> Tracking<'a> {
    /// Of an applied object the ownership is settled already.
    pub(super) fn new(resource: &'a Resource<'a>, part: Part, origin: Origin, options: &'a WriteOptions) -> Self {
        Self { resource, part, options, settled: origin == Origin::Applied }
    }

    /// Settles it, unless that was done before: what changes from here on belongs to nobody.
    pub(super) fn settle(&mut self, old: Option<&Value>, new: &mut Value) {
        if !std::mem::replace(&mut self.settled, true) {
            let applier = applier(self.resource, self.part, self.options);
            apply::track(old, new, &self.resource.kind, &applier);
        }
    }
}
