use backplane_core::Kind;
use serde_json::json;

use super::*;

fn kind() -> Kind {
    Kind::new("demo.example.org", "v1", "Website")
}

fn site(name: &str) -> Value {
    let mut site = website(name);
    site["metadata"]["namespace"] = "default".into();
    site
}

#[tokio::test]
async fn a_client_in_the_process_does_what_one_outside_can() {
    let world = World::with_websites().await;
    let client = world.server.client();
    assert_eq!(client.get(&kind(), Some("default"), "one").await.unwrap(), None);
    client.delete(&kind(), Some("default"), "one").await.unwrap();
    let mut made = client.create(&site("one")).await.unwrap();
    assert_eq!(client.create(&site("one")).await.unwrap_err().reason(), "AlreadyExists");
    made["spec"]["host"] = "b".into();
    let made = client.update(&made).await.unwrap();
    assert_eq!(made["metadata"]["generation"], 2);
    let mut stale = site("one");
    stale["metadata"]["resourceVersion"] = "1".into();
    assert_eq!(client.update_status(&stale).await.unwrap_err().code(), 409);
    let status = json!({"status": {"replicas": 2}});
    let merged = client.merge_status(&kind(), Some("default"), "one", &status).await.unwrap();
    assert_eq!((&merged["status"]["replicas"], &merged["spec"]["host"]), (&json!(2), &json!("b")));
    client.merge(&kind(), Some("default"), "one", &json!({"metadata": {"labels": {"a": "b"}}})).await.unwrap();
    client.apply(&site("two"), "test").await.unwrap();
    let mut applied = site("two");
    applied["status"] = json!({"replicas": 5});
    assert_eq!(client.apply_status(&applied, "test").await.unwrap()["status"]["replicas"], 5);
    assert_eq!(client.list(&kind(), None, "").await.unwrap().len(), 2);
    assert_eq!(client.list(&kind(), Some("default"), "a in (b)").await.unwrap().len(), 1);
    client.delete(&kind(), Some("default"), "one").await.unwrap();
    assert_eq!(client.get(&kind(), Some("default"), "one").await.unwrap(), None);
}

#[tokio::test]
async fn a_kind_that_is_not_served_is_an_error_and_not_an_absence() {
    let world = World::new();
    let client = world.server.client();
    assert_eq!(client.get(&kind(), Some("default"), "one").await.unwrap_err().code(), 404);
    assert!(client.watch(&kind(), None).await.is_err());
}

#[tokio::test]
async fn a_client_acts_as_its_user_and_every_request_is_recorded() {
    let world = World::new();
    let maps = Kind::new("", "v1", "ConfigMap");
    let mut audit = world.server.audit();
    let jane = world.server.client_as("jane", &["dev"]);
    assert_eq!(jane.list(&maps, Some("default"), "").await.unwrap_err().code(), 403);
    assert!(jane.watch(&maps, None).await.is_err());
    for (verb, namespace) in [("list", Some("default")), ("watch", None)] {
        let event = audit.recv().await.unwrap();
        let seen = (event.user.as_str(), event.verb.as_str(), event.namespace.as_deref(), event.code);
        assert_eq!(seen, ("jane", verb, namespace, 403));
    }
}

#[tokio::test]
async fn servers_in_one_process_share_nothing() {
    let (one, two) = (World::with_websites().await, World::new());
    one.post(CONFIGMAPS, configmap("a", "1")).await.is(201);
    two.get(&format!("{CONFIGMAPS}/a")).await.is(404);
    two.get(WEBSITES).await.is(404);
}
