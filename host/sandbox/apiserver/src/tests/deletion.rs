use serde_json::json;

use super::*;

fn owned(name: &str, owner: &Value, block: bool) -> Value {
    let mut object = configmap(name, "1");
    object["metadata"]["ownerReferences"] = json!([{"apiVersion": owner["apiVersion"], "kind": owner["kind"],
        "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"], "blockOwnerDeletion": block}]);
    object
}

fn at(name: &str) -> String {
    format!("{CONFIGMAPS}/{name}")
}

#[tokio::test]
async fn finalizers_keep_an_object_until_the_last_is_gone() {
    let world = World::with_websites().await;
    let mut object = website("one");
    object["metadata"]["finalizers"] = json!(["example.org/a"]);
    world.post(WEBSITES, object).await.is(201);
    let path = format!("{WEBSITES}/one");
    let marked = world.delete(&path).await.is(200);
    assert!(!marked.text("/metadata/deletionTimestamp").is_empty());
    assert_eq!(marked.body["metadata"]["deletionGracePeriodSeconds"], 0);
    assert_eq!(marked.body["metadata"]["generation"], 2);
    assert_eq!(world.delete(&path).await.is(200).version(), marked.version());
    let more = json!({"metadata": {"finalizers": ["example.org/a", "example.org/b"]}});
    world.patch("merge", &path, more).await.is(422);
    world.patch("merge", &path, json!({"metadata": {"finalizers": null}})).await.is(200);
    world.get(&path).await.is(404);
}

#[tokio::test]
async fn a_deletion_can_name_the_object_it_means() {
    let world = World::new();
    let made = world.post(CONFIGMAPS, configmap("a", "1")).await.is(201);
    let precondition = |field: &str, value: &str| json!({"preconditions": {field: value}}).to_string();
    let send = |body: String| world.send(Method::DELETE, "/api/v1/namespaces/default/configmaps/a", &[], body);
    send(precondition("uid", "other")).await.is(409);
    send(precondition("resourceVersion", "1")).await.is(409);
    let gone = send(precondition("uid", made.text("/metadata/uid"))).await.is(200);
    assert_eq!((gone.text("/status"), gone.text("/details/name")), ("Success", "a"));
    world.delete(&at("a")).await.is(404);
}

#[tokio::test]
async fn a_collection_is_deleted_by_selector() {
    let world = World::new();
    for (name, label) in [("a", "x"), ("b", "y"), ("c", "x")] {
        let mut object = configmap(name, "1");
        object["metadata"]["labels"] = json!({"l": label});
        world.post(CONFIGMAPS, object).await.is(201);
    }
    let deleted = world.delete(&format!("{CONFIGMAPS}?labelSelector=l%3Dx")).await.is(200);
    assert_eq!(deleted.names(), ["a", "c"]);
    assert_eq!(world.get(CONFIGMAPS).await.names(), ["b"]);
}

#[tokio::test]
async fn dependents_follow_their_owner_at_any_depth() {
    let world = World::new();
    let owner = world.post(CONFIGMAPS, configmap("owner", "1")).await.is(201).body;
    let child = world.post(CONFIGMAPS, owned("child", &owner, true)).await.is(201).body;
    world.post(CONFIGMAPS, owned("grandchild", &child, true)).await.is(201);
    world.delete(&at("owner")).await.is(200);
    world.gone(&at("grandchild")).await;
    world.gone(&at("child")).await;
}

#[tokio::test]
async fn an_object_whose_owner_never_existed_is_collected() {
    let world = World::new();
    let mut owner = world.post(CONFIGMAPS, configmap("owner", "1")).await.is(201).body;
    owner["metadata"]["uid"] = "00000000-0000-4000-8000-000000000000".into();
    world.post(CONFIGMAPS, owned("child", &owner, false)).await.is(201);
    world.gone(&at("child")).await;
}

#[tokio::test]
async fn an_owner_in_doubt_keeps_its_dependents() {
    let world = World::new();
    let uid = "00000000-0000-4000-8000-000000000000";
    let doubtful = [
        ("not-served", CONFIGMAPS, json!({"apiVersion": "x.example.org/v1", "kind": "X"})),
        ("not-possible", "/api/v1/nodes", json!({"apiVersion": "v1", "kind": "ConfigMap"})),
    ];
    for (name, place, mut owner) in doubtful {
        owner["metadata"] = json!({"name": "owner", "uid": uid});
        let mut child = json!({"metadata": {"name": name}});
        child["metadata"]["ownerReferences"] = owned("x", &owner, false)["metadata"]["ownerReferences"].take();
        world.post(place, child).await.is(201);
    }
    // The collector follows in order, so this one's end shows that it has looked at those before.
    let absent = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owner", "uid": uid}});
    world.post(CONFIGMAPS, owned("last", &absent, false)).await.is(201);
    world.gone(&at("last")).await;
    world.get(&at("not-served")).await.is(200);
    world.get("/api/v1/nodes/not-possible").await.is(200);
}

#[tokio::test]
async fn an_object_with_another_owner_stays_without_the_lost_reference() {
    let world = World::new();
    let first = world.post(CONFIGMAPS, configmap("first", "1")).await.is(201).body;
    let second = world.post(CONFIGMAPS, configmap("second", "1")).await.is(201).body;
    let mut child = owned("child", &first, false);
    let other = owned("x", &second, false)["metadata"]["ownerReferences"][0].take();
    child["metadata"]["ownerReferences"].as_array_mut().unwrap().push(other);
    world.post(CONFIGMAPS, child).await.is(201);
    world.delete(&at("first")).await.is(200);
    world
        .until("only one owner is left", || async {
            let owners = world.get(&at("child")).await.is(200).body["metadata"]["ownerReferences"].take();
            owners.as_array().is_some_and(|owners| owners.len() == 1 && owners[0]["name"] == "second")
        })
        .await;
}

#[tokio::test]
async fn a_foreground_deletion_waits_for_dependents_that_block() {
    let world = World::new();
    let owner = world.post(CONFIGMAPS, configmap("owner", "1")).await.is(201).body;
    let mut child = owned("child", &owner, true);
    child["metadata"]["finalizers"] = json!(["example.org/slow"]);
    world.post(CONFIGMAPS, child).await.is(201);
    let marked = world.delete(&format!("{}?propagationPolicy=Foreground", at("owner"))).await.is(200);
    assert_eq!(marked.body["metadata"]["finalizers"], json!(["foregroundDeletion"]));
    world
        .until("the child is being deleted", || async {
            !world.get(&at("child")).await.text("/metadata/deletionTimestamp").is_empty()
        })
        .await;
    world.get(&at("owner")).await.is(200);
    world.patch("merge", &at("child"), json!({"metadata": {"finalizers": null}})).await.is(200);
    world.gone(&at("owner")).await;
}

#[tokio::test]
async fn orphans_stay_and_forget_their_owner() {
    let world = World::new();
    let owner = world.post(CONFIGMAPS, configmap("owner", "1")).await.is(201).body;
    world.post(CONFIGMAPS, owned("child", &owner, true)).await.is(201);
    let body = json!({"propagationPolicy": "Orphan"}).to_string();
    world.send(Method::DELETE, &at("owner"), &[], body).await.is(200);
    world.gone(&at("owner")).await;
    let child = world.get(&at("child")).await.is(200).body;
    assert!(child["metadata"]["ownerReferences"].as_array().is_none_or(Vec::is_empty));
}

#[tokio::test]
async fn a_namespace_takes_its_content_along_and_lets_nothing_new_in() {
    let world = World::with_websites().await;
    world.post("/api/v1/namespaces", json!({"metadata": {"name": "team"}})).await.is(201);
    let sites = "/apis/demo.example.org/v1/namespaces/team/websites";
    let mut slow = website("slow");
    slow["metadata"]["finalizers"] = json!(["example.org/slow"]);
    world.post(sites, slow).await.is(201);
    world.post("/api/v1/namespaces/team/configmaps", configmap("a", "1")).await.is(201);
    let marked = world.delete("/api/v1/namespaces/team").await.is(200);
    assert_eq!(marked.text("/status/phase"), "Terminating");
    world.gone("/api/v1/namespaces/team/configmaps/a").await;
    world.get("/api/v1/namespaces/team").await.is(200);
    let refused = world.post("/api/v1/namespaces/team/configmaps", configmap("b", "1")).await.is(403);
    assert_eq!(refused.text("/details/causes/0/reason"), "NamespaceTerminating");
    world.patch("merge", &format!("{sites}/slow"), json!({"metadata": {"finalizers": null}})).await.is(200);
    world.gone("/api/v1/namespaces/team").await;
}

#[tokio::test]
async fn the_finalizers_of_a_namespace_are_removed_through_their_own_path() {
    let world = World::new();
    world.post("/api/v1/namespaces", json!({"metadata": {"name": "team"}})).await.is(201);
    let namespace = world.get("/api/v1/namespaces/team").await.is(200).body;
    assert_eq!(namespace["spec"]["finalizers"], json!(["kubernetes"]));
    let mut without = namespace.clone();
    without["spec"]["finalizers"] = json!([]);
    assert_eq!(world.put("/api/v1/namespaces/team", without.clone()).await.is(200).body["spec"], namespace["spec"]);
    let finalized = world.put("/api/v1/namespaces/team/finalize", without).await.is(200).body;
    assert_eq!(finalized["spec"], json!({}));
    world.delete("/api/v1/namespaces/team").await.is(200);
    world.get("/api/v1/namespaces/team").await.is(404);
}

#[tokio::test]
async fn a_claim_stays_as_long_as_a_pod_uses_it() {
    let world = World::new();
    let (claims, pods) = ("/api/v1/namespaces/default/persistentvolumeclaims", "/api/v1/namespaces/default/pods");
    let claim = json!({"metadata": {"name": "c"}, "spec": {"accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}}}});
    let volume = json!({"name": "v", "persistentVolumeClaim": {"claimName": "c"}});
    let pod = json!({"metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "i"}], "volumes": [volume]}});
    world.post(claims, claim).await.is(201);
    world.post(pods, pod).await.is(201);
    let path = format!("{claims}/c");
    let marked = world.delete(&path).await.is(200);
    assert_eq!(marked.body["metadata"]["finalizers"], json!(["kubernetes.io/pvc-protection"]));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    world.get(&path).await.is(200);
    assert_eq!(world.delete(&format!("{pods}/p")).await.is(200).text("/kind"), "Pod");
    world.gone(&path).await;
}
