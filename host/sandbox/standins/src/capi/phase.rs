//! The one-word summaries that `kubectl get` shows. Values in, words out.

use serde_json::Value;

use crate::object;

/// Phase of a Cluster; the last rule that holds wins.
pub(crate) fn cluster(cluster: &Value) -> &'static str {
    let mut phase = "Pending";
    if has_ref(cluster, "infrastructureRef") || has_ref(cluster, "controlPlaneRef") {
        phase = "Provisioning";
    }
    if object::is_true(cluster, "/status/infrastructureReady") && has_endpoint(cluster) {
        phase = "Provisioned";
    }
    if has_failed(cluster) {
        phase = "Failed";
    }
    if object::is_deleting(cluster) { "Deleting" } else { phase }
}

fn has_ref(cluster: &Value, member: &str) -> bool {
    cluster.pointer(&format!("/spec/{member}")).is_some_and(Value::is_object)
}

/// Whether the control plane endpoint has a host and a port.
pub(crate) fn has_endpoint(object: &Value) -> bool {
    !object::text(object, "/spec/controlPlaneEndpoint/host").is_empty()
        && object::number(object, "/spec/controlPlaneEndpoint/port", 0) != 0
}

/// Whether a failure was reported that nothing heals.
pub(crate) fn has_failed(object: &Value) -> bool {
    ["/status/failureReason", "/status/failureMessage"].iter().any(|p| !object::text(object, p).is_empty())
}

/// Phase of a Machine; the last rule that holds wins.
pub(crate) fn machine(machine: &Value) -> &'static str {
    let infrastructure = object::is_true(machine, "/status/infrastructureReady");
    let mut phase = "Pending";
    if object::is_true(machine, "/status/bootstrapReady") && !infrastructure {
        phase = "Provisioning";
    }
    if !object::text(machine, "/spec/providerID").is_empty() {
        phase = "Provisioned";
    }
    if infrastructure && !object::text(machine, "/status/nodeRef/name").is_empty() {
        phase = "Running";
    }
    if has_failed(machine) {
        phase = "Failed";
    }
    if object::is_deleting(machine) { "Deleting" } else { phase }
}

/// Phase of a MachineDeployment from the replicas wanted and its status.
pub(crate) fn deployment(wanted: i64, status: &Value) -> &'static str {
    let (total, ready) = (object::number(status, "/replicas", 0), object::number(status, "/readyReplicas", 0));
    if ready < wanted {
        "ScalingUp"
    } else if total > wanted {
        "ScalingDown"
    } else {
        "Running"
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_phase_of_a_machine_follows_its_way() {
        let cases = [
            ("new", json!({}), "Pending"),
            ("bootstrap data", json!({"status": {"bootstrapReady": true}}), "Provisioning"),
            ("server", json!({"spec": {"providerID": "x"}, "status": {"bootstrapReady": true}}), "Provisioned"),
            (
                "node",
                json!({"spec": {"providerID": "x"}, "status": {"infrastructureReady": true, "nodeRef": {"name": "n"}}}),
                "Running",
            ),
            ("failed", json!({"spec": {"providerID": "x"}, "status": {"failureReason": "r"}}), "Failed"),
            ("deleting", json!({"metadata": {"deletionTimestamp": "t"}, "status": {"failureReason": "r"}}), "Deleting"),
        ];
        for (case, object, expected) in cases {
            assert_eq!(machine(&object), expected, "{case}");
        }
    }

    #[test]
    fn the_phase_of_a_cluster_follows_its_way() {
        let endpoint = json!({"host": "h", "port": 6443});
        let cases = [
            ("new", json!({}), "Pending"),
            ("with parts", json!({"spec": {"infrastructureRef": {"name": "i"}}}), "Provisioning"),
            (
                "up",
                json!({"spec": {"controlPlaneEndpoint": endpoint}, "status": {"infrastructureReady": true}}),
                "Provisioned",
            ),
            ("no endpoint", json!({"status": {"infrastructureReady": true}}), "Pending"),
            ("deleting", json!({"metadata": {"deletionTimestamp": "t"}}), "Deleting"),
        ];
        for (case, object, expected) in cases {
            assert_eq!(cluster(&object), expected, "{case}");
        }
    }

    #[test]
    fn the_phase_of_a_deployment_follows_its_counts() {
        let status = |total: i64, ready: i64| json!({"replicas": total, "readyReplicas": ready});
        assert_eq!(deployment(2, &status(1, 1)), "ScalingUp");
        assert_eq!(deployment(2, &status(2, 1)), "ScalingUp");
        assert_eq!(deployment(2, &status(3, 3)), "ScalingDown");
        assert_eq!(deployment(2, &status(2, 2)), "Running");
    }
}
