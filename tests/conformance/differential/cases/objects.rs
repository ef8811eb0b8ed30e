//! Create, get, update: names, preconditions, dry run, subresources.

use serde_json::{Value, json};

use super::super::case::*;
use super::{MAPS, map, path, table};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case(
            "objects/create get update",
            vec![
                post(MAPS, map("a", json!({"x": "1"}))).capture("rv", "/metadata/resourceVersion"),
                get(&path(MAPS, "a")),
                post(MAPS, map("a", json!({}))),
                put(&path(MAPS, "a"), map("a", json!({"x": "2"}))),
                put(&path(MAPS, "a"), map("a", json!({"x": "2"}))),
                put(
                    &path(MAPS, "a"),
                    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "resourceVersion": "{rv}"}}),
                ),
                put(&path(MAPS, "b"), map("b", json!({}))),
                put(&path(MAPS, "a"), map("b", json!({}))),
                get(&path(MAPS, "nowhere")),
                delete(&path(MAPS, "nowhere")),
            ],
        ),
        case(
            "objects/generated name",
            vec![
                post(MAPS, json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "abc-"}}))
                    .capture("gen", "/metadata/name"),
                get(&path(MAPS, "{gen}")),
                delete(&path(MAPS, "{gen}")),
                post(MAPS, json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "Abc_"}})),
            ],
        ),
        case(
            "objects/preconditions",
            vec![
                post(MAPS, map("a", json!({})))
                    .capture("rv", "/metadata/resourceVersion")
                    .capture("uid", "/metadata/uid"),
                put(&path(MAPS, "a"), with_meta("a", json!({"uid": "11111111-2222-3333-4444-555555555555"}))),
                put(&path(MAPS, "a"), with_meta("a", json!({"uid": "{uid}", "resourceVersion": "{rv}"}))),
                put(&path(MAPS, "a"), with_meta("a", json!({"resourceVersion": "999999999"}))),
                put(&path(MAPS, "a"), with_meta("a", json!({"resourceVersion": "abc"}))),
                put(&path(MAPS, "a"), with_meta("a", json!({"resourceVersion": "0"}))),
                post(MAPS, with_meta("b", json!({"resourceVersion": "5"}))),
                post(MAPS, with_meta("c", json!({"uid": "11111111-2222-3333-4444-555555555555"}))),
                delete_with(
                    &path(MAPS, "a"),
                    json!({"preconditions": {"uid": "11111111-2222-3333-4444-555555555555"}}),
                ),
                delete_with(&path(MAPS, "a"), json!({"preconditions": {"resourceVersion": "1"}})),
                delete_with(&path(MAPS, "a"), json!({"preconditions": {"uid": "{uid}"}})),
            ],
        ),
        case(
            "objects/dry run",
            vec![
                post(&format!("{MAPS}?dryRun=All"), map("a", json!({"x": "1"}))),
                get(&path(MAPS, "a")),
                post(MAPS, map("a", json!({"x": "1"}))),
                put(&format!("{MAPS}/a?dryRun=All"), map("a", json!({"x": "2"}))),
                merge(&format!("{MAPS}/a?dryRun=All"), json!({"data": {"y": "3"}})),
                apply(&format!("{MAPS}/a?dryRun=All&force=true"), "m", map("a", json!({"x": "9"}))),
                delete(&format!("{MAPS}/a?dryRun=All")),
                get(&path(MAPS, "a")),
                post(&format!("{MAPS}?dryRun=Some"), map("b", json!({}))),
                put(&format!("{MAPS}/a?dryRun=Some"), map("a", json!({}))),
                delete(&format!("{MAPS}/a?dryRun=Some")),
                delete_with(&path(MAPS, "a"), json!({"dryRun": ["All"]})),
                delete_with(&path(MAPS, "a"), json!({"dryRun": ["Nothing"]})),
                post(&format!("{MAPS}?dryRun=All"), map("a", json!({}))),
            ],
        ),
        case(
            "objects/another namespace",
            vec![
                post(MAPS, with_meta("a", json!({"namespace": "elsewhere"}))),
                post("/api/v1/namespaces/missing/configmaps", map("a", json!({}))),
                get("/api/v1/namespaces/missing/configmaps"),
                get("/api/v1/namespaces/missing/configmaps/a"),
                post("/api/v1/configmaps", map("a", json!({}))),
                post("/api/v1/configmaps", with_meta("a", json!({"namespace": "default"}))),
                get("/api/v1/namespaces/missing"),
            ],
        ),
        case(
            "objects/create of a name in the path",
            vec![post(&path(MAPS, "a"), map("a", json!({}))), delete(&format!("{MAPS}/"))],
        ),
        case(
            "objects/what only the server sets",
            vec![
                post(
                    MAPS,
                    with_meta(
                        "a",
                        json!({
                    "creationTimestamp": "2001-01-01T00:00:00Z", "generation": 7, "selfLink": "/x",
                    "deletionTimestamp": "2001-01-01T00:00:00Z", "deletionGracePeriodSeconds": 3,
                    "managedFields": [], "labels": {"a": "b"}, "annotations": {"c": "d"}}),
                    ),
                ),
                put(
                    &path(MAPS, "a"),
                    with_meta("a", json!({"creationTimestamp": "2001-01-01T00:00:00Z", "generation": 9})),
                ),
                put(&path(MAPS, "a"), with_meta("a", json!({"managedFields": [{}]}))),
                put(&path(MAPS, "a"), with_meta("a", json!({"managedFields": []}))),
                merge(&path(MAPS, "a"), json!({"metadata": {"creationTimestamp": "2001-01-01T00:00:00Z"}})),
                merge(&path(MAPS, "a"), json!({"metadata": {"name": "b"}})),
                merge(&path(MAPS, "a"), json!({"metadata": {"namespace": "b"}})),
                merge(&path(MAPS, "a"), json!({"metadata": {"uid": "b"}})),
                merge(&path(MAPS, "a"), json!({"metadata": {"deletionTimestamp": "2001-01-01T00:00:00Z"}})),
            ],
        ),
        case(
            "objects/as yaml",
            vec![
                raw(
                    http::Method::POST,
                    MAPS,
                    "application/yaml",
                    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: \"1\"\n",
                ),
                get(&path(MAPS, "a")).accept("application/json;q=0.5"),
            ],
        ),
        case(
            "objects/without kind",
            vec![
                raw(http::Method::POST, MAPS, "application/json", r#"{"metadata":{"name":"a"}}"#),
                raw(http::Method::POST, MAPS, "application/json", r#"{"kind":"ConfigMap","metadata":{"name":"b"}}"#),
                raw(http::Method::POST, MAPS, "application/json", r#"{"apiVersion":"v1","metadata":{"name":"c"}}"#),
                put(&path(MAPS, "a"), json!({"data": {"x": "2"}})),
            ],
        ),
    ];
    cases.extend(table("objects/wrong metadata", wrong_metadata(), |metadata| {
        vec![post(MAPS, json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}))]
    }));
    cases
}

fn with_meta(name: &str, mut metadata: Value) -> Value {
    metadata["name"] = name.into();
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
}

fn wrong_metadata() -> Vec<(&'static str, Value)> {
    let owner = |change: &dyn Fn(&mut Value)| {
        let mut owner = json!({"apiVersion": "v1", "kind": "Secret", "name": "s", "uid": "u"});
        change(&mut owner);
        json!({"name": "a", "ownerReferences": [owner]})
    };
    vec![
        ("no name", json!({})),
        ("empty name", json!({"name": ""})),
        ("upper case", json!({"name": "Abc"})),
        ("underscore", json!({"name": "a_b"})),
        ("dot at the end", json!({"name": "a."})),
        ("long name", json!({"name": "a".repeat(254)})),
        ("longest name", json!({"name": "a".repeat(253)})),
        ("slash", json!({"name": "a/b"})),
        ("long generated name", json!({"generateName": "a".repeat(300)})),
        ("label key", json!({"name": "a", "labels": {"a b": "c"}})),
        ("label key with two slashes", json!({"name": "a", "labels": {"a/b/c": "c"}})),
        ("label prefix", json!({"name": "a", "labels": {"A_/b": "c"}})),
        ("empty label prefix", json!({"name": "a", "labels": {"/b": "c"}})),
        ("empty label key", json!({"name": "a", "labels": {"": "c"}})),
        ("long label key", json!({"name": "a", "labels": {"b".repeat(64): "c"}})),
        ("label value", json!({"name": "a", "labels": {"a": "b c"}})),
        ("long label value", json!({"name": "a", "labels": {"a": "b".repeat(64)}})),
        ("annotation key", json!({"name": "a", "annotations": {"a b": "c"}})),
        ("annotations too large", json!({"name": "a", "annotations": {"a": "b".repeat(300_000)}})),
        ("finalizer", json!({"name": "a", "finalizers": ["no prefix"]})),
        ("finalizer without prefix", json!({"name": "a", "finalizers": ["plain"]})),
        ("two propagation finalizers", json!({"name": "a", "finalizers": ["orphan", "foregroundDeletion"]})),
        ("owner without name", owner(&|o| o["name"] = "".into())),
        ("owner without kind", owner(&|o| o["kind"] = "".into())),
        ("owner without uid", owner(&|o| o["uid"] = "".into())),
        ("owner without version", owner(&|o| o["apiVersion"] = "".into())),
        ("owner of a bad version", owner(&|o| o["apiVersion"] = "a/b/c".into())),
        ("owner that is an event", owner(&|o| o["kind"] = "Event".into())),
        ("owner lacks everything", json!({"name": "a", "ownerReferences": [{}]})),
        ("owner that is fine", owner(&|_| ())),
        (
            "two controllers",
            json!({"name": "a", "ownerReferences": [
                {"apiVersion": "v1", "kind": "Secret", "name": "s", "uid": "u", "controller": true},
                {"apiVersion": "v1", "kind": "Secret", "name": "t", "uid": "v", "controller": true}]}),
        ),
        (
            "same owner twice",
            json!({"name": "a", "ownerReferences": [
                {"apiVersion": "v1", "kind": "Secret", "name": "s", "uid": "u"},
                {"apiVersion": "v1", "kind": "Secret", "name": "s", "uid": "u"}]}),
        ),
    ]
}
