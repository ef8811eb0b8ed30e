//! Rules of volumes.
//!
//! Source: `k8s.io/kubernetes/pkg/apis/core/validation` and `pkg/registry/core/persistentvolume`.

use super::{MODES, access_modes, class_name, mode_kept, nodes, positive, sources};
use crate::builtin::rules::at::{At, Errors};
use crate::field::FieldError;
use crate::quantity::Quantity;

/// Where the spec of a volume stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    /// In a volume of its own.
    Volume,
    /// In an attachment, where it describes a volume that Pods name inline.
    Attachment,
}

/// What volumes cannot be told how to be mounted by an annotation.
const MOUNT_OPTIONS: &str = "volume.beta.kubernetes.io/mount-options";
const MOUNTED: [&str; 13] = [
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "nfs",
    "rbd",
    "quobyte",
    "iscsi",
    "cinder",
    "cephfs",
    "azureFile",
    "vsphereVolume",
    "azureDisk",
    "photonPersistentDisk",
];

pub(crate) fn volume(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let spec = object.child("spec");
    self::spec(&spec, Within::Volume, errors);
    mount_options(object, errors);
    if let Some(old) = old {
        // An update is judged as a new volume twice: by the strategy, and by what judges updates.
        self::spec(&spec, Within::Volume, errors);
        changes(&spec, &old.child("spec"), errors);
    }
}

pub(super) fn spec(spec: &At<'_>, within: Within, errors: &mut Errors) {
    if within == Within::Attachment {
        inline(spec, errors);
    }
    let modes = spec.child("accessModes");
    if modes.len() == 0 {
        errors.push(modes.required(""));
    }
    access_modes(&modes, errors);
    if within == Within::Volume {
        capacity(&spec.child("capacity"), errors);
    }
    reclaim_policy(&spec.child("persistentVolumeReclaimPolicy"), within, errors);
    affinity(&spec.child("nodeAffinity"), within, errors);
    sources::check(spec, errors);
    classes(spec, within, errors);
}

/// What a volume without an object of its own must and cannot have.
fn inline(spec: &At<'_>, errors: &mut Errors) {
    let (claim, capacity, csi) = (spec.child("claimRef"), spec.child("capacity"), spec.child("csi"));
    if claim.is_set() {
        errors.push(not_inline(&claim));
    }
    if capacity.len() > 0 {
        errors.push(not_inline(&capacity));
    }
    if !csi.is_set() {
        errors.push(csi.required("has to be specified in the context of inline volumes"));
    }
}

fn not_inline(at: &At<'_>) -> FieldError {
    at.forbidden("may not be specified in the context of inline volumes")
}

/// A volume has one amount, that of storage.
fn capacity(at: &At<'_>, errors: &mut Errors) {
    if at.len() == 0 {
        errors.push(at.required(""));
    }
    if !at.child("storage").is_set() || at.len() > 1 {
        errors.push(FieldError::not_supported(&at.path, at.value, &["storage"]));
    }
    for (_, amount) in at.entries() {
        if let Some(units) = amount.text().parse().ok().map(Quantity::units).filter(|units| *units < 0) {
            let shown = i64::try_from(units).unwrap_or(i64::MIN);
            errors.push(amount.invalid_value(shown, "must be a valid resource quantity"));
        }
        positive(&amount, errors);
    }
}

fn reclaim_policy(at: &At<'_>, within: Within, errors: &mut Errors) {
    match (at.text(), within) {
        ("" | "Retain", _) => {}
        (_, Within::Attachment) => errors.push(at.forbidden("may only be Retain in the context of inline volumes")),
        (_, Within::Volume) => at.one_of(&["Delete", "Recycle", "Retain"], errors),
    }
}

fn affinity(at: &At<'_>, within: Within, errors: &mut Errors) {
    match within {
        _ if !at.is_set() => {}
        Within::Attachment => errors.push(not_inline(at)),
        Within::Volume => nodes::check(at, errors),
    }
}

fn classes(spec: &At<'_>, within: Within, errors: &mut Errors) {
    let [class, mode, attributes] =
        ["storageClassName", "volumeMode", "volumeAttributesClassName"].map(|field| spec.child(field));
    let own = within == Within::Volume;
    if own {
        recycled_root(spec, errors);
        class_name(&class, errors);
        mode.one_of_if_set(&MODES, errors);
    } else if !class.text().is_empty() {
        errors.push(not_inline(&class));
    }
    if !own && mode.is_set() && mode.text() != "Filesystem" {
        errors
            .push(mode.forbidden("may not specify volumeMode other than Filesystem in the context of inline volumes"));
    }
    if own && attributes.is_set() {
        attributes_class(&attributes, &spec.child("csi"), errors);
    }
}

/// To recycle is to delete everything.
fn recycled_root(spec: &At<'_>, errors: &mut Errors) {
    let (path, policy) = (spec.below(&["hostPath", "path"]), spec.child("persistentVolumeReclaimPolicy"));
    let root = path.text().starts_with('/') && path.text().split('/').all(|part| part.is_empty() || part == ".");
    if root && policy.text() == "Recycle" {
        errors.push(policy.forbidden("may not be 'recycle' for a hostPath mount of '/'"));
    }
}

fn attributes_class(at: &At<'_>, csi: &At<'_>, errors: &mut Errors) {
    if at.text().is_empty() {
        errors.push(at.required("an empty string is disallowed"));
    }
    class_name(at, errors);
    if !csi.is_set() {
        errors.push(csi.required("has to be specified when using volumeAttributesClassName"));
    }
}

fn mount_options(object: &At<'_>, errors: &mut Errors) {
    let spec = object.child("spec");
    let option = object.below(&["metadata", "annotations"]).child(MOUNT_OPTIONS);
    if option.is_set() && !MOUNTED.iter().any(|source| spec.child(source).is_set()) {
        errors.push(option.forbidden("may not specify mount options for this volume type"));
    }
}

/// What may not change in a volume.
fn changes(spec: &At<'_>, old: &At<'_>, errors: &mut Errors) {
    if sources::fixed_part(spec.value, old.value) != sources::fixed_part(old.value, old.value) {
        let why = "spec.persistentvolumesource is immutable after creation";
        errors.push(FieldError::forbidden("spec.persistentvolumesource", why));
    }
    mode_kept(spec, old, errors);
    nodes::kept(spec.child("nodeAffinity").value, old.child("nodeAffinity").value, errors);
    let class = spec.child("volumeAttributesClassName");
    if old.child("volumeAttributesClassName").is_set() && !class.is_set() {
        errors.push(class.forbidden("update from non-nil value to nil is forbidden"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn plain(path: &str) -> Value {
        json!({"spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": path}}})
    }

    fn told(object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut errors = Vec::new();
        volume(&At::root(object), old.map(At::root).as_ref(), &mut errors);
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_wrong_with_an_update_is_told_twice() {
        let (old, mut new) = (plain("/a"), plain("/a"));
        new["spec"]["capacity"]["storage"] = "0".into();
        let expected = "spec.capacity[storage]: Invalid value: \"0\": must be greater than zero";
        assert_eq!(told(&new, None), [expected]);
        assert_eq!(told(&new, Some(&old)), [expected, expected]);
    }

    #[test]
    fn the_source_of_a_volume_stays() {
        let expected =
            "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation";
        assert_eq!(told(&plain("/b"), Some(&plain("/a"))), [expected]);
        assert_eq!(told(&plain("/a"), Some(&plain("/a"))).len(), 0);
    }

    #[test]
    fn a_volume_in_an_attachment_is_one_of_a_driver() {
        let object = plain("/a");
        let mut errors = Vec::new();
        spec(&At::root(&object).child("spec"), Within::Attachment, &mut errors);
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["spec.capacity", "spec.csi"]);
    }
}
