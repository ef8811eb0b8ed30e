//! What an object of a built-in kind holds before anything is set: the fields that the real server always writes.
//!
//! A created object is compared with this to find out which fields its creator owns: what is always there has no creator, so
//! `f:template` of a Deployment is owned only through what is inside it, while `f:rollingUpdate`, which may be absent, is
//! owned itself.

use serde_json::{Value, json};

use crate::kind::{Origin, ResourceKind};

/// The fields besides `apiVersion`, `kind` and `metadata`.
pub(crate) fn zero(kind: &ResourceKind) -> Value {
    let template = || json!({"metadata": {}, "spec": {"containers": null}});
    match kind.kind.as_str() {
        "Pod" => json!({"spec": {"containers": null}, "status": {}}),
        "Deployment" => json!({"spec": {"selector": null, "template": template(), "strategy": {}}, "status": {}}),
        "ReplicaSet" => json!({"spec": {"selector": null, "template": template()}, "status": {"replicas": 0}}),
        "StatefulSet" => {
            json!({"spec": {"selector": null, "serviceName": "", "template": template(), "updateStrategy": {}},
            "status": {"replicas": 0, "availableReplicas": 0}})
        }
        "DaemonSet" => json!({"spec": {"selector": null, "template": template(), "updateStrategy": {}}, "status": {
            "currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0}}),
        "Job" => json!({"spec": {"template": template()}, "status": {}}),
        "CronJob" => {
            json!({"spec": {"schedule": "", "jobTemplate": {"metadata": {}, "spec": {"template": template()}}},
            "status": {}})
        }
        "Service" | "Ingress" => json!({"spec": {}, "status": {"loadBalancer": {}}}),
        "Node" => json!({"spec": {}, "status": {"daemonEndpoints": {"kubeletEndpoint": {"Port": 0}}, "nodeInfo": {
            "architecture": "", "bootID": "", "containerRuntimeVersion": "", "kernelVersion": "", "kubeProxyVersion": "",
            "kubeletVersion": "", "machineID": "", "operatingSystem": "", "osImage": "", "systemUUID": ""}}}),
        "PersistentVolumeClaim" => json!({"spec": {"resources": {}}, "status": {}}),
        "Event" if kind.group.is_empty() => json!({"involvedObject": {}, "source": {}, "firstTimestamp": null,
            "lastTimestamp": null, "eventTime": null, "reportingComponent": "", "reportingInstance": ""}),
        "Event" => json!({"eventTime": null, "regarding": {}, "deprecatedSource": {}, "deprecatedFirstTimestamp": null,
            "deprecatedLastTimestamp": null}),
        "Role" | "ClusterRole" => json!({"rules": null}),
        "RoleBinding" | "ClusterRoleBinding" => json!({"roleRef": {"apiGroup": "", "kind": "", "name": ""}}),
        "NetworkPolicy" => json!({"spec": {"podSelector": {}}}),
        "PodDisruptionBudget" => json!({"spec": {}, "status": {
            "currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0}}),
        "CustomResourceDefinition" => json!({
            "spec": {"group": "", "names": {"plural": "", "kind": ""}, "scope": "", "versions": null},
            "status": {"conditions": null, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": null}}),
        "VolumeAttachment" => {
            json!({"spec": {"attacher": "", "source": {}, "nodeName": ""}, "status": {"attached": false}})
        }
        "EndpointSlice" => json!({"addressType": "", "endpoints": null, "ports": null}),
        _ => parts(kind),
    }
}

/// Kinds whose objects are completed with what is always there. The others say that it is missing.
const FILLED: [&str; 23] = [
    "ClusterRole",
    "ClusterRoleBinding",
    "CronJob",
    "CustomResourceDefinition",
    "DaemonSet",
    "Deployment",
    "EndpointSlice",
    "Event",
    "Ingress",
    "Job",
    "Lease",
    "NetworkPolicy",
    "Node",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "PodDisruptionBudget",
    "ReplicaSet",
    "Role",
    "RoleBinding",
    "Service",
    "StatefulSet",
    "VolumeAttachment",
];

/// Gives an object of a built-in kind the fields that are always there.
pub(crate) fn fill(kind: &ResourceKind, object: &mut Value) {
    if kind.origin == Origin::Builtin && FILLED.contains(&kind.kind.as_str()) {
        complete(object, zero(kind));
    }
}

fn complete(object: &mut Value, zero: Value) {
    match (object, zero) {
        (Value::Object(map), Value::Object(zero)) => {
            for (name, value) in zero {
                complete(map.entry(name).or_insert(Value::Null), value);
            }
        }
        (absent @ Value::Null, zero) => *absent = zero,
        _ => {}
    }
}

fn parts(kind: &ResourceKind) -> Value {
    let mut object = json!({});
    for part in ["spec", "status"].into_iter().filter(|part| kind.schema.member(part).is_some()) {
        object[part] = json!({});
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_always_there_is_filled_in_and_nothing_is_changed() {
        let kinds = crate::builtin::kinds();
        let kind = kinds.iter().find(|kind| kind.kind == "Deployment").unwrap();
        let mut object = json!({"spec": {"template": null, "strategy": {"type": "Recreate"}}});
        fill(kind, &mut object);
        assert_eq!(object["spec"]["template"], json!({"metadata": {}, "spec": {"containers": null}}));
        assert_eq!(object["spec"]["strategy"], json!({"type": "Recreate"}));
        assert_eq!(object["status"], json!({}));
    }
}
