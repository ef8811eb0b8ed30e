//! Rules of Pods and of the templates that become Pods.
//!
//! Not told: dynamic resource claims, resources of whole Pods, claims of ephemeral volumes, and what holds on Windows only.

mod affinity;
mod containers;
mod dns;
mod environment;
mod host;
mod mounts;
mod paths;
mod placement;
mod probes;
mod resources;
mod restarts;
mod security;
mod spec;
mod update;
mod volumes;

use super::at::{At, Errors};
use super::texts;
use spec::PodSpec;

/// What surrounds a template.
#[derive(Debug, Default)]
pub(super) struct Template<'a> {
    /// Volumes that each Pod gets besides those of the template.
    pub(super) claimed: Vec<&'a str>,
}

pub(super) fn pod(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let spec = PodSpec { at: object.child("spec"), is_pod: true, claimed: Vec::new() };
    spec.check(errors);
    padded_images(&spec.at, errors);
    unnamed_images(&spec.at, errors);
    match old {
        Some(old) => update::check(&spec.at, &old.child("spec"), errors),
        None => new(&spec.at, errors),
    }
}

/// What a Pod cannot begin with.
fn new(spec: &At<'_>, errors: &mut Errors) {
    let (debuggers, node) = (spec.child("ephemeralContainers"), spec.child("nodeName"));
    if debuggers.len() > 0 {
        errors.push(debuggers.forbidden("cannot be set on create"));
    }
    if !node.text().is_empty() && spec.child("schedulingGates").len() > 0 {
        errors.push(node.forbidden("cannot be set until all schedulingGates have been cleared"));
    }
}

/// Templates may have such images; some clients use them to say that an image is still to come.
fn padded_images(spec: &At<'_>, errors: &mut Errors) {
    for container in ["containers", "initContainers"].iter().flat_map(|list| spec.child(list).items()) {
        let image = container.child("image");
        if image.text().trim() != image.text() {
            errors.push(image.invalid("must not have leading or trailing whitespace"));
        }
    }
}

/// Templates may leave it to others to say which image a volume holds.
fn unnamed_images(spec: &At<'_>, errors: &mut Errors) {
    for image in spec.child("volumes").items().iter().map(|volume| volume.child("image")).filter(At::is_set) {
        if image.child("reference").text().is_empty() {
            errors.push(image.child("reference").required(""));
        }
    }
}

/// The template in a workload.
pub(super) fn template(template: &At<'_>, around: Template<'_>, errors: &mut Errors) {
    texts::labels(&At { path: format!("{}.labels", template.path), ..template.below(&["metadata", "labels"]) }, errors);
    PodSpec { at: template.child("spec"), is_pod: false, claimed: around.claimed }.check(errors);
}
