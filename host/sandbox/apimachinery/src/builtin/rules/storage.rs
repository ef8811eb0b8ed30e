//! Rules of volumes, of claims to them, and of what makes and attaches them.

mod attachments;
mod claims;
mod classes;
mod nodes;
mod sources;
mod volumes;

pub(super) use attachments::attachment;
pub(super) use claims::{claim, spec as claim_spec};
pub(super) use classes::class;
pub(super) use volumes::volume;

use super::at::{At, Errors};
use super::texts;
use crate::meta::names;
use crate::quantity::Quantity;

const ACCESS: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const MODES: [&str; 2] = ["Block", "Filesystem"];
const ALONE: &str = "ReadWriteOncePod";

/// How a volume may be used. What is wrong with one way is said of the list.
fn access_modes(list: &At<'_>, errors: &mut Errors) {
    let modes: Vec<&str> = list.items().iter().map(At::text).collect();
    for mode in modes.iter().filter(|mode| !ACCESS.contains(mode)) {
        errors.push(At { value: &(*mode).into(), path: list.path.clone() }.not_supported(&ACCESS));
    }
    let others = modes.iter().any(|mode| *mode != ALONE && ACCESS.contains(mode));
    if others && modes.contains(&ALONE) {
        errors.push(list.forbidden("may not use ReadWriteOncePod with other access modes"));
    }
}

/// The name of a class, if there is one.
fn class_name(at: &At<'_>, errors: &mut Errors) {
    if !at.text().is_empty() {
        at.judged(names::subdomain(at.text()), errors);
    }
}

/// How a volume is mounted may not change. The field is named as if it stood alone.
fn mode_kept(spec: &At<'_>, old: &At<'_>, errors: &mut Errors) {
    let mode = At { path: "volumeMode".into(), ..spec.child("volumeMode") };
    mode.fixed(&old.child("volumeMode"), texts::IMMUTABLE, errors);
}

/// An amount that is more than nothing.
fn positive(at: &At<'_>, errors: &mut Errors) {
    if at.text().parse::<Quantity>().is_ok_and(|amount| amount.thousandths() <= 0) {
        errors.push(at.invalid("must be greater than zero"));
    }
}
