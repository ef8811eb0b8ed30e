//! The store against the embedded API server: real field ownership, streaming lists, CRDs, impersonation and RBAC.

use std::sync::Arc;

use backplane_apiserver::{ApiServer, Env, Options as ServerOptions, Token};
use backplane_core::condition::{Event, EventType};
use backplane_core::declaration::{Declaration, Verb, Write};
use backplane_core::grant::{Grant, Permissions};
use backplane_core::ports::{DeleteOptions, Query, ReadError, Reads, WriteError, Writes};
use backplane_core::{Kind, ObjectRef};
use backplane_store::{Identity, Store};
use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};

use crate::support::{options, read, until};

const TOKEN: &str = "Bearer admin";

fn config_map() -> Kind {
    Kind::new("", "v1", "ConfigMap")
}

fn website() -> Kind {
    Kind::new("demo.example.org", "v1", "Website")
}

fn server() -> ApiServer {
    let admin = Token { token: "admin".into(), user: "admin".into(), groups: vec!["system:masters".into()] };
    ApiServer::new(Env::system(1), ServerOptions { tokens: vec![admin], ..ServerOptions::default() })
}

fn client(server: &ApiServer) -> kube::Client {
    let server = server.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let server = server.clone();
        async move {
            let (mut head, body) = request.into_parts();
            head.headers.insert("authorization", HeaderValue::from_static(TOKEN));
            let body: Bytes = body.collect().await?.to_bytes();
            Ok::<_, kube::Error>(server.handle(Request::from_parts(head, body)).await)
        }
    });
    kube::Client::new(service, "default")
}

fn permissions() -> Arc<Permissions> {
    let verbs = vec![Verb::Apply, Verb::ApplyStatus, Verb::Create, Verb::Patch, Verb::Delete];
    let declaration = Declaration {
        name: "p".into(),
        reads: vec![read(config_map(), "", vec![]), read(website(), "", vec![])],
        writes: vec![config_map(), website()].into_iter().map(|kind| Write { kind, verbs: verbs.clone() }).collect(),
        ..Declaration::default()
    };
    Arc::new(Permissions::new(declaration, Grant::default()))
}

fn binding() -> Value {
    let subject = json!({"kind": "ServiceAccount", "name": "backplane-p", "namespace": "sys"});
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "p"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [subject]})
}

fn crd() -> Value {
    let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let schema = json!({"type": "object", "properties": {"spec": anything, "status": anything}});
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "websites.demo.example.org"},
        "spec": {"group": "demo.example.org", "scope": "Namespaced",
            "names": {"plural": "websites", "singular": "website", "kind": "Website", "listKind": "WebsiteList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": schema}}]}})
}

fn object(kind: &Kind, name: &str, rest: Value) -> Vec<u8> {
    let mut object = json!({"apiVersion": kind.api_version(), "kind": kind.kind,
        "metadata": {"name": name, "namespace": "default"}});
    crate::support::merge(&mut object, &rest);
    object.to_string().into_bytes()
}

fn named(kind: Kind, name: &str) -> ObjectRef {
    ObjectRef::new(kind, Some("default"), name)
}

#[tokio::test]
async fn a_foreign_change_is_repaired_and_nothing_else_costs_a_request() {
    let server = server();
    let local = server.client();
    local.create(&binding()).await.expect("binding");
    let store = Store::new(client(&server), options());
    let view = store.view(permissions());
    let writer = store.writer(Identity::new("p", "sys"), permissions());
    view.settled().await;

    let (a, intent) = (named(config_map(), "a"), object(&config_map(), "a", json!({"data": {"k": "ours"}})));
    writer.apply(&intent).await.expect("applied");
    writer.apply(&intent).await.expect("applied");
    assert_eq!(store.counters().writes()[&("apply", "ok")], 1);
    local.merge(&config_map(), Some("default"), "a", &json!({"data": {"k": "theirs"}})).await.expect("merged");
    let data = || {
        let bytes = view.get(&a).expect("ready").expect("there");
        serde_json::from_slice::<Value>(&bytes).expect("json")["data"]["k"].clone()
    };
    until("seen", || data() == "theirs").await;
    writer.apply(&intent).await.expect("applied");
    assert_eq!((data(), store.counters().writes()[&("apply", "ok")]), (json!("ours"), 2));

    let finalizer = object(&config_map(), "a", json!({"metadata": {"finalizers": ["demo.example.org/f"]}}));
    writer.apply(&finalizer).await.expect("applied");
    writer.delete(&a, &DeleteOptions::default()).await.expect("deleted");
    let going = view.get(&a).expect("ready").expect("held by its finalizer");
    assert!(String::from_utf8_lossy(&going).contains("deletionTimestamp"));
    writer.apply(&object(&config_map(), "a", json!({}))).await.expect("released");
    until("gone", || view.get(&a).expect("ready").is_none()).await;
    store.shutdown().await;
}

#[tokio::test]
async fn what_was_applied_before_a_restart_costs_nothing_after_it_unless_somebody_changed_it() {
    let server = server();
    let local = server.client();
    local.create(&binding()).await.expect("binding");
    local.create(&crd()).await.expect("definition");
    let owner = object(&config_map(), "o", json!({}));
    let owner = local.create(&serde_json::from_slice(&owner).expect("json")).await.expect("owner");
    let child = |name: &str| {
        let uid = &owner["metadata"]["uid"];
        let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": uid}]);
        let metadata = json!({"labels": {"app": name}, "ownerReferences": owner});
        object(&config_map(), name, json!({"metadata": metadata, "data": {"k": "ours", "l": "x"}}))
    };
    let site = object(&website(), "s", json!({"spec": {"replicas": 2}}));
    let status = object(&website(), "s", json!({"status": {"ready": true}}));
    let apply_all = async |store: &Store| {
        let view = store.view(permissions());
        let writer = store.writer(Identity::new("p", "sys"), permissions());
        view.settled().await;
        until("served", || view.list(&website(), &Query::default()).is_ok()).await;
        for intent in [child("a"), child("b"), site.clone()] {
            writer.apply(&intent).await.expect("applied");
        }
        writer.apply_status(&status).await.expect("applied");
    };
    let first = Store::new(client(&server), options());
    apply_all(&first).await;
    assert_eq!(first.counters().writes().get(&("apply", "ok")), Some(&3));
    first.shutdown().await;
    local.merge(&config_map(), Some("default"), "b", &json!({"data": {"k": "theirs"}})).await.expect("merged");
    local.merge(&config_map(), Some("default"), "a", &json!({"data": {"other": "theirs"}})).await.expect("merged");

    let second = Store::new(client(&server), options());
    apply_all(&second).await;
    let expected = [(("apply", "ok"), 1), (("apply", "suppressed"), 2), (("apply-status", "suppressed"), 1)];
    assert_eq!(second.counters().writes(), expected.into_iter().collect());
    let repaired = local.get(&config_map(), Some("default"), "b").await.expect("got").expect("there");
    assert_eq!(repaired["data"]["k"], "ours");
    second.shutdown().await;
}

#[tokio::test]
async fn a_kind_is_there_as_soon_as_its_definition_is_and_gone_with_it() {
    let server = server();
    let local = server.client();
    local.create(&binding()).await.expect("binding");
    let store = Store::new(client(&server), options());
    let view = store.view(permissions());
    let writer = store.writer(Identity::new("p", "sys"), permissions());
    view.settled().await;
    assert!(matches!(view.list(&website(), &Query::default()), Err(ReadError::NotReady(_))));
    let site = object(&website(), "s", json!({"spec": {"replicas": 2}}));
    assert!(matches!(writer.apply(&site).await, Err(WriteError::NotFound(_))));

    local.create(&crd()).await.expect("definition");
    until("served", || view.list(&website(), &Query::default()).is_ok()).await;
    writer.apply(&site).await.expect("applied");
    writer.apply_status(&object(&website(), "s", json!({"status": {"ready": true}}))).await.expect("applied");
    let bytes = view.get(&named(website(), "s")).expect("ready").expect("there");
    assert_eq!(serde_json::from_slice::<Value>(&bytes).expect("json")["status"]["ready"], true);
    writer.delete(&named(website(), "s"), &DeleteOptions::default()).await.expect("deleted");
    assert!(view.get(&named(website(), "s")).expect("ready").is_none());

    let definition = Kind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    local.delete(&definition, None, "websites.demo.example.org").await.expect("deleted");
    until("unavailable", || view.list(&website(), &Query::default()).is_err()).await;
}

#[tokio::test]
async fn the_server_sees_the_plugin_and_not_the_daemon() {
    let server = server();
    let store = Store::new(client(&server), options());
    let view = store.view(permissions());
    view.settled().await;
    let writer = store.writer(Identity::new("p", "sys"), permissions());
    let intent = object(&config_map(), "a", json!({}));
    let error = writer.apply(&intent).await.expect_err("no binding yet");
    assert!(matches!(&error, WriteError::Forbidden(text) if text.contains("system:serviceaccount:sys:backplane-p")));

    let local = server.client();
    local.create(&binding()).await.expect("binding");
    writer.apply(&intent).await.expect("applied");
    let event = Event { kind: EventType::Normal, reason: "Applied".into(), message: "done".into() };
    writer.event(&named(config_map(), "a"), &event).await;
    store.shutdown().await;
    let counters = store.counters();
    assert_eq!(counters.writes().get(&("event", "ok")), Some(&1), "the server accepts our events");
}
