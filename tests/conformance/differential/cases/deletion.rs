//! Deletion: propagation, finalizers, namespaces, collections.

use serde_json::{Value, json};

use super::super::case::*;
use super::{MAPS, map, path, table};

const SECRETS: &str = "/api/v1/namespaces/{ns}/secrets";

pub(super) fn cases() -> Vec<Case> {
    let a = path(MAPS, "a");
    let owner = path(SECRETS, "owner");
    let mut cases = vec![
        case(
            "deletion/finalizers",
            vec![
                post(
                    MAPS,
                    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "finalizers": ["e.org/x", "e.org/y"]}}),
                ),
                delete(&a),
                get(&a),
                delete(&a),
                merge(&a, json!({"metadata": {"finalizers": ["e.org/x", "e.org/y", "e.org/z"]}})),
                merge(&a, json!({"metadata": {"finalizers": ["e.org/x"]}})),
                merge(&a, json!({"data": {"x": "1"}})),
                merge(&a, json!({"metadata": {"deletionTimestamp": null}})),
                apply(&a, "m", map("a", json!({"y": "1"}))),
                post(MAPS, map("a", json!({}))),
                merge(&format!("{a}?dryRun=All"), json!({"metadata": {"finalizers": null}})),
                merge(&a, json!({"metadata": {"finalizers": null}})),
                get(&a),
            ],
        ),
        case(
            "deletion/grace and options",
            vec![
                post(MAPS, map("a", json!({}))),
                delete(&format!("{a}?propagationPolicy=Nonsense")),
                delete_with(&a, json!({"propagationPolicy": "Nonsense"})),
                delete_with(&a, json!({"propagationPolicy": "Orphan", "orphanDependents": true})),
                delete_with(&a, json!({"gracePeriodSeconds": -1})),
                delete_with(&a, json!({"gracePeriodSeconds": "x"})),
                delete_with(&a, json!({"unknown": 1})),
                delete_with(&a, json!({"kind": "Nonsense", "apiVersion": "v1"})),
                delete(&format!("{a}?gracePeriodSeconds=x")),
                post(MAPS, map("b", json!({}))),
                delete_with(
                    &path(MAPS, "b"),
                    json!({"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 30}),
                ),
                post(MAPS, map("c", json!({}))),
                delete_with(&path(MAPS, "c"), json!({"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1"})),
            ],
        ),
        case(
            "deletion/collection",
            vec![
                post(MAPS, labelled("a", "one")),
                post(MAPS, labelled("b", "one")),
                post(MAPS, labelled("c", "two")),
                delete(&format!("{MAPS}?labelSelector=app%3Done&dryRun=All")),
                delete(&format!("{MAPS}?labelSelector=app%3Done")),
                delete(&format!("{MAPS}?fieldSelector=metadata.name%3Dnone")),
                get(MAPS),
                delete(&format!("{MAPS}?labelSelector=a%20b")),
                delete(&format!("{MAPS}?limit=1")),
                delete(MAPS),
                get(MAPS),
                delete("/api/v1/configmaps"),
            ],
        ),
        case(
            "deletion/background",
            vec![
                post(SECRETS, secret("owner", json!({}))).capture("uid", "/metadata/uid"),
                post(MAPS, owned("child", false)),
                delete(&format!("{owner}?propagationPolicy=Background")),
                gone(&path(MAPS, "child")),
                gone(&owner),
            ],
        ),
        case(
            "deletion/background as usual",
            vec![
                post(SECRETS, secret("owner", json!({}))).capture("uid", "/metadata/uid"),
                post(MAPS, owned("child", true)),
                delete(&owner),
                gone(&path(MAPS, "child")),
            ],
        ),
        case(
            "deletion/foreground",
            vec![
                post(SECRETS, secret("owner", json!({}))).capture("uid", "/metadata/uid"),
                post(MAPS, owned("child", true)),
                merge(&path(MAPS, "child"), json!({"metadata": {"finalizers": ["e.org/keep"]}})),
                delete_with(&owner, json!({"propagationPolicy": "Foreground"})),
                get(&owner),
                until(&path(MAPS, "child"), "/metadata/deletionGracePeriodSeconds", json!(0)),
                get(&owner),
                merge(&path(MAPS, "child"), json!({"metadata": {"finalizers": null}})),
                gone(&owner),
            ],
        ),
        case(
            "deletion/orphan",
            vec![
                post(SECRETS, secret("owner", json!({}))).capture("uid", "/metadata/uid"),
                post(MAPS, owned("child", true)),
                delete_with(&owner, json!({"propagationPolicy": "Orphan"})),
                gone(&owner),
                get(&path(MAPS, "child")),
            ],
        ),
        case(
            "deletion/two owners",
            vec![
                post(SECRETS, secret("owner", json!({}))).capture("uid", "/metadata/uid"),
                post(SECRETS, secret("second", json!({}))).capture("other", "/metadata/uid"),
                post(
                    MAPS,
                    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "child", "ownerReferences": [
                    {"apiVersion": "v1", "kind": "Secret", "name": "owner", "uid": "{uid}"},
                    {"apiVersion": "v1", "kind": "Secret", "name": "second", "uid": "{other}"}]}}),
                ),
                delete(&owner),
                until(&path(MAPS, "child"), "/metadata/ownerReferences/0/name", json!("second")),
                delete(&path(SECRETS, "second")),
                gone(&path(MAPS, "child")),
            ],
        ),
        case(
            "deletion/absent owner",
            vec![
                post(
                    MAPS,
                    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "child", "ownerReferences": [
                    {"apiVersion": "v1", "kind": "Secret", "name": "owner", "uid": "11111111-2222-3333-4444-555555555555"}]}}),
                ),
                gone(&path(MAPS, "child")),
            ],
        ),
        case(
            "deletion/change of propagation",
            vec![
                post(SECRETS, secret("owner", json!({"finalizers": ["e.org/x"]}))).capture("uid", "/metadata/uid"),
                delete_with(&owner, json!({"propagationPolicy": "Background"})),
                delete_with(&owner, json!({"propagationPolicy": "Background"})),
                merge(&owner, json!({"metadata": {"finalizers": null}})),
                gone(&owner),
            ],
        ),
        case(
            "deletion/namespace",
            vec![
                post("/api/v1/namespaces", namespace("del-ns")),
                post("/api/v1/namespaces", namespace("del-ns")),
                post(
                    "/api/v1/namespaces/del-ns/configmaps",
                    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "finalizers": ["e.org/x"]}}),
                ),
                post("/api/v1/namespaces/del-ns/configmaps", map("b", json!({}))),
                delete("/api/v1/namespaces/del-ns"),
                gone("/api/v1/namespaces/del-ns/configmaps/b"),
                post("/api/v1/namespaces/del-ns/configmaps", map("c", json!({}))),
                apply("/api/v1/namespaces/del-ns/configmaps/d", "m", map("d", json!({}))),
                merge("/api/v1/namespaces/del-ns/configmaps/a", json!({"data": {"x": "1"}})),
                until("/api/v1/namespaces/del-ns", "/status/conditions/3/type", json!("NamespaceContentRemaining")),
                delete("/api/v1/namespaces/del-ns"),
                merge("/api/v1/namespaces/del-ns", json!({"metadata": {"labels": {"x": "y"}}})),
                merge("/api/v1/namespaces/del-ns/configmaps/a", json!({"metadata": {"finalizers": null}})),
                gone("/api/v1/namespaces/del-ns"),
                post("/api/v1/namespaces/del-ns/configmaps", map("c", json!({}))),
                get("/api/v1/namespaces/del-ns/configmaps"),
            ],
        ),
        case(
            "deletion/finalize a namespace",
            vec![
                post(
                    "/api/v1/namespaces",
                    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "del-fin"}, "spec": {"finalizers": ["e.org/x"]}}),
                ),
                merge("/api/v1/namespaces/del-fin", json!({"spec": {"finalizers": []}})),
                put(
                    "/api/v1/namespaces/del-fin/finalize",
                    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "del-fin"}, "spec": {"finalizers": ["kubernetes", "e.org/y"]}}),
                ),
                delete("/api/v1/namespaces/del-fin"),
                get("/api/v1/namespaces/del-fin/finalize"),
                put(
                    "/api/v1/namespaces/del-fin/finalize",
                    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "del-fin"}, "spec": {"finalizers": []}}),
                ),
                gone("/api/v1/namespaces/del-fin"),
            ],
        ),
        case(
            "deletion/protected namespaces",
            vec![
                delete("/api/v1/namespaces/default"),
                delete("/api/v1/namespaces/kube-system"),
                delete("/api/v1/namespaces/kube-public"),
                delete("/api/v1/namespaces"),
                delete("/api/v1/namespaces/missing"),
            ],
        ),
    ];
    let rows = vec![
        ("service", ("services", json!({"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}]}}))),
        (
            "pod",
            ("pods", json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "c", "image": "i"}]}})),
        ),
        ("account", ("serviceaccounts", json!({"apiVersion": "v1", "kind": "ServiceAccount"}))),
        ("secret", ("secrets", json!({"apiVersion": "v1", "kind": "Secret"}))),
        ("event", ("events", json!({"apiVersion": "v1", "kind": "Event", "involvedObject": {"namespace": "{ns}"}}))),
    ];
    cases.extend(table("deletion/answer for a", rows, |(plural, mut object)| {
        object["metadata"] = json!({"name": "x"});
        let base = format!("/api/v1/namespaces/{{ns}}/{plural}");
        vec![
            post(&base, object),
            delete(&format!("{base}/x?dryRun=All")),
            delete(&format!("{base}/x?propagationPolicy=Foreground&gracePeriodSeconds=0")),
            gone(&format!("{base}/x")),
        ]
    }));
    cases
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

fn labelled(name: &str, app: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"app": app}}})
}

fn secret(name: &str, mut metadata: Value) -> Value {
    metadata["name"] = name.into();
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
}

fn owned(name: &str, blocks: bool) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "ownerReferences": [
        {"apiVersion": "v1", "kind": "Secret", "name": "owner", "uid": "{uid}", "blockOwnerDeletion": blocks}]}})
}
