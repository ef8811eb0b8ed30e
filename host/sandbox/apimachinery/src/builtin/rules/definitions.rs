//! Rules of CustomResourceDefinitions.

use super::at::{At, Errors};
use super::texts::IMMUTABLE;
use crate::kind::ResourceKind;

pub(super) fn definition(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    if let Err(more) = ResourceKind::from_crd(object.value) {
        errors.extend(more);
    }
    let Some(old) = old.map(|old| old.child("spec")) else { return };
    let spec = object.child("spec");
    for field in [&["scope"][..], &["group"], &["names", "plural"], &["names", "kind"]] {
        spec.below(field).fixed(&old.below(field), IMMUTABLE, errors);
    }
}
