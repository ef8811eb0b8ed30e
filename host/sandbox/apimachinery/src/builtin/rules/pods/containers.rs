//! Containers: those of the Pod and those that prepare it.

use super::{environment, mounts, probes, resources, restarts, security};
use crate::builtin::rules::at::{At, Errors};
use crate::builtin::rules::texts;
use crate::field::FieldError;
use crate::meta::names;

/// What a container finds in its Pod.
pub(super) struct Within<'a> {
    /// Names of volumes.
    pub(super) volumes: Vec<&'a str>,
    /// Those of the volumes that are claims.
    pub(super) claims: Vec<&'a str>,
    /// Whether its users are users of the node.
    pub(super) host_users: bool,
    /// How long it has to end, in seconds.
    pub(super) grace: i64,
    /// Whether the Pod is never started again.
    pub(super) once: bool,
}

/// Every container of a spec.
pub(super) fn check(spec: &At<'_>, within: &Within<'_>, errors: &mut Errors) {
    let (main, init) = (spec.child("containers"), spec.child("initContainers"));
    if main.len() == 0 {
        errors.push(main.required(""));
    }
    let mut names: Vec<&str> = Vec::new();
    for container in main.items() {
        common(&container, within, errors);
        known_name(&container, &mut names, errors);
        probes::check(&container, within.grace, errors);
        restarts::policy(&container, errors);
    }
    host_port_conflicts(&main.items(), errors);
    for container in init.items() {
        common(&container, within, errors);
        restarts::preparing(&container, errors);
        known_name(&container, &mut names, errors);
        host_port_conflicts(std::slice::from_ref(&container), errors);
        preparing(&container, within, errors);
    }
}

/// A name occurs once in a Pod.
fn known_name<'a>(container: &At<'a>, names: &mut Vec<&'a str>, errors: &mut Errors) {
    let name = container.child("name");
    if names.contains(&name.text()) {
        errors.push(name.duplicate());
    } else if !name.text().is_empty() {
        names.push(name.text());
    }
}

fn common(container: &At<'_>, within: &Within<'_>, errors: &mut Errors) {
    container.child("name").named(names::label, errors);
    if container.child("image").text().is_empty() {
        errors.push(container.child("image").required(""));
    }
    container.child("terminationMessagePolicy").one_of(&["File", "FallbackToLogsOnError"], errors);
    ports(&container.child("ports").items(), errors);
    environment::variables(&container.child("env"), errors);
    environment::sources(&container.child("envFrom"), errors);
    mounts::check(container, within, errors);
    mounts::devices(container, within, errors);
    container.child("imagePullPolicy").one_of(&["Always", "IfNotPresent", "Never"], errors);
    resources::check(&container.child("resources"), errors);
    restarts::resizing(&container.child("resizePolicy"), within.once, errors);
    security::of_container(&container.child("securityContext"), within.host_users, errors);
}

fn ports(ports: &[At<'_>], errors: &mut Errors) {
    for (i, port) in ports.iter().enumerate() {
        let [name, number, host] = ["name", "containerPort", "hostPort"].map(|field| port.child(field));
        let wrong = if name.text().is_empty() { Vec::new() } else { texts::port_name(name.text()) };
        let twice = ports[..i].iter().any(|other| other.child("name").text() == name.text());
        if wrong.is_empty() && twice && !name.text().is_empty() {
            errors.push(name.duplicate());
        }
        name.judged(wrong, errors);
        match number.number() {
            0 => errors.push(number.required("")),
            number_ => errors.extend(texts::port(number_).map(|why| number.invalid(&why))),
        }
        if host.number() != 0 {
            errors.extend(texts::port(host.number()).map(|why| host.invalid(&why)));
        }
        port.child("protocol").one_of(&["SCTP", "TCP", "UDP"], errors);
    }
}

/// A port of the node can be given once.
fn host_port_conflicts(containers: &[At<'_>], errors: &mut Errors) {
    let mut given = Vec::new();
    for container in containers {
        for port in container.child("ports").items() {
            let host = port.child("hostPort");
            let shown = format!("{}/{}/{}", port.child("protocol").text(), port.child("hostIP").text(), host.number());
            if host.number() == 0 {
                continue;
            }
            if given.contains(&shown) {
                errors.push(FieldError::duplicate(&host.path, &shown.into()));
            } else {
                given.push(shown);
            }
        }
    }
}

/// A container that prepares the Pod ends; only one that keeps running beside the others can be probed.
fn preparing(container: &At<'_>, within: &Within<'_>, errors: &mut Errors) {
    if container.child("restartPolicy").text() == "Always" {
        probes::check(container, within.grace, errors);
        return;
    }
    for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"].map(|field| container.child(field)) {
        if field.is_set() {
            errors.push(field.forbidden("may not be set for init containers without restartPolicy=Always"));
        }
    }
}
