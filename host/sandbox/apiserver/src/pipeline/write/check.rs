//! What is refused whatever the object says: the wrong object, the wrong time, fields that nobody knows.

use std::sync::Arc;

use backplane_apimachinery::kind::Origin as KindOrigin;
use backplane_apimachinery::{FieldError, Status};
use backplane_core::ObjectKey;
use serde_json::Value;

use super::{FieldValidation, Origin, WriteOptions};
use crate::pipeline::{Resource, events};
use crate::storage::{GroupResource, Stored};

/// Refuses an object with these errors.
pub(super) fn valid(resource: &Resource<'_>, errors: Vec<FieldError>, object: &Value) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    // Events are judged in the form in which they are stored.
    let group = events::storage_group(&resource.kind.group);
    Err(Status::invalid(group, &resource.kind.kind, name, &errors))
}

/// Takes out fields that the kind does not have, and warns of them or refuses them.
pub(super) fn unknown_fields(
    resource: &Resource<'_>,
    object: &mut Value,
    origin: Origin,
    options: &WriteOptions,
) -> Result<Vec<String>, Status> {
    let kind = &resource.kind;
    let patched = (origin != Origin::Sent).then(|| object.clone());
    let mut unknown = kind.prune(object);
    if origin == Origin::Sent && kind.origin != KindOrigin::Custom {
        unknown = options.faults.in_order(unknown);
    }
    let wrong = options.faults.with(&unknown);
    match (options.validation, patched) {
        _ if wrong.is_empty() => Ok(Vec::new()),
        (FieldValidation::Ignore, _) => Ok(Vec::new()),
        (FieldValidation::Warn, _) => Ok(wrong),
        (FieldValidation::Strict, Some(patched)) => {
            let shown = options.quoted.clone().unwrap_or_else(|| patched.to_string());
            Err(Status::strict_patch(&shown, &wrong))
        }
        (FieldValidation::Strict, None) => {
            Err(Status::strict_decoding(&kind.kind, &kind.version, &options.faults.refusal(&unknown)))
        }
    }
}

/// A write may say which object and which version of it it means.
pub(super) fn same_object(resource: &Resource<'_>, old: &Value, new: &Value, origin: Origin) -> Result<(), Status> {
    let text = |object: &Value, field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    let name = text(old, "name");
    let (wanted, present) = (text(new, "uid"), text(old, "uid"));
    // A patch that changes the uid is judged with the rest of the object.
    if origin == Origin::Sent && !wanted.is_empty() && wanted != present {
        let place = resource.namespace.as_deref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: /registry/{}/{place}{name}, ResourceVersion: 0, \
             AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, UID in object meta: {present}",
            resource.kind.plural
        );
        return Err(resource.conflict(&name, &why));
    }
    let wanted = text(new, "resourceVersion");
    if !wanted.is_empty() && wanted.parse::<u64>().is_err() {
        return Err(Status::unclassified(format!("strconv.ParseUint: parsing {wanted:?}: invalid syntax")));
    }
    if !wanted.is_empty() && wanted != "0" && wanted != text(old, "resourceVersion") {
        return Err(resource.modified(&name));
    }
    Ok(())
}

/// Nothing is created in a namespace that is not there or going away.
pub(super) fn namespace_lives(resource: &Resource<'_>, object: &Value) -> Result<(), Status> {
    let Some(namespace) = &resource.namespace else { return Ok(()) };
    let key = ObjectKey { namespace: None, name: namespace.clone() };
    let stored = resource.server.storage.get(&GroupResource::new("", "namespaces"), &key);
    let stored: Arc<Stored> = stored.ok_or_else(|| Status::not_found("", "namespaces", namespace))?;
    if stored.deleting {
        let (kind, name) = (&resource.kind, object["metadata"]["name"].as_str().unwrap_or_default());
        return Err(Status::namespace_terminating(&kind.group, &kind.plural, name, namespace));
    }
    Ok(())
}
