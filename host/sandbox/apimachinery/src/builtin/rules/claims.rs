//! Rules of PersistentVolumeClaims.

use super::at::{At, Errors};
use crate::field::FieldError;

pub(super) fn claim(object: &At<'_>, errors: &mut Errors) {
    let spec = object.child("spec");
    if spec.child("accessModes").len() == 0 {
        errors.push(spec.child("accessModes").required("at least 1 access mode is required"));
    }
    if !spec.below(&["resources", "requests", "storage"]).is_set() {
        errors.push(FieldError::required("spec.resources[storage]", ""));
    }
}
