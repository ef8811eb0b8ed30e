//! Where the data of a volume can be.

use serde_json::Value;

use crate::builtin::rules::at::{At, Errors};
use crate::field::FieldError;
use crate::meta::names;

/// The sources in the order in which the real server looks for them, each with the fields that it cannot be without.
pub(super) const SOURCES: [(&str, &[&str]); 22] = [
    ("hostPath", &["path"]),
    ("gcePersistentDisk", &["pdName"]),
    ("awsElasticBlockStore", &["volumeID"]),
    ("glusterfs", &["endpoints", "path"]),
    ("flocker", &[]),
    ("nfs", &["server", "path"]),
    ("rbd", &["monitors", "image"]),
    ("quobyte", &["registry", "volume"]),
    ("cephfs", &["monitors"]),
    ("iscsi", &["targetPortal", "iqn"]),
    ("cinder", &["volumeID"]),
    ("fc", &[]),
    ("flexVolume", &["driver"]),
    ("azureFile", &["secretName", "shareName"]),
    ("vsphereVolume", &["volumePath"]),
    ("photonPersistentDisk", &["pdID"]),
    ("portworxVolume", &["volumeID"]),
    ("azureDisk", &["diskName", "diskURI"]),
    ("scaleIO", &["gateway", "system", "volumeName"]),
    ("local", &["path"]),
    ("storageos", &["volumeName"]),
    ("csi", &[]),
];

const HOST_PATHS: [&str; 8] =
    ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

/// Exactly one source.
pub(super) fn check(spec: &At<'_>, errors: &mut Errors) {
    let given: Vec<(At<'_>, &str, &[&str])> = SOURCES
        .iter()
        .map(|(name, needed)| (spec.child(name), *name, *needed))
        .filter(|(at, ..)| at.is_set())
        .collect();
    let Some(((first, name, needed), others)) = given.split_first() else {
        errors.push(spec.required("must specify a volume type"));
        return;
    };
    source(first, name, needed, errors);
    if *name == "local" && !spec.child("nodeAffinity").is_set() {
        errors.push(spec.child("nodeAffinity").required("Local volume requires node affinity"));
    }
    errors.extend(others.iter().map(|(other, ..)| other.forbidden("may not specify more than 1 volume type")));
}

fn source(at: &At<'_>, name: &str, needed: &[&str], errors: &mut Errors) {
    for field in needed.iter().map(|field| at.child(field)).filter(|field| field.text().is_empty() && field.len() == 0)
    {
        errors.push(field.required(""));
    }
    match name {
        "hostPath" | "local" => local_path(at, errors),
        "nfs" if !at.child("path").text().starts_with('/') => {
            errors.push(at.child("path").invalid_value(at.child("path").text(), "must be an absolute path"));
        }
        "iscsi" if !(0..=255).contains(&at.child("lun").number()) => {
            errors.push(at.child("lun").invalid("must be between 0 and 255, inclusive"));
        }
        "fc" => fibre_channel(at, errors),
        "csi" => csi(at, errors),
        _ => {}
    }
}

fn local_path(at: &At<'_>, errors: &mut Errors) {
    let (path, kind) = (at.child("path"), at.child("type"));
    if path.text().split('/').any(|part| part == "..") {
        errors.push(path.invalid("must not contain '..'"));
    }
    if !path.text().is_empty() {
        kind.one_of_if_set(&HOST_PATHS, errors);
    }
}

fn fibre_channel(at: &At<'_>, errors: &mut Errors) {
    let (targets, ids, lun) = (at.child("targetWWNs"), at.child("wwids"), at.child("lun"));
    match (targets.len() > 0, ids.len() > 0) {
        (false, false) => errors.push(targets.required("must specify either targetWWNs or wwids, but not both")),
        (true, true) => errors.push(targets.invalid("targetWWNs and wwids can not be specified simultaneously")),
        _ => {}
    }
    if targets.len() > 0 && !lun.is_set() {
        errors.push(lun.required("lun is required if targetWWNs is specified"));
    } else if targets.len() > 0 && !(0..=255).contains(&lun.number()) {
        errors.push(lun.invalid("must be between 0 and 255, inclusive"));
    }
}

fn csi(at: &At<'_>, errors: &mut Errors) {
    const SECRETS: [&str; 4] =
        ["controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef"];
    driver(&at.child("driver"), errors);
    if at.child("volumeHandle").text().is_empty() {
        errors.push(at.child("volumeHandle").required(""));
    }
    for secret in SECRETS.map(|field| at.child(field)).iter().filter(|secret| secret.is_set()) {
        secret.child("name").named(names::subdomain, errors);
        secret.child("namespace").named(names::label, errors);
    }
}

/// The name of a driver may have capital letters.
pub(super) fn driver(at: &At<'_>, errors: &mut Errors) {
    if at.text().is_empty() {
        errors.push(at.required(""));
        return;
    }
    if at.text().len() > 63 {
        errors.push(FieldError::too_long(&at.path, 63));
    }
    at.judged(names::subdomain(&at.text().to_lowercase()), errors);
}

/// The source of a volume, as it must stay. A driver may be told later where the secret for growing is.
pub(super) fn fixed_part(spec: &Value, old: &Value) -> Vec<Value> {
    let mut parts: Vec<Value> = SOURCES.iter().map(|(name, _)| spec[*name].clone()).collect();
    if old["csi"]["controllerExpandSecretRef"].is_null() {
        let csi = parts.last_mut().and_then(Value::as_object_mut);
        csi.map(|csi| csi.remove("controllerExpandSecretRef"));
    }
    parts
}
