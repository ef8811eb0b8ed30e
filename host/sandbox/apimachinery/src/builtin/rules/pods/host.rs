//! What a Pod shares with its node: ports, users, the name, the system.

use crate::builtin::rules::at::{At, Errors};
use crate::field::FieldError;
use crate::meta::names;

const SYSTEMS: [&str; 2] = ["linux", "windows"];

/// On the network of its node, a port is the node's. In a template it may be left open.
pub(super) fn ports(spec: &At<'_>, is_pod: bool, errors: &mut Errors) {
    if spec.child("hostNetwork").value != true {
        return;
    }
    for port in spec.child("containers").items().iter().flat_map(|container| container.child("ports").items()) {
        let host = port.child("hostPort");
        let asked = is_pod || host.number() != 0;
        if asked && host.number() != port.child("containerPort").number() {
            errors.push(host.invalid_value(host.number(), "must match `containerPort` when `hostNetwork` is true"));
        }
    }
}

/// Users of its own and the spaces of the node exclude each other. The real server spells the fields as Go does.
pub(super) fn users(spec: &At<'_>, errors: &mut Errors) {
    let own = spec.child("hostUsers").value == false;
    let spaces = [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")];
    for (_, shown) in spaces.iter().filter(|(field, _)| own && spec.child(field).value == true) {
        errors.push(spec.child(shown).forbidden("when `hostUsers` is false"));
    }
}

/// A name that is neither that of the Pod nor that of the node.
pub(super) fn name(spec: &At<'_>, errors: &mut Errors) {
    let name = spec.child("hostnameOverride");
    if !name.is_set() {
        return;
    }
    for field in ["setHostnameAsFQDN", "hostNetwork"].iter().filter(|field| spec.child(field).value == true) {
        errors.push(name.forbidden(&format!("may not be specified when {field} is true")));
    }
    if name.text().len() > 64 {
        errors.push(FieldError::too_long(&name.path, 64));
    }
    name.judged(names::subdomain(name.text()), errors);
}

/// The system that the containers are made for.
pub(super) fn system(spec: &At<'_>, errors: &mut Errors) {
    let (system, name) = (spec.child("os"), spec.below(&["os", "name"]));
    if system.is_set() && name.text().is_empty() {
        errors.push(name.required(""));
    } else if system.is_set() && !SYSTEMS.contains(&name.text()) {
        errors.push(FieldError::not_supported(&system.path, &name.text().into(), &SYSTEMS));
    }
}
