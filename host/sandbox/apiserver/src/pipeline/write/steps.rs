//! The steps between what a client wants and what is stored.

use backplane_apimachinery::Status;
use backplane_apimachinery::kind::Origin as KindOrigin;
use backplane_apimachinery::meta::{self, Birth};
use serde_json::Value;

use super::check::{namespace_lives, same_object, unknown_fields, valid};
use super::tracking::Tracking;
use super::{Origin, Part, WriteOptions, owners};
use crate::pipeline::admission::Admission;
use crate::pipeline::rbac::escalation;
use crate::pipeline::{Resource, hooks};

/// One write, with what stays the same during it.
pub(super) struct Steps<'a> {
    pub(super) resource: &'a Resource<'a>,
    pub(super) part: Part,
    pub(super) origin: Origin,
    pub(super) options: &'a WriteOptions,
}

impl<'a> Steps<'a> {
    /// The object as it will be created.
    pub(super) fn newborn(&self, mut object: Value, warnings: &mut Vec<String>) -> Result<Value, Status> {
        let (resource, kind) = (self.resource, &self.resource.kind);
        namespace_lives(resource, &object)?;
        self.is_unversioned(&object)?;
        self.known(&mut object, warnings)?;
        let shares_labels = kind.shares_labels(&object);
        kind.default(&mut object);
        let admission = self.options.admission(resource, self.part, None);
        let mut tracking = self.tracking();
        self.mutate(admission.as_ref(), &mut tracking, None, &mut object, warnings)?;
        self.give_birth(&mut object);
        // What the server itself chooses belongs to nobody either.
        tracking.settle(None, &mut object);
        kind.store(&mut object);
        hooks::before_create(resource, &mut object)?;
        if shares_labels {
            kind.share_labels(&mut object);
        }
        self.escalates_nothing(&object, None)?;
        valid(resource, kind.validate(&object, None), &object)?;
        warnings.extend(kind.warnings(&object, None));
        admitted(admission.as_ref(), &object, warnings)?;
        Ok(object)
    }

    /// The object as it will replace `old`.
    pub(super) fn successor(&self, old: &Value, mut new: Value, warnings: &mut Vec<String>) -> Result<Value, Status> {
        let resource = self.resource;
        same_object(resource, old, &new, self.origin)?;
        self.known(&mut new, warnings)?;
        let admission = self.options.admission(resource, self.part, Some(old));
        let mut tracking = self.tracking();
        if self.part == Part::Finalizers {
            // Without defaults: they would put back what is to be removed.
            hooks::prepare_finalize(&mut new, old);
        } else {
            resource.kind.default(&mut new);
            self.mutate(admission.as_ref(), &mut tracking, Some(old), &mut new, warnings)?;
            self.prepare(&mut tracking, old, &mut new);
        }
        resource.kind.keep(old, &mut new);
        tracking.settle(Some(old), &mut new);
        resource.kind.store(&mut new);
        if self.part != Part::Finalizers {
            hooks::restore(resource, old, &mut new);
        }
        hooks::before_update(resource, old, &mut new)?;
        self.escalates_nothing(&new, Some(old))?;
        self.is_valid(old, &new, warnings)?;
        new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"].clone();
        admitted(admission.as_ref(), &new, warnings)?;
        Ok(new)
    }

    fn tracking(&self) -> Tracking<'a> {
        Tracking::new(self.resource, self.part, self.origin, self.options)
    }

    /// A new object has no version.
    fn is_unversioned(&self, object: &Value) -> Result<(), Status> {
        let version = object["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        if self.origin == Origin::Sent && !matches!(version, "" | "0") {
            return Err(Status::unclassified("resourceVersion should not be set on objects to be created"));
        }
        Ok(())
    }

    /// Leaves of the object what is known and said once.
    fn known(&self, object: &mut Value, warnings: &mut Vec<String>) -> Result<(), Status> {
        warnings.extend(unknown_fields(self.resource, object, self.origin, self.options)?);
        owners::once(object, self.origin, warnings);
        Ok(())
    }

    /// Lets webhooks change it. What they add belongs to nobody, and a Scale they are not asked about.
    fn mutate(
        &self,
        admission: Option<&Admission<'_>>,
        tracking: &mut Tracking<'_>,
        old: Option<&Value>,
        object: &mut Value,
        warnings: &mut Vec<String>,
    ) -> Result<(), Status> {
        match admission.filter(|admission| self.part != Part::Scale && admission.mutates(Some(object))) {
            Some(admission) => {
                tracking.settle(old, object);
                admission.mutate(object, warnings)
            }
            None => Ok(()),
        }
    }

    fn give_birth(&self, object: &mut Value) {
        let env = &self.resource.server.env;
        let uid = env.uuid();
        let random = std::array::from_fn(|_| (env.random.next_u64() >> 32) as u32);
        let namespace = self.resource.namespace.as_deref();
        let birth = Birth { uid: &uid, random, namespace, now: env.clock.now() };
        meta::prepare_create(&self.resource.kind, object, &birth);
    }

    /// Takes from the old object what this write may not change.
    fn prepare(&self, tracking: &mut Tracking<'_>, old: &Value, new: &mut Value) {
        let kind = &self.resource.kind;
        if self.part == Part::Status && kind.origin == KindOrigin::Custom {
            // The real server does not mind that labels sent with a status are not taken.
            tracking.settle(Some(old), new);
        }
        match self.part {
            Part::Status => meta::prepare_status_update(kind, new, old),
            _ => meta::prepare_update(kind, new, old),
        }
    }

    fn escalates_nothing(&self, object: &Value, old: Option<&Value>) -> Result<(), Status> {
        match &self.options.user {
            Some(user) => escalation::check(self.resource, user, object, old),
            None => Ok(()),
        }
    }

    fn is_valid(&self, old: &Value, new: &Value, warnings: &mut Vec<String>) -> Result<(), Status> {
        let kind = &self.resource.kind;
        let errors = match self.part {
            Part::Status => kind.validate_status(new, old),
            _ => kind.validate(new, Some(old)),
        };
        valid(self.resource, errors, new)?;
        if self.part == Part::Main && new["spec"] != old["spec"] {
            warnings.extend(kind.warnings(new, Some(old)));
        }
        Ok(())
    }
}

/// Lets webhooks judge it as it will be stored.
fn admitted(admission: Option<&Admission<'_>>, object: &Value, warnings: &mut Vec<String>) -> Result<(), Status> {
    admission.map_or(Ok(()), |admission| admission.validate(Some(object), warnings))
}
