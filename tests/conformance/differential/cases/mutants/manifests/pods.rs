//! What Pods are made of.

use serde_json::{Value, json};

/// What many Pods have.
pub(super) fn usual() -> Value {
    json!({
        "serviceAccountName": "default", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "nodeName": "n",
        "nodeSelector": {"a": "b"}, "hostNetwork": false, "hostname": "h", "subdomain": "s", "activeDeadlineSeconds": 100,
        "tolerations": [{"key": "a", "operator": "Equal", "value": "b", "effect": "NoExecute", "tolerationSeconds": 10}],
        "imagePullSecrets": [{"name": "p"}], "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["a"]}],
        "volumes": [
            {"name": "config", "configMap": {"name": "c", "defaultMode": 420, "items": [{"key": "k", "path": "p"}]}},
            {"name": "secret", "secret": {"secretName": "s", "optional": true}},
            {"name": "scratch", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
        ],
        "initContainers": [{"name": "i", "image": "i", "command": ["true"]}],
        "containers": [{
            "name": "c", "image": "i", "imagePullPolicy": "Always", "command": ["a"], "args": ["b"], "workingDir": "/w",
            "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}],
            "env": [{"name": "A", "value": "b"}, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
            "envFrom": [{"prefix": "P_", "configMapRef": {"name": "c", "optional": true}}],
            "resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": "200m", "memory": "1Mi"}},
            "volumeMounts": [{"name": "config", "mountPath": "/c", "readOnly": true, "subPath": "p"}],
            "livenessProbe": {"httpGet": {"path": "/", "port": "http", "scheme": "HTTP"}, "periodSeconds": 5},
            "readinessProbe": {"tcpSocket": {"port": 80}, "initialDelaySeconds": 1, "failureThreshold": 2},
            "lifecycle": {"preStop": {"exec": {"command": ["a"]}}},
            "terminationMessagePath": "/t", "terminationMessagePolicy": "File",
            "securityContext": {"runAsUser": 1, "privileged": false, "capabilities": {"add": ["A"]}},
        }],
        "securityContext": {"runAsUser": 1, "runAsNonRoot": true, "fsGroup": 2},
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}]}}},
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"a": "b"}}}],
    })
}

/// What few of them have.
pub(super) fn unusual() -> Value {
    json!({
        "restartPolicy": "OnFailure", "shareProcessNamespace": true, "schedulerName": "x", "priorityClassName": "",
        "enableServiceLinks": false, "setHostnameAsFQDN": false, "os": {"name": "linux"}, "hostnameOverride": "o",
        "dnsConfig": {"nameservers": ["192.0.2.1"], "searches": ["a.b"], "options": [{"name": "n", "value": "v"}]},
        "readinessGates": [{"conditionType": "a/b"}],
        "affinity": affinity(),
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule", "minDomains": 2,
            "labelSelector": {"matchLabels": {"a": "b"}}, "nodeAffinityPolicy": "Honor", "nodeTaintsPolicy": "Ignore"}],
        "volumes": volumes(),
        "initContainers": [{"name": "i", "image": "i", "restartPolicy": "Always"}],
        "containers": containers(),
        "securityContext": {"runAsGroup": 1, "supplementalGroups": [1], "supplementalGroupsPolicy": "Merge", "fsGroupChangePolicy": "Always",
            "sysctls": [{"name": "a.b", "value": "c"}], "seccompProfile": {"type": "RuntimeDefault"},
            "appArmorProfile": {"type": "Localhost", "localhostProfile": "p"}, "seLinuxChangePolicy": "Recursive"}
    })
}

fn affinity() -> Value {
    json!({"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference":
                {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["b"]}]}}]},
            "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "z", "namespaces": ["n"],
                "labelSelector": {"matchLabels": {"a": "b"}}, "namespaceSelector": {"matchLabels": {"a": "b"}}}]},
            "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 2, "podAffinityTerm":
                {"topologyKey": "z", "labelSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}}]}})
}

fn volumes() -> Value {
    json!([
        {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"metadata": {"labels": {"a": "b"}},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}}},
        {"name": "host", "hostPath": {"path": "/x", "type": "Directory"}},
        {"name": "claim", "persistentVolumeClaim": {"claimName": "c", "readOnly": true}},
        {"name": "nfs", "nfs": {"server": "s", "path": "/p", "readOnly": true}},
        {"name": "csi", "csi": {"driver": "d", "readOnly": true, "fsType": "ext4", "volumeAttributes": {"a": "b"}, "nodePublishSecretRef": {"name": "s"}}},
        {"name": "down", "downwardAPI": {"defaultMode": 256, "items": [{"path": "a", "mode": 256, "fieldRef": {"fieldPath": "metadata.labels"}},
            {"path": "b", "resourceFieldRef": {"containerName": "c", "resource": "limits.cpu", "divisor": "1m"}}]}},
        {"name": "all", "projected": {"defaultMode": 256, "sources": [
            {"secret": {"name": "s", "optional": true, "items": [{"key": "a", "path": "b", "mode": 1}]}},
            {"configMap": {"name": "s", "items": [{"key": "a", "path": "c"}]}},
            {"downwardAPI": {"items": [{"path": "d", "fieldRef": {"fieldPath": "metadata.name"}}]}}]}},
        {"name": "image", "image": {"reference": "r", "pullPolicy": "Always"}}
    ])
}

fn containers() -> Value {
    json!([{
        "name": "c", "image": "i", "stdin": true, "stdinOnce": true, "tty": true,
        "ports": [{"containerPort": 80, "hostPort": 81, "hostIP": "192.0.2.1"}],
        "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "s", "key": "k", "optional": true}}},
            {"name": "C", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "containerName": "c"}}}],
        "envFrom": [{"secretRef": {"name": "c", "optional": true}}],
        "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
        "volumeMounts": [{"name": "host", "mountPath": "/c", "subPathExpr": "p", "mountPropagation": "HostToContainer"},
            {"name": "nfs", "mountPath": "/d", "readOnly": true, "recursiveReadOnly": "Enabled"}],
        "livenessProbe": {"grpc": {"port": 80, "service": "s"}, "timeoutSeconds": 2, "terminationGracePeriodSeconds": 3},
        "readinessProbe": {"exec": {"command": ["a"]}, "successThreshold": 2},
        "startupProbe": {"httpGet": {"port": 80, "host": "h", "httpHeaders": [{"name": "A", "value": "b"}]}},
        "lifecycle": {"preStop": {"sleep": {"seconds": 1}}, "postStart": {"httpGet": {"port": 80}}},
        "securityContext": {"runAsGroup": 1, "runAsNonRoot": true, "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false,
            "procMount": "Default", "seccompProfile": {"type": "Localhost", "localhostProfile": "p"},
            "appArmorProfile": {"type": "RuntimeDefault"}, "seLinuxOptions": {"user": "u", "role": "r", "type": "t", "level": "l"},
            "capabilities": {"drop": ["A"]}}
    }])
}
