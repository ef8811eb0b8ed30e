//! What the scenarios share: a quick world, a client for it, and waiting for what should become true.

pub(crate) mod provider;
pub(crate) mod tenant;

use std::time::Duration;

use backplane_sandbox::{World, WorldOptions};
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

/// Longest wait for anything; only a broken world needs it.
const LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);

/// Kinds of a made-up infrastructure provider, which the tests themselves play.
const TEST_KINDS: &str = include_str!("test_kinds.yaml");

/// A world that takes hardly any time for what it pretends.
pub(crate) async fn quick_world() -> World {
    world(WorldOptions::default()).await
}

/// The same with other options.
pub(crate) async fn world(options: WorldOptions) -> World {
    let crds = vec![TEST_KINDS.to_owned(), include_str!("../../../../../deploy/crds/kube-dc.com_eips.yaml").to_owned()];
    World::start(WorldOptions { crds, time_scale: 0.02, ..options }).await.expect("world starts")
}

/// A client of a cluster.
#[derive(Clone)]
pub(crate) struct Cluster(kube::Client);

/// Answer of a request.
pub(crate) type Answer = Result<Value, kube::Error>;

impl Cluster {
    pub(crate) async fn of(kubeconfig: &str) -> Self {
        let config = Kubeconfig::from_yaml(kubeconfig).expect("kubeconfig is YAML");
        let config = kube::Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await;
        Self(kube::Client::try_from(config.expect("kubeconfig is complete")).expect("client"))
    }

    /// Uses `kubeconfig` and acts as another user.
    pub(crate) async fn acting_as(kubeconfig: &str, user: &str) -> Self {
        let mut config = Kubeconfig::from_yaml(kubeconfig).expect("kubeconfig is YAML");
        for info in config.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
            info.impersonate = Some(user.to_owned());
        }
        let config = kube::Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await;
        Self(kube::Client::try_from(config.expect("kubeconfig is complete")).expect("client"))
    }

    pub(crate) async fn admin(world: &World) -> Self {
        Self::of(&world.admin_kubeconfig()).await
    }

    /// `kind` is `Kind.version.group`, or `Kind` for core v1.
    fn api(&self, kind: &str, namespace: &str) -> Api<DynamicObject> {
        let mut parts = kind.splitn(3, '.');
        let name = parts.next().unwrap_or_default();
        let (version, group) = (parts.next().unwrap_or("v1"), parts.next().unwrap_or(""));
        let plural = match name {
            "Endpoints" => "endpoints".to_owned(),
            _ => format!("{}s", name.to_lowercase()),
        };
        let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, name), &plural);
        match namespace {
            "" => Api::all_with(self.0.clone(), &resource),
            namespace => Api::namespaced_with(self.0.clone(), namespace, &resource),
        }
    }

    /// Server-side apply of an object, as a user would.
    pub(crate) async fn apply(&self, object: Value) -> Answer {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (api_version, kind) = (text("/apiVersion"), text("/kind"));
        let kind = match api_version.split_once('/') {
            Some((group, version)) => format!("{kind}.{version}.{group}"),
            None => kind.to_owned(),
        };
        let mut params = PatchParams::apply("test").force();
        params.field_validation = Some(kube::api::ValidationDirective::Strict);
        let api = self.api(&kind, text("/metadata/namespace"));
        api.patch(text("/metadata/name"), &params, &Patch::Apply(&object)).await.map(value)
    }

    pub(crate) async fn create(&self, kind: &str, namespace: &str, object: Value) -> Answer {
        let object: DynamicObject = serde_json::from_value(object).expect("an object");
        self.api(kind, namespace).create(&PostParams::default(), &object).await.map(value)
    }

    pub(crate) async fn patch(&self, kind: &str, namespace: &str, name: &str, patch: Value) -> Answer {
        self.api(kind, namespace).patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await.map(value)
    }

    pub(crate) async fn patch_status(&self, kind: &str, namespace: &str, name: &str, status: Value) -> Answer {
        let patch = json!({"status": status});
        let api = self.api(kind, namespace);
        api.patch_status(name, &PatchParams::default(), &Patch::Merge(&patch)).await.map(value)
    }

    pub(crate) async fn delete(&self, kind: &str, namespace: &str, name: &str) {
        self.api(kind, namespace).delete(name, &DeleteParams::default()).await.expect("deletion is accepted");
    }

    pub(crate) async fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        self.api(kind, namespace).get_opt(name).await.expect("get is answered").map(value)
    }

    pub(crate) async fn try_list(&self, kind: &str, namespace: &str) -> Result<usize, kube::Error> {
        Ok(self.api(kind, namespace).list(&ListParams::default()).await?.items.len())
    }

    pub(crate) async fn list(&self, kind: &str, namespace: &str) -> Vec<Value> {
        let list = self.api(kind, namespace).list(&ListParams::default()).await.expect("list is answered");
        list.items.into_iter().map(value).collect()
    }

    /// What the server says of its version.
    pub(crate) async fn version(&self) -> String {
        self.0.apiserver_version().await.expect("version is answered").git_version
    }

    /// The object once it is as it should be.
    pub(crate) async fn becomes(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Value {
        let what = format!("{kind} {namespace}/{name}");
        eventually(&what, async || match self.get(kind, namespace, name).await {
            Some(object) if holds(&object) => Ok(object),
            other => Err(other),
        })
        .await
    }

    pub(crate) async fn exists(&self, kind: &str, namespace: &str, name: &str) -> Value {
        self.becomes(kind, namespace, name, |_| true).await
    }

    pub(crate) async fn is_gone(&self, kind: &str, namespace: &str, name: &str) {
        eventually(&format!("end of {kind} {name}"), async || match self.get(kind, namespace, name).await {
            None => Ok(()),
            some => Err(some),
        })
        .await;
    }

    /// The objects of a kind once there are so many that are as they should be, and no others.
    pub(crate) async fn are(
        &self,
        kind: &str,
        namespace: &str,
        count: usize,
        holds: impl Fn(&Value) -> bool,
    ) -> Vec<Value> {
        eventually(&format!("{count} of {kind}"), async || {
            let all = self.list(kind, namespace).await;
            if all.len() == count && all.iter().all(&holds) { Ok(all) } else { Err(Some(json!(all))) }
        })
        .await
    }
}

fn value(object: DynamicObject) -> Value {
    serde_json::to_value(object).expect("an object is JSON")
}

/// Asks until the answer is `Ok`; what was seen last is shown if that never comes.
pub(crate) async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Result<T, Option<Value>>) -> T {
    let deadline = tokio::time::Instant::now() + LIMIT;
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(seen) if tokio::time::Instant::now() > deadline => {
                let seen = seen.map(|seen| format!("{seen:#}"));
                panic!("{what} never came; last seen: {}", seen.unwrap_or_else(|| "nothing".into()));
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(-1)
}

/// Whether Cluster API has taken its taint from a Node. What the API server adds is a node controller's, and stays.
pub(crate) fn is_initialized(node: &Value) -> bool {
    let taints = node["spec"]["taints"].as_array();
    taints.is_none_or(|all| all.iter().all(|taint| text(taint, "/key") != "node.cluster.x-k8s.io/uninitialized"))
}

pub(crate) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

pub(crate) fn condition(object: &Value, kind: &str) -> String {
    let all = object.pointer("/status/conditions").and_then(Value::as_array);
    let found = all.into_iter().flatten().find(|c| text(c, "/type") == kind);
    found.map(|c| text(c, "/status").to_owned()).unwrap_or_default()
}

/// Text of a Secret's data member.
pub(crate) fn secret_text(secret: &Value, key: &str) -> String {
    use base64::Engine as _;
    let data = secret["data"][key].as_str().unwrap_or_default();
    let bytes = base64::engine::general_purpose::STANDARD.decode(data).expect("Secret data is base64");
    String::from_utf8(bytes).expect("Secret data is text")
}

/// Makes `ring` the crypto provider of clients that take what the process offers.
pub(crate) fn choose_crypto() {
    // Some other test of this program may have been first; there is only one to choose.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
