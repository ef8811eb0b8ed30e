//! The `scale` subresource: an `autoscaling/v1` Scale made from an object, and put back into it.

mod check;

use serde_json::{Value, json};

use crate::field::FieldError;
use crate::jsonpath::JsonPath;
use crate::kind::{Origin, ResourceKind, ScalePaths};
use crate::status::Status;
pub(crate) use check::{Judged, check};

/// The Scale of an object; `None` if the kind has no scale subresource.
pub fn scale_of(kind: &ResourceKind, object: &Value) -> Option<Value> {
    let paths = kind.subresources.scale.as_ref()?;
    let meta = |key: &str| object.pointer(&format!("/metadata/{key}")).cloned();
    let mut metadata = json!({});
    for key in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = meta(key) {
            metadata[key] = value;
        }
    }
    let mut scale = json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
        "spec": {}, "status": {"replicas": number(&paths.status_replicas, object).unwrap_or(0)},
    });
    // Go leaves a zero out.
    if let Some(replicas) = number(&paths.spec_replicas, object).filter(|replicas| *replicas != 0) {
        scale["spec"]["replicas"] = replicas.into();
    }
    if let Some(selector) = selector(kind, paths.label_selector.as_ref(), object) {
        scale["status"]["selector"] = selector.into();
    }
    Some(scale)
}

fn number(path: &JsonPath, object: &Value) -> Option<i64> {
    path.first(object)?.as_i64()
}

/// The selector as text: what the path holds, or `spec.selector` of the built-in workloads.
fn selector(kind: &ResourceKind, path: Option<&JsonPath>, object: &Value) -> Option<String> {
    if let Some(path) = path {
        return path.first(object)?.as_str().map(str::to_owned);
    }
    if kind.origin == Origin::Custom {
        return None;
    }
    let labels = object.pointer("/spec/selector/matchLabels")?.as_object()?;
    let labels: Vec<String> = labels.iter().filter_map(|(k, v)| Some(format!("{k}={}", v.as_str()?))).collect();
    Some(labels.join(","))
}

/// Writes the wanted replicas of a Scale into the object, and its `resourceVersion` if it names one.
///
/// # Errors
/// 422 if `spec.replicas` is no number or negative.
pub fn apply_scale(kind: &ResourceKind, object: &mut Value, scale: &Value) -> Result<(), Status> {
    let Some(paths) = &kind.subresources.scale else { return Err(Status::no_such_resource()) };
    let wanted = scale.pointer("/spec/replicas").cloned().unwrap_or_else(|| 0.into());
    if wanted.as_i64().is_none_or(|n| !(0..=i64::from(i32::MAX)).contains(&n)) {
        let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        let error = FieldError::invalid("spec.replicas", &wanted, "must be greater than or equal to 0");
        return Err(Status::invalid("autoscaling", "Scale", name, &[error]));
    }
    *place(paths, object) = wanted;
    if let Some(version) = scale.pointer("/metadata/resourceVersion").filter(|v| v.as_str() != Some("")) {
        object["metadata"]["resourceVersion"] = version.clone();
    }
    Ok(())
}

/// Where the wanted replicas stand in an object.
fn place<'a>(paths: &ScalePaths, object: &'a mut Value) -> &'a mut Value {
    paths.spec_replicas.fields().unwrap_or_default().into_iter().fold(object, |place, name| {
        if !place.is_object() {
            *place = json!({});
        }
        &mut place[name]
    })
}

/// An object as its Scale shows it to field managers: no replicas are nobody's.
pub(crate) fn as_owned(kind: &ResourceKind, mut object: Value) -> Value {
    let Some(paths) = &kind.subresources.scale else { return object };
    if number(&paths.spec_replicas, &object) == Some(0) {
        let names = paths.spec_replicas.fields().unwrap_or_default();
        if let Some((last, above)) = names.split_last() {
            let parent = above.iter().try_fold(&mut object, |place, name| place.get_mut(*name));
            parent.and_then(Value::as_object_mut).map(|map| map.remove(*last));
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{mk_widget, widget};

    #[test]
    fn a_scale_is_read_from_the_object_and_written_back() {
        let mut object = mk_widget(json!({"version": "v1", "replicas": 2}));
        object["status"] = json!({"replicas": 1, "selector": "a=b"});
        let mut scale = scale_of(&widget(), &object).expect("scale");
        assert_eq!(scale["spec"], json!({"replicas": 2}));
        assert_eq!(scale["status"], json!({"replicas": 1, "selector": "a=b"}));
        scale["spec"]["replicas"] = 5.into();
        apply_scale(&widget(), &mut object, &scale).expect("scaled");
        assert_eq!(object["spec"]["replicas"], 5);
        assert_eq!(as_owned(&widget(), object.clone()), object);
        apply_scale(&widget(), &mut object, &json!({})).expect("scaled");
        assert_eq!(scale_of(&widget(), &object).expect("scale")["spec"], json!({}));
        assert_eq!(as_owned(&widget(), object.clone())["spec"].get("replicas"), None);
        scale["spec"]["replicas"] = (-1).into();
        assert_eq!(apply_scale(&widget(), &mut object, &scale).expect_err("refused").code(), 422);
    }
}
