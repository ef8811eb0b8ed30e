use serde_json::{Value, json};

use crate::schema::Schema;

/// A schema with rules on `spec`, and one on its name.
fn schema(rules: Value) -> Schema {
    let document = json!({
        "type": "object",
        "properties": {"spec": {
            "type": "object", "x-kubernetes-validations": rules,
            "properties": {
                "name": {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "name is fixed"}]},
                "min": {"type": "integer"}, "max": {"type": "integer"}, "ratio": {"type": "number"},
                "namespace": {"type": "string"},
                "limits": {"type": "object", "additionalProperties": {"type": "string"}},
                "tags": {"type": "array", "items": {"type": "string"}},
            },
        }},
    });
    Schema::parse(&document).expect("schema")
}

fn errors(rule: &str, spec: Value, old: Option<Value>) -> Vec<String> {
    let schema = schema(json!([{"rule": rule, "message": "no"}]));
    let old = old.map(|old| json!({"spec": old}));
    schema.validate(&json!({"spec": spec}), old.as_ref()).iter().map(ToString::to_string).collect()
}

#[test]
fn a_rule_holds_or_is_reported_with_its_message() {
    let cases = [
        ("self.min <= self.max", json!({"min": 1, "max": 2}), json!({"min": 3, "max": 2})),
        ("!has(self.min) || self.min >= 1", json!({}), json!({"min": 0})),
        (
            "self.limits.all(k, k in ['cpu', 'memory'])",
            json!({"limits": {"cpu": "1"}}),
            json!({"limits": {"gpu": "1"}}),
        ),
        ("self.name.matches('^[a-z]+$')", json!({"name": "abc"}), json!({"name": "A"})),
        ("size(self.tags) < 2", json!({"tags": ["a"]}), json!({"tags": ["a", "b"]})),
        ("self.tags.all(t, isCIDR(t) || isIP(t))", json!({"tags": ["10.0.0.0/8", "::1"]}), json!({"tags": ["x"]})),
        ("self.tags.exists(t, t == 'a')", json!({"tags": ["a"]}), json!({"tags": []})),
        ("self.ratio < 1.5", json!({"ratio": 1}), json!({"ratio": 2})),
        ("self.__namespace__ == 'a'", json!({"namespace": "a"}), json!({"namespace": "b"})),
        ("!(has(self.min) && has(self.max))", json!({"min": 1}), json!({"min": 1, "max": 2})),
        ("self.name.startsWith('a') ? self.min == 1 : true", json!({"name": "b"}), json!({"name": "a", "min": 2})),
    ];
    for (rule, good, bad) in cases {
        assert_eq!(errors(rule, good, None), Vec::<String>::new(), "{rule}");
        assert_eq!(errors(rule, bad, None), ["spec: Invalid value: no"], "{rule}");
    }
}

#[test]
fn a_transition_rule_compares_with_what_was_stored() {
    let found = errors("true", json!({"name": "b"}), Some(json!({"name": "a"})));
    assert_eq!(found, [r#"spec.name: Invalid value: "b": name is fixed"#]);
    assert_eq!(errors("true", json!({"name": "b"}), None), Vec::<String>::new());
    assert_eq!(errors("false", json!({"name": "a"}), Some(json!({"name": "a"}))), Vec::<String>::new());
}

#[test]
fn rules_are_not_run_on_an_object_that_is_wrong_already() {
    let found = errors("false", json!({"min": "x"}), None);
    let last = "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
    assert_eq!(found.len(), 2);
    assert_eq!(found[1], last);
}

#[test]
fn a_rule_that_cannot_be_run_is_named_and_not_enforced() {
    let rules = json!([{"rule": "isURL(self.name)"}, {"rule": "self.name.find('a') == 'a'"}, {"rule": "true"}]);
    let schema = schema(rules);
    assert_eq!(schema.unenforced_rules(), [".spec: isURL(self.name)", ".spec: self.name.find('a') == 'a'"]);
    assert!(schema.validate(&json!({"spec": {"name": "x"}}), None).is_empty());
}

#[test]
fn a_computed_message_is_told() {
    let schema = schema(json!([{"rule": "self.min > 1", "messageExpression": "'min is ' + string(self.min)"}]));
    let errors = schema.validate(&json!({"spec": {"min": 1}}), None);
    assert_eq!(errors[0].to_string(), "spec: Invalid value: min is 1");
}
