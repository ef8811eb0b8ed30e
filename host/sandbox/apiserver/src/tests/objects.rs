use serde_json::json;

use super::*;

#[tokio::test]
async fn a_created_object_gets_its_metadata_and_defaults() {
    let world = World::with_websites().await;
    let created = world.post(WEBSITES, website("one")).await.is(201);
    assert_eq!(created.text("/metadata/namespace"), "default");
    assert_eq!(created.text("/metadata/uid").len(), 36);
    assert_eq!(created.body["metadata"]["generation"], 1);
    assert_eq!(created.body["spec"], json!({"host": "a.example.org", "replicas": 1, "theme": "light"}));
    assert_eq!(world.get(&format!("{WEBSITES}/one")).await.is(200).body, created.body);
    let again = world.post(WEBSITES, website("one")).await.is(409);
    assert_eq!(again.text("/reason"), "AlreadyExists");
}

#[tokio::test]
async fn a_generated_name_is_new_each_time() {
    let world = World::new();
    let object = json!({"metadata": {"generateName": "a-"}});
    let first = world.post(CONFIGMAPS, object.clone()).await.is(201);
    let second = world.post(CONFIGMAPS, object).await.is(201);
    assert!(first.text("/metadata/name").starts_with("a-"));
    assert_ne!(first.text("/metadata/name"), second.text("/metadata/name"));
}

#[tokio::test]
async fn a_stale_update_is_refused_and_an_equal_one_changes_nothing() {
    let world = World::new();
    let first = world.post(CONFIGMAPS, configmap("a", "1")).await.is(201);
    let path = format!("{CONFIGMAPS}/a");
    let same = world.put(&path, first.body.clone()).await.is(200);
    assert_eq!(same.version(), first.version());
    let mut changed = first.body.clone();
    changed["data"]["x"] = "2".into();
    let second = world.put(&path, changed.clone()).await.is(200);
    assert_ne!(second.version(), first.version());
    assert_eq!(world.put(&path, changed).await.is(409).text("/reason"), "Conflict");
    world.put(&path, configmap("a", "3")).await.is(200);
    world.put(&format!("{CONFIGMAPS}/absent"), configmap("absent", "1")).await.is(404);
    world.put(&path, configmap("b", "1")).await.is(400);
}

#[tokio::test]
async fn spec_and_status_are_written_apart_and_only_the_spec_counts() {
    let world = World::with_websites().await;
    let mut object = website("one");
    object["status"] = json!({"replicas": 9});
    let path = format!("{WEBSITES}/one");
    let mut site = world.post(WEBSITES, object).await.is(201).body;
    assert!(site.get("status").is_none());
    site["status"] = json!({"replicas": 2});
    site["spec"]["host"] = "ignored".into();
    let site = world.put(&format!("{path}/status"), site).await.is(200).body;
    assert_eq!((&site["status"]["replicas"], &site["spec"]["host"]), (&json!(2), &json!("a.example.org")));
    assert_eq!(site["metadata"]["generation"], 1);
    let mut changed = site.clone();
    changed["spec"]["host"] = "b.example.org".into();
    changed["status"] = json!({});
    let changed = world.put(&path, changed).await.is(200).body;
    assert_eq!((&changed["status"]["replicas"], &changed["spec"]["host"]), (&json!(2), &json!("b.example.org")));
    assert_eq!(changed["metadata"]["generation"], 2);
}

#[tokio::test]
async fn a_custom_resource_must_name_the_version_it_replaces() {
    let world = World::with_websites().await;
    world.post(WEBSITES, website("one")).await.is(201);
    world.put(&format!("{WEBSITES}/one"), website("one")).await.is(422);
}

#[tokio::test]
async fn unknown_fields_are_refused_named_or_dropped_as_asked() {
    let world = World::with_websites().await;
    let mut object = website("one");
    object["spec"]["hots"] = "x".into();
    let refused = world.post(&format!("{WEBSITES}?fieldValidation=Strict"), object.clone()).await.is(400);
    assert!(refused.text("/message").contains("unknown field \"spec.hots\""), "{}", refused.body);
    let ignored = world.post(&format!("{WEBSITES}?fieldValidation=Ignore&dryRun=All"), object.clone()).await.is(201);
    assert!(ignored.headers.get("warning").is_none());
    let warned = world.post(WEBSITES, object).await.is(201);
    assert_eq!(warned.headers["warning"], r#"299 - "unknown field \"spec.hots\"""#);
    assert!(warned.body["spec"].get("hots").is_none());
}

#[tokio::test]
async fn an_invalid_object_names_every_wrong_field() {
    let world = World::with_websites().await;
    let mut object = website("one");
    object["spec"] = json!({"replicas": -1, "theme": "blue"});
    let refused = world.post(WEBSITES, object).await.is(422);
    let causes = refused.body["details"]["causes"].as_array().unwrap();
    let fields: Vec<&str> = causes.iter().filter_map(|cause| cause["field"].as_str()).collect();
    for field in ["spec.host", "spec.replicas", "spec.theme"] {
        assert!(fields.contains(&field), "{field} in {fields:?}");
    }
}

#[tokio::test]
async fn a_dry_run_answers_and_stores_nothing() {
    let world = World::new();
    world.post(&format!("{CONFIGMAPS}?dryRun=All"), configmap("a", "1")).await.is(201);
    world.get(&format!("{CONFIGMAPS}/a")).await.is(404);
    world.post(CONFIGMAPS, configmap("a", "1")).await.is(201);
    let tried = world.patch("merge", &format!("{CONFIGMAPS}/a?dryRun=All"), json!({"data": {"x": "2"}})).await.is(200);
    assert_eq!(tried.text("/data/x"), "2");
    world.send(Method::DELETE, &format!("{CONFIGMAPS}/a?dryRun=All"), &[], "").await.is(200);
    assert_eq!(world.get(&format!("{CONFIGMAPS}/a")).await.is(200).text("/data/x"), "1");
    world.post(&format!("{CONFIGMAPS}?dryRun=Some"), configmap("b", "1")).await.is(422);
}

#[tokio::test]
async fn bodies_are_read_in_json_and_yaml_and_nothing_bigger_than_allowed() {
    let world = World::new();
    let yaml = [("content-type", "application/yaml")];
    world.send(Method::POST, CONFIGMAPS, &yaml, "metadata: {name: a}\ndata: {x: '1'}").await.is(201);
    world.send(Method::POST, CONFIGMAPS, &[("content-type", "text/plain")], "x").await.is(415);
    world.send(Method::POST, CONFIGMAPS, &[], "{").await.is(400);
    world.send(Method::POST, CONFIGMAPS, &[], vec![b' '; 3 * 1024 * 1024 + 1]).await.is(413);
    world.send(Method::GET, CONFIGMAPS, &[("accept", "application/vnd.kubernetes.protobuf")], "").await.is(406);
    world.send(Method::PUT, CONFIGMAPS, &[], "{}").await.is(405);
}

#[tokio::test]
async fn names_of_absent_things_are_said_back() {
    let world = World::new();
    let absent = world.get(&format!("{CONFIGMAPS}/x")).await.is(404);
    assert_eq!(absent.text("/message"), "configmaps \"x\" not found");
    assert_eq!(absent.text("/details/kind"), "configmaps");
    world.get("/apis/demo.example.org/v1/websites").await.is(404);
    let homeless = world.post("/api/v1/namespaces/absent/configmaps", configmap("a", "1")).await.is(404);
    assert_eq!(homeless.text("/message"), "namespaces \"absent\" not found");
}

#[tokio::test]
async fn a_scale_reads_and_writes_the_replicas_of_its_object() {
    let world = World::with_websites().await;
    world.post(WEBSITES, website("one")).await.is(201);
    let path = format!("{WEBSITES}/one/scale");
    let mut scale = world.get(&path).await.is(200).body;
    assert_eq!((&scale["kind"], &scale["spec"]["replicas"]), (&json!("Scale"), &json!(1)));
    scale["spec"]["replicas"] = 5.into();
    assert_eq!(world.put(&path, scale.clone()).await.is(200).body["spec"]["replicas"], 5);
    world.put(&path, scale).await.is(409);
    world.patch("merge", &path, json!({"spec": {"replicas": 7}})).await.is(200);
    let site = world.get(&format!("{WEBSITES}/one")).await.body;
    assert_eq!((&site["spec"]["replicas"], &site["metadata"]["generation"]), (&json!(7), &json!(3)));
    world.get(&format!("{CONFIGMAPS}/x/scale")).await.is(404);
}

#[tokio::test]
async fn a_service_keeps_the_addresses_it_was_given() {
    let world = World::new();
    let services = "/api/v1/namespaces/default/services";
    let service = json!({"metadata": {"name": "s"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}});
    let made = world.post(services, service.clone()).await.is(201);
    assert!(made.text("/spec/clusterIP").starts_with("10."), "{}", made.body);
    assert!(made.body["spec"]["ports"][0]["nodePort"].as_u64().is_some_and(|port| port >= 30_000));
    let again = world.put(&format!("{services}/s"), service).await.is(200);
    assert_eq!(again.body["spec"], made.body["spec"]);
}

#[tokio::test]
async fn an_event_is_the_same_object_in_both_groups() {
    let world = World::new();
    let event = json!({"metadata": {"name": "e"}, "note": "hello", "regarding": {"kind": "Pod", "name": "p", "namespace": "default"},
        "reason": "R", "type": "Normal", "action": "A", "reportingController": "c", "reportingInstance": "i",
        "eventTime": "2026-01-01T00:00:00.000000Z"});
    let made = world.post("/apis/events.k8s.io/v1/namespaces/default/events", event).await.is(201);
    assert_eq!(made.text("/note"), "hello");
    let core = world.get("/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=p").await.is(200);
    assert_eq!(core.text("/items/0/message"), "hello");
    // What a list of a built-in kind holds says neither version nor kind.
    assert_eq!((core.text("/apiVersion"), core.text("/items/0/apiVersion")), ("v1", ""));
    let none = world.get("/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=q").await.is(200);
    assert!(none.names().is_empty());
}
