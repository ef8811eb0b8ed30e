//! Rules of claims to volumes.
//!
//! Source: `k8s.io/kubernetes/pkg/apis/core/validation` and `pkg/registry/core/persistentvolumeclaim`.

use serde_json::Value;

use super::{MODES, access_modes, class_name, mode_kept, positive};
use crate::builtin::rules::at::{At, Errors};
use crate::builtin::rules::texts;
use crate::field::FieldError;
use crate::meta::names;
use crate::quantity::Quantity;

pub(crate) fn claim(object: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    spec(&object.child("spec"), errors);
    if let Some(old) = old {
        changes(object, old, errors);
    }
}

/// The spec of a claim, or of what claims are made from.
pub(crate) fn spec(spec: &At<'_>, errors: &mut Errors) {
    let modes = spec.child("accessModes");
    if modes.len() == 0 {
        errors.push(modes.required("at least 1 access mode is required"));
    }
    texts::selector(&spec.child("selector"), errors);
    access_modes(&modes, errors);
    size(spec, errors);
    class_name(&spec.child("storageClassName"), errors);
    spec.child("volumeMode").one_of_if_set(&MODES, errors);
    data(spec, errors);
    class_name(&spec.child("volumeAttributesClassName"), errors);
}

/// The size is named in another place than where it stands.
fn size(spec: &At<'_>, errors: &mut Errors) {
    let size = spec.below(&["resources", "requests", "storage"]);
    let named = At { path: format!("{}.resources[storage]", spec.path), ..size };
    if named.is_set() {
        positive(&named, errors);
    } else {
        errors.push(named.required(""));
    }
}

/// Where the data of a new volume comes from: the younger of the two fields may name other namespaces.
fn data(spec: &At<'_>, errors: &mut Errors) {
    let (source, reference) = (spec.child("dataSource"), spec.child("dataSourceRef"));
    for given in [&source, &reference].into_iter().filter(|given| given.is_set()) {
        self::reference(given, errors);
    }
    let elsewhere = !reference.child("namespace").text().is_empty();
    let same =
        ["apiGroup", "kind", "name"].iter().all(|field| source.child(field).text() == reference.child(field).text());
    let why = match (source.is_set(), reference.is_set()) {
        (true, true) if elsewhere => "may not be specified when dataSourceRef.namespace is specified",
        (true, true) if !same => "must match dataSourceRef",
        _ => return,
    };
    // Instead of the value, the real server shows a path that it cannot write.
    errors.push(FieldError::invalid_shown(&spec.path, "{}", why));
}

fn reference(at: &At<'_>, errors: &mut Errors) {
    let [name, kind, group, namespace] = ["name", "kind", "apiGroup", "namespace"].map(|field| at.child(field));
    for field in [name, kind.clone()].iter().filter(|field| field.text().is_empty()) {
        errors.push(field.required(""));
    }
    if !group.text().is_empty() {
        group.judged(names::subdomain(group.text()), errors);
    } else if kind.text() != "PersistentVolumeClaim" {
        let why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        errors.push(at.invalid_value(kind.text(), why));
    }
    if !namespace.text().is_empty() {
        namespace.judged(names::label(namespace.text()), errors);
    }
}

/// What may not change in a claim.
fn changes(object: &At<'_>, old: &At<'_>, errors: &mut Errors) {
    if fixed_part(object.value, old.value) != fixed_part(old.value, old.value) {
        let why =
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        errors.push(FieldError::forbidden("spec", why));
    }
    let request = |claim: &At<'_>| amount(&claim.below(&["spec", "resources", "requests", "storage"]));
    let capacity = amount(&old.below(&["status", "capacity", "storage"]));
    if request(object) < request(old) && request(object) <= capacity {
        let field = "spec.resources.requests.storage";
        errors.push(FieldError::forbidden(field, "field can not be less than status.capacity"));
    }
    mode_kept(&object.child("spec"), &old.child("spec"), errors);
}

/// What is not there is nothing.
fn amount(at: &At<'_>) -> i128 {
    at.text().parse::<Quantity>().map_or(0, Quantity::thousandths)
}

/// What no update may change. A claim is given its volume and its class once, and may grow once it is bound.
fn fixed_part(claim: &Value, old: &Value) -> Value {
    let mut spec = claim["spec"].clone();
    for field in ["volumeName", "storageClassName"] {
        if !old["spec"][field].is_string() {
            spec[field] = Value::Null;
        }
    }
    if claim["status"]["phase"] == "Bound" {
        spec["resources"]["requests"]["storage"] = Value::Null;
        spec["volumeAttributesClassName"] = Value::Null;
    }
    spec
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(spec: Value, old: Option<Value>) -> Vec<String> {
        let (object, old) = (json!({"spec": spec}), old.map(|spec| json!({"spec": spec})));
        let mut errors = Vec::new();
        claim(&At::root(&object), old.as_ref().map(At::root).as_ref(), &mut errors);
        errors.iter().map(ToString::to_string).collect()
    }

    fn plain(more: Value) -> Value {
        let mut spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
        more.as_object().into_iter().flatten().for_each(|(name, value)| spec[name] = value.clone());
        spec
    }

    #[test]
    fn a_class_may_be_given_once() {
        let (none, a, b) =
            (plain(json!({})), plain(json!({"storageClassName": "a"})), plain(json!({"storageClassName": "b"})));
        assert_eq!(told(a.clone(), Some(none)).len(), 0);
        assert_eq!(told(b, Some(a)).len(), 1);
    }

    #[test]
    fn two_sources_of_data_must_be_the_same() {
        let source = |name: &str| json!({"kind": "PersistentVolumeClaim", "name": name});
        let spec = |other: &str| plain(json!({"dataSource": source("a"), "dataSourceRef": source(other)}));
        assert_eq!(told(spec("a"), None).len(), 0);
        assert_eq!(told(spec("b"), None), ["spec: Invalid value: {}: must match dataSourceRef"]);
    }

    #[test]
    fn a_claim_asks_for_some_room_in_some_way() {
        let good = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
        let cases = [
            ("/accessModes", json!([]), "accessModes"),
            ("/accessModes/0", json!(""), "accessModes"),
            ("/resources/requests/storage", json!("0"), ".resources[storage]"),
            ("/resources/requests", json!({}), ".resources[storage]"),
        ];
        for (place, value, field) in cases {
            let mut wrong = good.clone();
            *wrong.pointer_mut(place).unwrap() = value;
            let (mut errors, mut none) = (Vec::new(), Vec::new());
            super::spec(&At::root(&wrong), &mut errors);
            super::spec(&At::root(&good), &mut none);
            assert_eq!(errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), [field]);
            assert_eq!(none, []);
        }
    }
}
