//! Watches: from a version, with initial events, with selectors, that cannot begin.

use serde_json::{Value, json};

use super::super::case::*;
use super::{MAPS, map, path, table};

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const PARTIAL: &str = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json";

pub(super) fn cases() -> Vec<Case> {
    let from = |query: &str| format!("{MAPS}?timeoutSeconds=3&resourceVersion={{from}}{query}");
    let mut cases = vec![
        case("watches/from a version", {
            let mut steps = history();
            steps.extend([
                watch(&from(""), 5),
                watch(&from("&labelSelector=app"), 3),
                watch(&from("&labelSelector=app%3Dtwo"), 2),
                watch(&from("&labelSelector=%21app"), 4),
                watch(&from("&fieldSelector=metadata.name%3Db"), 2),
                watch(&from(""), 5).accept(TABLE),
                watch(&from("&includeObject=None"), 5).accept(TABLE),
                watch(&from(""), 5).accept(PARTIAL),
                watch(&from("&fieldSelector=metadata.name%3Dnone"), 1),
                watch("/api/v1/configmaps?timeoutSeconds=3&resourceVersion={from}&fieldSelector=metadata.namespace%3D{ns}", 5),
                watch("/api/v1/watch/namespaces/{ns}/configmaps?timeoutSeconds=3&resourceVersion={from}", 5),
                watch("/api/v1/watch/namespaces/{ns}/configmaps/b?timeoutSeconds=3&resourceVersion={from}", 2),
                watch(&format!("{MAPS}/b?timeoutSeconds=3&resourceVersion={{from}}"), 2),
                watch(&from(""), 5).accept("application/yaml"),
                watch(&from(""), 1).accept("text/html"),
            ]);
            steps
        }),
        case("watches/initial events", {
            let mut steps = history();
            let initial = |query: &str| format!("{MAPS}?timeoutSeconds=3&{query}");
            steps.extend([
                // First, so that the caches of the real server have come so far before anything may be answered from them.
                watch(&initial("x=y"), 1),
                watch(&initial("resourceVersion=0"), 1),
                watch(&initial("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"), 2),
                watch(&initial("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=0"), 2),
                watch(&initial("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion={last}"), 2),
                watch(&initial("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"), 2).accept(TABLE),
                watch(&initial("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"), 2).accept(PARTIAL),
                watch(&initial("sendInitialEvents=true&resourceVersionMatch=NotOlderThan"), 1),
                watch(&initial("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=none"), 1),
                watch(&initial("sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion={from}"), 5),
            ]);
            steps
        }),
        case("watches/of an object that is marked", {
            vec![
                post(MAPS, json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "finalizers": ["e.org/x"]}})).capture("from", "/metadata/resourceVersion"),
                delete(&path(MAPS, "a")),
                delete(&path(MAPS, "a")),
                merge(&path(MAPS, "a"), json!({"metadata": {"finalizers": null}})),
                watch(&format!("{MAPS}?timeoutSeconds=3&resourceVersion={{from}}"), 2),
            ]
        }),
    ];
    let refused = [
        "resourceVersion=99999999",
        "resourceVersion=nonsense",
        "resourceVersion=-1",
        "sendInitialEvents=true",
        "sendInitialEvents=true&resourceVersionMatch=Exact",
        "sendInitialEvents=nonsense&resourceVersionMatch=NotOlderThan",
        "resourceVersionMatch=NotOlderThan",
        "resourceVersionMatch=Exact&resourceVersion=1",
        "resourceVersionMatch=Nonsense",
        "sendInitialEvents=false",
        "labelSelector=a%20b",
        "fieldSelector=data.x%3D1",
        "continue=abc",
        "limit=1",
        "timeoutSeconds=nonsense",
        "timeoutSeconds=-1&resourceVersion=99999999",
        "resourceVersion=0&limit=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=abc",
    ];
    let rows: Vec<(&str, &str)> = refused.iter().map(|query| (*query, *query)).collect();
    cases.extend(table("watches/refused", rows, |query| {
        let query =
            if query.contains("timeoutSeconds") { query.to_owned() } else { format!("timeoutSeconds=2&{query}") };
        vec![watch(&format!("{MAPS}?{query}"), 1)]
    }));
    cases
}

/// One creation to begin from and five changes after it.
fn history() -> Vec<Step> {
    let label = |value: Value| json!({"metadata": {"labels": {"app": value}}});
    vec![
        post(MAPS, map("a", json!({"x": "1"}))).capture("from", "/metadata/resourceVersion"),
        post(MAPS, map("b", json!({"x": "1"}))),
        merge(&path(MAPS, "a"), label(json!("one"))),
        merge(&path(MAPS, "a"), label(json!("two"))),
        merge(&path(MAPS, "a"), label(Value::Null)).capture("last", "/metadata/resourceVersion"),
        delete(&path(MAPS, "b")),
    ]
}
