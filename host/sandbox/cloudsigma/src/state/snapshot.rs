//! Snapshots of drives.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::drive::{Work, links};
use super::fields::Fields;
use super::{Drive, Outcome, World};
use crate::error::ApiError;

/// A snapshot.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) uuid: String,
    pub(crate) drive: String,
    pub(crate) name: String,
    pub(crate) meta: Map<String, Value>,
    pub(crate) created: Timestamp,
    pub(crate) ready: bool,
}

impl World {
    pub(crate) fn settle_snapshots(&mut self) {
        let due = self.now - self.options.delays.clone;
        self.snapshots.iter_mut().filter(|snapshot| snapshot.created <= due).for_each(|snapshot| snapshot.ready = true);
    }

    pub(crate) fn create_snapshot(&mut self, body: &Value) -> Outcome<String> {
        let fields = Fields::of(body)?;
        let drive = fields.reference("drive")?.ok_or_else(|| ApiError::required("drive"))?;
        let source = self.drive(&drive)?;
        if let Some(work) = &source.work {
            return Err(ApiError::permission(format!("Cannot snapshot drive in state \"{}\"", work.status)));
        }
        if source.storage_type == "local_nvme" {
            return Err(ApiError::permission("Cannot snapshot an ephemeral drive"));
        }
        let usual = || format!("{drive}__{}", self.now.strftime("%Y-%m-%d__%H_%M_%S"));
        let name = fields.text("name")?.map_or_else(usual, str::to_owned);
        let (meta, uuid, created) = (fields.meta()?.unwrap_or_default(), self.env.uuid(), self.now);
        self.snapshots.push(Snapshot { uuid: uuid.clone(), drive, name, meta, created, ready: false });
        Ok(uuid)
    }

    pub(crate) fn snapshot(&self, uuid: &str) -> Outcome<&Snapshot> {
        self.snapshots.iter().find(|snapshot| snapshot.uuid == uuid).ok_or_else(ApiError::not_found)
    }

    pub(crate) fn update_snapshot(&mut self, uuid: &str, body: &Value) -> Outcome<()> {
        self.snapshot(uuid)?;
        let fields = Fields::of(body)?;
        let (name, meta, tags) = (fields.text("name")?, fields.meta()?, fields.references("tags")?);
        self.known_tags(tags.as_deref())?;
        for snapshot in self.snapshots.iter_mut().filter(|snapshot| snapshot.uuid == uuid) {
            snapshot.name = name.map_or_else(|| snapshot.name.clone(), str::to_owned);
            snapshot.meta = meta.clone().unwrap_or_else(|| snapshot.meta.clone());
        }
        self.set_tags_of(uuid, tags);
        Ok(())
    }

    pub(crate) fn delete_snapshot(&mut self, uuid: &str) -> Outcome<()> {
        self.snapshot(uuid)?;
        self.snapshots.retain(|snapshot| snapshot.uuid != uuid);
        self.untag(uuid);
        Ok(())
    }

    /// A drive filled from a snapshot; named like it unless told otherwise.
    pub(crate) fn clone_snapshot(&mut self, uuid: &str, body: &Value) -> Outcome<String> {
        let snapshot = self.snapshot(uuid)?.clone();
        if !snapshot.ready {
            return Err(ApiError::permission("Cannot clone snapshot in state \"creating\""));
        }
        let name = Fields::of(body)?.text("name")?.unwrap_or(&snapshot.name).to_owned();
        let source = self.drive(&snapshot.drive)?.clone();
        let until = self.now + self.options.delays.clone;
        let copy = self.env.uuid();
        let job = self.add_job("drive_clone", until, vec![format!("/api/2.0/drives/{copy}/")]);
        let work = Some(Work { status: "cloning_dst", until, then_size: source.size });
        let drive = Drive {
            name,
            work,
            meta: Map::new(),
            image: source.image,
            jobs: vec![job],
            ..Drive::new(copy, String::new(), source.size, source.media, source.storage_type)
        };
        self.put_drive(drive, None)
    }

    pub(crate) fn snapshot_json(&self, snapshot: &Snapshot) -> Value {
        json!({
            "allocated_size": if snapshot.ready { Value::from(0) } else { Value::Null },
            "drive": Self::link("drives", &snapshot.drive), "grantees": [], "meta": snapshot.meta,
            "name": snapshot.name, "owner": self.owner_link(), "permissions": [],
            "resource_uri": format!("/api/2.0/snapshots/{}/", snapshot.uuid),
            "status": if snapshot.ready { "available" } else { "creating" },
            "tags": links("tags", &self.tags_of(&snapshot.uuid)),
            "timestamp": snapshot.created.strftime("%Y-%m-%d %H:%M:%S.%6f+00:00").to_string(), "uuid": snapshot.uuid,
        })
    }
}
