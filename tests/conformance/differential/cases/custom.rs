//! Custom kinds: definitions, defaults, pruning, rules, status, scale, columns, versions.

mod definitions;

use serde_json::{Value, json};

use super::super::case::*;
use super::{path, table};
use definitions::wrong_definitions;

const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("custom/life", life()),
        case("custom/apply", apply_steps()),
        case("custom/rules", rules()),
        case("custom/versions", versions()),
        case("custom/deletion", deletion()),
        case("custom/definition", definition_steps()),
    ];
    cases.extend(table("custom/value", values(), |(name, spec)| {
        let group = format!("{name}.val.example.org");
        let base = base(&group, "v1");
        vec![
            post(CRDS, definition(&group, schema())),
            ready(&group),
            post(&format!("{base}?fieldValidation=Warn"), thing(&group, "a", spec.clone())),
            post(&format!("{base}?fieldValidation=Strict"), thing(&group, "b", spec.clone())),
            post(&format!("{base}?fieldValidation=Ignore"), thing(&group, "c", spec)),
        ]
    }));
    cases.extend(table("custom/wrong definition", wrong_definitions(), |(group, change)| {
        let mut crd = definition(group, schema());
        for (pointer, value) in change {
            set(&mut crd, &pointer, value);
        }
        vec![post(CRDS, crd)]
    }));
    cases
}

fn set(object: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap_or(("", pointer));
    let Some(parent) = object.pointer_mut(parent) else { return };
    if let (Value::Array(items), Ok(index)) = (&mut *parent, key.parse::<usize>()) {
        items[index] = value;
    } else {
        parent[key] = value;
    }
}

fn base(group: &str, version: &str) -> String {
    format!("/apis/{group}/{version}/namespaces/{{ns}}/things")
}

fn ready(group: &str) -> Step {
    until(&format!("{CRDS}/things.{group}"), "/status/conditions/1/status", json!("True"))
}

/// Waits until objects can be listed.
fn listed(base: &str) -> Step {
    Step { wait: Wait::Code(200), ..get(base) }
}

fn thing(group: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": format!("{group}/v1"), "kind": "Thing", "metadata": {"name": name}, "spec": spec})
}

fn definition(group: &str, schema: Value) -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": format!("things.{group}")},
        "spec": {"group": group, "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing", "shortNames": ["th"], "categories": ["all"]},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema},
                "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector"}},
                "additionalPrinterColumns": [
                    {"name": "Size", "type": "string", "jsonPath": ".spec.size"},
                    {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas", "description": "how many", "priority": 1},
                    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]}]}})
}

fn schema() -> Value {
    json!({"type": "object", "properties": {
        "spec": {"type": "object", "required": ["size"], "properties": {
            "size": {"type": "string", "enum": ["small", "large"]},
            "replicas": {"type": "integer", "format": "int32", "default": 1, "minimum": 0, "maximum": 10},
            "name": {"type": "string", "minLength": 2, "maxLength": 5, "pattern": "^[a-z]+$"},
            "ratio": {"type": "number", "exclusiveMinimum": true, "minimum": 0, "multipleOf": 0.5},
            "port": {"x-kubernetes-int-or-string": true},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"known": {"type": "object", "properties": {"x": {"type": "string"}}}}},
            "nothing": {"type": "string", "nullable": true},
            "defaulted": {"type": "object", "default": {}, "properties": {"deep": {"type": "string", "default": "d"}, "nullable": {"type": "string", "nullable": true, "default": "n"}}},
            "items": {"type": "array", "maxItems": 3, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["key"],
                "items": {"type": "object", "required": ["key"], "properties": {"key": {"type": "string"}, "value": {"type": "string", "default": "v"}}}},
            "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
            "words": {"type": "array", "minItems": 1, "uniqueItems": false, "items": {"type": "string"}},
            "map": {"type": "object", "maxProperties": 2, "additionalProperties": {"type": "integer"}},
            "flag": {"type": "boolean"},
            "when": {"type": "string", "format": "date-time"},
            "any": {"x-kubernetes-preserve-unknown-fields": true},
            "object": {"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true},
            "choice": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}}},
        "status": {"type": "object", "properties": {"replicas": {"type": "integer"}, "selector": {"type": "string"}, "phase": {"type": "string"},
            "conditions": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
                "items": {"type": "object", "required": ["type", "status"], "properties": {"type": {"type": "string"}, "status": {"type": "string"}}}}}}}})
}

fn values() -> Vec<(&'static str, (&'static str, Value))> {
    [
        ("plain", json!({"size": "small"})),
        ("nospec", Value::Null),
        ("empty", json!({})),
        ("enum", json!({"size": "huge"})),
        ("type", json!({"size": 1})),
        ("listforobject", json!([])),
        ("number", json!({"size": "small", "replicas": 1.5})),
        ("textnumber", json!({"size": "small", "replicas": "1"})),
        ("bigint", json!({"size": "small", "replicas": 4_294_967_296u64})),
        ("maximum", json!({"size": "small", "replicas": 11})),
        ("minimum", json!({"size": "small", "replicas": -1})),
        ("short", json!({"size": "small", "name": "a"})),
        ("long", json!({"size": "small", "name": "abcdef"})),
        ("pattern", json!({"size": "small", "name": "AB"})),
        ("ratio", json!({"size": "small", "ratio": 0})),
        ("multiple", json!({"size": "small", "ratio": 0.7})),
        ("wholeratio", json!({"size": "small", "ratio": 2})),
        ("intport", json!({"size": "small", "port": 80})),
        ("textport", json!({"size": "small", "port": "http"})),
        ("boolport", json!({"size": "small", "port": true})),
        ("unknown", json!({"size": "small", "unknown": 1, "other": {"x": 1}})),
        ("preserved", json!({"size": "small", "free": {"unknown": 1, "known": {"x": "y", "z": 1}}})),
        ("nullable", json!({"size": "small", "nothing": null})),
        ("notnullable", json!({"size": "small", "name": null})),
        ("nulldefault", json!({"size": "small", "replicas": null, "defaulted": {"deep": null, "nullable": null}})),
        ("items", json!({"size": "small", "items": [{"key": "a"}, {"key": "b", "value": "x", "more": 1}]})),
        ("doubleitems", json!({"size": "small", "items": [{"key": "a"}, {"key": "a"}]})),
        ("keyless", json!({"size": "small", "items": [{"value": "a"}]})),
        ("manyitems", json!({"size": "small", "items": [{"key": "a"}, {"key": "b"}, {"key": "c"}, {"key": "d"}]})),
        ("tags", json!({"size": "small", "tags": ["a", "b"]})),
        ("doubletags", json!({"size": "small", "tags": ["a", "a"]})),
        ("nowords", json!({"size": "small", "words": []})),
        ("nullword", json!({"size": "small", "words": ["a", null]})),
        ("map", json!({"size": "small", "map": {"a": 1, "b": 2}})),
        ("bigmap", json!({"size": "small", "map": {"a": 1, "b": 2, "c": 3}})),
        ("textmap", json!({"size": "small", "map": {"a": "x"}})),
        ("flag", json!({"size": "small", "flag": "true"})),
        ("when", json!({"size": "small", "when": "2001-01-01T00:00:00Z"})),
        ("badwhen", json!({"size": "small", "when": "yesterday"})),
        ("any", json!({"size": "small", "any": [1, {"x": null}]})),
        ("object", json!({"size": "small", "object": {"apiVersion": "v1", "kind": "X", "metadata": {"name": "x", "odd": 1}, "more": 1}})),
        ("badobject", json!({"size": "small", "object": {"kind": "X"}})),
        ("choice", json!({"size": "small", "choice": {"a": "x"}})),
        ("bothchoices", json!({"size": "small", "choice": {"a": "x", "b": "y"}})),
        ("nochoice", json!({"size": "small", "choice": {}})),
        ("twoerrors", json!({"size": "huge", "replicas": 70, "name": "A"})),
    ]
    .into_iter()
    .map(|(name, spec)| (name, (name, spec)))
    .collect()
}

fn life() -> Vec<Step> {
    let group = "life.example.org";
    let base = base(group, "v1");
    let a = path(&base, "a");
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    let small = || json!({"size": "small", "tags": ["b", "a"]});
    let put_thing = |fields: Value| {
        let mut object = thing(group, "a", small());
        object["metadata"]["resourceVersion"] = "{rv}".into();
        if let (Some(object), Some(fields)) = (object.as_object_mut(), fields.as_object()) {
            object.extend(fields.clone());
        }
        object
    };
    vec![
        get(&base),
        post(CRDS, definition(group, schema())),
        ready(group),
        // The real server says that it is established a moment before it can list.
        listed(&base),
        post(&base, json!({"apiVersion": "life.example.org/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": small(), "status": {"replicas": 3}})).capture("rv", "/metadata/resourceVersion"),
        post(&base, thing(group, "a", small())),
        get(&a),
        put(&a, thing(group, "a", small())),
        put(&a, put_thing(json!({"status": {"replicas": 3}}))),
        put(&a, put_thing(json!({"spec": {"size": "large"}}))).capture("rv", "/metadata/resourceVersion"),
        put(&a, put_thing(json!({"metadata": {"name": "a", "resourceVersion": "{rv}", "labels": {"x": "y"}}}))).capture("rv", "/metadata/resourceVersion"),
        put(&format!("{a}/status"), put_thing(json!({"status": {"replicas": 3, "unknown": 1}, "spec": {"size": "huge"}}))).capture("rv", "/metadata/resourceVersion"),
        merge(&format!("{a}/status"), json!({"status": {"phase": "Ready", "selector": "a=b"}, "metadata": {"labels": {"z": "z"}}})),
        merge(&format!("{a}/status"), json!({"status": {"replicas": "x"}})),
        merge(&format!("{a}/status"), json!({"status": null})),
        merge(&a, json!({"spec": {"tags": null, "replicas": null}})),
        merge(&a, json!({"spec": {"unknown": 1}})),
        merge(&format!("{a}?fieldValidation=Strict"), json!({"spec": {"unknown": 1}})),
        json_patch(&a, json!([{"op": "add", "path": "/spec/words", "value": ["x"]}])),
        json_patch(&a, json!([{"op": "add", "path": "/spec/words/-", "value": "y"}])),
        json_patch(&a, json!([{"op": "add", "path": "/spec/words/7", "value": "y"}])),
        json_patch(&a, json!([{"op": "remove", "path": "/spec/size"}])),
        strategic(&a, json!({"spec": {"size": "small"}})),
        get(&format!("{a}/scale")),
        put(&format!("{a}/scale"), json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "a", "namespace": "{ns}"}, "spec": {"replicas": 4}})),
        merge(&format!("{a}/scale"), json!({"spec": {"replicas": 40}})),
        merge(&format!("{a}/scale"), json!({"spec": {"replicas": 5}})),
        get(&a),
        get(&a).accept(table),
        get(&base).accept(table),
        get(&format!("{base}?fieldSelector=metadata.name%3Da")),
        get(&format!("{base}?fieldSelector=spec.size%3Dsmall")),
        get("/apis/life.example.org/v1"),
        get("/apis/life.example.org"),
        get(&format!("{a}/nonsense")),
        get("/apis/life.example.org/v2"),
        get("/apis/life.example.org/v2/namespaces/{ns}/things"),
        get("/apis/life.example.org/v1/things?fieldSelector=metadata.namespace%3D{ns}"),
        get("/apis/life.example.org/v1/namespaces/{ns}/others"),
        post("/apis/life.example.org/v1/things", thing(group, "b", small())),
        post(&base, json!({"apiVersion": "life.example.org/v2", "kind": "Thing", "metadata": {"name": "b"}})),
        post(&base, json!({"apiVersion": "life.example.org/v1", "kind": "Other", "metadata": {"name": "b"}})),
        post(&base, json!({"metadata": {"name": "b"}, "spec": {"size": "small"}})),
        post(&base, json!({"apiVersion": "life.example.org/v1", "kind": "Thing", "metadata": {"name": "b", "odd": 1, "labels": {"a": 1}}, "spec": {"size": "small"}})),
        post(&base, json!({"apiVersion": "life.example.org/v1", "kind": "Thing", "metadata": {"generateName": "b-"}, "spec": {"size": "small"}})),
        watch(&format!("{base}?timeoutSeconds=3&resourceVersion={{rv}}"), 3),
        delete(&base),
        get(&base),
    ]
}

fn apply_steps() -> Vec<Step> {
    let group = "apply.example.org";
    let a = path(&base(group, "v1"), "a");
    let spec = |spec: Value| thing(group, "a", spec);
    vec![
        post(CRDS, definition(group, schema())),
        ready(group),
        apply(
            &a,
            "one",
            spec(
                json!({"size": "small", "items": [{"key": "a", "value": "1"}], "tags": ["x"], "words": ["p"], "map": {"k": 1}}),
            ),
        ),
        apply(&a, "two", spec(json!({"size": "small", "items": [{"key": "b"}], "tags": ["y"], "map": {"l": 1}}))),
        apply(&a, "two", spec(json!({"size": "small", "words": ["q"]}))),
        apply(&a, "two", spec(json!({"size": "large"}))),
        apply(&format!("{a}?force=true"), "two", spec(json!({"size": "large", "tags": ["x", "z"]}))),
        apply(&a, "one", spec(json!({"tags": []}))),
        apply(&a, "two", spec(json!({"size": "large", "tags": ["z"], "items": [{"key": "a", "value": "2"}]}))),
        apply(&a, "two", spec(json!({"size": "large", "tags": ["z", "z"]}))),
        apply(&a, "two", spec(json!({"size": "large", "items": [{"key": "c"}, {"key": "c"}]}))),
        apply(&a, "two", spec(json!({"size": "large", "items": [{"value": "c"}]}))),
        apply(&a, "two", spec(json!({"size": "large", "free": {"x": {"y": 1}}, "any": {"p": [1]}, "port": "x"}))),
        apply(&a, "three", spec(json!({"free": {"x": {"z": 1}}, "port": 1}))),
        apply(&a, "three", spec(json!({"free": {"x": {"y": 2}}}))),
        apply(&a, "three", spec(json!({"unknown": 1}))),
        apply(&format!("{a}?fieldValidation=Strict"), "three", spec(json!({"unknown": 1}))),
        apply(&a, "three", spec(json!({"replicas": 3, "defaulted": {"deep": "x"}}))),
        apply(&a, "three", spec(json!({}))),
        apply(&a, "three", spec(json!({"size": null, "nothing": null}))),
        apply(
            &format!("{a}/status"),
            "four",
            json!({"apiVersion": "apply.example.org/v1", "kind": "Thing", "metadata": {"name": "a"}, "status": {"conditions": [{"type": "A", "status": "True"}]}}),
        ),
        apply(
            &format!("{a}/status"),
            "five",
            json!({"apiVersion": "apply.example.org/v1", "kind": "Thing", "metadata": {"name": "a"}, "status": {"conditions": [{"type": "B", "status": "True"}], "phase": "x"}}),
        ),
        apply(
            &format!("{a}/status"),
            "five",
            json!({"apiVersion": "apply.example.org/v1", "kind": "Thing", "metadata": {"name": "a"}}),
        ),
        apply(
            &format!("{a}/status"),
            "five",
            json!({"apiVersion": "apply.example.org/v1", "kind": "Thing", "metadata": {"name": "a", "labels": {"x": "y"}}, "spec": {"size": "small"}, "status": {"phase": "y"}}),
        ),
        merge(&format!("{a}/scale?fieldManager=scaler"), json!({"spec": {"replicas": 5}})),
        get(&a),
        apply(&a, "three", spec(json!({"replicas": 3}))),
        apply(&path(&base(group, "v1"), "none"), "one", thing(group, "none", json!({"replicas": 3}))),
    ]
}

fn rules() -> Vec<Step> {
    let group = "rules.example.org";
    let base = base(group, "v1");
    let a = path(&base, "a");
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object",
        "x-kubernetes-validations": [
            {"rule": "!has(self.max) || self.min <= self.max", "message": "min above max"},
            {"rule": "self.min >= 0", "message": "min is negative"},
            {"rule": "self.name != 'forbidden'", "reason": "FieldValueForbidden", "fieldPath": ".name", "message": "no such name"},
            {"rule": "self.name.startsWith('n')"}],
        "properties": {
            "min": {"type": "integer", "default": 1}, "max": {"type": "integer"},
            "name": {"type": "string", "default": "n", "maxLength": 20},
            "fixed": {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "is fixed"}]},
            "list": {"type": "array", "maxItems": 5, "items": {"type": "string", "maxLength": 5, "x-kubernetes-validations": [{"rule": "size(self) > 1", "message": "too small"}]},
                "x-kubernetes-validations": [{"rule": "self.all(x, x != 'bad')", "message": "bad in list"}]},
            "map": {"type": "object", "maxProperties": 3, "additionalProperties": {"type": "integer"}, "x-kubernetes-validations": [{"rule": "self.all(k, self[k] > 0)", "message": "not positive"}]}}}}});
    let post_thing = |name: &str, spec: Value| post(&base, thing(group, name, spec));
    vec![
        post(CRDS, definition_without_scale(group, schema)),
        ready(group),
        post_thing("a", json!({"fixed": "x"})),
        post_thing("b", json!({"min": 5, "max": 3})),
        post_thing("c", json!({"min": -1})),
        post_thing("d", json!({"name": "forbidden"})),
        post_thing("e", json!({"name": "other"})),
        post_thing("f", json!({"list": ["ab", "c"]})),
        post_thing("g", json!({"list": ["bad"]})),
        post_thing("h", json!({"map": {"x": 0}})),
        post_thing("i", json!({"min": -1, "max": -3, "name": "x", "list": ["c", "bad"]})),
        merge(&a, json!({"spec": {"fixed": "y"}})),
        merge(&a, json!({"spec": {"fixed": null}})),
        merge(&a, json!({"spec": {"fixed": "z"}})),
        apply(&a, "m", thing(group, "a", json!({"min": -5}))),
    ]
}

fn definition_without_scale(group: &str, schema: Value) -> Value {
    let mut crd = definition(group, schema);
    crd["spec"]["versions"][0]["subresources"] = json!({"status": {}});
    crd["spec"]["versions"][0]["additionalPrinterColumns"] = Value::Null;
    crd
}

fn versions() -> Vec<Step> {
    let group = "versions.example.org";
    let fields = |name: &str| json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "string"}, name: {"type": "string", "default": name}}}}});
    let mut crd = definition(group, fields("one"));
    crd["spec"]["versions"] = json!([
        {"name": "v1beta1", "served": true, "storage": false, "deprecated": true, "schema": {"openAPIV3Schema": fields("beta")}},
        {"name": "v1alpha1", "served": true, "storage": false, "deprecated": true, "deprecationWarning": "stop it", "schema": {"openAPIV3Schema": fields("alpha")}},
        {"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": fields("one")}},
        {"name": "v0", "served": false, "storage": false, "schema": {"openAPIV3Schema": fields("zero")}}]);
    let (stable, beta, alpha) = (base(group, "v1"), base(group, "v1beta1"), base(group, "v1alpha1"));
    let in_version = |version: &str, name: &str, spec: Value| json!({"apiVersion": format!("{group}/{version}"), "kind": "Thing", "metadata": {"name": name}, "spec": spec});
    vec![
        post(CRDS, crd),
        ready(group),
        post(&beta, in_version("v1beta1", "a", json!({"size": "x"}))).capture("from", "/metadata/resourceVersion"),
        get(&path(&stable, "a")),
        get(&path(&beta, "a")),
        get(&path(&alpha, "a")),
        get(&beta),
        get(&path(&base(group, "v0"), "a")),
        post(&stable, in_version("v1", "b", json!({"size": "y", "beta": "lost"}))),
        get(&path(&beta, "b")),
        apply(&path(&beta, "a"), "m", in_version("v1beta1", "a", json!({"size": "z"}))),
        apply(&path(&stable, "a"), "m", in_version("v1", "a", json!({"one": "z"}))),
        merge(&path(&beta, "a"), json!({"spec": {"beta": "changed"}})),
        merge(&path(&alpha, "a"), json!({"metadata": {"labels": {"x": "y"}}})),
        post(&stable, in_version("v1beta1", "c", json!({}))),
        watch(&format!("{beta}?timeoutSeconds=3&resourceVersion={{from}}"), 2),
        get("/apis/versions.example.org"),
        get("/apis/versions.example.org/v1beta1"),
        get("/apis/versions.example.org/v0"),
        delete(&path(&alpha, "a")),
    ]
}

fn deletion() -> Vec<Step> {
    let group = "gone.example.org";
    let (base, crd) = (base(group, "v1"), format!("{CRDS}/things.{group}"));
    vec![
        post(CRDS, definition(group, schema())),
        ready(group),
        post(
            &base,
            json!({"apiVersion": "gone.example.org/v1", "kind": "Thing", "metadata": {"name": "a", "finalizers": ["e.org/x"]}, "spec": {"size": "small"}}),
        ),
        delete(&crd),
        until(&path(&base, "a"), "/metadata/deletionGracePeriodSeconds", json!(0)),
        post(&base, thing(group, "b", json!({"size": "small"}))),
        get(&base),
        merge(&path(&base, "a"), json!({"metadata": {"finalizers": null}})),
        gone(&crd),
        gone(&base),
        post(&base, thing(group, "b", json!({"size": "small"}))),
        get("/apis/gone.example.org/v1"),
    ]
}

fn definition_steps() -> Vec<Step> {
    let group = "define.example.org";
    let crd = format!("{CRDS}/things.{group}");
    let small = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "string"}}}}});
    vec![
        post(CRDS, definition_without_scale(group, small.clone())),
        ready(group),
        post(CRDS, definition_without_scale(group, small.clone())),
        merge(&crd, json!({"spec": {"names": {"shortNames": ["other"]}}})),
        // The real server accepts new names a moment later.
        until(&crd, "/status/acceptedNames/shortNames/0", json!("other")),
        merge(&crd, json!({"spec": {"scope": "Cluster"}})),
        merge(&crd, json!({"spec": {"group": "other.example.org"}})),
        merge(&crd, json!({"spec": {"names": {"plural": "others"}}})),
        merge(&crd, json!({"spec": {"names": {"kind": "Other"}}})),
        merge(
            &crd,
            json!({"spec": {"versions": [{"name": "v2", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]}}),
        ),
        apply(
            &crd,
            "m",
            json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.define.example.org", "labels": {"x": "y"}}}),
        ),
        get(&crd).accept("application/json;as=Table;v=v1;g=meta.k8s.io,application/json"),
        get(&format!("{crd}/status")),
        merge(&format!("{crd}/status"), json!({"status": {"storedVersions": []}})),
        merge(&crd, json!({"status": {"storedVersions": ["x"]}})),
        put(&crd, definition_without_scale(group, small)),
    ]
}
