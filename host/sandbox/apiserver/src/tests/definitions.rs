use serde_json::json;

use super::*;

const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

#[tokio::test]
async fn a_definition_is_established_and_served_at_once() {
    let world = World::with_websites().await;
    let crd = world.get(&format!("{CRDS}/websites.demo.example.org")).await.is(200).body;
    let holds = |condition: &str| {
        let conditions = crd["status"]["conditions"].as_array().unwrap();
        conditions.iter().any(|c| c["type"] == condition && c["status"] == "True")
    };
    assert!(holds("Established") && holds("NamesAccepted"));
    assert_eq!(crd["status"]["storedVersions"], json!(["v1"]));
    world.get("/apis/demo.example.org/v1/websites").await.is(200);
}

#[tokio::test]
async fn every_served_version_shows_the_same_object() {
    let world = World::with_websites().await;
    let path = format!("{CRDS}/websites.demo.example.org");
    let mut crd = world.get(&path).await.is(200).body;
    let mut second = crd["spec"]["versions"][0].clone();
    (second["name"], second["storage"]) = ("v1beta1".into(), false.into());
    crd["spec"]["versions"].as_array_mut().unwrap().push(second);
    world.put(&path, crd).await.is(200);
    world.post(WEBSITES, website("one")).await.is(201);
    let beta = "/apis/demo.example.org/v1beta1/namespaces/default/websites";
    let seen = world.get(&format!("{beta}/one")).await.is(200);
    assert_eq!(seen.text("/apiVersion"), "demo.example.org/v1beta1");
    let mut watch = world.watch(&format!("{beta}?watch=true")).await;
    assert_eq!(watch.event().await.unwrap()["object"], seen.body);
    world.patch("merge", &format!("{beta}/one"), json!({"spec": {"replicas": 3}})).await.is(200);
    let stable = world.get(&format!("{WEBSITES}/one")).await.is(200);
    assert_eq!((stable.text("/apiVersion"), &stable.body["spec"]["replicas"]), ("demo.example.org/v1", &json!(3)));
}

#[tokio::test]
async fn a_deleted_definition_takes_its_objects_along_and_ends_their_watches() {
    let world = World::with_websites().await;
    let mut slow = website("slow");
    slow["metadata"]["finalizers"] = json!(["example.org/slow"]);
    world.post(WEBSITES, slow).await.is(201);
    world.post(WEBSITES, website("fast")).await.is(201);
    let mut watch = world.watch(&format!("{WEBSITES}?watch=true&resourceVersion={}", world.server.revision())).await;
    let path = format!("{CRDS}/websites.demo.example.org");
    world.delete(&path).await.is(200);
    world.gone(&format!("{WEBSITES}/fast")).await;
    world.post(WEBSITES, website("late")).await.is(403);
    world.get(&path).await.is(200);
    world.patch("merge", &format!("{WEBSITES}/slow"), json!({"metadata": {"finalizers": null}})).await.is(200);
    world.gone(&path).await;
    world.get(WEBSITES).await.is(404);
    let mut seen = Vec::new();
    while let Some(event) = watch.event().await {
        seen.push(format!(
            "{} {}",
            event["type"].as_str().unwrap(),
            event["object"]["metadata"]["name"].as_str().unwrap()
        ));
    }
    seen.sort();
    assert_eq!(seen, ["DELETED fast", "DELETED slow", "MODIFIED slow"]);
}

#[tokio::test]
async fn a_definition_that_makes_no_sense_is_refused() {
    let world = World::new();
    let crd = json!({"metadata": {"name": "things.example.org"}, "spec": {"group": "example.org", "scope": "Namespaced",
        "names": {"plural": "things", "kind": "Thing"}, "versions": [{"name": "v1", "served": true, "storage": true}]}});
    world.post(CRDS, crd).await.is(422);
    world.get("/apis/example.org/v1/things").await.is(404);
}
