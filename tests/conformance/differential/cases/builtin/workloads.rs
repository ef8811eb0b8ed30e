//! Deployments, Pods and scale: defaults, rules, the subresource.

use serde_json::{Value, json};

use super::{DEPLOYMENTS, merge_into};
use crate::differential::case::*;
use crate::differential::cases::path;

pub(super) fn deployment(change: Value) -> Value {
    let mut spec = json!({"selector": {"matchLabels": {"app": "x"}},
        "template": {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}});
    merge_into(&mut spec, change);
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec})
}

pub(super) fn deployments() -> Vec<(&'static str, Value)> {
    let of = |spec: Value| json!({"template": {"metadata": {"labels": {"app": "x"}}, "spec": spec}});
    vec![
        ("plain", json!({})),
        (
            "replicas",
            json!({"replicas": 0, "paused": true, "minReadySeconds": 3, "revisionHistoryLimit": 2, "progressDeadlineSeconds": 9}),
        ),
        ("negative replicas", json!({"replicas": -1})),
        ("no selector", json!({"selector": null})),
        ("empty selector", json!({"selector": {}})),
        ("other labels", json!({"selector": {"matchLabels": {"app": "y"}}})),
        ("expressions", json!({"selector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["x"]}]}})),
        (
            "bad operator",
            json!({"selector": {"matchExpressions": [{"key": "app", "operator": "Nonsense", "values": ["x"]}]}}),
        ),
        ("no template", json!({"template": null})),
        ("recreate", json!({"strategy": {"type": "Recreate"}})),
        ("recreate with rolling", json!({"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}})),
        ("bad strategy", json!({"strategy": {"type": "Nonsense"}})),
        ("surge", json!({"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}})),
        ("percent", json!({"strategy": {"rollingUpdate": {"maxSurge": "50%", "maxUnavailable": "x"}}})),
        ("deadline", json!({"minReadySeconds": 600, "progressDeadlineSeconds": 300})),
        ("restart policy", of(json!({"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}))),
        ("no containers", of(json!({"containers": []}))),
        (
            "rich",
            of(json!({
            "serviceAccountName": "sa", "nodeSelector": {"a": "b"}, "hostNetwork": true, "priorityClassName": "x",
            "securityContext": {"runAsUser": 1}, "imagePullSecrets": [{"name": "x"}],
            "initContainers": [{"name": "init", "image": "i:latest", "restartPolicy": "Always"}],
            "containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80, "name": "http"}],
                "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
                "envFrom": [{"configMapRef": {"name": "x"}}],
                "livenessProbe": {"httpGet": {"path": "/", "port": "http"}}, "readinessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 3},
                "startupProbe": {"exec": {"command": ["x"]}}, "lifecycle": {"preStop": {"httpGet": {"port": 80}}},
                "resources": {"limits": {"cpu": 1, "memory": "1Gi"}, "requests": {"cpu": "0.5"}},
                "volumeMounts": [{"name": "v", "mountPath": "/v"}, {"name": "s", "mountPath": "/s", "readOnly": true}]}],
            "volumes": [{"name": "v", "hostPath": {"path": "/x"}}, {"name": "s", "secret": {"secretName": "x"}}, {"name": "c", "configMap": {"name": "x"}},
                {"name": "d", "downwardAPI": {"items": [{"path": "x", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
                {"name": "p", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}, {"secret": {"name": "x"}}]}}, {"name": "e"}],
            "tolerations": [{"key": "x", "operator": "Exists", "effect": "NoExecute"}],
            "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "k", "whenUnsatisfiable": "DoNotSchedule"}]})),
        ),
    ]
}

pub(super) fn pods() -> Vec<(&'static str, Value)> {
    let with = |fields: Value| {
        let mut container = json!({"name": "c", "image": "i:1"});
        merge_into(&mut container, fields);
        json!({"containers": [container]})
    };
    vec![
        ("plain", with(json!({}))),
        ("no containers", json!({})),
        ("empty containers", json!({"containers": []})),
        ("no name", json!({"containers": [{"image": "i"}]})),
        ("no image", json!({"containers": [{"name": "c"}]})),
        ("bad name", json!({"containers": [{"name": "A_b", "image": "i"}]})),
        ("same name", json!({"containers": [{"name": "c", "image": "i"}, {"name": "c", "image": "i"}]})),
        (
            "init of the same name",
            json!({"initContainers": [{"name": "c", "image": "i"}], "containers": [{"name": "c", "image": "i"}]}),
        ),
        ("bad restart policy", json!({"restartPolicy": "Nonsense", "containers": [{"name": "c", "image": "i"}]})),
        ("bad dns policy", json!({"dnsPolicy": "Nonsense", "containers": [{"name": "c", "image": "i"}]})),
        ("bad pull policy", with(json!({"imagePullPolicy": "Nonsense"}))),
        ("latest", with(json!({"image": "reg:5000/x/y:latest"}))),
        ("digest", with(json!({"image": "x@sha256:0000000000000000000000000000000000000000000000000000000000000000"}))),
        ("guaranteed", with(json!({"resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}))),
        ("burstable", with(json!({"resources": {"requests": {"cpu": "100m"}}}))),
        (
            "odd quantities",
            with(json!({"resources": {"requests": {"cpu": 0.25, "memory": "1024Mi", "ephemeral-storage": "1e3"}}})),
        ),
        ("bad quantity", with(json!({"resources": {"requests": {"cpu": "x"}}}))),
        ("request above limit", with(json!({"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}}))),
        ("unknown resource", with(json!({"resources": {"limits": {"nonsense": "1"}}}))),
        ("bad port", with(json!({"ports": [{"containerPort": 0}, {"containerPort": 80, "protocol": "X"}]}))),
        ("mount without volume", with(json!({"volumeMounts": [{"name": "v", "mountPath": "/v"}]}))),
        ("bad environment", with(json!({"env": [{"name": "a=b"}, {"value": "x"}]}))),
        ("probe without handler", with(json!({"livenessProbe": {}}))),
        (
            "probe with two handlers",
            with(json!({"livenessProbe": {"exec": {"command": ["x"]}, "tcpSocket": {"port": 1}}})),
        ),
        (
            "volume with two sources",
            json!({"volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}], "containers": [{"name": "c", "image": "i"}]}),
        ),
        (
            "volumes of one name",
            json!({"volumes": [{"name": "v"}, {"name": "v"}], "containers": [{"name": "c", "image": "i"}]}),
        ),
        (
            "bad toleration",
            json!({"tolerations": [{"operator": "Exists", "value": "x"}], "containers": [{"name": "c", "image": "i"}]}),
        ),
        (
            "grace",
            json!({"terminationGracePeriodSeconds": 5, "activeDeadlineSeconds": 7, "containers": [{"name": "c", "image": "i"}]}),
        ),
        (
            "bound",
            json!({"nodeName": "n", "hostNetwork": true, "containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}]}]}),
        ),
        (
            "host port",
            json!({"hostNetwork": true, "containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80, "hostPort": 81}]}]}),
        ),
        ("priority", json!({"priorityClassName": "system-node-critical", "containers": [{"name": "c", "image": "i"}]})),
        ("missing priority", json!({"priorityClassName": "missing", "containers": [{"name": "c", "image": "i"}]})),
        ("runtime", json!({"runtimeClassName": "missing", "containers": [{"name": "c", "image": "i"}]})),
    ]
}

pub(super) fn scale() -> Vec<Step> {
    let d = path(DEPLOYMENTS, "d");
    let s = format!("{d}/scale");
    let wanted = |replicas: i64| json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d", "namespace": "{ns}"}, "spec": {"replicas": replicas}});
    vec![
        get(&s),
        post(DEPLOYMENTS, deployment(json!({}))).capture("rv", "/metadata/resourceVersion"),
        get(&s),
        put(&s, wanted(3)),
        put(&s, wanted(3)),
        put(&s, wanted(-1)),
        put(
            &s,
            json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d", "namespace": "{ns}", "resourceVersion": "{rv}"}, "spec": {"replicas": 9}}),
        ),
        put(
            &s,
            json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "other", "namespace": "{ns}"}, "spec": {"replicas": 9}}),
        ),
        put(&s, json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}})),
        merge(&s, json!({"spec": {"replicas": 5}})),
        json_patch(&s, json!([{"op": "replace", "path": "/spec/replicas", "value": 6}])),
        strategic(&s, json!({"spec": {"replicas": 7}})),
        apply(&format!("{s}?force=true"), "m", wanted(8)),
        merge(&s, json!({"spec": {"replicas": "x"}})),
        merge(&s, json!({"spec": {"replicas": null}})),
        put(&format!("{s}?dryRun=All"), wanted(1)),
        get(&d),
        delete(&s),
        post(&s, wanted(1)),
        merge(
            &format!("{d}/status"),
            json!({"status": {"replicas": 2, "readyReplicas": 2}, "spec": {"replicas": 70}, "metadata": {"labels": {"x": "y"}}}),
        ),
        put(&format!("{d}/status"), deployment(json!({"replicas": 9}))),
        get(&format!("{d}/status")),
        merge(&format!("{d}/status"), json!({"status": {"replicas": -2}})),
        delete(&format!("{d}/status")),
        post(&format!("{d}/status"), deployment(json!({}))),
        get(&format!("{d}/nonsense")),
        get(&s).accept("application/json;as=Table;v=v1;g=meta.k8s.io,application/json"),
    ]
}
