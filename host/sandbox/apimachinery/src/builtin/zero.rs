//! What an object of a built-in kind holds before anything is set: the fields that the real server always writes.
//!
//! A created object is compared with this to find out which fields its creator owns: what is always there has no creator, so
//! `f:template` of a Deployment is owned only through what is inside it, while `f:rollingUpdate`, which may be absent, is
//! owned itself.

use serde_json::{Value, json};

use crate::kind::ResourceKind;

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
        "Node" => json!({"spec": {}, "status": {"daemonEndpoints": {"kubeletEndpoint": {"Port": 0}}, "nodeInfo": {}}}),
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
        "EndpointSlice" => json!({"addressType": "", "endpoints": null, "ports": null}),
        _ => parts(kind),
    }
}

fn parts(kind: &ResourceKind) -> Value {
    let mut object = json!({});
    for part in ["spec", "status"].into_iter().filter(|part| kind.schema.member(part).is_some()) {
        object[part] = json!({});
    }
    object
}
