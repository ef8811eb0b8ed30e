use serde_json::json;

use super::*;

#[tokio::test]
async fn each_patch_format_changes_what_it_says() {
    let world = World::new();
    let deployments = "/apis/apps/v1/namespaces/default/deployments";
    let container = |name: &str| json!({"name": name, "image": "x"});
    let deployment = json!({"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template":
        {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container("one")]}}}});
    world.post(deployments, deployment).await.is(201);
    let path = format!("{deployments}/d");
    let strategic = json!({"spec": {"template": {"spec": {"containers": [container("two")]}}}});
    let patched = world.patch("strategic-merge", &path, strategic.clone()).await.is(200).body;
    assert_eq!(patched["spec"]["template"]["spec"]["containers"].as_array().unwrap().len(), 2);
    let patched = world.patch("merge", &path, strategic).await.is(200).body;
    assert_eq!(patched["spec"]["template"]["spec"]["containers"].as_array().unwrap().len(), 1);
    let json = json!([{"op": "replace", "path": "/spec/replicas", "value": 3}]);
    assert_eq!(world.patch("json", &path, json).await.is(200).body["spec"]["replicas"], 3);
    assert_eq!(world.get(&path).await.body["metadata"]["generation"], 4);
}

#[tokio::test]
async fn a_patch_that_cannot_be_applied_is_refused() {
    let world = World::with_websites().await;
    world.post(WEBSITES, website("one")).await.is(201);
    let path = format!("{WEBSITES}/one");
    world.patch("strategic-merge", &path, json!({})).await.is(415);
    world.patch("json", &path, json!([{"op": "remove", "path": "/spec/absent"}])).await.is(422);
    world.patch("merge", &path, json!({"metadata": {"resourceVersion": "1"}})).await.is(409);
    world.patch("merge", &path, json!({"spec": {"replicas": -1}})).await.is(422);
    world.patch("merge", &format!("{WEBSITES}/absent"), json!({})).await.is(404);
    world.patch("merge", &format!("{path}?fieldValidation=Strict"), json!({"spec": {"x": 1}})).await.is(422);
}

#[tokio::test]
async fn an_apply_creates_then_owns_then_conflicts_until_forced() {
    let world = World::with_websites().await;
    let path = format!("{WEBSITES}/one");
    let apply = |manager: &'static str, host: &'static str, force: bool| {
        let (world, path) = (&world, &path);
        async move {
            let mut intent = website("one");
            intent["spec"]["host"] = host.into();
            world.patch("apply", &format!("{path}?fieldManager={manager}&force={force}"), intent).await
        }
    };
    world.patch("apply", &path, website("one")).await.is(422);
    let first = apply("a", "x", false).await.is(201);
    assert_eq!(first.text("/metadata/managedFields/0/manager"), "a");
    assert_eq!(apply("a", "x", false).await.is(200).version(), first.version());
    assert_eq!(apply("b", "y", false).await.is(409).text("/details/causes/0/field"), ".spec.host");
    assert_eq!(apply("b", "y", true).await.is(200).text("/spec/host"), "y");
}

#[tokio::test]
async fn an_applied_status_does_not_touch_the_spec() {
    let world = World::with_websites().await;
    world.post(WEBSITES, website("one")).await.is(201);
    let mut intent = website("one");
    intent["spec"]["host"] = "other".into();
    intent["status"] = json!({"replicas": 4});
    let path = format!("{WEBSITES}/one/status?fieldManager=c&force=true");
    let applied = world.patch("apply", &path, intent).await.is(200);
    assert_eq!((applied.text("/spec/host"), &applied.body["status"]["replicas"]), ("a.example.org", &json!(4)));
    world.patch("apply", &format!("{WEBSITES}/absent/status?fieldManager=c"), website("absent")).await.is(404);
}
