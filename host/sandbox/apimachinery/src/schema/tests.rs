use serde_json::{Value, json};

use crate::schema::Schema;
use crate::testing::{mk_widget, widget};

fn errors(object: &Value, old: Option<&Value>) -> Vec<String> {
    widget().schema.validate(object, old).iter().map(ToString::to_string).collect()
}

#[test]
fn every_bound_is_reported_in_the_words_of_the_api_server() {
    let cases = [
        (json!({}), "spec.version: Required value"),
        (
            json!({"version": "v1", "replicas": -1}),
            "spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0",
        ),
        (
            json!({"version": "v1", "replicas": 11}),
            "spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10",
        ),
        (
            json!({"version": "v1", "replicas": "x"}),
            "spec.replicas: Invalid value: \"string\": spec.replicas in body must be of type integer: \"string\"",
        ),
        (
            json!({"version": "v1", "replicas": 1.5}),
            "spec.replicas: Invalid value: \"number\": spec.replicas in body must be of type integer: \"number\"",
        ),
        (json!({"version": "1"}), "spec.version: Invalid value: \"1\": spec.version in body should match '^v\\d+$'"),
        (json!({"version": "v12345"}), "spec.version: Too long: may not be more than 5 bytes"),
        (
            json!({"version": "v1", "mode": "x"}),
            "spec.mode: Unsupported value: \"x\": supported values: \"fast\", \"slow\"",
        ),
        (
            json!({"version": "v1", "port": true}),
            "spec.port: Invalid value: \"boolean\": spec.port in body must be of type integer,string: \"boolean\"",
        ),
        (json!({"version": "v1", "workers": [{}]}), "spec.workers[0].name: Required value"),
        (
            json!({"version": "v1", "workers": [{"name": "a"}, {"name": "a"}]}),
            "spec.workers[1]: Duplicate value: {\"name\":\"a\"}",
        ),
        (json!({"version": "v1", "tags": ["a", "b", "a"]}), "spec.tags[2]: Duplicate value: \"a\""),
        (
            json!({"version": "v1", "workers": [{"name": "a"}, {"name": "b"}, {"name": "c"}, {"name": "d"}]}),
            "spec.workers: Too many: 4: must have at most 3 items",
        ),
        (
            json!({"version": "v1", "network": {"cidr": "x", "mtu": 1}}),
            "<nil>: Invalid value: \"\": \"spec.network\" must validate one and only one schema (oneOf). Found 2 valid alternatives",
        ),
        (
            json!({"version": "v1", "options": {"a": 1}}),
            "spec.options.a: Invalid value: \"integer\": spec.options.a in body must be of type string: \"integer\"",
        ),
        (
            json!({"version": null}),
            "spec.version: Invalid value: \"null\": spec.version in body must be of type string: \"null\"",
        ),
    ];
    for (spec, expected) in cases {
        let found = errors(&mk_widget(spec.clone()), None);
        assert!(found.iter().any(|e| e == expected), "{spec}: {found:?}");
    }
    let good = json!({"version": "v1", "port": "http", "network": {"mtu": 1}, "free": {"x": [1]}});
    assert_eq!(errors(&mk_widget(good), None), Vec::<String>::new());
}

#[test]
fn what_was_stored_and_did_not_change_is_not_judged_again() {
    let old = mk_widget(json!({"version": "bad", "mode": "x", "workers": [{"name": "a", "replicas": "many"}]}));
    let mut new = old.clone();
    new["spec"]["replicas"] = 2.into();
    assert_eq!(errors(&new, Some(&old)), Vec::<String>::new());
    new["spec"]["mode"] = "y".into();
    assert_eq!(errors(&new, Some(&old)).len(), 1);
}

#[test]
fn unknown_fields_leave_and_are_named() {
    let mut object = mk_widget(json!({
        "version": "v1", "foo": 1, "workers": [{"name": "a", "bar": {"x": 1}}], "options": {"any": "v"},
        "free": {"what": {"ever": 1}},
    }));
    object["metadata"]["lables"] = json!({});
    object["extra"] = json!(1);
    let unknown = widget().prune(&mut object);
    assert_eq!(unknown, ["extra", "metadata.lables", "spec.foo", "spec.workers[0].bar"]);
    let expected = json!({
        "version": "v1", "workers": [{"name": "a"}], "options": {"any": "v"}, "free": {"what": {"ever": 1}},
    });
    assert_eq!(object["spec"], expected);
}

#[test]
fn defaults_fill_what_is_absent_where_its_parent_is_present() {
    let mut object =
        mk_widget(json!({"version": "v1", "mode": null, "replicas": null, "workers": [{"name": "a"}], "network": {}}));
    widget().default(&mut object);
    let expected = json!({
        "version": "v1", "replicas": 1, "workers": [{"name": "a", "size": "small"}], "network": {"mtu": 1500},
    });
    assert_eq!(object["spec"], expected);
}

#[test]
fn a_whole_object_inside_an_object_has_metadata_of_its_own() {
    let schema = Schema::parse(&json!({
        "type": "object",
        "properties": {"template": {
            "type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true,
        }},
    }));
    let schema = schema.expect("schema");
    let mut value = json!({"template": {"apiVersion": "v1", "metadata": {"nmae": "x"}, "spec": {"any": 1}}});
    assert_eq!(schema.prune(&mut value), ["template.metadata.nmae"]);
    let errors: Vec<String> = schema.validate(&value, None).iter().map(ToString::to_string).collect();
    assert_eq!(errors, ["template.kind: Required value"]);
}

#[test]
fn what_is_not_structural_is_refused() {
    let cases = [
        (json!({"type": "objekt"}), "type: Unsupported value: \"objekt\""),
        (
            json!({"type": "object", "properties": {"a": {}}}),
            "properties[a].type: Required value: must not be empty for specified object fields",
        ),
        (json!({"type": "array"}), "items: Required value: must be specified"),
        (
            json!({"type": "string", "pattern": "("}),
            "pattern: Invalid value: \"(\": must be a valid regular expression",
        ),
        (
            json!({"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "map"}),
            "x-kubernetes-list-map-keys: Required value",
        ),
    ];
    for (document, expected) in cases {
        let errors = Schema::parse(&document).expect_err(expected);
        assert!(errors[0].to_string().starts_with(expected), "{}", errors[0]);
    }
}
