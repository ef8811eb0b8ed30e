use serde_json::json;

use super::hook::Hook;
use super::*;

const OLD: &str = "/apis/demo.example.org/v1beta1/namespaces/default/websites";

/// In `v1beta1` the host is `spec.name`; nothing else differs.
fn converted(request: &Value) -> Value {
    let wanted = &request["desiredAPIVersion"];
    let (from, to) = if wanted == "demo.example.org/v1" { ("name", "host") } else { ("host", "name") };
    let convert = |object: &Value| {
        let mut object = object.clone();
        object["apiVersion"] = wanted.clone();
        if let Some(value) = object["spec"].as_object_mut().and_then(|spec| spec.remove(from)) {
            object["spec"][to] = value;
        }
        object
    };
    let objects: Vec<Value> = request["objects"].as_array().unwrap().iter().map(convert).collect();
    json!({"result": {"status": "Success"}, "convertedObjects": objects})
}

fn definition(client: &Value) -> Value {
    let mut crd: Value = serde_saphyr::from_str(include_str!("../../tests/crds/website.yaml")).unwrap();
    let mut old = crd["spec"]["versions"][0].clone();
    (old["name"], old["storage"]) = ("v1beta1".into(), false.into());
    let spec = &mut old["schema"]["openAPIV3Schema"]["properties"]["spec"];
    let host = spec["properties"].as_object_mut().unwrap().remove("host").unwrap();
    spec["properties"]["name"] = host;
    spec["required"] = json!(["name"]);
    crd["spec"]["versions"].as_array_mut().unwrap().push(old);
    crd["spec"]["conversion"] = json!({"strategy": "Webhook",
        "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": client}});
    crd
}

async fn world() -> (World, Hook) {
    let hook = Hook::start(|request| Some(converted(request))).await;
    let world = World::new();
    let crd = definition(&hook.client());
    world.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd).await.is(201);
    (world, hook)
}

fn old(name: &str, host: &str) -> Value {
    json!({"apiVersion": "demo.example.org/v1beta1", "kind": "Website", "metadata": {"name": name}, "spec": {"name": host}})
}

#[tokio::test]
async fn an_object_is_stored_in_one_version_and_shown_in_any() {
    let (world, _hook) = world().await;
    let made = world.post(OLD, old("a", "a.example.org")).await.is(201);
    assert_eq!((made.text("/apiVersion"), made.text("/spec/name")), ("demo.example.org/v1beta1", "a.example.org"));
    let seen = world.get(&format!("{WEBSITES}/a")).await.is(200);
    assert_eq!((seen.text("/apiVersion"), seen.text("/spec/host")), ("demo.example.org/v1", "a.example.org"));
    world.patch("merge", &format!("{WEBSITES}/a"), json!({"spec": {"host": "b.example.org"}})).await.is(200);
    world
        .patch("json", &format!("{OLD}/a"), json!([{"op": "test", "path": "/spec/name", "value": "b.example.org"}]))
        .await
        .is(200);
    let list = world.get(OLD).await.is(200);
    assert_eq!(list.text("/items/0/spec/name"), "b.example.org");
    let crd =
        world.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/websites.demo.example.org").await.is(200);
    assert_eq!(crd.body["status"]["storedVersions"], json!(["v1"]));
}

#[tokio::test]
async fn a_list_is_converted_in_one_question_and_not_twice() {
    let (world, hook) = world().await;
    for name in ["a", "b", "c"] {
        world.post(WEBSITES, website(name)).await.is(201);
    }
    for _ in 0..2 {
        assert_eq!(world.get(OLD).await.is(200).names(), ["a", "b", "c"]);
    }
    let asked: Vec<usize> = hook.asked().iter().map(|r| r["objects"].as_array().unwrap().len()).collect();
    assert_eq!(asked, [3]);
}

#[tokio::test]
async fn a_watch_shows_every_event_in_its_own_version() {
    let (world, _hook) = world().await;
    world.post(WEBSITES, website("a")).await.is(201);
    let mut watch = world.watch(&format!("{OLD}?watch=true")).await;
    let name = |event: Option<Value>| {
        let event = event.unwrap();
        assert_eq!(event["object"]["apiVersion"], "demo.example.org/v1beta1");
        format!("{} {}", event["type"].as_str().unwrap(), event["object"]["spec"]["name"].as_str().unwrap())
    };
    assert_eq!(name(watch.event().await), "ADDED a.example.org");
    world.patch("merge", &format!("{WEBSITES}/a"), json!({"spec": {"host": "b.example.org"}})).await.is(200);
    assert_eq!(name(watch.event().await), "MODIFIED b.example.org");
    world.delete(&format!("{WEBSITES}/a")).await.is(200);
    assert_eq!(name(watch.event().await), "DELETED b.example.org");
}

#[tokio::test]
async fn a_manager_keeps_its_fields_in_the_version_in_which_it_applied() {
    let (world, _hook) = world().await;
    let apply = |path: &str, manager: &str| format!("{path}/a?fieldManager={manager}");
    world.patch("apply", &apply(OLD, "old"), old("a", "a.example.org")).await.is(201);
    let mut other = website("a");
    other["spec"] = json!({"host": "b.example.org"});
    let conflict = world.patch("apply", &apply(WEBSITES, "new"), other.clone()).await.is(409);
    assert!(conflict.text("/message").contains("conflict with \"old\""), "{}", conflict.body);
    let taken = world.patch("apply", &format!("{}&force=true", apply(WEBSITES, "new")), other).await.is(200).body;
    let managers = taken["metadata"]["managedFields"].as_array().unwrap();
    let versions: Vec<(&str, &str)> =
        managers.iter().map(|m| (m["manager"].as_str().unwrap(), m["apiVersion"].as_str().unwrap())).collect();
    assert_eq!(versions, [("new", "demo.example.org/v1")]);
    let again =
        world.patch("apply", &format!("{}&force=true", apply(OLD, "old")), old("a", "c.example.org")).await.is(200);
    assert_eq!(again.text("/spec/name"), "c.example.org");
    let entry = &again.body["metadata"]["managedFields"][0];
    assert_eq!(
        (&entry["apiVersion"], &entry["fieldsV1"]),
        (&json!("demo.example.org/v1beta1"), &json!({"f:spec": {"f:name": {}}}))
    );
}

#[tokio::test]
async fn what_an_applier_drops_goes_whatever_version_it_was_applied_in() {
    let (world, _hook) = world().await;
    let path = |base: &str| format!("{base}/a?fieldManager=m&force=true");
    let mut first = old("a", "a.example.org");
    first["spec"]["paths"] = json!([{"path": "/x", "target": "t"}]);
    world.patch("apply", &path(OLD), first).await.is(201);
    let second = world.patch("apply", &path(WEBSITES), website("a")).await.is(200);
    assert_eq!(second.body["spec"].get("paths"), None);
    assert_eq!(second.text("/spec/host"), "a.example.org");
}

#[tokio::test]
async fn a_conversion_that_fails_is_told_as_kube_apiserver_tells_it() {
    let hook = Hook::start(|_| Some(json!({"result": {"status": "Failure", "message": "cannot"}}))).await;
    let world = World::new();
    let crd = definition(&hook.client());
    world.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd).await.is(201);
    world.post(WEBSITES, website("a")).await.is(201);
    for path in [OLD.to_owned(), format!("{OLD}/a")] {
        let answer = world.get(&path).await.is(500);
        let expected = "conversion webhook for demo.example.org/v1, Kind=Website failed: cannot";
        assert_eq!(answer.text("/message"), expected);
    }
    world.get(WEBSITES).await.is(200);
}

#[tokio::test]
async fn a_webhook_sees_an_object_in_the_version_that_its_rule_names() {
    let (world, _converter) = world().await;
    let hook = Hook::start(|request| {
        let new = request["kind"]["version"] == "v1" && request["requestKind"]["version"] == "v1beta1";
        let add = json!([{"op": "replace", "path": "/spec/host", "value": "changed.example.org"}]);
        Some(if new { super::hook::patch(&add) } else { json!({"allowed": false}) })
    })
    .await;
    let rule = json!({"operations": ["CREATE"], "apiGroups": ["demo.example.org"], "apiVersions": ["v1"], "resources": ["websites"]});
    let configuration = |policy: &str| {
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": policy.to_lowercase()}, "webhooks": [{"name": "one.example.org", "matchPolicy": policy,
            "clientConfig": hook.client(), "sideEffects": "None", "admissionReviewVersions": ["v1"], "rules": [rule]}]})
    };
    let path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
    world.post(path, configuration("Exact")).await.is(201);
    assert_eq!(world.post(OLD, old("a", "a.example.org")).await.is(201).text("/spec/name"), "a.example.org");
    world.post(path, configuration("Equivalent")).await.is(201);
    assert_eq!(world.post(OLD, old("b", "a.example.org")).await.is(201).text("/spec/name"), "changed.example.org");
}

#[tokio::test]
async fn a_watch_ends_when_the_definition_changes_and_goes_on_in_the_new_form() {
    let world = World::new();
    let hook = Hook::start(|request| Some(converted(request))).await;
    let mut crd = definition(&hook.client());
    let new = crd.clone();
    crd["spec"]["versions"] = json!([crd["spec"]["versions"][1]]);
    crd["spec"]["versions"][0]["storage"] = true.into();
    crd["spec"]["conversion"] = json!({"strategy": "None"});
    let crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    world.post(crds, crd).await.is(201);
    world.post(OLD, old("a", "a.example.org")).await.is(201);
    let from = world.server.revision();
    let mut watch = world.watch(&format!("{OLD}?watch=true&resourceVersion={from}")).await;
    let path = format!("{crds}/websites.demo.example.org");
    world.patch("merge", &path, json!({"metadata": {"labels": {"a": "b"}}})).await.is(200);
    let spec = json!({"spec": {"versions": new["spec"]["versions"], "conversion": new["spec"]["conversion"]}});
    let changed = world.patch("merge", &path, spec).await.is(200);
    assert_eq!(changed.body["status"]["storedVersions"], json!(["v1beta1", "v1"]));
    assert_eq!(watch.event().await, None);
    let mut watch = world.watch(&format!("{OLD}?watch=true&resourceVersion={from}")).await;
    world.patch("merge", &format!("{WEBSITES}/a"), json!({"spec": {"host": "b.example.org"}})).await.is(200);
    assert_eq!(watch.event().await.unwrap()["object"]["spec"]["name"], "b.example.org");
}
