//! Rules of Leases.

use super::at::{At, Errors};

pub(super) fn lease(object: &At<'_>, errors: &mut Errors) {
    let spec = object.child("spec");
    let duration = spec.child("leaseDurationSeconds");
    if duration.is_set() && duration.number() <= 0 {
        errors.push(duration.invalid("must be greater than 0"));
    }
    spec.child("leaseTransitions").not_negative(errors);
    let (preferred, strategy) = (spec.child("preferredHolder"), spec.child("strategy"));
    if !preferred.text().is_empty() && strategy.text().is_empty() {
        errors.push(preferred.forbidden("may only be specified if `strategy` is defined"));
    }
}
