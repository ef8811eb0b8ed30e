//! A new Machine and its two clones, and what of a template is kept on them.

use serde_json::{Value, json};

use super::words;
use crate::client::Client;
use crate::error::Error;
use crate::kinds::{Kind, MACHINE};
use crate::object::{self, Owner};

/// Makes one Machine `<set>-<5 random>` and, before it, clones of the bootstrap and infrastructure template of the same
/// name. What was cloned for a Machine that then cannot be made is removed again.
pub(super) async fn create(client: &Client, set: &Value) -> Result<(), Error> {
    let name = format!("{}-{}", object::name(set), client.suffix());
    let mut machine = machine(set, &name);
    let mut clones = Vec::new();
    let made = match clone_all(client, set, &mut machine, &mut clones).await {
        Ok(()) => client.create(&machine).await.map(|_| ()).map_err(Error::from),
        Err(error) => Err(error),
    };
    if made.is_err() {
        for (kind, clone) in &clones {
            client.delete(kind, clone).await?;
        }
    }
    made
}

async fn clone_all(
    client: &Client,
    set: &Value,
    machine: &mut Value,
    clones: &mut Vec<(Kind, Value)>,
) -> Result<(), Error> {
    for path in [&["spec", "bootstrap", "configRef"][..], &["spec", "infrastructureRef"]] {
        let reference = object::member(set, &format!("/spec/template/{}", path.join("/")));
        if reference.is_null() {
            continue;
        }
        let (kind, clone) = clone_template(client, set, machine, &reference).await?;
        let reference = json!({
            "apiVersion": kind.api_version(), "kind": kind.kind,
            "name": object::name(&clone), "namespace": object::namespace(&clone), "uid": object::uid(&clone),
        });
        object::put(machine, path, reference);
        clones.push((kind, clone));
    }
    Ok(())
}

async fn clone_template(
    client: &Client,
    set: &Value,
    machine: &Value,
    reference: &Value,
) -> Result<(Kind, Value), Error> {
    let missing = || {
        let (kind, name) = (object::text(reference, "/kind"), object::text(reference, "/name"));
        Error::Object(format!("failed to clone {kind} {name}: not found"))
    };
    let of = Kind::of_reference(reference).ok_or_else(missing)?;
    let template = client.get(&of, object::namespace(set), object::text(reference, "/name")).await?;
    let clone = clone(set, machine, &template.ok_or_else(missing)?);
    let kind = Kind::of_reference(&clone).ok_or_else(missing)?;
    let clone = client.create(&clone).await?;
    Ok((kind, clone))
}

fn clone(set: &Value, machine: &Value, template: &Value) -> Value {
    let kind = object::text(template, "/kind");
    let group = object::group_of(object::text(template, "/apiVersion"));
    let mut clone = json!({
        "apiVersion": template["apiVersion"],
        "kind": kind.strip_suffix("Template").unwrap_or(kind),
        "metadata": {"name": object::name(machine), "namespace": object::namespace(machine)},
        "spec": object::member(template, "/spec/template/spec"),
    });
    if clone["spec"].is_null() {
        clone["spec"] = json!({});
    }
    for member in ["labels", "annotations"] {
        for (key, value) in entries(template, &format!("/spec/template/metadata/{member}")) {
            object::put(&mut clone, &["metadata", member, key], value.clone());
        }
    }
    mark_clone(set, &mut clone);
    object::set_annotation(&mut clone, words::CLONED_FROM_NAME, object::name(template));
    object::set_annotation(&mut clone, words::CLONED_FROM_KIND, &format!("{kind}.{group}"));
    object::set_owner(&mut clone, set, Owner::Plain);
    clone
}

fn machine(set: &Value, name: &str) -> Value {
    let mut machine = json!({
        "apiVersion": MACHINE.api_version(), "kind": MACHINE.kind,
        "metadata": {"name": name, "namespace": object::namespace(set)},
        "spec": object::member(set, "/spec/template/spec"),
    });
    object::add_finalizer(&mut machine, words::MACHINE_FINALIZER);
    mark_machine(set, &mut machine);
    object::set_owner(&mut machine, set, Owner::Controlling);
    machine
}

/// Labels, annotations and timeouts of a set's template on one of its Machines.
pub(super) fn mark_machine(set: &Value, machine: &mut Value) {
    mark_clone(set, machine);
    for member in ["nodeDrainTimeout", "nodeVolumeDetachTimeout", "nodeDeletionTimeout"] {
        match set.pointer(&format!("/spec/template/spec/{member}")) {
            Some(value) => object::put(machine, &["spec", member], value.clone()),
            // The default that the webhook of Machine gives.
            None if member == "nodeDeletionTimeout" => object::put(machine, &["spec", member], json!("10s")),
            None => object::take(machine, &["spec", member]),
        }
    }
}

/// Labels and annotations of a set's template on a clone.
pub(super) fn mark_clone(set: &Value, object: &mut Value) {
    for member in ["labels", "annotations"] {
        for (key, value) in entries(set, &format!("/spec/template/metadata/{member}")) {
            object::put(object, &["metadata", member, key], value.clone());
        }
    }
    object::set_label(object, words::CLUSTER_NAME, object::text(set, "/spec/clusterName"));
    object::set_label(object, words::SET_NAME, object::name(set));
    if let Some(deployment) = object::label(set, words::DEPLOYMENT_NAME) {
        object::set_label(object, words::DEPLOYMENT_NAME, deployment);
    }
}

fn entries<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let map = object.pointer(pointer).and_then(Value::as_object);
    map.into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> Value {
        json!({
            "apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "MachineSet",
            "metadata": {"name": "md-abcde", "namespace": "ns", "uid": "s", "labels": {words::DEPLOYMENT_NAME: "md"}},
            "spec": {"clusterName": "c", "template": {
                "metadata": {"labels": {"tier": "x"}, "annotations": {"note": "y"}},
                "spec": {"clusterName": "c", "bootstrap": {}, "infrastructureRef": {}, "nodeDrainTimeout": "3s"}}},
        })
    }

    #[test]
    fn a_clone_is_named_like_its_machine_and_says_where_it_comes_from() {
        let template = json!({
            "apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1", "kind": "CloudSigmaMachineTemplate",
            "metadata": {"name": "t", "namespace": "ns"},
            "spec": {"template": {"metadata": {"labels": {"from": "template"}}, "spec": {"cpu": 2000}}},
        });
        let clone = clone(&set(), &machine(&set(), "md-abcde-fghjk"), &template);
        assert_eq!(object::text(&clone, "/kind"), "CloudSigmaMachine");
        assert_eq!(object::name(&clone), "md-abcde-fghjk");
        assert_eq!(clone["spec"], json!({"cpu": 2000}));
        for (key, value) in
            [("from", "template"), ("tier", "x"), (words::CLUSTER_NAME, "c"), (words::SET_NAME, "md-abcde")]
        {
            assert_eq!(object::label(&clone, key), Some(value), "{key}");
        }
        assert_eq!(object::annotation(&clone, words::CLONED_FROM_NAME), Some("t"));
        let kind = "CloudSigmaMachineTemplate.infrastructure.cluster.x-k8s.io";
        assert_eq!(object::annotation(&clone, words::CLONED_FROM_KIND), Some(kind));
        assert!(object::is_owned_by(&clone, &set()) && object::controller(&clone).is_none());
    }

    #[test]
    fn a_machine_carries_the_templates_labels_annotations_and_timeouts() {
        let machine = machine(&set(), "m");
        assert_eq!(object::label(&machine, words::DEPLOYMENT_NAME), Some("md"));
        assert_eq!(object::annotation(&machine, "note"), Some("y"));
        assert_eq!(object::text(&machine, "/spec/nodeDrainTimeout"), "3s");
        assert_eq!(object::text(&machine, "/spec/nodeDeletionTimeout"), "10s");
        assert!(object::has_finalizer(&machine, words::MACHINE_FINALIZER));
    }
}
