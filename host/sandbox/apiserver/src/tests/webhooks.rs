use serde_json::json;

use super::hook::{Hook, bundle, patch};
use super::*;

const MUTATING: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
const VALIDATING: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

/// A configuration of one webhook for ConfigMaps, changed by `with`.
fn configuration(kind: &str, client: Value, with: Value) -> Value {
    let mut webhook = json!({
        "name": "one.example.org", "clientConfig": client, "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "rules": [{"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}],
    });
    for (key, value) in with.as_object().into_iter().flatten() {
        webhook[key] = value.clone();
    }
    json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": "c"}, "webhooks": [webhook]})
}

impl World {
    async fn validating(client: Value, with: Value) -> Self {
        let world = Self::new();
        world.post(VALIDATING, configuration("ValidatingWebhookConfiguration", client, with)).await.is(201);
        world
    }

    async fn mutating(client: Value, with: Value) -> Self {
        let world = Self::new();
        world.post(MUTATING, configuration("MutatingWebhookConfiguration", client, with)).await.is(201);
        world
    }
}

#[tokio::test]
async fn a_denial_reads_as_kube_apiserver_writes_it() {
    let hook =
        Hook::start(|_| Some(json!({"allowed": false, "status": {"code": 422, "reason": "Invalid", "message": "no"}})))
            .await;
    let world = World::validating(hook.client(), json!({})).await;
    let answer = world.post(CONFIGMAPS, configmap("a", "1")).await.is(422);
    assert_eq!(answer.text("/message"), "admission webhook \"one.example.org\" denied the request: no");
    assert_eq!(answer.text("/reason"), "Invalid");
    world.get(&format!("{CONFIGMAPS}/a")).await.is(404);
    let silent = Hook::start(|_| Some(json!({"allowed": false}))).await;
    let world = World::validating(silent.client(), json!({})).await;
    let answer = world.post(CONFIGMAPS, configmap("a", "1")).await.is(400);
    assert_eq!(answer.text("/message"), "admission webhook \"one.example.org\" denied the request without explanation");
}

#[tokio::test]
async fn a_webhook_is_told_who_does_what_to_which_object() {
    let hook = Hook::start(|_| Some(json!({"allowed": true, "warnings": ["mind the gap"]}))).await;
    let world = World::validating(hook.client(), json!({})).await;
    let made = world.post(&format!("{CONFIGMAPS}?dryRun=All&fieldManager=me"), configmap("a", "1")).await.is(201);
    assert_eq!(made.headers["warning"], "299 - \"mind the gap\"");
    world.post(CONFIGMAPS, configmap("a", "1")).await.is(201);
    world.patch("merge", &format!("{CONFIGMAPS}/a"), json!({"data": {"x": "2"}})).await.is(200);
    world.delete(&format!("{CONFIGMAPS}/a")).await.is(200);
    let asked = hook.asked();
    let operations: Vec<&str> = asked.iter().map(|r| r["operation"].as_str().unwrap()).collect();
    assert_eq!(operations, ["CREATE", "CREATE", "UPDATE", "DELETE"]);
    assert_eq!((&asked[0]["dryRun"], &asked[1]["dryRun"]), (&json!(true), &json!(false)));
    assert_eq!(
        asked[0]["options"],
        json!({"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1", "dryRun": ["All"], "fieldManager": "me"})
    );
    assert_eq!(asked[2]["userInfo"]["username"], "admin");
    assert_eq!((&asked[2]["oldObject"]["data"]["x"], &asked[2]["object"]["data"]["x"]), (&json!("1"), &json!("2")));
    assert_eq!((&asked[3]["object"], &asked[3]["oldObject"]["data"]["x"]), (&Value::Null, &json!("2")));
    assert_eq!(asked[2]["resource"], json!({"group": "", "version": "v1", "resource": "configmaps"}));
    assert_eq!((&asked[2]["namespace"], &asked[2]["name"]), (&json!("default"), &json!("a")));
}

#[tokio::test]
async fn a_mutation_is_stored_and_belongs_to_nobody() {
    let add = json!([{"op": "add", "path": "/data/added", "value": "yes"}]);
    let hook = Hook::start(move |_| Some(patch(&add))).await;
    let world = World::mutating(hook.client(), json!({})).await;
    world.post(CONFIGMAPS, configmap("a", "1")).await.is(201);
    let stored = world.get(&format!("{CONFIGMAPS}/a")).await.is(200).body;
    assert_eq!(stored["data"], json!({"x": "1", "added": "yes"}));
    assert!(!stored["metadata"]["managedFields"].to_string().contains("f:added"));
    assert_eq!(hook.asked()[0]["object"]["metadata"].get("uid"), None);
}

#[tokio::test]
async fn a_custom_object_is_defaulted_pruned_and_validated_after_a_mutation() {
    let operations = json!([
        {"op": "remove", "path": "/spec/theme"}, {"op": "add", "path": "/spec/unknown", "value": 1},
        {"op": "replace", "path": "/spec/replicas", "value": -1},
    ]);
    let hook = Hook::start(move |request| {
        let good = request["name"] == "good";
        Some(patch(&if good { json!([operations[0], operations[1]]) } else { operations.clone() }))
    })
    .await;
    let world = World::with_websites().await;
    let rules = json!({"rules": [{"operations": ["CREATE"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["websites"]}]});
    world.post(MUTATING, configuration("MutatingWebhookConfiguration", hook.client(), rules)).await.is(201);
    let made = world.post(WEBSITES, website("good")).await.is(201);
    assert_eq!(made.body["spec"], json!({"host": "a.example.org", "replicas": 1, "theme": "light"}));
    world.post(WEBSITES, website("bad")).await.is(422);
}

#[tokio::test]
async fn an_earlier_webhook_that_asks_for_it_looks_again_after_a_later_one_changed_something() {
    let first = Hook::start(|_| Some(json!({"allowed": true}))).await;
    let add = json!([{"op": "add", "path": "/data/added", "value": "yes"}]);
    let second = Hook::start(move |_| Some(patch(&add))).await;
    let world = World::mutating(first.client(), json!({"reinvocationPolicy": "IfNeeded"})).await;
    let mut later = configuration("MutatingWebhookConfiguration", second.client(), json!({"name": "two.example.org"}));
    later["metadata"]["name"] = "d".into();
    world.post(MUTATING, later).await.is(201);
    world.post(CONFIGMAPS, configmap("a", "1")).await.is(201);
    let seen: Vec<bool> = first.asked().iter().map(|r| r["object"]["data"]["added"] == "yes").collect();
    assert_eq!((seen, second.asked().len()), (vec![false, true], 1));
}

#[tokio::test]
async fn a_webhook_that_cannot_be_asked_refuses_or_is_left_out() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = json!({"url": format!("https://{nobody}/ask")});
    let world = World::validating(client.clone(), json!({"failurePolicy": "Fail", "timeoutSeconds": 3})).await;
    let answer = world.post(CONFIGMAPS, configmap("a", "1")).await.is(500);
    let why = format!(
        "Internal error occurred: failed calling webhook \"one.example.org\": failed to call webhook: Post \
         \"https://{nobody}/ask?timeout=3s\": dial tcp {nobody}: connect: connection refused"
    );
    assert_eq!(answer.text("/message"), why);
    let world = World::validating(client, json!({"failurePolicy": "Ignore"})).await;
    world.post(CONFIGMAPS, configmap("a", "1")).await.is(201);
}

#[tokio::test]
async fn a_webhook_that_does_not_answer_in_time_or_is_not_trusted_has_failed() {
    let slow = Hook::start(|_| None).await;
    let world = World::validating(slow.client(), json!({"timeoutSeconds": 1})).await;
    let answer = world.post(CONFIGMAPS, configmap("a", "1")).await.is(500);
    assert!(answer.text("/message").ends_with("/ask?timeout=1s\": context deadline exceeded"), "{}", answer.body);
    let hook = Hook::start(|_| Some(json!({"allowed": true}))).await;
    let other = bundle(&crate::Authority::new("other").unwrap());
    let client = json!({"url": hook.client()["url"], "caBundle": other});
    let world = World::validating(client, json!({})).await;
    let answer = world.post(CONFIGMAPS, configmap("a", "1")).await.is(500);
    assert!(answer.text("/message").ends_with("x509: certificate signed by unknown authority"), "{}", answer.body);
}

#[tokio::test]
async fn selectors_and_conditions_say_which_objects_a_webhook_sees() {
    let hook = Hook::start(|_| Some(json!({"allowed": false}))).await;
    let condition = |text: &str| json!({"matchConditions": [{"name": "c", "expression": text}]});
    let label = json!({"matchLabels": {"kubernetes.io/metadata.name": "default"}});
    let other = json!({"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["default"]}]});
    let cases = [
        (json!({"namespaceSelector": label}), false),
        (json!({"namespaceSelector": other}), true),
        (json!({"objectSelector": {"matchLabels": {"seen": "yes"}}}), true),
        (condition("request.operation == 'CREATE' && object.data.x == '1'"), false),
        (condition("object.data.x == '2'"), true),
        (condition("object.data.nothing == '2'"), false),
    ];
    for (with, passes) in cases {
        let world = World::validating(hook.client(), with.clone()).await;
        let answer = world.post(CONFIGMAPS, configmap("a", "1")).await;
        assert_eq!(answer.code == 201, passes, "{with}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_service_leads_to_its_endpoints_under_its_own_name() {
    let hook = Hook::start(|_| Some(json!({"allowed": false, "status": {"message": "asked"}}))).await;
    let client =
        json!({"service": {"namespace": "default", "name": "hook", "path": "/ask"}, "caBundle": hook.bundle()});
    let world = World::validating(client, json!({})).await;
    let missing = world.post(CONFIGMAPS, configmap("a", "1")).await.is(500);
    assert!(missing.text("/message").ends_with("service \"hook\" not found"), "{}", missing.body);
    let metadata = json!({"name": "hook"});
    let service =
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 443}]}});
    world.post("/api/v1/namespaces/default/services", service).await.is(201);
    let missing = world.post(CONFIGMAPS, configmap("a", "1")).await.is(500);
    assert!(missing.text("/message").ends_with("no endpoints available for service \"hook\""), "{}", missing.body);
    let subset = json!({"addresses": [{"ip": "127.0.0.1"}], "ports": [{"port": hook.port()}]});
    let endpoints = json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": [subset]});
    world.post("/api/v1/namespaces/default/endpoints", endpoints).await.is(201);
    let answer = world.post(CONFIGMAPS, configmap("a", "1")).await.is(400);
    assert!(answer.text("/message").ends_with("denied the request: asked"));
}

#[tokio::test]
async fn no_webhook_sees_webhook_configurations() {
    let hook = Hook::start(|_| Some(json!({"allowed": false}))).await;
    let all = json!({"rules": [{"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}]});
    let world = World::validating(hook.client(), all).await;
    world.post(CONFIGMAPS, configmap("a", "1")).await.is(400);
    world.delete(&format!("{VALIDATING}/c")).await.is(200);
    world.post(CONFIGMAPS, configmap("a", "1")).await.is(201);
    assert_eq!(hook.asked().len(), 1);
}
