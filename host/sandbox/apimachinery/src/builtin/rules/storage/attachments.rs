//! Rules of attachments of volumes to nodes.
//!
//! Source: `k8s.io/kubernetes/pkg/apis/storage/validation`.

use serde_json::Value;

use super::sources;
use super::volumes::{self, Within};
use crate::builtin::rules::at::{At, Errors};
use crate::builtin::rules::texts;
use crate::field::{FieldError, FieldReason};
use crate::meta::names;

/// How many bytes the metadata of an attachment may have, and the text of an error.
const MAX_METADATA: usize = 256 * 1024;
const MAX_MESSAGE: usize = 1024;

pub(crate) fn attachment(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let spec = object.child("spec");
    let (attacher, source, node) = (spec.child("attacher"), spec.child("source"), spec.child("nodeName"));
    if attacher.text().is_empty() {
        errors.push(attacher.required(""));
    }
    self::source(&source, errors);
    node.judged(names::subdomain(node.text()), errors);
    status(&object.child("status"), errors);
    match old {
        Some(old) if old.child("spec").value != spec.value => {
            errors.push(FieldError::with_text(FieldReason::Invalid, &spec.path, &shown(&spec), texts::IMMUTABLE));
        }
        Some(_) => {}
        None => of_a_new_one(&attacher, &source.child("persistentVolumeName"), errors),
    }
}

fn source(at: &At<'_>, errors: &mut Errors) {
    const ONE: &str = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
    let (name, inline) = (at.child("persistentVolumeName"), at.child("inlineVolumeSpec"));
    match (name.is_set(), inline.is_set()) {
        (false, false) => errors.push(at.required(ONE)),
        (true, true) => errors.push(at.forbidden(ONE)),
        (true, false) if name.text().is_empty() => {
            errors.push(name.required("must specify non empty persistentVolumeName"));
        }
        (true, false) => {}
        (false, true) => volumes::spec(&inline, Within::Attachment, errors),
    }
}

fn status(status: &At<'_>, errors: &mut Errors) {
    let metadata = status.child("attachmentMetadata");
    if metadata.entries().iter().map(|(key, value)| key.len() + value.text().len()).sum::<usize>() > MAX_METADATA {
        errors.push(FieldError::too_long(&metadata.path, MAX_METADATA as u64));
    }
    for failure in ["attachError", "detachError"].map(|field| status.child(field)) {
        let (message, code) = (failure.child("message"), failure.child("errorCode"));
        if message.text().len() > MAX_MESSAGE {
            // The real server names the limit of the metadata.
            errors.push(FieldError::too_long(&message.path, MAX_METADATA as u64));
        }
        if code.number() < 0 {
            errors.push(code.invalid(&format!("must be between 0 and {}, inclusive", i32::MAX)));
        }
    }
}

/// What was not asked of attachments from the start.
fn of_a_new_one(attacher: &At<'_>, volume: &At<'_>, errors: &mut Errors) {
    sources::driver(attacher, errors);
    if volume.is_set() {
        volume.judged(names::subdomain(volume.text()), errors);
    }
}

/// The spec in the order and with the names that it has in Go.
fn shown(spec: &At<'_>) -> String {
    let text = |field: &str| Value::from(spec.child(field).text());
    let source = spec.child("source");
    let (name, inline) = (source.child("persistentVolumeName"), source.child("inlineVolumeSpec"));
    format!(
        "{{\"Attacher\":{},\"Source\":{{\"PersistentVolumeName\":{},\"InlineVolumeSpec\":{}}},\"NodeName\":{}}}",
        text("attacher"),
        name.value,
        inline.value,
        text("nodeName")
    )
}
