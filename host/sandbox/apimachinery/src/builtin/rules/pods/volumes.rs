//! Volumes of Pods.

mod disks;
mod projected;

use super::{environment, paths};
use crate::builtin::rules::at::{At, Errors};
use crate::builtin::rules::storage;
use crate::field::FieldError;
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
const NEEDED: [(&str, &[&str]); 20] = [
    ("hostPath", &["path"]),
    ("gitRepo", &["repository"]),
    ("gcePersistentDisk", &["pdName"]),
    ("awsElasticBlockStore", &["volumeID"]),
    ("secret", &["secretName"]),
    ("nfs", &["server", "path"]),
    ("iscsi", &["targetPortal", "iqn"]),
    ("glusterfs", &["endpoints", "path"]),
    ("persistentVolumeClaim", &["claimName"]),
    ("rbd", &["monitors", "image"]),
    ("cinder", &["volumeID"]),
    ("cephfs", &["monitors"]),
    ("flexVolume", &["driver"]),
    ("configMap", &["name"]),
    ("azureFile", &["secretName", "shareName"]),
    ("vsphereVolume", &["volumePath"]),
    ("photonPersistentDisk", &["pdID"]),
    ("portworxVolume", &["volumeID"]),
    ("azureDisk", &["diskName", "diskURI"]),
    ("csi", &["driver"]),
];

/// What a path on the node may have to be.
const HOST_PATHS: [&str; 8] =
    ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

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
    // The real server has another word for one of them where it looks inside.
    let word = if kind == "gcePersistentDisk" { "persistentDisk" } else { kind };
    let first = &At { path: volume.child(word).path, ..first.clone() };
    for field in NEEDED.iter().filter(|(source, _)| *source == kind).flat_map(|(_, fields)| *fields) {
        let needed = first.child(field);
        if needed.text().is_empty() && needed.len() == 0 {
            errors.push(needed.required(""));
        }
    }
    content(kind, first, errors);
    errors.extend(others.iter().map(|other| other.forbidden("may not specify more than 1 volume type")));
}

/// What is in a source.
fn content(kind: &str, source: &At<'_>, errors: &mut Errors) {
    let path = source.child("path");
    match kind {
        "hostPath" if !path.text().is_empty() => {
            errors.extend(paths::backsteps(&path, path.text()));
            let kind = source.child("type");
            if kind.is_set() && !HOST_PATHS.contains(&kind.text()) {
                errors.push(kind.not_supported(&HOST_PATHS));
            }
        }
        "nfs" if !path.text().starts_with('/') => {
            errors.push(path.invalid_value(path.text(), "must be an absolute path"));
        }
        "ephemeral" => match source.child("volumeClaimTemplate") {
            template if template.is_set() => storage::claim_spec(&template.child("spec"), errors),
            template => errors.push(template.required("")),
        },
        "csi" => driver(source, errors),
        "image" => source.child("pullPolicy").one_of(&["Always", "IfNotPresent", "Never"], errors),
        "emptyDir" if source.child("sizeLimit").text().starts_with('-') => {
            errors.push(source.child("sizeLimit").forbidden("SizeLimit field must be a valid resource quantity"));
        }
        "secret" | "configMap" => {
            paths::mode(&source.child("defaultMode"), errors);
            files(&source.child("items"), errors);
        }
        "downwardAPI" => {
            paths::mode(&source.child("defaultMode"), errors);
            source.child("items").items().iter().for_each(|file| downward(source, file, errors));
        }
        "projected" => projected::check(source, errors),
        "gitRepo" => paths::below(&source.child("directory"), source.child("directory").text(), errors),
        _ => disks::check(kind, source, errors),
    }
}

/// A driver by its name, and the secret that it is given.
fn driver(source: &At<'_>, errors: &mut Errors) {
    let (driver, secret) = (source.child("driver"), source.child("nodePublishSecretRef"));
    if driver.text().len() > 63 {
        errors.push(FieldError::too_long(&driver.path, 63));
    }
    if !driver.text().is_empty() {
        driver.judged(names::subdomain(&driver.text().to_lowercase()), errors);
    }
    if secret.is_set() && secret.child("name").text().is_empty() {
        errors.push(secret.child("name").required(""));
    } else if secret.is_set() {
        // The real server names the source where it means the secret.
        let name = At { path: source.child("name").path, ..secret.child("name") };
        name.judged(names::subdomain(name.text()), errors);
    }
}

/// Keys and the files that they become.
fn files(items: &At<'_>, errors: &mut Errors) {
    for item in items.items() {
        let (key, path) = (item.child("key"), item.child("path"));
        for needed in [&key, &path].into_iter().filter(|needed| needed.text().is_empty()) {
            errors.push(needed.required(""));
        }
        paths::file(&path, errors);
        paths::mode(&item.child("mode"), errors);
    }
}

/// A file about the Pod itself. The real server names the source where it means the file.
fn downward(source: &At<'_>, file: &At<'_>, errors: &mut Errors) {
    let within = |field: &str| At { value: file.child(field).value, path: source.child(field).path };
    let [path, field, resource] = ["path", "fieldRef", "resourceFieldRef"].map(within);
    if path.text().is_empty() {
        errors.push(path.required(""));
    }
    paths::file(&path, errors);
    if field.is_set() {
        environment::field(&field, &environment::OF_FILES, errors);
        if resource.is_set() {
            let why = "fieldRef and resourceFieldRef can not be specified simultaneously";
            errors.push(source.invalid_value("resource", why));
        }
    } else if resource.is_set() {
        environment::resource(&resource, environment::Container::Named, errors);
    } else {
        errors.push(source.required("one of fieldRef and resourceFieldRef is required"));
    }
    paths::mode(&within("mode"), errors);
}

/// Names of the volumes that are claims, which are the only ones that can be devices.
pub(super) fn claims<'a>(volumes: &At<'a>) -> Vec<&'a str> {
    let is_claim =
        |volume: &At<'a>| ["persistentVolumeClaim", "ephemeral"].iter().any(|source| volume.child(source).is_set());
    volumes.items().iter().filter(|volume| is_claim(volume)).map(|volume| volume.child("name").text()).collect()
}
