use serde_json::json;

use super::*;

async fn world_of(count: usize) -> World {
    let world = World::with(Options { history: 5, ..Options::default() });
    for n in 0..count {
        let mut object = configmap(&format!("c{n}"), "1");
        object["metadata"]["labels"] = json!({"even": (n % 2 == 0).to_string()});
        world.post(CONFIGMAPS, object).await.is(201);
    }
    world
}

#[tokio::test]
async fn pages_show_the_list_as_it_was_when_it_began() {
    let world = world_of(4).await;
    let first = world.get(&format!("{CONFIGMAPS}?limit=3")).await.is(200);
    assert_eq!(first.names(), ["c0", "c1", "c2"]);
    assert_eq!(first.body["metadata"]["remainingItemCount"], 1);
    world.delete(&format!("{CONFIGMAPS}/c3")).await.is(200);
    let token = first.text("/metadata/continue");
    let rest = world.get(&format!("{CONFIGMAPS}?limit=3&continue={token}")).await.is(200);
    assert_eq!((rest.names(), rest.version()), (vec!["c3"], first.version()));
    assert!(rest.text("/metadata/continue").is_empty());
    for n in 0..6 {
        world.post(CONFIGMAPS, configmap(&format!("x{n}"), "1")).await.is(201);
    }
    world.get(&format!("{CONFIGMAPS}?limit=3&continue={token}")).await.is(410);
    world.get(&format!("{CONFIGMAPS}?limit=3&continue=rubbish")).await.is(400);
}

#[tokio::test]
async fn a_list_names_the_revision_that_it_must_show() {
    let world = world_of(2).await;
    let now = world.get(CONFIGMAPS).await.version();
    world.post(CONFIGMAPS, configmap("late", "1")).await.is(201);
    let cases = [
        (format!("resourceVersion={now}&resourceVersionMatch=Exact"), 200, 2),
        (format!("resourceVersion={now}&resourceVersionMatch=NotOlderThan"), 200, 3),
        (format!("resourceVersion={now}&limit=9"), 200, 2),
        ("resourceVersion=0".to_owned(), 200, 3),
        ("resourceVersion=1&resourceVersionMatch=Exact".to_owned(), 200, 0),
        ("resourceVersion=999999".to_owned(), 504, 0),
        ("resourceVersionMatch=Exact".to_owned(), 422, 0),
        ("resourceVersion=x".to_owned(), 400, 0),
    ];
    for (query, code, count) in cases {
        let answer = world.get(&format!("{CONFIGMAPS}?{query}")).await;
        assert_eq!((answer.code, answer.names().len()), (code, count), "{query}");
    }
}

#[tokio::test]
async fn selectors_pick_by_label_and_field() {
    let world = world_of(3).await;
    for (query, names) in [
        ("labelSelector=even%3Dtrue", vec!["c0", "c2"]),
        ("labelSelector=even+notin+(true)", vec!["c1"]),
        ("fieldSelector=metadata.name%3Dc1", vec!["c1"]),
        ("fieldSelector=metadata.namespace!%3Ddefault", vec![]),
    ] {
        assert_eq!(world.get(&format!("{CONFIGMAPS}?{query}")).await.is(200).names(), names, "{query}");
    }
    world.get(&format!("{CONFIGMAPS}?labelSelector=a+b")).await.is(400);
}

#[tokio::test]
async fn a_list_comes_as_a_table_or_as_metadata_when_asked() {
    let world = World::with_websites().await;
    world.post(WEBSITES, website("one")).await.is(201);
    let table = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")];
    let answer = world.send(Method::GET, WEBSITES, &table, "").await.is(200);
    assert_eq!(answer.text("/kind"), "Table");
    let columns: Vec<&str> =
        answer.body["columnDefinitions"].as_array().unwrap().iter().filter_map(|c| c["name"].as_str()).collect();
    assert_eq!(columns, ["Name", "Host", "Replicas", "Ready", "Age"]);
    assert_eq!(answer.body["rows"][0]["cells"][1], "a.example.org");
    assert_eq!(answer.text("/rows/0/object/kind"), "PartialObjectMetadata");
    let metadata = [("accept", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")];
    let answer = world.send(Method::GET, WEBSITES, &metadata, "").await.is(200);
    assert_eq!(answer.text("/kind"), "PartialObjectMetadataList");
    assert!(answer.body["items"][0].get("spec").is_none());
}
