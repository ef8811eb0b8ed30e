//! The Notes: defined, created, looked at and changed by the bench itself, as administrator.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use backplane_tests::wait::eventually;
use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::core::{DynamicObject, GroupVersionKind};
use kube::runtime::watcher;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use super::native::Note;

/// Namespaces that the Notes lie in.
const NAMESPACES: usize = 10;
/// Notes created at the same time.
const AT_ONCE: usize = 32;

/// Defines the kind, makes the namespaces, and gives the contender and the plugin's service account their rights.
pub(crate) async fn prepare(client: &Client, user: &str) -> Result<()> {
    create(client, "apiextensions.k8s.io/v1", "CustomResourceDefinition", definition()).await?;
    // The daemon's own Leases lie in `backplane`.
    for name in (0..NAMESPACES).map(namespace).chain(["backplane".to_owned()]) {
        create(client, "v1", "Namespace", json!({"metadata": {"name": name}})).await?;
    }
    let binding = json!({"metadata": {"name": "bench"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"},
            {"kind": "ServiceAccount", "name": "backplane-note", "namespace": "backplane"}]});
    create(client, "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", binding).await?;
    let notes: Api<Note> = Api::all(client.clone());
    eventually("Notes served", Duration::from_secs(60), async || {
        Ok(notes.list(&ListParams::default().limit(1)).await.map(drop).map_err(|error| error.to_string()))
    })
    .await
}

async fn create(client: &Client, api_version: &str, kind: &str, object: Value) -> Result<()> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let resource = kube::core::ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    let mut object = object;
    (object["apiVersion"], object["kind"]) = (api_version.into(), kind.into());
    let object: DynamicObject = serde_json::from_value(object)?;
    Api::<DynamicObject>::all_with(client.clone(), &resource).create(&PostParams::default(), &object).await?;
    Ok(())
}

fn definition() -> Value {
    let condition = json!({"type": "object", "required": ["type", "status"], "properties": {
        "type": {"type": "string"}, "status": {"type": "string"}, "reason": {"type": "string"}, "message": {"type": "string"},
        "lastTransitionTime": {"type": "string", "format": "date-time"},
        "observedGeneration": {"type": "integer", "format": "int64"}}});
    let conditions = json!({"type": "array", "items": condition, "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"]});
    let schema = json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {"text": {"type": "string"}}},
        "status": {"type": "object", "properties": {"ready": {"type": "boolean"}, "text": {"type": "string"},
            "child": {"type": "string"}, "conditions": conditions}}}});
    json!({"metadata": {"name": "notes.bench.example.org"},
        "spec": {"group": "bench.example.org", "scope": "Namespaced", "names": {"plural": "notes", "kind": "Note"},
            "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": schema}}]}})
}

fn namespace(i: usize) -> String {
    format!("bench-{}", i % NAMESPACES)
}

fn name(i: usize) -> String {
    format!("note-{i:05}")
}

/// Creates the Notes.
pub(crate) async fn fill(client: &Client, notes: usize) -> Result<()> {
    let create = |i: usize| {
        let api: Api<Note> = Api::namespaced(client.clone(), &namespace(i));
        let note = Note::new(&name(i), &format!("text {i} {}", "x".repeat(100)));
        async move { api.create(&PostParams::default(), &note).await.map(drop) }
    };
    stream::iter(0..notes).map(create).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    Ok(())
}

/// Waits until every Note says what it should.
pub(crate) async fn all_ready(client: &Client, notes: usize) -> Result<()> {
    let events = watcher(Api::<Note>::all(client.clone()), watcher::Config::default());
    let (mut events, mut ready) = (std::pin::pin!(events), HashSet::new());
    while let Some(event) = events.try_next().await? {
        if let watcher::Event::Apply(note) | watcher::Event::InitApply(note) = event
            && note.is_settled()
        {
            ready.insert((note.namespace(), note.name_any()));
        }
        if ready.len() == notes {
            return Ok(());
        }
    }
    anyhow::bail!("the watch ended")
}

/// Every Note has its ConfigMap, with the text of the Note.
pub(crate) async fn check_children(client: &Client, notes: usize) -> Result<()> {
    let children: Api<ConfigMap> = Api::all(client.clone());
    let children = children.list(&ListParams::default().labels("note")).await?;
    let texts = children.iter().filter(|child| child.data.as_ref().is_some_and(|data| data.contains_key("text")));
    ensure!(texts.count() == notes, "{} children for {notes} Notes", children.items.len());
    Ok(())
}

/// Changes the text of a Note; gives the time until its status says it.
pub(crate) async fn touch(client: &Client, i: usize, limit: Duration) -> Result<Duration> {
    let api: Api<Note> = Api::namespaced(client.clone(), &namespace(i));
    let text = format!("touched {i}");
    let this = format!("metadata.name={}", name(i));
    // The version of the list: the object's own may be older than what can still be watched from.
    let version =
        api.list(&ListParams::default().fields(&this)).await?.metadata.resource_version.context("a version")?;
    let only = WatchParams::default().fields(&this);
    let mut events = std::pin::pin!(api.watch(&only, &version).await?);
    let begin = Instant::now();
    let patch = json!({"spec": {"text": text}});
    api.patch(&name(i), &PatchParams::default(), &Patch::Merge(&patch)).await?;
    let said = async {
        while let Some(event) = events.try_next().await? {
            if let WatchEvent::Modified(note) = event
                && note.status.as_ref().is_some_and(|status| status.text == text)
            {
                return Ok(begin.elapsed());
            }
        }
        anyhow::bail!("the watch ended")
    };
    tokio::time::timeout(limit, said).await.context("the status never said so")?
}

/// Changes the text of a Note.
pub(crate) async fn set_text(client: &Client, i: usize, text: &str) -> Result<()> {
    let api: Api<Note> = Api::namespaced(client.clone(), &namespace(i));
    api.patch(&name(i), &PatchParams::default(), &Patch::Merge(&json!({"spec": {"text": text}}))).await?;
    Ok(())
}
