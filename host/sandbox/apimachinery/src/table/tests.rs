use serde_json::{Value, json};

use super::*;
use crate::kind::builtin;
use crate::testing::{at, mk_widget, widget};

/// The cells of one object of a built-in kind, as one line.
fn line(kind: &str, mut object: Value) -> String {
    let kind = builtin().into_iter().find(|k| k.kind == kind).expect(kind);
    object["metadata"]["creationTimestamp"] = crate::meta::time(at(0)).into();
    let table = table(&kind, &[&object], IncludeObject::None, at(65));
    let columns = table["columnDefinitions"].as_array().expect("columns").len();
    let cells = table["rows"][0]["cells"].as_array().expect("cells").clone();
    assert_eq!(columns, cells.len(), "{}", kind.kind);
    let text = |cell: Value| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
    cells.into_iter().map(text).collect::<Vec<_>>().join(" ")
}

#[test]
fn columns_of_a_definition_show_what_their_paths_hold() {
    let mut object = mk_widget(json!({"version": "v1", "replicas": 3}));
    object["status"] = json!({"since": crate::meta::time(at(0)), "conditions": [{"type": "Ready", "status": "True"}]});
    let bare = mk_widget(json!({}));
    let table = table(&widget(), &[&object, &bare], IncludeObject::Metadata, at(182));
    let names: Vec<&str> =
        table["columnDefinitions"].as_array().expect("columns").iter().filter_map(|c| c["name"].as_str()).collect();
    assert_eq!(names, ["Name", "Replicas", "Ready", "Since"]);
    assert_eq!(table["columnDefinitions"][3]["priority"], 1);
    assert_eq!(table["rows"][0]["cells"], json!(["w", 3, "True", "3m2s"]));
    assert_eq!(table["rows"][1]["cells"], json!(["w", null, null, null]));
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    assert!(table["rows"][0]["object"].get("spec").is_none());
}

#[test]
fn built_in_kinds_print_as_kubectl_shows_them() {
    let name = |mut object: Value| {
        object["metadata"]["name"] = "x".into();
        object
    };
    let cases = [
        (
            "Node",
            json!({"metadata": {"labels": {"node-role.kubernetes.io/control-plane": ""}}, "spec": {"unschedulable": true},
            "status": {"conditions": [{"type": "Ready", "status": "True"}], "nodeInfo": {"kubeletVersion": "v1.34.0"},
                "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}}),
            "x Ready,SchedulingDisabled control-plane 65s v1.34.0 10.0.0.1 <none> <unknown> <unknown> <unknown>",
        ),
        (
            "Pod",
            json!({"spec": {"containers": [{}, {}], "nodeName": "n"}, "status": {"phase": "Running", "podIP": "1.2.3.4",
            "containerStatuses": [{"ready": true, "restartCount": 1, "state": {"running": {}}}, {"restartCount": 0, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}}),
            "x 1/2 CrashLoopBackOff 1 65s 1.2.3.4 n <none> <none>",
        ),
        (
            "Pod",
            json!({"spec": {"containers": [{}], "initContainers": [{"name": "i"}]}, "status": {"phase": "Pending",
            "initContainerStatuses": [{"name": "i", "state": {"waiting": {"reason": "PodInitializing"}}}]}}),
            "x 0/1 Init:0/1 0 65s <none> <none> <none> <none>",
        ),
        (
            "Service",
            json!({"spec": {"type": "LoadBalancer", "clusterIP": "10.1.1.1", "ports": [{"port": 80, "nodePort": 30080, "protocol": "TCP"}], "selector": {"a": "b"}}}),
            "x LoadBalancer 10.1.1.1 <pending> 80:30080/TCP 65s a=b",
        ),
        (
            "Deployment",
            json!({"spec": {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}},
            "status": {"readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 1}}),
            "x 1/2 2 1 65s c i a=b",
        ),
        ("Secret", json!({"type": "Opaque", "data": {"a": "", "b": ""}}), "x Opaque 2 65s"),
        ("Namespace", json!({"status": {"phase": "Active"}}), "x Active 65s"),
        ("Lease", json!({"spec": {"holderIdentity": "me"}}), "x me 65s"),
        ("Role", json!({}), "x 2023-11-14T22:13:20Z"),
        (
            "RoleBinding",
            json!({"roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "User", "name": "u"}]}),
            "x Role/r 65s u  ",
        ),
        (
            "Event",
            json!({"lastTimestamp": crate::meta::time(at(60)), "type": "Normal", "reason": "Made", "message": "m",
            "involvedObject": {"kind": "Machine", "name": "m-1"}, "source": {"component": "c"}, "count": 2}),
            "5s Normal Made machine/m-1  c m <unknown> 2 x",
        ),
        (
            "PersistentVolumeClaim",
            json!({"spec": {"volumeName": "v", "storageClassName": "s"}, "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]}}),
            "x Bound v 1Gi RWO s <unset> 65s <unset>",
        ),
        (
            "Job",
            json!({"spec": {"completions": 1}, "status": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}}),
            "x Complete 1/1  65s   <none>",
        ),
        ("CustomResourceDefinition", json!({}), "x 2023-11-14T22:13:20Z"),
    ];
    for (kind, object, expected) in cases {
        assert_eq!(line(kind, name(object)), expected, "{kind}");
    }
}

#[test]
fn every_built_in_kind_fills_each_of_its_columns() {
    for kind in builtin() {
        let object = json!({"metadata": {"name": "x"}});
        let table = table(&kind, &[&object], IncludeObject::None, at(0));
        let columns = table["columnDefinitions"].as_array().expect("columns").len();
        assert_eq!(table["rows"][0]["cells"].as_array().expect("cells").len(), columns, "{}", kind.kind);
    }
}
