//! Rules of Pods and of the templates that become Pods.
//!
//! Told are the rules that a controller's Pods meet: names, images, ports, environment, volumes, probes, resources,
//! tolerations. Affinity and security contexts are taken as they are.

mod containers;
mod environment;
mod probes;
mod resources;
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
    if let Some(old) = old {
        update::check(&spec.at, &old.child("spec"), errors);
    }
}

/// The template in a workload.
pub(super) fn template(template: &At<'_>, around: Template<'_>, errors: &mut Errors) {
    texts::labels(&At { path: format!("{}.labels", template.path), ..template.below(&["metadata", "labels"]) }, errors);
    PodSpec { at: template.child("spec"), is_pod: false, claimed: around.claimed }.check(errors);
}
