//! Servers.

use backplane_sdk::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::wire::{Link, Objects, nullable};
use super::{Api, ApiError};

/// A server, with the members that matter here. User data and password are skipped while reading.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Server {
    pub(crate) uuid: String,
    pub(crate) name: String,
    pub(crate) status: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) meta: Marks,
    #[serde(deserialize_with = "nullable")]
    pub(crate) drives: Vec<Attachment>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) nics: Vec<Nic>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) runtime: Runtime,
    #[serde(deserialize_with = "nullable")]
    pub(crate) tags: Vec<Link>,
}

/// The part of `meta` that says whose a resource is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Marks {
    #[serde(rename = "machine-uid")]
    pub(crate) machine_uid: Option<String>,
    pub(crate) cluster: Option<String>,
}

/// A drive of a server.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Attachment {
    pub(crate) drive: Link,
}

/// An interface, in the definition or in the runtime.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Nic {
    pub(crate) ip_v4_conf: Option<Conf>,
    pub(crate) ip_v4: Option<Link>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) runtime: NicRuntime,
}

/// Configured address.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Conf {
    pub(crate) ip: Option<Link>,
}

/// Present address.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NicRuntime {
    pub(crate) ip_v4: Option<Link>,
}

/// What a server that is powered on has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Runtime {
    #[serde(deserialize_with = "nullable")]
    pub(crate) nics: Vec<Nic>,
}

impl Api<'_> {
    /// All servers, whole.
    pub(crate) fn servers(&self) -> Result<Vec<Server>, ApiError> {
        self.get::<Objects<Server>>("/servers/detail/?limit=0").map(|list| list.objects)
    }

    /// One server.
    pub(crate) fn server(&self, uuid: &str) -> Result<Server, ApiError> {
        self.get(&format!("/servers/{uuid}/"))
    }

    /// Creates a server from its definition. It does not start.
    pub(crate) fn create_server(&self, definition: &Value) -> Result<Server, ApiError> {
        let created: Objects<Server> = self.send(Method::Post, "/servers/", &json!({"objects": [definition]}))?;
        created.objects.into_iter().next().ok_or_else(|| ApiError::Unclear("the answer names no server".into()))
    }

    /// Adds entries to a server's `meta`, writing back the whole definition that was read just now.
    pub(crate) fn add_server_meta(&self, uuid: &str, entries: &Value) -> Result<Server, ApiError> {
        let path = format!("/servers/{uuid}/");
        let mut definition: Value = self.get(&path)?;
        strip(&mut definition);
        extend(&mut definition["meta"], entries);
        self.send(Method::Put, &path, &definition)
    }

    /// Powers a server on.
    pub(crate) fn start_server(&self, uuid: &str) -> Result<(), ApiError> {
        self.act(&format!("/servers/{uuid}/action/?do=start"))
    }

    /// Powers a server off.
    pub(crate) fn stop_server(&self, uuid: &str) -> Result<(), ApiError> {
        self.act(&format!("/servers/{uuid}/action/?do=stop"))
    }

    /// Deletes a server; its drives stay.
    pub(crate) fn delete_server(&self, uuid: &str) -> Result<(), ApiError> {
        self.remove(&format!("/servers/{uuid}/"))
    }
}

/// Takes out what the cloud owns: sent back it would be ignored at best.
fn strip(definition: &mut Value) {
    const OWNED: [&str; 8] =
        ["resource_uri", "runtime", "status", "uuid", "owner", "permissions", "mounted_on", "grantees"];
    if let Some(members) = definition.as_object_mut() {
        members.retain(|key, _| !OWNED.contains(&key.as_str()));
    }
}

/// Adds members to an object, making one of anything else.
pub(super) fn extend(object: &mut Value, entries: &Value) {
    if !object.is_object() {
        *object = json!({});
    }
    if let (Some(object), Some(entries)) = (object.as_object_mut(), entries.as_object()) {
        object.extend(entries.clone());
    }
}
