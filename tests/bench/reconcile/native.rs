//! The same logic natively, as one writes it on kube-rs: server-side apply of the child, a status patch where something
//! changed.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures::StreamExt;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta, Time};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::Controller;
use kube::runtime::controller::{Action, Config as ControllerConfig};
use kube::runtime::watcher::Config as WatcherConfig;
use kube::{Api, Client, Config, Resource, ResourceExt};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The kind that is reconciled.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Note {
    api_version: String,
    kind: String,
    metadata: ObjectMeta,
    spec: NoteSpec,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<NoteStatus>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct NoteSpec {
    text: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct NoteStatus {
    #[serde(default)]
    ready: bool,
    #[serde(default)]
    pub(crate) text: String,
    #[serde(default)]
    child: String,
    #[serde(default)]
    conditions: Vec<Condition>,
}

impl Note {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let metadata = ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() };
        let (api_version, kind) = (Self::api_version(&()).into(), Self::kind(&()).into());
        Self { api_version, kind, metadata, spec: NoteSpec { text: text.into() }, status: None }
    }

    /// What is wanted.
    pub(crate) fn text(&self) -> &str {
        &self.spec.text
    }

    /// Whether its status says what it should.
    pub(crate) fn is_settled(&self) -> bool {
        let reconciled =
            |status: &NoteStatus| status.conditions.iter().any(|c| c.type_ == "Reconciled" && c.status == "True");
        self.status.as_ref().is_some_and(|status| status.ready && status.text == self.spec.text && reconciled(status))
    }

    fn wanted_status(&self) -> NoteStatus {
        let known = self.status.iter().flat_map(|status| &status.conditions).find(|c| c.type_ == "Reconciled");
        let since = known.map_or_else(|| Time(Timestamp::now()), |known| known.last_transition_time.clone());
        let condition = Condition {
            type_: "Reconciled".into(),
            status: "True".into(),
            reason: "Succeeded".into(),
            message: String::new(),
            last_transition_time: since,
            observed_generation: self.metadata.generation,
        };
        NoteStatus { ready: true, text: self.spec.text.clone(), child: self.name_any(), conditions: vec![condition] }
    }
}

impl Resource for Note {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "Note".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "bench.example.org".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "notes".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// Runs until it is killed: `bench reconcile-native WORKERS KUBECONFIG`.
pub(crate) async fn run(workers: &str, kubeconfig: &Path) -> Result<()> {
    let config = Kubeconfig::read_from(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?;
    let client = Client::try_from(config)?;
    let notes: Api<Note> = Api::all(client.clone());
    let children: Api<ConfigMap> = Api::all(client.clone());
    Controller::new(notes, WatcherConfig::default())
        .owns(children, WatcherConfig::default())
        .with_config(ControllerConfig::default().concurrency(workers.parse()?))
        .shutdown_on_signal()
        .run(reconcile, |_, _, _| Action::requeue(Duration::from_secs(1)), Arc::new(client))
        .for_each(|_| futures::future::ready(()))
        .await;
    Ok(())
}

async fn reconcile(note: Arc<Note>, client: Arc<Client>) -> Result<Action, kube::Error> {
    if note.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let (name, namespace) = (note.name_any(), note.namespace().unwrap_or_default());
    let children: Api<ConfigMap> = Api::namespaced((*client).clone(), &namespace);
    let apply = PatchParams::apply("native").force();
    children.patch(&name, &apply, &Patch::Apply(child(&note))).await?;
    let status = note.wanted_status();
    if note.status.as_ref() != Some(&status) {
        let notes: Api<Note> = Api::namespaced((*client).clone(), &namespace);
        notes.patch_status(&name, &PatchParams::default(), &Patch::Merge(json!({"status": status}))).await?;
    }
    Ok(Action::await_change())
}

fn child(note: &Note) -> ConfigMap {
    let metadata = ObjectMeta {
        name: Some(note.name_any()),
        namespace: note.namespace(),
        labels: Some([("note".to_owned(), note.name_any())].into()),
        owner_references: note.controller_owner_ref(&()).map(|owner| vec![owner]),
        ..ObjectMeta::default()
    };
    ConfigMap { metadata, data: Some([("text".to_owned(), note.spec.text.clone())].into()), ..ConfigMap::default() }
}
