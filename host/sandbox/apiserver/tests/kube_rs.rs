//! kube-rs against the server over HTTPS: watchers with streaming and with paged lists, apply, typed built-in kinds.

#![expect(clippy::unwrap_used, reason = "a broken fixture fails its test")]

mod support;

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::GroupVersionKind;
use kube::runtime::watcher::{self, Event, InitialListStrategy};
use kube::{Client, Config, Error};
use serde_json::json;
use support::World;

/// Generous, for a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

async fn client(world: &World) -> Client {
    // What kube asks of the process: which of the compiled crypto providers to use.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = Kubeconfig::read_from(world.dir.path().join("kubeconfig")).unwrap();
    let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

fn websites(client: &Client) -> Api<DynamicObject> {
    let kind =
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("demo.example.org", "v1", "Website"), "websites");
    Api::namespaced_with(client.clone(), "default", &kind)
}

fn website(name: &str, host: &str) -> serde_json::Value {
    json!({"apiVersion": "demo.example.org/v1", "kind": "Website", "metadata": {"name": name}, "spec": {"host": host}})
}

#[tokio::test]
async fn a_watcher_sees_what_is_there_and_what_happens() {
    for strategy in [InitialListStrategy::StreamingList, InitialListStrategy::ListWatch] {
        let world = World::with_websites().await;
        let sites = websites(&client(&world).await);
        let apply = async |name: &str, host: &str| {
            let params = PatchParams::apply("test").force();
            sites.patch(name, &params, &Patch::Apply(website(name, host))).await.unwrap();
        };
        apply("one", "a").await;
        apply("two", "a").await;
        let config =
            watcher::Config { initial_list_strategy: strategy.clone(), ..watcher::Config::default() }.page_size(1);
        let mut events = watcher::watcher(sites.clone(), config).boxed();
        let mut next = async || {
            let event = tokio::time::timeout(LIMIT, events.try_next()).await.expect("an event").unwrap().unwrap();
            match event {
                Event::Init => "init".to_owned(),
                Event::InitDone => "init done".to_owned(),
                Event::InitApply(object) => format!("init {}", object.metadata.name.unwrap()),
                Event::Apply(object) => {
                    format!("apply {} {}", object.metadata.name.unwrap(), object.data["spec"]["host"])
                }
                Event::Delete(object) => format!("delete {}", object.metadata.name.unwrap()),
            }
        };
        for expected in ["init", "init one", "init two", "init done"] {
            assert_eq!(next().await, expected, "{strategy:?}");
        }
        apply("one", "b").await;
        sites.delete("two", &DeleteParams::default()).await.unwrap();
        for expected in ["apply one \"b\"", "delete two"] {
            assert_eq!(next().await, expected, "{strategy:?}");
        }
    }
}

#[tokio::test]
async fn an_apply_by_another_manager_conflicts() {
    let world = World::with_websites().await;
    let sites = websites(&client(&world).await);
    let first = sites.patch("one", &PatchParams::apply("a"), &Patch::Apply(website("one", "a"))).await.unwrap();
    assert_eq!(first.metadata.generation, Some(1));
    let conflict = sites.patch("one", &PatchParams::apply("b"), &Patch::Apply(website("one", "b"))).await.unwrap_err();
    assert!(matches!(&conflict, Error::Api(status) if status.code == 409), "{conflict}");
    let status = json!({"apiVersion": "demo.example.org/v1", "kind": "Website", "status": {"replicas": 1}});
    let seen = sites.patch_status("one", &PatchParams::apply("c").force(), &Patch::Apply(status)).await.unwrap();
    assert_eq!((&seen.data["status"]["replicas"], &seen.data["spec"]["host"]), (&json!(1), &json!("a")));
}

#[tokio::test]
async fn typed_kinds_are_created_listed_and_deleted() {
    let world = World::start().await;
    let maps: Api<ConfigMap> = Api::default_namespaced(client(&world).await);
    let map: ConfigMap =
        serde_json::from_value(json!({"metadata": {"generateName": "a-"}, "data": {"x": "1"}})).unwrap();
    let made = maps.create(&PostParams::default(), &map).await.unwrap();
    let name = made.metadata.name.clone().unwrap();
    let listed = maps.list(&ListParams::default().fields(&format!("metadata.name={name}"))).await.unwrap();
    assert_eq!(listed.items, [made]);
    maps.delete(&name, &DeleteParams::default()).await.unwrap();
    assert!(maps.get_opt(&name).await.unwrap().is_none());
}
