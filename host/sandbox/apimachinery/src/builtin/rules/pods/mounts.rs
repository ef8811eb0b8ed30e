//! Where a container finds the volumes of its Pod.

use super::containers::Within;
use super::paths;
use crate::builtin::rules::at::{At, Errors};
use crate::field::FieldError;

const PROPAGATION: [&str; 3] = ["Bidirectional", "HostToContainer", "None"];
const RECURSIVE: [&str; 3] = ["Disabled", "Enabled", "IfPossible"];

pub(super) fn check(container: &At<'_>, within: &Within<'_>, errors: &mut Errors) {
    let list = container.child("volumeMounts");
    let privileged = container.below(&["securityContext", "privileged"]).value == true;
    let items = list.items();
    for (i, mount) in items.iter().enumerate() {
        let (name, path) = (mount.child("name"), mount.child("mountPath"));
        if name.text().is_empty() {
            errors.push(name.required(""));
        }
        if !within.volumes.contains(&name.text()) {
            errors.push(FieldError::not_found(&name.path, &name.text().into()));
        }
        if path.text().is_empty() {
            errors.push(path.required(""));
        }
        if items[..i].iter().any(|other| other.child("mountPath").text() == path.text()) {
            errors.push(path.invalid_value(path.text(), "must be unique"));
        }
        overlap(container, &name, &path, errors);
        part(mount, &list, errors);
        propagation(mount, &list, privileged, errors);
        recursive(mount, &list, errors);
    }
}

/// What is a device is no directory.
fn overlap(container: &At<'_>, name: &At<'_>, path: &At<'_>, errors: &mut Errors) {
    let devices = container.child("volumeDevices").items();
    if devices.iter().any(|device| device.child("name").text() == name.text()) {
        errors.push(name.invalid_value(name.text(), "must not already exist in volumeDevices"));
    }
    if devices.iter().any(|device| device.child("devicePath").text() == path.text()) {
        errors.push(path.invalid_value(path.text(), "must not already exist as a path in volumeDevices"));
    }
}

/// A field of a mount. The real server names the list where it means the item.
fn named<'a>(mount: &At<'a>, list: &At<'_>, field: &str) -> At<'a> {
    At { path: list.child(field).path, ..mount.child(field) }
}

/// The part of a volume that is mounted.
fn part(mount: &At<'_>, list: &At<'_>, errors: &mut Errors) {
    let (path, expression) = (named(mount, list, "subPath"), named(mount, list, "subPathExpr"));
    paths::below(&path, path.text(), errors);
    if !expression.text().is_empty() && !path.text().is_empty() {
        errors.push(mount.child("subPathExpr").invalid("subPathExpr and subPath are mutually exclusive"));
    }
    paths::below(&expression, expression.text(), errors);
}

fn propagation(mount: &At<'_>, list: &At<'_>, privileged: bool, errors: &mut Errors) {
    let mode = named(mount, list, "mountPropagation");
    if mode.is_set() && !PROPAGATION.contains(&mode.text()) {
        errors.push(mode.not_supported(&PROPAGATION));
    }
    if mode.text() == "Bidirectional" && !privileged {
        errors.push(mode.forbidden("Bidirectional mount propagation is available only to privileged containers"));
    }
}

/// Whether what is mounted below is read-only too.
fn recursive(mount: &At<'_>, list: &At<'_>, errors: &mut Errors) {
    let mode = named(mount, list, "recursiveReadOnly");
    if !mode.is_set() || mode.text() == "Disabled" {
        return;
    }
    if !RECURSIVE.contains(&mode.text()) {
        errors.push(mode.not_supported(&RECURSIVE));
        return;
    }
    if mount.child("readOnly").value != true {
        errors.push(mode.forbidden("may only be specified when readOnly is true"));
    }
    if !["", "None"].contains(&mount.child("mountPropagation").text()) {
        errors.push(mode.forbidden("may only be specified when mountPropagation is None or not specified"));
    }
}

/// Volumes that a container finds as devices.
pub(super) fn devices(container: &At<'_>, within: &Within<'_>, errors: &mut Errors) {
    let (list, mounts) = (container.child("volumeDevices"), container.child("volumeMounts").items());
    let items = list.items();
    for (i, device) in items.iter().enumerate() {
        device_name(&device.child("name"), &items[..i], within, errors);
        device_path(&device.child("devicePath"), &items[..i], errors);
        for (field, other) in [("name", "name"), ("devicePath", "mountPath")].map(|(f, o)| (device.child(f), o)) {
            if mounts.iter().any(|mount| mount.child(other).text() == field.text()) {
                let part = if other == "name" { "" } else { " as a path" };
                errors
                    .push(field.invalid_value(field.text(), &format!("must not already exist{part} in volumeMounts")));
            }
        }
    }
}

fn device_name(name: &At<'_>, before: &[At<'_>], within: &Within<'_>, errors: &mut Errors) {
    if name.text().is_empty() {
        errors.push(name.required(""));
    } else if before.iter().any(|other| other.child("name").text() == name.text()) {
        errors.push(name.invalid("must be unique"));
    }
    if !within.volumes.contains(&name.text()) {
        errors.push(FieldError::not_found(&name.path, &name.text().into()));
    } else if !within.claims.contains(&name.text()) {
        let why = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
        errors.push(name.invalid(why));
    }
}

fn device_path(path: &At<'_>, before: &[At<'_>], errors: &mut Errors) {
    if path.text().is_empty() {
        errors.push(path.required(""));
    }
    if before.iter().any(|other| other.child("devicePath").text() == path.text()) {
        errors.push(path.invalid_value(path.text(), "must be unique"));
    }
    if paths::backsteps(path, path.text()).is_some() {
        errors.push(path.invalid("can not contain backsteps ('..')"));
    }
}
