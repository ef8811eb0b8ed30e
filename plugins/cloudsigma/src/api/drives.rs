//! Drives and library images.

use backplane_sdk::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::servers::{Marks, extend};
use super::wire::{Link, Objects, nullable};
use super::{Api, ApiError};

/// A drive.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Drive {
    pub(crate) uuid: String,
    pub(crate) name: String,
    pub(crate) status: String,
    /// Bytes.
    pub(crate) size: u64,
    pub(crate) media: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) meta: Value,
    #[serde(deserialize_with = "nullable")]
    pub(crate) mounted_on: Vec<Link>,
    /// Where it was read from; images of the library are cloned there.
    #[serde(skip)]
    pub(crate) in_library: bool,
}

impl Drive {
    /// The machine whose mark it carries.
    pub(crate) fn machine_uid(&self) -> Option<&str> {
        self.meta.get("machine-uid").and_then(Value::as_str)
    }

    /// The marks that say whose it is.
    pub(crate) fn marks(&self) -> Marks {
        Marks::deserialize(&self.meta).unwrap_or_default()
    }

    /// Whether it is attached, also to a server that does not run.
    pub(crate) fn is_mounted(&self) -> bool {
        self.status == "mounted" || !self.mounted_on.is_empty()
    }
}

impl Api<'_> {
    /// All drives of the account, whole; library images are not among them.
    pub(crate) fn drives(&self) -> Result<Vec<Drive>, ApiError> {
        self.get::<Objects<Drive>>("/drives/detail/?limit=0").map(|list| list.objects)
    }

    /// What a disk is cloned from: a drive, or an image of the library.
    pub(crate) fn image(&self, uuid: &str) -> Result<Drive, ApiError> {
        match self.get::<Drive>(&format!("/drives/{uuid}/")) {
            Err(ApiError::NotFound) => {
                self.get(&format!("/libdrives/{uuid}/")).map(|image| Drive { in_library: true, ..image })
            }
            other => other,
        }
    }

    /// Clones a drive; the new one is not usable before its state says so.
    pub(crate) fn clone_drive(&self, source: &Drive, body: &Value) -> Result<Drive, ApiError> {
        let place = if source.in_library { "libdrives" } else { "drives" };
        let path = format!("/{place}/{}/action/?do=clone", source.uuid);
        let cloned: Objects<Drive> = self.send(Method::Post, &path, body)?;
        cloned.objects.into_iter().next().ok_or_else(|| ApiError::Unclear("the answer names no drive".into()))
    }

    /// Grows a drive that no running server uses.
    pub(crate) fn resize_drive(&self, drive: &Drive, size: u64) -> Result<(), ApiError> {
        let body = json!({"name": drive.name, "media": drive.media, "size": size});
        self.send::<_, Value>(Method::Post, &format!("/drives/{}/action/?do=resize", drive.uuid), &body).map(drop)
    }

    /// Adds entries to a drive's `meta`.
    pub(crate) fn add_drive_meta(&self, drive: &Drive, entries: &Value) -> Result<Drive, ApiError> {
        let mut meta = drive.meta.clone();
        extend(&mut meta, entries);
        let body = json!({"name": drive.name, "media": drive.media, "size": drive.size, "meta": meta});
        self.send(Method::Put, &format!("/drives/{}/", drive.uuid), &body)
    }

    /// Deletes a drive.
    pub(crate) fn delete_drive(&self, uuid: &str) -> Result<(), ApiError> {
        self.remove(&format!("/drives/{uuid}/"))
    }
}
