use serde_json::json;

use super::*;

#[tokio::test]
async fn a_watch_begins_with_what_is_there_and_follows() {
    let world = World::new();
    world.post(CONFIGMAPS, configmap("a", "1")).await.is(201);
    let mut watch = world.watch(&format!("{CONFIGMAPS}?watch=true")).await;
    assert_eq!(watch.next().await, "ADDED a");
    world.patch("merge", &format!("{CONFIGMAPS}/a"), json!({"data": {"x": "2"}})).await.is(200);
    world.post(CONFIGMAPS, configmap("b", "1")).await.is(201);
    world.delete(&format!("{CONFIGMAPS}/a")).await.is(200);
    world.post("/api/v1/namespaces/kube-system/configmaps", configmap("elsewhere", "1")).await.is(201);
    world.delete(&format!("{CONFIGMAPS}/b")).await.is(200);
    for expected in ["MODIFIED a", "ADDED b", "DELETED a", "DELETED b"] {
        assert_eq!(watch.next().await, expected);
    }
}

#[tokio::test]
async fn a_watch_from_a_revision_shows_only_what_came_later() {
    let world = World::new();
    let from = world.post(CONFIGMAPS, configmap("a", "1")).await.is(201).version();
    world.post(CONFIGMAPS, configmap("b", "1")).await.is(201);
    let mut watch = world.watch(&format!("{CONFIGMAPS}?watch=true&resourceVersion={from}")).await;
    assert_eq!(watch.next().await, "ADDED b");
}

#[tokio::test]
async fn an_object_that_leaves_the_selection_is_deleted_for_the_watch() {
    let world = World::new();
    let mut watch = world.watch(&format!("{CONFIGMAPS}?watch=true&labelSelector=on%3Dyes")).await;
    world.post(CONFIGMAPS, configmap("a", "1")).await.is(201);
    for (label, event) in [(json!("yes"), "ADDED a"), (json!("no"), "DELETED a"), (json!("yes"), "ADDED a")] {
        let patch = json!({"metadata": {"labels": {"on": label}}});
        let version = world.patch("merge", &format!("{CONFIGMAPS}/a"), patch).await.is(200).version();
        let seen = watch.event().await.unwrap();
        assert_eq!(format!("{} a", seen["type"].as_str().unwrap()), event);
        assert_eq!(seen["object"]["metadata"]["resourceVersion"], version);
    }
}

#[tokio::test]
async fn a_streaming_list_ends_its_first_part_with_a_marked_bookmark() {
    let world = World::new();
    world.post(CONFIGMAPS, configmap("a", "1")).await.is(201);
    let query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut watch = world.watch(&format!("{CONFIGMAPS}?{query}")).await;
    assert_eq!(watch.next().await, "ADDED a");
    let bookmark = watch.event().await.unwrap();
    assert_eq!(bookmark["type"], "BOOKMARK");
    assert_eq!(bookmark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    assert_eq!(bookmark["object"]["metadata"]["resourceVersion"], world.server.revision().to_string());
    world.get(&format!("{CONFIGMAPS}?watch=true&sendInitialEvents=true")).await.is(422);
    world.get(&format!("{CONFIGMAPS}?watch=true&resourceVersionMatch=NotOlderThan")).await.is(422);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_watch_says_how_far_it_has_come_and_ends_when_its_time_is_up() {
    let world = World::new();
    let query = "watch=true&resourceVersion=1&allowWatchBookmarks=true&timeoutSeconds=90";
    let mut watch = world.watch(&format!("{CONFIGMAPS}?{query}")).await;
    for _ in 0..2 {
        let bookmark = watch.event().await.unwrap();
        assert_eq!(bookmark["type"], "BOOKMARK");
        assert_eq!(bookmark["object"]["metadata"]["resourceVersion"], world.server.revision().to_string());
    }
    assert_eq!(watch.event().await, None);
}

#[tokio::test]
async fn a_watch_that_fell_behind_gets_410_and_never_a_gap() {
    let world = World::with(Options { history: 3, ..Options::default() });
    let from = world.server.revision();
    let mut slow = world.watch(&format!("{CONFIGMAPS}?watch=true")).await;
    for n in 0..5 {
        world.post(CONFIGMAPS, configmap(&format!("c{n}"), "1")).await.is(201);
    }
    let mut late = world.watch(&format!("{CONFIGMAPS}?watch=true&resourceVersion={from}")).await;
    for watch in [&mut slow, &mut late] {
        let error = watch.event().await.unwrap();
        assert_eq!((&error["type"], &error["object"]["code"]), (&json!("ERROR"), &json!(410)));
        assert_eq!(watch.event().await, None);
    }
}

#[tokio::test]
async fn a_watch_may_begin_later_than_now_and_sees_only_what_comes_then() {
    let world = World::new();
    let from = world.server.revision() + 1;
    let mut watch = world.watch(&format!("{CONFIGMAPS}?watch=true&resourceVersion={from}")).await;
    for name in ["before", "after"] {
        world.post(CONFIGMAPS, configmap(name, "1")).await.is(201);
    }
    assert_eq!(watch.event().await.unwrap()["object"]["metadata"]["name"], "after");
    let initial = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=99999";
    world.get(&format!("{CONFIGMAPS}?watch=true&{initial}")).await.is(504);
}

#[tokio::test]
async fn a_watch_in_tables_sends_its_columns_once() {
    let world = World::new();
    world.post(CONFIGMAPS, configmap("a", "1")).await.is(201);
    world.post(CONFIGMAPS, configmap("b", "1")).await.is(201);
    let table = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
    let response = world.respond(Method::GET, &format!("{CONFIGMAPS}?watch=true"), &table, Bytes::new()).await;
    let mut watch = Watch { body: response.into_body().into_data_stream() };
    let first = watch.event().await.unwrap()["object"].take();
    let second = watch.event().await.unwrap()["object"].take();
    assert!(first["columnDefinitions"].is_array() && second["columnDefinitions"].is_null());
    assert_eq!((&first["rows"][0]["cells"][0], &second["rows"][0]["cells"][0]), (&json!("a"), &json!("b")));
}

#[tokio::test]
async fn a_local_watch_survives_a_cut_log_and_tells_only_the_difference() {
    let world = World::with(Options { history: 2, ..Options::default() });
    let client = world.server.client();
    let kind = backplane_core::Kind::new("", "v1", "ConfigMap");
    let mut object = configmap("a", "1");
    object["metadata"]["namespace"] = "default".into();
    client.create(&object).await.unwrap();
    let mut events = client.watch(&kind, None).await.unwrap();
    let mut next = async || {
        let event = events.next().await.unwrap();
        format!("{:?} {}", event.change, event.object["metadata"]["name"].as_str().unwrap())
    };
    assert_eq!(next().await, "Added a");
    for n in 0..5 {
        object["metadata"]["name"] = format!("b{n}").into();
        client.create(&object).await.unwrap();
    }
    client.delete(&kind, Some("default"), "a").await.unwrap();
    client.delete(&kind, Some("default"), "b0").await.unwrap();
    client.delete(&kind, Some("default"), "b1").await.unwrap();
    for expected in ["Added b2", "Added b3", "Added b4", "Deleted a"] {
        assert_eq!(next().await, expected);
    }
}
