//! Volumes of Pods.

use crate::builtin::rules::at::{At, Errors};
use crate::meta::names;

/// Sources of a volume, in the order in which the real server looks for them.
const SOURCES: [&str; 30] = [
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
];

/// What a source cannot be without.
const NEEDED: [(&str, &str); 7] = [
    ("hostPath", "path"),
    ("secret", "secretName"),
    ("nfs", "server"),
    ("nfs", "path"),
    ("persistentVolumeClaim", "claimName"),
    ("configMap", "name"),
    ("csi", "driver"),
];

/// Checks volumes; gives the names of the good ones.
pub(super) fn check<'a>(volumes: &At<'a>, errors: &mut Errors) -> Vec<&'a str> {
    let mut known: Vec<&str> = Vec::new();
    for volume in volumes.items() {
        let (name, mut wrong) = (volume.child("name"), Vec::new());
        source(&volume, &mut wrong);
        name.named(names::label, &mut wrong);
        if known.contains(&name.text()) {
            wrong.push(name.duplicate());
        }
        if wrong.is_empty() {
            known.push(name.text());
        }
        errors.append(&mut wrong);
    }
    known
}

/// Exactly one source.
fn source(volume: &At<'_>, errors: &mut Errors) {
    let given: Vec<At<'_>> = SOURCES.iter().map(|source| volume.child(source)).filter(At::is_set).collect();
    let Some((first, others)) = given.split_first() else {
        errors.push(volume.required("must specify a volume type"));
        return;
    };
    let kind = first.path.rsplit('.').next().unwrap_or_default();
    for (_, field) in NEEDED.iter().filter(|(source, _)| *source == kind) {
        if first.child(field).text().is_empty() {
            errors.push(first.child(field).required(""));
        }
    }
    if kind == "hostPath" && first.child("path").text().split('/').any(|part| part == "..") {
        errors.push(first.child("path").invalid("must not contain '..'"));
    }
    errors.extend(others.iter().map(|other| other.forbidden("may not specify more than 1 volume type")));
}
