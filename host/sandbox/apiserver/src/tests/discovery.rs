use serde_json::json;

use super::*;

#[tokio::test]
async fn every_served_kind_is_in_both_forms_of_discovery() {
    let world = World::with_websites().await;
    let legacy = world.get("/apis/demo.example.org/v1").await.is(200).body;
    let names: Vec<&str> = legacy["resources"].as_array().unwrap().iter().filter_map(|r| r["name"].as_str()).collect();
    assert_eq!(names, ["websites", "websites/status", "websites/scale"]);
    assert_eq!(legacy["resources"][0]["shortNames"], json!(["ws"]));
    let aggregated =
        [("accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json")];
    let all = world.send(Method::GET, "/apis", &aggregated, "").await.is(200);
    assert!(all.headers["content-type"].to_str().unwrap().contains("as=APIGroupDiscoveryList"));
    let group = all.body["items"].as_array().unwrap().iter().find(|g| g["metadata"]["name"] == "demo.example.org");
    assert_eq!(group.unwrap()["versions"][0]["resources"][0]["resource"], "websites");
    assert_eq!(world.get("/apis").await.is(200).text("/kind"), "APIGroupList");
    assert_eq!(world.get("/apis/apps").await.is(200).text("/preferredVersion/groupVersion"), "apps/v1");
    assert_eq!(world.get("/api").await.is(200).body["versions"], json!(["v1"]));
    world.get("/apis/absent.example.org").await.is(404);
}

#[tokio::test]
async fn the_index_of_documents_changes_with_the_definitions() {
    let world = World::new();
    let before = world.get("/openapi/v3").await.is(200).body;
    assert!(before["paths"]["apis/apps/v1"]["serverRelativeURL"].as_str().unwrap().contains("?hash="));
    let crd: Value = serde_saphyr::from_str(include_str!("../../tests/crds/website.yaml")).unwrap();
    world.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd).await.is(201);
    let after = world.get("/openapi/v3").await.is(200).body;
    let url = after["paths"]["apis/demo.example.org/v1"]["serverRelativeURL"].as_str().unwrap();
    let document = world.get(url).await.is(200);
    assert!(document.body["components"]["schemas"].as_object().is_some_and(|schemas| !schemas.is_empty()));
    let etag = document.headers["etag"].to_str().unwrap();
    world.send(Method::GET, url, &[("if-none-match", etag)], "").await.is(304);
}

#[tokio::test]
async fn the_server_says_its_version_and_that_it_is_well() {
    let world = World::with(Options { version: "v1.33.7".into(), ..Options::default() });
    let version = world.get("/version").await.is(200).body;
    assert_eq!(
        (&version["major"], &version["minor"], &version["gitVersion"]),
        (&json!("1"), &json!("33"), &json!("v1.33.7"))
    );
    for path in ["/healthz", "/livez", "/readyz", "/readyz/ping"] {
        assert_eq!(world.get(path).await.is(200).body, "ok", "{path}");
    }
    world.get("/nothing").await.is(404);
}
