//! Definitions that are wrong in one place, and a few that look so and are not.

use serde_json::{Value, json};

/// Name, group, and what is set in a good definition.
pub(super) type WrongDefinition = (&'static str, (&'static str, Vec<(String, Value)>));

pub(super) fn wrong_definitions() -> Vec<WrongDefinition> {
    let root = "/spec/versions/0/schema/openAPIV3Schema";
    let at = |field: &str| format!("{root}/properties/spec/properties/{field}");
    let to = str::to_owned;
    vec![
        ("name", ("wa.example.org", vec![(to("/metadata/name"), json!("other.example.org"))])),
        ("group", ("wb.example.org", vec![(to("/spec/group"), json!("Bad_Group"))])),
        ("group without dot", ("wc", vec![])),
        ("protected group", ("wd.k8s.io", vec![])),
        ("scope", ("we.example.org", vec![(to("/spec/scope"), json!("Nonsense"))])),
        ("no versions", ("wf.example.org", vec![(to("/spec/versions"), json!([]))])),
        (
            "two storage versions",
            (
                "wg.example.org",
                vec![(
                    to("/spec/versions"),
                    json!([
            {"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}},
            {"name": "v2", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]),
                )],
            ),
        ),
        ("no storage version", ("wh.example.org", vec![(to("/spec/versions/0/storage"), json!(false))])),
        ("version name", ("wi.example.org", vec![(to("/spec/versions/0/name"), json!("V_1"))])),
        (
            "same version twice",
            (
                "wj.example.org",
                vec![(
                    to("/spec/versions"),
                    json!([
            {"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}},
            {"name": "v1", "served": true, "storage": false, "schema": {"openAPIV3Schema": {"type": "object"}}}]),
                )],
            ),
        ),
        ("no schema", ("wk.example.org", vec![(to("/spec/versions/0/schema"), Value::Null)])),
        ("root type", ("wl.example.org", vec![(to("/spec/versions/0/schema/openAPIV3Schema/type"), json!("string"))])),
        ("no type", ("wm.example.org", vec![(at("name"), json!({"minLength": 1}))])),
        ("unknown type", ("wn.example.org", vec![(at("name"), json!({"type": "text"}))])),
        ("no item type", ("wo.example.org", vec![(at("words"), json!({"type": "array"}))])),
        ("bad default", ("wp.example.org", vec![(at("replicas"), json!({"type": "integer", "default": "x"}))])),
        (
            "default out of range",
            ("wq.example.org", vec![(at("replicas"), json!({"type": "integer", "default": 5, "maximum": 3}))]),
        ),
        (
            "unique items",
            (
                "wr.example.org",
                vec![(at("words"), json!({"type": "array", "uniqueItems": true, "items": {"type": "string"}}))],
            ),
        ),
        (
            "properties and additional",
            (
                "ws.example.org",
                vec![(
                    at("map"),
                    json!({"type": "object", "properties": {}, "additionalProperties": {"type": "string"}, "x-kubernetes-preserve-unknown-fields": false}),
                )],
            ),
        ),
        (
            "both kinds of properties",
            (
                "wt.example.org",
                vec![(
                    at("map"),
                    json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}}),
                )],
            ),
        ),
        (
            "list keys",
            (
                "wu.example.org",
                vec![(
                    at("items"),
                    json!({"type": "array", "x-kubernetes-list-type": "map", "items": {"type": "object", "properties": {"key": {"type": "string"}}}}),
                )],
            ),
        ),
        (
            "list key of nothing",
            (
                "wv.example.org",
                vec![(
                    at("items"),
                    json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["none"], "items": {"type": "object", "properties": {"key": {"type": "string"}}}}),
                )],
            ),
        ),
        (
            "list type",
            (
                "ww.example.org",
                vec![(
                    at("items"),
                    json!({"type": "array", "x-kubernetes-list-type": "nonsense", "items": {"type": "string"}}),
                )],
            ),
        ),
        ("pattern", ("wx.example.org", vec![(at("name"), json!({"type": "string", "pattern": "("}))])),
        ("reference", ("wy.example.org", vec![(at("name"), json!({"$ref": "#/x"}))])),
        (
            "rule",
            (
                "wz.example.org",
                vec![(
                    at("name"),
                    json!({"type": "string", "x-kubernetes-validations": [{"rule": "self ==", "message": "m"}]}),
                )],
            ),
        ),
        (
            "rule of a wrong type",
            (
                "wza.example.org",
                vec![(at("name"), json!({"type": "string", "x-kubernetes-validations": [{"rule": "self > 1"}]}))],
            ),
        ),
        (
            "empty rule",
            (
                "wzb.example.org",
                vec![(at("name"), json!({"type": "string", "x-kubernetes-validations": [{"rule": ""}]}))],
            ),
        ),
        (
            "columns",
            (
                "wzc.example.org",
                vec![(
                    to("/spec/versions/0/additionalPrinterColumns"),
                    json!([{"name": "", "type": "nonsense", "jsonPath": "x"}]),
                )],
            ),
        ),
        (
            "scale",
            (
                "wzd.example.org",
                vec![(
                    to("/spec/versions/0/subresources/scale"),
                    json!({"specReplicasPath": ".x", "statusReplicasPath": ""}),
                )],
            ),
        ),
        ("names", ("wze.example.org", vec![(to("/spec/names"), json!({"plural": "Things", "kind": "a_b"}))])),
        ("no names", ("wzf.example.org", vec![(to("/spec/names"), json!({}))])),
        ("old field", ("wzg.example.org", vec![(to("/spec/preserveUnknownFields"), json!(true))])),
        ("unknown field", ("wzh.example.org", vec![(to("/spec/nonsense"), json!(true))])),
        ("conversion", ("wzi.example.org", vec![(to("/spec/conversion"), json!({"strategy": "Nonsense"}))])),
        ("webhook without client", ("wzj.example.org", vec![(to("/spec/conversion"), json!({"strategy": "Webhook"}))])),
        (
            "metadata schema",
            (
                "wzk.example.org",
                vec![(
                    format!("{root}/properties/metadata"),
                    json!({"type": "object", "properties": {"labels": {"type": "object"}}}),
                )],
            ),
        ),
        (
            "selectable field",
            (
                "wzl.example.org",
                vec![(to("/spec/versions/0/selectableFields"), json!([{"jsonPath": ".spec.nothing"}]))],
            ),
        ),
        (
            "good selectable field",
            ("wzm.example.org", vec![(to("/spec/versions/0/selectableFields"), json!([{"jsonPath": ".spec.size"}]))]),
        ),
    ]
}
