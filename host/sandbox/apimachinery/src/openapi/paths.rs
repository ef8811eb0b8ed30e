//! The paths of a kind and their operations.

use serde_json::{Map, Value, json};

use super::{gvk, reference, schema_name};
use crate::kind::ResourceKind;

pub(super) fn add(kind: &ResourceKind, paths: &mut Map<String, Value>) {
    let root = if kind.group.is_empty() {
        format!("/api/{}", kind.version)
    } else {
        format!("/apis/{}/{}", kind.group, kind.version)
    };
    let collection = if kind.is_namespaced() {
        paths.insert(format!("{root}/{}", kind.plural), every_namespace(kind));
        format!("{root}/namespaces/{{namespace}}/{}", kind.plural)
    } else {
        format!("{root}/{}", kind.plural)
    };
    paths.insert(collection.clone(), many(kind));
    if !kind.is_stored() {
        return;
    }
    let one = format!("{collection}/{{name}}");
    paths.insert(one.clone(), single(kind, true));
    if kind.subresources.status {
        paths.insert(format!("{one}/status"), single(kind, false));
    }
}

fn every_namespace(kind: &ResourceKind) -> Value {
    match kind.is_stored() {
        true => json!({"get": operation(kind, "list", &LIST)}),
        false => json!({"post": operation(kind, "post", &WRITE)}),
    }
}

fn many(kind: &ResourceKind) -> Value {
    let mut item = json!({"post": operation(kind, "post", &WRITE)});
    if kind.is_stored() {
        item["get"] = operation(kind, "list", &LIST);
        item["delete"] = operation(kind, "deletecollection", &DELETE);
    }
    if kind.is_namespaced() {
        item["parameters"] = json!([in_path("namespace")]);
    }
    item
}

fn single(kind: &ResourceKind, deletes: bool) -> Value {
    let mut item = json!({
        "get": operation(kind, "get", &[]),
        "put": operation(kind, "put", &WRITE),
        "patch": operation(kind, "patch", &PATCH),
        "parameters": [in_path("name")],
    });
    if deletes {
        item["delete"] = operation(kind, "delete", &DELETE);
    }
    if kind.is_namespaced() {
        item["parameters"] = json!([in_path("name"), in_path("namespace")]);
    }
    item
}

/// Query parameters: name and type.
type Parameters = [(&'static str, &'static str)];

const LIST: [(&str, &str); 8] = [
    ("labelSelector", "string"),
    ("fieldSelector", "string"),
    ("limit", "integer"),
    ("continue", "string"),
    ("resourceVersion", "string"),
    ("resourceVersionMatch", "string"),
    ("watch", "boolean"),
    ("allowWatchBookmarks", "boolean"),
];
const WRITE: [(&str, &str); 3] = [("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string")];
const PATCH: [(&str, &str); 4] =
    [("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string"), ("force", "boolean")];
const DELETE: [(&str, &str); 3] =
    [("dryRun", "string"), ("gracePeriodSeconds", "integer"), ("propagationPolicy", "string")];

fn in_path(name: &str) -> Value {
    json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "uniqueItems": true}})
}

fn operation(kind: &ResourceKind, action: &str, parameters: &Parameters) -> Value {
    let parameters: Vec<Value> = parameters
        .iter()
        .map(|(name, type_)| json!({"name": name, "in": "query", "schema": {"type": type_, "uniqueItems": true}}))
        .collect();
    let name = schema_name(kind);
    let answer = match action {
        "list" => reference(&format!("{name}List")),
        "delete" | "deletecollection" => reference(super::schemas::STATUS),
        _ => reference(&name),
    };
    let mut operation = json!({
        "operationId": format!("{action}{}{}", kind.group.replace(['.', '-'], ""), kind.kind),
        "parameters": parameters,
        "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": answer}}}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": gvk(kind),
    });
    let bodies: &[&str] = match action {
        "post" | "put" => &["*/*"],
        "patch" => &["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"],
        _ => &[],
    };
    for media in bodies {
        let schema = if action == "patch" { json!({"type": "object"}) } else { reference(&name) };
        operation["requestBody"]["content"][*media] = json!({"schema": schema});
    }
    operation
}
