//! Volumes that are disks of a storage system or of a cloud.

use crate::builtin::rules::at::{At, Errors};

const KINDS: [&str; 3] = ["Dedicated", "Managed", "Shared"];
const CACHING: [&str; 3] = ["None", "ReadOnly", "ReadWrite"];
/// Where managed disks of Azure are, and where all others are.
const MANAGED: &str = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
const BLOB: &str = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";

/// What is in a source, besides what it cannot be without.
pub(super) fn check(kind: &str, source: &At<'_>, errors: &mut Errors) {
    match kind {
        // None is the whole disk; the message begins at the first part.
        "gcePersistentDisk" | "awsElasticBlockStore" => byte(&source.child("partition"), 1, errors),
        "iscsi" => iscsi(source, errors),
        "fc" => fibre_channel(source, errors),
        "azureDisk" => azure(source, errors),
        "cinder" => secret(&source.child("secretRef"), errors),
        "flocker" if ["datasetName", "datasetUUID"].iter().all(|field| source.child(field).text().is_empty()) => {
            errors.push(source.required("one of datasetName and datasetUUID is required"));
        }
        "storageos" => {
            source.child("volumeName").named(crate::meta::names::label, errors);
            secret(&source.child("secretRef"), errors);
        }
        _ => {}
    }
}

fn byte(number: &At<'_>, first: i64, errors: &mut Errors) {
    if !(0..=255).contains(&number.number()) {
        errors.push(number.invalid(&format!("must be between {first} and 255, inclusive")));
    }
}

fn secret(reference: &At<'_>, errors: &mut Errors) {
    if reference.is_set() && reference.child("name").text().is_empty() {
        errors.push(reference.child("name").required(""));
    }
}

fn iscsi(source: &At<'_>, errors: &mut Errors) {
    let [target, initiator] = ["iqn", "initiatorName"].map(|field| source.child(field));
    if !target.text().is_empty() {
        qualified(&target, errors);
    }
    byte(&source.child("lun"), 0, errors);
    let secret = source.child("secretRef");
    let asks = ["chapAuthDiscovery", "chapAuthSession"].iter().any(|field| source.child(field).value == true);
    if asks && !secret.is_set() {
        errors.push(secret.required(""));
    }
    if initiator.is_set() {
        qualified(&At { path: source.child("initiatorname").path, ..initiator }, errors);
    }
}

/// The name of one end of an iSCSI connection, as far as its beginning tells.
fn qualified(name: &At<'_>, errors: &mut Errors) {
    if !["iqn", "eui", "naa"].iter().any(|start| name.text().starts_with(start)) {
        errors.push(name.invalid("must be valid format starting with iqn, eui, or naa"));
    }
}

fn fibre_channel(source: &At<'_>, errors: &mut Errors) {
    let [targets, ids, unit] = ["targetWWNs", "wwids", "lun"].map(|field| source.child(field));
    match (targets.len() > 0, ids.len() > 0) {
        (false, false) => errors.push(targets.required("must specify either targetWWNs or wwids, but not both")),
        (true, true) => errors.push(targets.invalid("targetWWNs and wwids can not be specified simultaneously")),
        _ => {}
    }
    if targets.len() > 0 && !unit.is_set() {
        errors.push(unit.required("lun is required if targetWWNs is specified"));
    } else if targets.len() > 0 {
        byte(&unit, 0, errors);
    }
}

fn azure(source: &At<'_>, errors: &mut Errors) {
    let [caching, kind, disk] = ["cachingMode", "kind", "diskURI"].map(|field| source.child(field));
    for (field, supported) in [(&caching, CACHING), (&kind, KINDS)] {
        if field.is_set() && !supported.contains(&field.text()) {
            errors.push(field.not_supported(&supported));
        }
    }
    let (start, form) = if kind.text() == "Managed" { ("/subscriptions/", MANAGED) } else { ("https://", BLOB) };
    if kind.is_set() && !disk.text().starts_with(start) {
        errors.push(disk.not_supported(&[form]));
    }
}
