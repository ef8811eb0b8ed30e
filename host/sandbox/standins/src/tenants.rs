//! Connections to tenant clusters, made as the real programs make them: from the kubeconfig Secret, with a real client.
//!
//! One connection per cluster, made anew when the Secret changes. Cluster API core also wants to know when a Node
//! changes: [`Tenants::nodes`] keeps a watch per cluster and answers from what it has seen.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::WatchEvent;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::client::Client;
use crate::error::Error;
use crate::kinds::{Kind, NODE, SECRET, Scope};
use crate::kubeadm::token::decode;
use crate::object;
use crate::queue::Key;
use crate::runner::Tasks;

/// A request that takes longer counts as failed: a tenant that hangs must not hold a worker.
const REQUEST: Duration = Duration::from_secs(5);
/// Pause before a broken watch is begun anew.
const REWATCH: Duration = Duration::from_millis(300);

/// What is told when a Node of a cluster changed.
pub(crate) type Notify = Arc<dyn Fn(&Key) + Send + Sync>;

/// Connections of one stand-in.
#[derive(Clone)]
pub(crate) struct Tenants(Arc<Shared>);

struct Shared {
    client: Client,
    tasks: Tasks,
    known: Mutex<BTreeMap<Key, Arc<Known>>>,
}

struct Known {
    /// The kubeconfig that the connection was made from.
    kubeconfig: String,
    tenant: Tenant,
    nodes: Mutex<Nodes>,
    /// Ends the watch when the connection is replaced.
    stop: CancellationToken,
}

#[derive(Default)]
struct Nodes {
    watched: bool,
    synced: bool,
    all: BTreeMap<String, Value>,
}

/// A connection to one tenant cluster.
#[derive(Clone)]
pub(crate) struct Tenant {
    cluster: String,
    client: kube::Client,
}

impl Tenants {
    /// No connections yet.
    pub(crate) fn new(client: Client, tasks: Tasks) -> Self {
        Self(Arc::new(Shared { client, tasks, known: Mutex::default() }))
    }

    /// The connection to a cluster; `None` while it has no kubeconfig Secret.
    pub(crate) async fn tenant(&self, cluster: &Key) -> Result<Option<Tenant>, Error> {
        Ok(self.known(cluster).await?.map(|known| known.tenant.clone()))
    }

    /// The cluster's Nodes as last seen, and `notify` whenever one changes. `None` before the first list.
    pub(crate) async fn nodes(&self, cluster: &Key, notify: &Notify) -> Result<Option<Vec<Value>>, Error> {
        let Some(known) = self.known(cluster).await? else { return Ok(None) };
        let (nodes, begin) = {
            let mut nodes = known.nodes.lock().unwrap_or_else(PoisonError::into_inner);
            let begin = !std::mem::replace(&mut nodes.watched, true);
            (nodes.synced.then(|| nodes.all.values().cloned().collect()), begin)
        };
        if begin {
            let watch = follow_nodes(known.clone(), cluster.clone(), notify.clone(), self.0.tasks.clone());
            let stop = known.stop.clone();
            self.0.tasks.spawn(async move {
                stop.run_until_cancelled(watch).await;
            });
        }
        Ok(nodes)
    }

    /// Drops the connection to a cluster.
    pub(crate) fn forget(&self, cluster: &Key) {
        if let Some(known) = self.lock().remove(cluster) {
            known.stop.cancel();
        }
    }

    async fn known(&self, cluster: &Key) -> Result<Option<Arc<Known>>, Error> {
        let name = format!("{}-kubeconfig", cluster.name);
        let Some(secret) = self.0.client.get(&SECRET, &cluster.namespace, &name).await? else {
            self.forget(cluster);
            return Ok(None);
        };
        let kubeconfig = decode(object::text(&secret, "/data/value")).unwrap_or_default();
        if let Some(known) = self.lock().get(cluster).filter(|known| known.kubeconfig == kubeconfig) {
            return Ok(Some(known.clone()));
        }
        let client = connect(&cluster.name, &kubeconfig).await?;
        let tenant = Tenant { cluster: cluster.to_string(), client };
        let stop = self.0.tasks.stop.child_token();
        let known = Arc::new(Known { kubeconfig, tenant, nodes: Mutex::default(), stop });
        if let Some(old) = self.lock().insert(cluster.clone(), known.clone()) {
            old.stop.cancel();
        }
        Ok(Some(known))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Arc<Known>>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connect(cluster: &str, kubeconfig: &str) -> Result<kube::Client, Error> {
    let unusable = |what: String| Error::Kubeconfig { cluster: cluster.to_owned(), what };
    let parsed = Kubeconfig::from_yaml(kubeconfig).map_err(|e| unusable(e.to_string()))?;
    let config = kube::Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await;
    let mut config = config.map_err(|e| unusable(e.to_string()))?;
    config.connect_timeout = Some(REQUEST);
    kube::Client::try_from(config).map_err(|e| unusable(e.to_string()))
}

async fn follow_nodes(known: Arc<Known>, cluster: Key, notify: Notify, tasks: Tasks) {
    loop {
        if let Err(error) = follow_nodes_once(&known, &cluster, &notify).await {
            debug!(%cluster, %error, "watch of nodes ended");
        }
        tasks.env.clock.sleep(REWATCH).await;
    }
}

async fn follow_nodes_once(known: &Known, cluster: &Key, notify: &Notify) -> Result<(), kube::Error> {
    let api = known.tenant.api(&NODE, "");
    let list = api.list(&ListParams::default()).await?;
    let version = list.metadata.resource_version.clone().unwrap_or_default();
    let all = list.items.into_iter().map(to_value).map(|node| (object::name(&node).to_owned(), node)).collect();
    {
        let mut nodes = known.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.all = all;
        nodes.synced = true;
    }
    notify(cluster);
    let mut changes = api.watch(&WatchParams::default(), &version).await?.boxed();
    while let Some(change) = changes.next().await {
        let mut nodes = known.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        match change? {
            WatchEvent::Added(node) | WatchEvent::Modified(node) => {
                let node = to_value(node);
                let before = nodes.all.insert(object::name(&node).to_owned(), node.clone());
                if before.is_some_and(|before| essence(before) == essence(node)) {
                    continue;
                }
            }
            WatchEvent::Deleted(node) => {
                nodes.all.remove(object::name(&to_value(node)));
            }
            WatchEvent::Bookmark(_) => continue,
            WatchEvent::Error(_) => return Ok(()),
        }
        drop(nodes);
        notify(cluster);
    }
    Ok(())
}

/// A Node without what changes with every heartbeat and means nothing.
fn essence(mut node: Value) -> Value {
    for member in ["resourceVersion", "managedFields"] {
        object::take(&mut node, &["metadata", member]);
    }
    let conditions = node.pointer_mut("/status/conditions").and_then(Value::as_array_mut);
    for condition in conditions.into_iter().flatten() {
        object::take(condition, &["lastHeartbeatTime"]);
    }
    node
}

fn to_value(object: DynamicObject) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

impl Tenant {
    fn api(&self, kind: &Kind, namespace: &str) -> Api<DynamicObject> {
        let resource = kind.resource();
        match kind.scope {
            Scope::Cluster => Api::all_with(self.client.clone(), &resource),
            Scope::Namespaced => Api::namespaced_with(self.client.clone(), namespace, &resource),
        }
    }

    /// Bounds a request in time and names the cluster in its error.
    async fn ask<T>(&self, request: impl Future<Output = Result<T, kube::Error>>) -> Result<T, Error> {
        let cluster = || self.cluster.clone();
        match tokio::time::timeout(REQUEST, request).await {
            Ok(answer) => answer.map_err(|e| Error::Tenant { cluster: cluster(), source: Box::new(e) }),
            Err(_) => Err(Error::Object(format!("tenant cluster {} did not answer in time", cluster()))),
        }
    }

    /// The object, or `None`.
    pub(crate) async fn get(&self, kind: &Kind, namespace: &str, name: &str) -> Result<Option<Value>, Error> {
        let api = self.api(kind, namespace);
        Ok(self.ask(api.get_opt(name)).await?.map(to_value))
    }

    /// Makes an object.
    pub(crate) async fn create(&self, kind: &Kind, object: &Value) -> Result<(), Error> {
        let api = self.api(kind, object::namespace(object));
        let body: DynamicObject = serde_json::from_value(object.clone())
            .map_err(|e| Error::Object(format!("{} cannot be sent: {e}", kind.kind)))?;
        self.ask(api.create(&PostParams::default(), &body)).await.map(|_| ())
    }

    /// Sends a merge patch.
    pub(crate) async fn patch(&self, kind: &Kind, object: &Value, patch: &Value) -> Result<(), Error> {
        let api = self.api(kind, object::namespace(object));
        let params = PatchParams::default();
        self.ask(api.patch(object::name(object), &params, &Patch::Merge(patch))).await.map(|_| ())
    }

    /// Removes an object; one that is gone already is no error.
    pub(crate) async fn delete(&self, kind: &Kind, namespace: &str, name: &str) -> Result<(), Error> {
        let api = self.api(kind, namespace);
        let params = DeleteParams::default();
        match self.ask(api.delete(name, &params)).await {
            Err(Error::Tenant { source, .. }) if is_not_found(&source) => Ok(()),
            other => other.map(|_| ()),
        }
    }
}

fn is_not_found(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_heartbeat_is_no_change_and_a_condition_is() {
        let node = |version: &str, beat: &str, status: &str| {
            json!({"metadata": {"name": "n", "resourceVersion": version}, "status": {"conditions": [
                {"type": "Ready", "status": status, "lastHeartbeatTime": beat}]}})
        };
        assert_eq!(essence(node("1", "a", "True")), essence(node("2", "b", "True")));
        assert_ne!(essence(node("1", "a", "True")), essence(node("2", "b", "False")));
    }
}
