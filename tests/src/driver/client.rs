//! The same commands through a client library.

use anyhow::{Context, Result};
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::ApiResource;
use kube::{Client, Config};
use serde_json::Value;

use crate::resource::Resource;

/// A client from the text of a kubeconfig.
///
/// # Errors
/// A kubeconfig that cannot be used.
pub async fn client_from_kubeconfig(kubeconfig: &str) -> Result<Client> {
    let parsed = Kubeconfig::from_yaml(kubeconfig).context("the kubeconfig cannot be read")?;
    let config = Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}

fn api(client: &Client, resource: &ApiResource, namespace: Option<&str>) -> Api<DynamicObject> {
    match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, resource),
        None => Api::all_with(client.clone(), resource),
    }
}

pub(super) async fn apply(client: &Client, yaml: &str) -> Result<()> {
    let object: Value = serde_saphyr::from_str(yaml).context("the manifest is not YAML")?;
    let kind = kube::core::TypeMeta {
        api_version: object["apiVersion"].as_str().unwrap_or_default().into(),
        kind: object["kind"].as_str().unwrap_or_default().into(),
    };
    let gvk = kube::core::GroupVersionKind::try_from(&kind)?;
    let (resource, _) = kube::discovery::pinned_kind(client, &gvk).await?;
    let name = object["metadata"]["name"].as_str().context("the manifest has no metadata.name")?;
    let namespace = object["metadata"]["namespace"].as_str();
    let api = api(client, &resource, namespace);
    if api.get_metadata_opt(name).await?.is_some() {
        let strict = Some(kube::api::ValidationDirective::Strict);
        let parameters = PatchParams { field_validation: strict, ..PatchParams::default() };
        api.patch(name, &parameters, &Patch::Merge(&object)).await?;
        return Ok(());
    }
    // The library's own `create` cannot ask for the strict validation that kubectl asks for by default.
    let request = http::Request::post(format!("{}?fieldValidation=Strict", api.resource_url()))
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(object.to_string().into_bytes())?;
    client.request::<Value>(request).await?;
    Ok(())
}

pub(super) async fn get(
    client: &Client,
    resource: Resource,
    namespace: Option<&str>,
    name: &str,
) -> Result<Option<Value>> {
    let found = api(client, &resource.api(), namespace).get_opt(name).await?;
    Ok(found.map(serde_json::to_value).transpose()?)
}

pub(super) async fn list(
    client: &Client,
    resource: Resource,
    namespace: Option<&str>,
    selector: &str,
) -> Result<Vec<Value>> {
    let found = api(client, &resource.api(), namespace).list(&ListParams::default().labels(selector)).await?;
    found.items.into_iter().map(|object| Ok(serde_json::to_value(object)?)).collect()
}

pub(super) async fn patch_json(
    client: &Client,
    resource: Resource,
    namespace: &str,
    name: &str,
    patch: &Value,
) -> Result<()> {
    let patch: Patch<Value> = Patch::Json(serde_json::from_value(patch.clone())?);
    api(client, &resource.api(), Some(namespace)).patch(name, &PatchParams::default(), &patch).await?;
    Ok(())
}

pub(super) async fn delete(client: &Client, resource: Resource, namespace: &str, name: &str) -> Result<()> {
    api(client, &resource.api(), Some(namespace)).delete(name, &DeleteParams::default()).await?;
    Ok(())
}
