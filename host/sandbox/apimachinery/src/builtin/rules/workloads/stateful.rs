//! Rules of StatefulSets, whose Pods have names and volumes of their own.

use serde_json::Value;

use super::super::at::{At, Errors};
use super::super::pods::{self, Template};
use super::super::storage;
use super::super::texts;
use crate::meta::names;

pub(super) fn check(spec: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let policy = spec.child("podManagementPolicy");
    if !["OrderedReady", "Parallel"].contains(&policy.text()) {
        errors.push(policy.invalid("must be 'OrderedReady' or 'Parallel'"));
    }
    strategy(&spec.child("updateStrategy"), errors);
    for when in ["whenDeleted", "whenScaled"] {
        spec.below(&["persistentVolumeClaimRetentionPolicy", when]).one_of(&["Retain", "Delete"], errors);
    }
    // What cannot change is not judged again.
    if old.is_none() {
        let templates = spec.child("volumeClaimTemplates").items();
        templates.iter().for_each(|claim| storage::claim_spec(&claim.child("spec"), errors));
    }
    spec.child("replicas").not_negative(errors);
    spec.child("minReadySeconds").not_negative(errors);
    spec.below(&["ordinals", "start"]).not_negative(errors);
    let service = spec.child("serviceName");
    if old.is_none() && !service.text().is_empty() {
        service.judged(names::label(service.text()), errors);
    }
    super::selector(spec, "statefulset", errors);
    template(spec, errors);
    super::lasting(&spec.below(&["template", "spec"]), "StatefulSet", errors);
    if let Some(old) = old {
        update(spec, old, errors);
    }
}

fn strategy(strategy: &At<'_>, errors: &mut Errors) {
    let rolling = strategy.child("rollingUpdate");
    match strategy.child("type").text() {
        "OnDelete" if rolling.is_set() => {
            let why = "only allowed for updateStrategy 'RollingUpdate'";
            errors.push(rolling.invalid_struct("RollingUpdateStatefulSetStrategy", why));
        }
        "OnDelete" => {}
        "RollingUpdate" => rolling.child("partition").not_negative(errors),
        _ => {
            let why = "must be 'RollingUpdate' or 'OnDelete'";
            errors.push(strategy.invalid_struct("StatefulSetUpdateStrategy", why));
        }
    }
}

fn template(spec: &At<'_>, errors: &mut Errors) {
    let (selector, template) = (spec.child("selector"), spec.child("template"));
    if !texts::is_readable(selector.value) {
        errors.push(selector.invalid(""));
        return;
    }
    super::matched(spec, errors);
    let claimed = claimed(spec);
    for (i, name) in claimed.iter().enumerate() {
        volume(&At { path: format!("{}.spec.volumes[{i}]", template.path), value: &Value::Null }, name, errors);
    }
    pods::template(&template, Template { claimed }, errors);
    // The real server looks at the labels of this kind twice.
    texts::labels(&At { path: format!("{}.labels", template.path), ..template.below(&["metadata", "labels"]) }, errors);
}

/// The names of the volumes that come of claims.
fn claimed<'a>(spec: &At<'a>) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for claim in spec.child("volumeClaimTemplates").items() {
        let name = claim.below(&["metadata", "name"]).text();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// A volume that comes of a claim and has its name.
fn volume(at: &At<'_>, name: &str, errors: &mut Errors) {
    if name.is_empty() {
        errors.push(at.below(&["persistentVolumeClaim", "claimName"]).required(""));
        errors.push(at.child("name").required(""));
    } else {
        errors.extend(names::label(name).map(|why| at.child("name").invalid_value(name, &why)));
    }
}

/// Most of a StatefulSet is fixed: its Pods have names and volumes that depend on it.
fn update(spec: &At<'_>, old: &At<'_>, errors: &mut Errors) {
    const FREE: [&str; 7] = [
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    ];
    let fixed = |spec: &At<'_>| {
        let mut fixed = spec.value.as_object().cloned().unwrap_or_default();
        fixed.retain(|name, _| !FREE.contains(&name.as_str()));
        fixed
    };
    if fixed(spec) != fixed(old) {
        errors.push(spec.forbidden(
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', \
             'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        ));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_claim_without_a_name_gives_a_volume_without_one() {
        let spec = json!({"volumeClaimTemplates": [{"metadata": {}}, {"metadata": {"name": "a"}}, {"metadata": {"name": "a"}}]});
        let at = At { value: &spec, path: "spec".into() };
        assert_eq!(claimed(&at), ["", "a"]);
        let mut errors = Vec::new();
        volume(&At { value: &Value::Null, path: "volumes[0]".into() }, "", &mut errors);
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["volumes[0].persistentVolumeClaim.claimName", "volumes[0].name"]);
    }
}
