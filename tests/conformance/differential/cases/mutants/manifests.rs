//! The ordinary objects.

mod pods;

use serde_json::{Value, json};

/// An object, and where it is created.
pub(super) struct Manifest {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) object: Value,
}

impl Manifest {
    fn called(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }
}

fn namespaced(group_version: &str, plural: &str, kind: &str, content: Value) -> Manifest {
    of(group_version, &format!("namespaces/{{ns}}/{plural}"), kind, content)
}

fn cluster(group_version: &str, plural: &str, kind: &str, content: Value) -> Manifest {
    of(group_version, plural, kind, content)
}

fn of(group_version: &str, place: &str, kind: &str, content: Value) -> Manifest {
    let root = if group_version.contains('/') { "/apis" } else { "/api" };
    let mut object = json!({"apiVersion": group_version, "kind": kind, "metadata": {"name": "m"}});
    if let (Some(object), Value::Object(content)) = (object.as_object_mut(), content) {
        object.extend(content);
    }
    Manifest { name: kind.to_lowercase(), path: format!("{root}/{group_version}/{place}"), object }
}

pub(super) fn manifests() -> Vec<Manifest> {
    [config(), network(), storage(), workloads(), access(), platform()].into_iter().flatten().collect()
}

fn config() -> Vec<Manifest> {
    let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u", "controller": true,
        "blockOwnerDeletion": false});
    vec![
        namespaced(
            "v1",
            "configmaps",
            "ConfigMap",
            json!({"metadata": {"name": "m", "generateName": "g-", "labels": {"a.example.org/b": "c"},
                "annotations": {"a.example.org/b": "c"}, "finalizers": ["a.example.org/f"], "ownerReferences": [owner]},
                "data": {"a": "b"}, "binaryData": {"c": "ZA=="}, "immutable": false}),
        ),
        namespaced(
            "v1",
            "secrets",
            "Secret",
            json!({"type": "kubernetes.io/basic-auth", "data": {"username": "YQ=="}, "stringData": {"password": "b"},
                "immutable": false}),
        ),
        namespaced(
            "v1",
            "serviceaccounts",
            "ServiceAccount",
            json!({"secrets": [{"name": "s"}], "imagePullSecrets": [{"name": "p"}], "automountServiceAccountToken": true}),
        ),
        cluster(
            "v1",
            "namespaces",
            "Namespace",
            json!({"metadata": {"name": "mutant", "labels": {"a": "b"}}, "spec": {"finalizers": ["a.example.org/f"]}}),
        ),
    ]
}

fn network() -> Vec<Manifest> {
    vec![
        namespaced(
            "v1",
            "services",
            "Service",
            json!({"spec": {"type": "LoadBalancer", "selector": {"a": "b"}, "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}}, "externalTrafficPolicy": "Cluster",
                "loadBalancerSourceRanges": ["10.0.0.0/8"], "externalIPs": ["192.0.2.1"],
                "ports": [{"name": "http", "port": 80, "targetPort": "web", "protocol": "TCP", "appProtocol": "http"},
                    {"name": "dns", "port": 53, "targetPort": 5353, "protocol": "UDP"}]}}),
        ),
        namespaced(
            "v1",
            "endpoints",
            "Endpoints",
            json!({"subsets": [{"addresses": [{"ip": "192.0.2.1", "hostname": "h"}], "ports": [{"name": "a", "port": 80, "protocol": "TCP"}]}]}),
        ),
        namespaced(
            "discovery.k8s.io/v1",
            "endpointslices",
            "EndpointSlice",
            json!({"addressType": "IPv4", "ports": [{"name": "a", "port": 80, "protocol": "TCP"}],
                "endpoints": [{"addresses": ["192.0.2.1"], "conditions": {"ready": true}, "hostname": "h"}]}),
        ),
        namespaced(
            "networking.k8s.io/v1",
            "ingresses",
            "Ingress",
            json!({"spec": {"ingressClassName": "c", "tls": [{"hosts": ["a.example.org"], "secretName": "s"}],
                "rules": [{"host": "a.example.org", "http": {"paths": [{"path": "/a", "pathType": "Prefix",
                    "backend": {"service": {"name": "s", "port": {"number": 80}}}}]}}]}}),
        ),
        namespaced(
            "networking.k8s.io/v1",
            "networkpolicies",
            "NetworkPolicy",
            json!({"spec": {"podSelector": {"matchLabels": {"a": "b"}}, "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}], "ports": [{"protocol": "TCP", "port": 80}]}],
                "egress": [{"to": [{"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}}]}]}}),
        ),
        namespaced(
            "policy/v1",
            "poddisruptionbudgets",
            "PodDisruptionBudget",
            json!({"spec": {"minAvailable": "50%", "selector": {"matchLabels": {"a": "b"}}, "unhealthyPodEvictionPolicy": "AlwaysAllow"}}),
        ),
    ]
}

fn storage() -> Vec<Manifest> {
    vec![
        cluster(
            "v1",
            "persistentvolumes",
            "PersistentVolume",
            json!({"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "c",
                "persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Filesystem", "mountOptions": ["ro"],
                "csi": {"driver": "csi.example.org", "volumeHandle": "h", "fsType": "ext4", "volumeAttributes": {"a": "b"}},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}]}}}}),
        ),
        namespaced(
            "v1",
            "persistentvolumeclaims",
            "PersistentVolumeClaim",
            json!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
                "storageClassName": "c", "volumeMode": "Filesystem", "selector": {"matchLabels": {"a": "b"}}}}),
        ),
        cluster(
            "storage.k8s.io/v1",
            "storageclasses",
            "StorageClass",
            json!({"provisioner": "csi.example.org", "parameters": {"a": "b"}, "reclaimPolicy": "Delete", "mountOptions": ["ro"],
                "volumeBindingMode": "WaitForFirstConsumer", "allowVolumeExpansion": true,
                "allowedTopologies": [{"matchLabelExpressions": [{"key": "a", "values": ["b"]}]}]}),
        ),
        cluster(
            "storage.k8s.io/v1",
            "volumeattachments",
            "VolumeAttachment",
            json!({"spec": {"attacher": "csi.example.org", "nodeName": "n", "source": {"persistentVolumeName": "v"}}}),
        ),
    ]
}

fn template(restart: &str) -> Value {
    json!({"metadata": {"labels": {"a": "b"}}, "spec": {"restartPolicy": restart, "containers": [{"name": "c", "image": "i"}]}})
}

fn workloads() -> Vec<Manifest> {
    let selector = json!({"matchLabels": {"a": "b"}});
    let job = json!({"parallelism": 1, "completions": 2, "backoffLimit": 3, "activeDeadlineSeconds": 100,
        "ttlSecondsAfterFinished": 10, "completionMode": "NonIndexed", "suspend": false, "template": template("Never")});
    vec![
        namespaced("v1", "pods", "Pod", json!({"spec": pods::usual()})),
        namespaced("v1", "pods", "Pod", json!({"spec": pods::unusual()})).called("unusual pod"),
        namespaced(
            "apps/v1",
            "deployments",
            "Deployment",
            json!({"spec": {"replicas": 2, "minReadySeconds": 1, "revisionHistoryLimit": 2, "progressDeadlineSeconds": 60, "paused": false,
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": "25%"}},
                "selector": selector, "template": template("Always")}}),
        ),
        namespaced(
            "apps/v1",
            "replicasets",
            "ReplicaSet",
            json!({"spec": {"replicas": 2, "minReadySeconds": 1, "selector": selector, "template": template("Always")}}),
        ),
        namespaced(
            "apps/v1",
            "statefulsets",
            "StatefulSet",
            json!({"spec": {"replicas": 2, "serviceName": "s", "podManagementPolicy": "Parallel", "revisionHistoryLimit": 2,
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}, "selector": selector,
                "template": template("Always"), "volumeClaimTemplates": [{"metadata": {"name": "v"},
                    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]}}),
        ),
        namespaced(
            "apps/v1",
            "daemonsets",
            "DaemonSet",
            json!({"spec": {"minReadySeconds": 1, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
                "selector": selector, "template": template("Always")}}),
        ),
        namespaced("batch/v1", "jobs", "Job", json!({"spec": job})),
        namespaced(
            "batch/v1",
            "cronjobs",
            "CronJob",
            json!({"spec": {"schedule": "0 0 * * *", "timeZone": "Etc/UTC", "concurrencyPolicy": "Forbid", "suspend": true,
                "startingDeadlineSeconds": 10, "successfulJobsHistoryLimit": 1, "failedJobsHistoryLimit": 1,
                "jobTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": {"template": template("Never")}}}}),
        ),
    ]
}

fn access() -> Vec<Manifest> {
    let group = "rbac.authorization.k8s.io/v1";
    let rule = json!({"apiGroups": [""], "resources": ["pods"], "resourceNames": ["p"], "verbs": ["get"]});
    let binding = |kind: &str| {
        json!({"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "r"}, "subjects": [
            {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "u"},
            {"kind": "ServiceAccount", "name": "s", "namespace": "n"}]})
    };
    vec![
        namespaced(group, "roles", "Role", json!({"rules": [rule]})),
        cluster(
            group,
            "clusterroles",
            "ClusterRole",
            json!({"rules": [rule, {"nonResourceURLs": ["/x"], "verbs": ["get"]}],
                "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}}),
        ),
        namespaced(group, "rolebindings", "RoleBinding", binding("Role")),
        cluster(group, "clusterrolebindings", "ClusterRoleBinding", binding("ClusterRole")),
        namespaced(
            "coordination.k8s.io/v1",
            "leases",
            "Lease",
            json!({"spec": {"holderIdentity": "h", "leaseDurationSeconds": 10, "acquireTime": "2026-01-01T00:00:00.000000Z",
                "renewTime": "2026-01-01T00:00:00.000000Z", "leaseTransitions": 1}}),
        ),
    ]
}

fn platform() -> Vec<Manifest> {
    let webhook = json!({"name": "a.example.org", "clientConfig": {"service": {"name": "s", "namespace": "n", "path": "/p", "port": 443}},
        "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "scope": "Namespaced"}],
        "failurePolicy": "Ignore", "matchPolicy": "Exact", "sideEffects": "None", "timeoutSeconds": 5, "admissionReviewVersions": ["v1"],
        "namespaceSelector": {"matchLabels": {"mutants": "nowhere"}}, "objectSelector": {"matchLabels": {"mutants": "none"}}});
    let mutating = json!({"name": "a.example.org", "clientConfig": {"url": "https://a.example.org/p", "caBundle": ""},
        "rules": [{"operations": ["UPDATE"], "apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments/scale"]}],
        "failurePolicy": "Ignore", "sideEffects": "NoneOnDryRun", "reinvocationPolicy": "IfNeeded", "admissionReviewVersions": ["v1"],
        "matchConditions": [{"name": "never", "expression": "false"}], "objectSelector": {"matchLabels": {"mutants": "none"}}});
    vec![
        cluster(
            "v1",
            "nodes",
            "Node",
            json!({"metadata": {"name": "m", "labels": {"a": "b"}}, "spec": {"podCIDR": "10.1.0.0/24", "podCIDRs": ["10.1.0.0/24"],
                "providerID": "p://x", "unschedulable": true, "taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}]}}),
        ),
        namespaced(
            "v1",
            "events",
            "Event",
            json!({"involvedObject": {"kind": "Pod", "namespace": "{ns}", "name": "p", "apiVersion": "v1"}, "reason": "r", "message": "m",
                "source": {"component": "c"}, "type": "Normal", "count": 1, "firstTimestamp": "2026-01-01T00:00:00Z",
                "lastTimestamp": "2026-01-01T00:00:00Z"}),
        ),
        cluster(
            "admissionregistration.k8s.io/v1",
            "validatingwebhookconfigurations",
            "ValidatingWebhookConfiguration",
            json!({"webhooks": [webhook]}),
        ),
        cluster(
            "admissionregistration.k8s.io/v1",
            "mutatingwebhookconfigurations",
            "MutatingWebhookConfiguration",
            json!({"webhooks": [mutating]}),
        ),
        cluster(
            "apiextensions.k8s.io/v1",
            "customresourcedefinitions",
            "CustomResourceDefinition",
            json!({"metadata": {"name": "ms.mutants.example.org"}, "spec": {"group": "mutants.example.org", "scope": "Namespaced",
                "names": {"plural": "ms", "singular": "m", "kind": "M", "listKind": "MList", "shortNames": ["mm"], "categories": ["all"]},
                "versions": [{"name": "v1", "served": true, "storage": true,
                    "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}},
                    "additionalPrinterColumns": [{"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas"}],
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object", "required": ["replicas"],
                        "properties": {"replicas": {"type": "integer", "minimum": 0, "default": 1},
                            "name": {"type": "string", "pattern": "^a", "maxLength": 10, "enum": ["a", "ab"]},
                            "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port"],
                                "items": {"type": "object", "required": ["port"], "properties": {"port": {"type": "integer"}}}},
                            "any": {"x-kubernetes-preserve-unknown-fields": true}, "either": {"x-kubernetes-int-or-string": true}}},
                        "status": {"type": "object", "properties": {"replicas": {"type": "integer"}}}}}}}]}}),
        ),
    ]
}
