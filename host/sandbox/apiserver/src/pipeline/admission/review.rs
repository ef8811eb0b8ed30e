//! The question: an `AdmissionReview` of one write for one webhook.

use serde_json::{Value, json};

use super::Admission;
use super::choose::Chosen;
use crate::pipeline::review::info;

pub(super) const REVIEW: &str = "admission.k8s.io/v1";

/// The object of a write before and after, in the version that a webhook wants.
pub(super) struct Seen {
    pub(super) object: Value,
    pub(super) old: Value,
}

/// Writes the request of a review.
pub(super) fn request(admission: &Admission<'_>, chosen: &Chosen, uid: &str, name: &str, seen: &Seen) -> Value {
    let (asked, shown) = (&admission.resource.kind, &chosen.kind);
    let kind = |kind: &backplane_apimachinery::ResourceKind| match admission.subresource {
        Some("scale") => json!({"group": "autoscaling", "version": "v1", "kind": "Scale"}),
        _ => json!({"group": kind.group, "version": kind.version, "kind": kind.kind}),
    };
    let resource = |kind: &backplane_apimachinery::ResourceKind| json!({"group": kind.group, "version": kind.version, "resource": kind.plural});
    let mut request = json!({
        "uid": uid, "kind": kind(shown), "resource": resource(shown),
        "requestKind": kind(asked), "requestResource": resource(asked),
        "operation": admission.operation.as_str(), "userInfo": info(admission.user),
        "object": seen.object, "oldObject": seen.old, "dryRun": admission.dry_run, "options": admission.options,
    });
    if !name.is_empty() {
        request["name"] = name.into();
    }
    if let Some(namespace) = &admission.resource.namespace {
        request["namespace"] = namespace.as_str().into();
    } else if asked.group.is_empty() && asked.kind == "Namespace" {
        request["namespace"] = name.into();
    }
    if let Some(subresource) = admission.subresource {
        request["subResource"] = subresource.into();
        request["requestSubResource"] = subresource.into();
    }
    request
}

/// The document around a request.
pub(super) fn document(request: &Value) -> Value {
    json!({"kind": "AdmissionReview", "apiVersion": REVIEW, "request": request})
}
