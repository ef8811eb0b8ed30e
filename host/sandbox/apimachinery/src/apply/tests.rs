use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;
use crate::testing::{at, mk_widget, widget};

fn by(manager: &str, second: i64) -> Applier<'_> {
    Applier { manager, subresource: None, force: false, now: at(second), versions: None }
}

fn applied(live: Option<&Value>, spec: Value, applier: &Applier<'_>) -> Value {
    apply(live, mk_widget(spec), &widget(), applier).expect("no conflict")
}

fn updated(live: Option<&Value>, mut new: Value, applier: &Applier<'_>) -> Value {
    track(live, &mut new, &widget(), applier);
    new
}

/// Manager, operation and fields of every entry.
fn owners(object: &Value) -> Value {
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let short = |e: Value| json!([e["manager"], e["operation"], e["fieldsV1"]]);
    entries.into_iter().map(short).collect()
}

#[test]
fn an_apply_owns_what_it_names() {
    let object =
        applied(None, json!({"version": "v1", "workers": [{"name": "a", "replicas": 1}], "tags": ["x"]}), &by("m", 1));
    let expected = json!([["m", "Apply", {"f:spec": {
        "f:version": {},
        "f:workers": {"k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:replicas": {}}},
        "f:tags": {"v:\"x\"": {}},
    }}]]);
    assert_eq!(owners(&object), expected);
    assert_eq!(object["metadata"]["managedFields"][0]["time"], "2023-11-14T22:13:21Z");
}

#[test]
fn applying_twice_changes_nothing() {
    let spec = json!({"version": "v1", "workers": [{"name": "a"}], "options": {"k": "v"}, "args": ["a"]});
    let once = applied(None, spec.clone(), &by("m", 1));
    let twice = applied(Some(&once), spec, &by("m", 9));
    assert_eq!(once, twice);
}

#[test]
fn a_field_that_is_no_longer_applied_goes() {
    let full = json!({
        "version": "v1", "replicas": 2, "options": {"a": "1", "b": "2"}, "tags": ["x", "y"],
        "workers": [{"name": "a", "replicas": 1}, {"name": "b"}],
    });
    let cases = [
        ("a scalar", "replicas", Value::Null),
        ("a member of a map", "options", json!({"a": "1"})),
        ("a whole map", "options", Value::Null),
        ("an item of a set", "tags", json!(["y"])),
        ("an item of a list of maps", "workers", json!([{"name": "b"}])),
        ("a member of an item", "workers", json!([{"name": "a"}, {"name": "b"}])),
        ("a whole list", "workers", Value::Null),
    ];
    let live = applied(None, full.clone(), &by("m", 1));
    for (name, field, value) in cases {
        let mut spec = full.clone();
        let map = spec.as_object_mut().expect("spec");
        match value {
            Value::Null => map.remove(field),
            value => map.insert(field.to_owned(), value),
        };
        let object = applied(Some(&live), spec.clone(), &by("m", 2));
        assert_eq!(object["spec"], spec, "{name}");
    }
}

#[test]
fn a_shared_field_stays_until_its_last_applier_drops_it() {
    let spec = json!({"version": "v1", "replicas": 2});
    let first = applied(None, spec.clone(), &by("one", 1));
    let both = applied(Some(&first), spec, &by("two", 2));
    let without = json!({"version": "v1"});
    let one_left = applied(Some(&both), without.clone(), &by("one", 3));
    assert_eq!(one_left["spec"]["replicas"], 2);
    let gone = applied(Some(&one_left), without, &by("two", 4));
    assert_eq!(gone["spec"], json!({"version": "v1"}));
}

#[test]
fn two_appliers_of_different_fields_do_not_meet() {
    let first = applied(None, json!({"version": "v1", "workers": [{"name": "a"}]}), &by("one", 1));
    let both = applied(Some(&first), json!({"workers": [{"name": "b", "replicas": 3}]}), &by("two", 2));
    assert_eq!(both["spec"], json!({"version": "v1", "workers": [{"name": "a"}, {"name": "b", "replicas": 3}]}));
    assert_eq!(owners(&both).as_array().map(Vec::len), Some(2));
}

#[test]
fn a_conflict_names_the_manager_and_the_field() {
    let live = applied(
        None,
        json!({"version": "v1", "replicas": 2, "workers": [{"name": "a", "replicas": 1}]}),
        &by("one", 1),
    );
    let intent = |spec| apply(Some(&live), mk_widget(spec), &widget(), &by("two", 2)).expect_err("conflict");
    let error = intent(json!({"version": "v1", "replicas": 3}));
    assert_eq!(error.message(), "Apply failed with 1 conflict: conflict with \"one\": .spec.replicas");
    assert_eq!(error.code(), 409);
    let cause = &error.to_value()["details"]["causes"][0];
    let expected =
        json!({"reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".spec.replicas"});
    assert_eq!(cause, &expected);
    let error = intent(json!({"version": "v2", "workers": [{"name": "a", "replicas": 4}]}));
    let expected =
        "Apply failed with 2 conflicts: conflicts with \"one\":\n- .spec.version\n- .spec.workers[name=\"a\"].replicas";
    assert_eq!(error.message(), expected);
}

#[test]
fn force_takes_the_field() {
    let live = applied(None, json!({"version": "v1", "replicas": 2}), &by("one", 1));
    let force = Applier { force: true, ..by("two", 2) };
    let object = applied(Some(&live), json!({"version": "v1", "replicas": 3}), &force);
    assert_eq!(object["spec"]["replicas"], 3);
    let expected = json!([
        ["one", "Apply", {"f:spec": {"f:version": {}}}],
        ["two", "Apply", {"f:spec": {"f:replicas": {}, "f:version": {}}}],
    ]);
    assert_eq!(owners(&object), expected);
}

#[test]
fn an_update_owns_what_it_changed_and_takes_it_from_appliers() {
    let live = applied(None, json!({"version": "v1", "replicas": 2}), &by("one", 1));
    let mut new = live.clone();
    new["spec"]["replicas"] = 5.into();
    let object = updated(Some(&live), new, &by("kubectl-edit", 2));
    let expected = json!([
        ["one", "Apply", {"f:spec": {"f:version": {}}}],
        ["kubectl-edit", "Update", {"f:spec": {"f:replicas": {}}}],
    ]);
    assert_eq!(owners(&object), expected);
    let error = apply(Some(&object), mk_widget(json!({"version": "v1", "replicas": 2})), &widget(), &by("one", 3));
    let message = "Apply failed with 1 conflict: conflict with \"kubectl-edit\" using example.org/v1: .spec.replicas";
    assert_eq!(error.expect_err("conflict").message(), message);
}

#[test]
fn a_create_owns_every_field_and_an_unchanged_update_nothing_more() {
    let mut new = mk_widget(json!({"version": "v1", "workers": [{"name": "a"}], "args": ["x"]}));
    new["metadata"]["labels"] = json!({"app": "w"});
    let object = updated(None, new, &by("kubectl-create", 1));
    let expected = json!([["kubectl-create", "Update", {
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
            ".": {}, "f:version": {}, "f:args": {},
            "f:workers": {".": {}, "k:{\"name\":\"a\"}": {".": {}, "f:name": {}}},
        },
    }]]);
    assert_eq!(owners(&object), expected);
    assert_eq!(updated(Some(&object), object.clone(), &by("kubectl-create", 9)), object);
}

#[test]
fn what_an_update_removes_nobody_owns() {
    let live = applied(None, json!({"version": "v1", "options": {"a": "1", "b": "2"}}), &by("one", 1));
    let mut new = live.clone();
    new["spec"]["options"].as_object_mut().expect("options").remove("a");
    let object = updated(Some(&live), new, &by("two", 2));
    assert_eq!(owners(&object), json!([["one", "Apply", {"f:spec": {"f:version": {}, "f:options": {"f:b": {}}}}]]));
}

#[test]
fn the_status_has_managers_of_its_own() {
    let live = applied(None, json!({"version": "v1"}), &by("one", 1));
    let status = Applier { subresource: Some("status"), ..by("controller", 2) };
    let mut intent = mk_widget(json!({"version": "v9"}));
    intent["status"] = json!({"phase": "Ready"});
    let object = apply(Some(&live), intent, &widget(), &status).map(|mut object| {
        crate::meta::prepare_status_update(&widget(), &mut object, &live);
        object
    });
    let object = object.expect("no conflict");
    assert_eq!(object["spec"]["version"], "v1");
    assert_eq!(object["status"], json!({"phase": "Ready"}));
    let entry = &object["metadata"]["managedFields"][1];
    assert_eq!(entry["subresource"], "status");
    assert_eq!(entry["fieldsV1"], json!({"f:status": {"f:phase": {}}}));
}

#[test]
fn atomic_parts_have_one_owner() {
    let live = applied(None, json!({"version": "v1", "selector": {"a": "1"}, "args": ["a"]}), &by("one", 1));
    let error = apply(Some(&live), mk_widget(json!({"selector": {"b": "2"}})), &widget(), &by("two", 2));
    let message = "Apply failed with 1 conflict: conflict with \"one\": .spec.selector";
    assert_eq!(error.expect_err("conflict").message(), message);
    let object = applied(Some(&live), json!({"version": "v1", "selector": {"b": "2"}, "args": ["b"]}), &by("one", 3));
    assert_eq!(object["spec"]["selector"], json!({"b": "2"}));
    assert_eq!(object["spec"]["args"], json!(["b"]));
}

#[test]
fn an_intent_that_does_not_fit_is_refused_in_the_words_of_the_api_server() {
    let cases = [
        (json!({"foo": 1}), ".spec.foo: field not declared in schema"),
        (json!({"version": 1}), ".spec.version: expected string, got &value.valueUnstructured{Value:1}"),
        (json!({"tags": ["a", "a"]}), ".spec.tags: duplicate entries for key [=\"a\"]"),
    ];
    for (spec, expected) in cases {
        let error = apply(None, mk_widget(spec), &widget(), &by("m", 1)).expect_err(expected);
        let prefix = "failed to create typed patch object (/w; example.org/v1, Kind=Widget): ";
        assert_eq!(error.message(), format!("{prefix}{expected}"));
        assert_eq!(error.code(), 500);
    }
}

#[test]
fn an_untracked_object_is_owned_by_before_first_apply() {
    let mut live = mk_widget(json!({"version": "v1", "replicas": 2}));
    live["metadata"]["uid"] = "u".into();
    let object = applied(Some(&live), json!({"version": "v1"}), &by("one", 1));
    assert_eq!(object["spec"]["replicas"], 2);
    assert_eq!(object["metadata"]["managedFields"][1]["manager"], "before-first-apply");
}

/// What server-side apply does to a map of plain values, in a few lines: who owns a key, and its value.
#[derive(Default)]
struct Model(BTreeMap<String, (String, BTreeSet<String>)>);

impl Model {
    fn apply(&mut self, manager: &str, intent: &BTreeMap<String, String>) {
        for (key, value) in intent {
            let (held, owners) = self.0.entry(key.clone()).or_insert_with(|| (value.clone(), BTreeSet::new()));
            if held != value {
                owners.clear();
                held.clone_from(value);
            }
            owners.insert(manager.to_owned());
        }
        for (_, (_, owners)) in self.0.iter_mut().filter(|(key, _)| !intent.contains_key(*key)) {
            owners.remove(manager);
        }
        self.0.retain(|_, (_, owners)| !owners.is_empty());
    }

    fn values(&self) -> BTreeMap<String, String> {
        self.0.iter().map(|(key, (value, _))| (key.clone(), value.clone())).collect()
    }
}

#[test]
fn many_forced_applies_end_where_the_model_ends() {
    let mut state = 7_u64;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut model = Model::default();
    let mut live: Option<Value> = None;
    for step in 0..400 {
        let manager = ["one", "two", "three"][draw(3) as usize];
        let chosen: Vec<&str> = ["a", "b", "c", "d"].into_iter().filter(|_| draw(2) == 0).collect();
        let intent: BTreeMap<String, String> =
            chosen.into_iter().map(|key| (key.to_owned(), draw(2).to_string())).collect();
        model.apply(manager, &intent);
        let applier = Applier { force: true, ..by(manager, step) };
        let object = applied(live.as_ref(), json!({"options": intent}), &applier);
        let again = applied(Some(&object), json!({"options": intent}), &Applier { now: at(step + 1000), ..applier });
        assert_eq!(object, again, "step {step}");
        let found: BTreeMap<String, String> =
            serde_json::from_value(object["spec"]["options"].clone()).unwrap_or_default();
        assert_eq!(found, model.values(), "step {step}: {manager} applies {intent:?}");
        live = Some(object);
    }
}
