//! Tags: names with a list of what carries them. A list is always written whole.

use backplane_sdk::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::wire::{Objects, nullable};
use super::{Api, ApiError};

/// A tag.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Tag {
    pub(crate) uuid: String,
    pub(crate) name: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) meta: Value,
    #[serde(deserialize_with = "nullable")]
    pub(crate) resources: Vec<Resource>,
}

/// Something that carries a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Resource {
    pub(crate) uuid: String,
    /// `servers`, `drives`, `ips` and others; only read.
    #[serde(default, skip_serializing)]
    pub(crate) res_type: String,
}

impl Resource {
    /// A resource by its uuid.
    pub(crate) fn of(uuid: &str) -> Self {
        Self { uuid: uuid.to_owned(), res_type: String::new() }
    }
}

impl Api<'_> {
    /// All tags; the plain list is whole.
    pub(crate) fn tags(&self) -> Result<Vec<Tag>, ApiError> {
        self.get::<Objects<Tag>>("/tags/?limit=0").map(|list| list.objects)
    }

    /// Creates a tag that knows who made it.
    pub(crate) fn create_tag(&self, name: &str, resources: &[Resource], meta: &Value) -> Result<(), ApiError> {
        let tag = json!({"name": name, "resources": resources, "meta": meta});
        self.send::<_, Value>(Method::Post, "/tags/", &json!({"objects": [tag]})).map(drop)
    }

    /// Replaces what carries a tag. An empty list is sent as one, else the old members would stay.
    pub(crate) fn retag(&self, tag: &Tag, resources: &[Resource]) -> Result<(), ApiError> {
        let mut body = json!({"name": tag.name, "resources": resources});
        if tag.meta.is_object() {
            body["meta"] = tag.meta.clone();
        }
        self.send::<_, Value>(Method::Put, &format!("/tags/{}/", tag.uuid), &body).map(drop)
    }

    /// Deletes a tag.
    pub(crate) fn delete_tag(&self, uuid: &str) -> Result<(), ApiError> {
        self.remove(&format!("/tags/{uuid}/"))
    }
}
