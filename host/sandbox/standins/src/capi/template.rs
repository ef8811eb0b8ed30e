//! Which MachineSet belongs to a deployment's present template, and what is carried over without a new one.

use serde_json::{Value, json};

use super::words;
use crate::object;

/// Members of a machine template that are changed in place.
const IN_PLACE: [&str; 3] = ["nodeDrainTimeout", "nodeVolumeDetachTimeout", "nodeDeletionTimeout"];

/// Whether two machine templates need the same machines: labels, annotations, node timeouts and the version part of
/// references do not matter.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    essence(left) == essence(right)
}

fn essence(template: &Value) -> Value {
    let mut spec = object::member(template, "/spec");
    for member in IN_PLACE {
        object::take(&mut spec, &[member]);
    }
    for path in [&["infrastructureRef"][..], &["bootstrap", "configRef"]] {
        let pointer = format!("/{}/apiVersion", path.join("/"));
        if let Some(version) = spec.pointer_mut(&pointer) {
            *version = json!(object::group_of(version.as_str().unwrap_or_default()));
        }
    }
    spec
}

/// The oldest MachineSet whose template is the deployment's. A `rolloutAfter` that has passed asks for one made since.
pub(crate) fn current<'a>(deployment: &Value, sets: &'a [Value], now: &str) -> Option<&'a Value> {
    let template = object::member(deployment, "/spec/template");
    let after = object::text(deployment, "/spec/rolloutAfter");
    let fresh =
        |set: &Value| after.is_empty() || after > now || object::text(set, "/metadata/creationTimestamp") >= after;
    by_age(sets).into_iter().find(|set| same(&object::member(set, "/spec/template"), &template) && fresh(set))
}

/// Oldest first; equal ages by name, since times have whole seconds.
pub(crate) fn by_age(sets: &[Value]) -> Vec<&Value> {
    let mut sets: Vec<&Value> = sets.iter().collect();
    sets.sort_by_key(|set| (object::text(set, "/metadata/creationTimestamp"), object::name(set)));
    sets
}

/// A new MachineSet for the deployment's template. `suffix` is five random characters.
pub(crate) fn new_set(deployment: &Value, suffix: &str, revision: i64, replicas: i64) -> Value {
    let name = object::name(deployment);
    let base: String = name.chars().take(58).collect();
    let hash = format!("{}-{suffix}", fnv(&essence(&object::member(deployment, "/spec/template")).to_string()));
    let mut set = json!({
        "apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "MachineSet",
        "metadata": {"name": format!("{base}-{suffix}"), "namespace": object::namespace(deployment)},
        "spec": {
            "clusterName": object::member(deployment, "/spec/clusterName"),
            "replicas": replicas,
            "minReadySeconds": object::number(deployment, "/spec/minReadySeconds", 0),
            "selector": object::member(deployment, "/spec/selector"),
            "template": {"metadata": {}, "spec": object::member(deployment, "/spec/template/spec")},
        },
    });
    object::put(&mut set, &["spec", "selector", "matchLabels", words::TEMPLATE_HASH], json!(hash));
    object::put(&mut set, &["metadata", "labels", words::TEMPLATE_HASH], json!(hash));
    object::add_finalizer(&mut set, words::SET_FINALIZER);
    object::set_owner(&mut set, deployment, object::Owner::Controlling);
    object::set_annotation(&mut set, words::REVISION, &revision.to_string());
    propagate(deployment, &mut set);
    set
}

/// Carries over what needs no new machines: labels, annotations, node timeouts, the delete policy.
pub(crate) fn propagate(deployment: &Value, set: &mut Value) {
    let hash = object::label(set, words::TEMPLATE_HASH).unwrap_or_default().to_owned();
    let mut labels = object::member(deployment, "/spec/template/metadata/labels");
    let cluster = object::text(deployment, "/spec/clusterName");
    for (key, value) in [
        (words::CLUSTER_NAME, cluster),
        (words::DEPLOYMENT_NAME, object::name(deployment)),
        (words::TEMPLATE_HASH, &hash),
    ] {
        object::put(&mut labels, &[key], json!(value));
    }
    object::put(set, &["metadata", "labels"], labels.clone());
    object::put(set, &["spec", "template", "metadata", "labels"], labels);
    let annotations = object::member(deployment, "/spec/template/metadata/annotations");
    match annotations.is_null() {
        true => object::take(set, &["spec", "template", "metadata", "annotations"]),
        false => object::put(set, &["spec", "template", "metadata", "annotations"], annotations),
    }
    for member in IN_PLACE {
        match deployment.pointer(&format!("/spec/template/spec/{member}")) {
            Some(value) => object::put(set, &["spec", "template", "spec", member], value.clone()),
            None => object::take(set, &["spec", "template", "spec", member]),
        }
    }
    if let Some(policy) = deployment.pointer("/spec/strategy/rollingUpdate/deletePolicy") {
        object::put(set, &["spec", "deletePolicy"], policy.clone());
    }
    own_annotations(deployment, set);
}

fn own_annotations(deployment: &Value, set: &mut Value) {
    for (key, value) in deployment.pointer("/metadata/annotations").and_then(Value::as_object).into_iter().flatten() {
        if key != "kubectl.kubernetes.io/last-applied-configuration" && key != words::REVISION {
            object::set_annotation(set, key, value.as_str().unwrap_or_default());
        }
    }
    let wanted = super::rollout::Wanted::of(deployment);
    object::set_annotation(set, words::DESIRED_REPLICAS, &wanted.replicas.to_string());
    object::set_annotation(set, words::MAX_REPLICAS, &(wanted.replicas + wanted.max_surge).to_string());
}

/// The 32-bit FNV-1a hash, in decimal as Cluster API prints it. Only its being stable matters.
fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment() -> Value {
        json!({
            "metadata": {"name": "md", "namespace": "ns", "uid": "u", "annotations": {"note": "kept"}},
            "spec": {"clusterName": "c", "replicas": 2, "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"clusterName": "c", "version": "v1.34.0",
                    "bootstrap": {"configRef": {"apiVersion": "bootstrap.cluster.x-k8s.io/v1beta1", "name": "t"}},
                    "infrastructureRef": {"apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1", "name": "i"}}}},
        })
    }

    #[test]
    fn a_rollout_starts_only_for_what_changes_a_machine() {
        let cases = [
            ("label", vec!["spec", "template", "metadata", "labels", "x"], json!("y"), true),
            ("drain timeout", vec!["spec", "template", "spec", "nodeDrainTimeout"], json!("5s"), true),
            (
                "reference version",
                vec!["spec", "template", "spec", "infrastructureRef", "apiVersion"],
                json!("infrastructure.cluster.x-k8s.io/v1beta2"),
                true,
            ),
            ("kubernetes version", vec!["spec", "template", "spec", "version"], json!("v1.35.0"), false),
            ("template name", vec!["spec", "template", "spec", "infrastructureRef", "name"], json!("j"), false),
        ];
        let sets = vec![new_set(&deployment(), "abcde", 1, 2)];
        for (case, path, value, found) in cases {
            let mut changed = deployment();
            object::put(&mut changed, &path, value);
            assert_eq!(current(&changed, &sets, "2026").is_some(), found, "{case}");
        }
    }

    #[test]
    fn a_new_set_is_named_labelled_and_selects_only_its_own_machines() {
        let set = new_set(&deployment(), "abcde", 3, 2);
        assert_eq!(object::name(&set), "md-abcde");
        let hash = object::label(&set, words::TEMPLATE_HASH).expect("labelled").to_owned();
        assert!(hash.ends_with("-abcde"));
        assert_eq!(set["spec"]["selector"]["matchLabels"][words::TEMPLATE_HASH], json!(hash));
        assert_eq!(set["spec"]["template"]["metadata"]["labels"][words::TEMPLATE_HASH], json!(hash));
        assert_eq!(object::label(&set, words::DEPLOYMENT_NAME), Some("md"));
        assert_eq!(object::annotation(&set, words::REVISION), Some("3"));
        assert_eq!(object::annotation(&set, words::MAX_REPLICAS), Some("3"));
        assert_eq!(object::annotation(&set, "note"), Some("kept"));
        assert!(object::is_controlled_by(&set, &deployment()));
    }

    #[test]
    fn a_rollout_asked_for_by_time_needs_a_set_made_since() {
        let mut asked = deployment();
        object::put(&mut asked, &["spec", "rolloutAfter"], json!("2026-01-02T00:00:00Z"));
        let mut set = new_set(&deployment(), "abcde", 1, 2);
        object::put(&mut set, &["metadata", "creationTimestamp"], json!("2026-01-01T00:00:00Z"));
        let sets = [set];
        assert!(current(&asked, &sets, "2026-01-01T12:00:00Z").is_some(), "the time has not come");
        assert!(current(&asked, &sets, "2026-01-03T00:00:00Z").is_none(), "the set is older than the time");
    }
}
