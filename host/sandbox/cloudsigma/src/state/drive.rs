//! Drives: created, cloned, resized, mounted by being named in a server's definition.
//!
//! ```text
//!   creating ──┐
//!   cloning_dst┴─> unmounted <──> mounted        a source shows `cloning_src` while a clone of it is filled
//!                      └─ resizing ─┘
//! ```

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::{Outcome, World};
use crate::error::ApiError;

pub(crate) const LEAST_SIZE: u64 = 536_870_912;
pub(crate) const MOST_SIZE: u64 = 15_492_389_427_364;
const STORAGE_TYPES: [&str; 4] = ["dssd", "zadara", "nvme", "local_nvme"];

/// A drive of the account.
#[derive(Debug, Clone)]
pub(crate) struct Drive {
    pub(crate) uuid: String,
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) media: String,
    pub(crate) storage_type: String,
    pub(crate) allow_multimount: bool,
    pub(crate) affinities: Vec<Value>,
    pub(crate) iops: Option<i64>,
    pub(crate) meta: Map<String, Value>,
    pub(crate) work: Option<Work>,
    pub(crate) source_until: Option<Timestamp>,
    /// The server that it was taken from while running, and when that one has let go.
    pub(crate) released: Option<(String, Timestamp)>,
    /// The library image that is on it.
    pub(crate) image: Option<String>,
    pub(crate) jobs: Vec<String>,
}

/// What is being done to a drive.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) status: &'static str,
    pub(crate) until: Timestamp,
    pub(crate) then_size: u64,
}

impl World {
    pub(crate) fn settle_drives(&mut self) {
        let now = self.now;
        for drive in &mut self.drives {
            if let Some(work) = drive.work.take_if(|work| work.until <= now) {
                drive.size = work.then_size;
                drive.jobs.clear();
            }
            drive.source_until.take_if(|until| *until <= now);
            drive.released.take_if(|(_, until)| *until <= now);
        }
    }

    pub(crate) fn create_drive(&mut self, body: &Value) -> Outcome<String> {
        let fields = Fields::of(body)?;
        let name = fields.required_text("name")?.to_owned();
        let media = required_media(fields)?;
        let size = self.granule(fields.required_in("size", LEAST_SIZE, MOST_SIZE)?);
        let storage_type = storage_type(fields)?.unwrap_or("dssd").to_owned();
        self.refuse_when_full(&storage_type)?;
        let work = Work { status: "creating", until: self.now + self.options.delays.clone, then_size: size };
        let uuid = self.env.uuid();
        let mut drive = Drive::new(uuid.clone(), name, size, media, storage_type);
        drive.work = Some(work);
        let tags = fields.references("tags")?;
        drive.apply(fields)?;
        self.put_drive(drive, tags)
    }

    /// Adds a drive, with its tags; counts it as created.
    pub(crate) fn put_drive(&mut self, drive: Drive, tags: Option<Vec<String>>) -> Outcome<String> {
        let uuid = drive.uuid.clone();
        self.known_tags(tags.as_deref())?;
        self.drives.push(drive);
        self.drives_created += 1;
        self.set_tags_of(&uuid, tags);
        Ok(uuid)
    }

    pub(crate) fn clone_drive(&mut self, source: &str, body: &Value) -> Outcome<String> {
        let fields = Fields::of(body)?;
        let mut drive = self.clone_source(source)?;
        let asked = fields.optional_in("size", LEAST_SIZE, MOST_SIZE)?;
        if asked.is_some_and(|asked| asked < drive.size) {
            return Err(ApiError::validation("size", "Cannot be smaller than the source"));
        }
        let size = self.granule(asked.unwrap_or(drive.size));
        drive.size = size;
        drive.name = match fields.text("name")? {
            Some(name) => name.to_owned(),
            None => self.clone_name(&drive.name),
        };
        drive.media = media(fields)?.unwrap_or(drive.media);
        drive.storage_type = storage_type(fields)?.map_or(drive.storage_type, str::to_owned);
        self.refuse_when_full(&drive.storage_type)?;
        if let Some(affinities) = fields.list("affinities")? {
            drive.affinities = affinities.to_vec();
        }
        self.begin_clone(source, drive, size)
    }

    fn begin_clone(&mut self, source: &str, mut drive: Drive, size: u64) -> Outcome<String> {
        let until = self.now + self.options.delays.clone;
        drive.work = Some(Work { status: "cloning_dst", until, then_size: size });
        let uris = [source, &drive.uuid].map(|uuid| format!("/api/2.0/drives/{uuid}/")).to_vec();
        drive.jobs = vec![self.add_job("drive_clone", until, uris)];
        if let Ok(source) = self.drive_mut(source) {
            source.source_until = Some(until);
        }
        self.put_drive(drive, None)
    }

    /// A copy of a library image or of a drive of the account, under a new uuid.
    fn clone_source(&mut self, uuid: &str) -> Outcome<Drive> {
        let copy = self.env.uuid();
        if let Some(image) = self.image(uuid) {
            let mut drive = Drive::new(copy, image.name.clone(), image.size, image.media.to_owned(), "dssd".to_owned());
            (drive.meta, drive.image) = (image.meta(), Some(image.uuid.clone()));
            return Ok(drive);
        }
        let source = self.drive(uuid)?;
        if let Some(work) = &source.work {
            return Err(ApiError::permission(format!("Cannot clone drive in state \"{}\"", work.status)));
        }
        if source.storage_type == "local_nvme" {
            return Err(ApiError::permission("Cannot clone an ephemeral drive"));
        }
        Ok(Drive { uuid: copy, source_until: None, released: None, jobs: Vec::new(), ..source.clone() })
    }

    pub(crate) fn clone_name(&self, name: &str) -> String {
        match self.profile.get("clone_naming").and_then(Value::as_str).unwrap_or("NONE") {
            "COUNTER" => (1..)
                .map(|n| format!("{name}_{n}"))
                .find(|candidate| self.drives.iter().all(|drive| drive.name != *candidate))
                .unwrap_or_else(|| name.to_owned()),
            "DATE" => format!("{name}-{}", self.now.strftime("%Y-%m-%d")),
            "TIMESTAMP" => format!("{name}-{}", self.now.strftime("%Y-%m-%d %H:%M:%S")),
            _ => name.to_owned(),
        }
    }

    /// A full update. A new size starts a resize, except on a running server, where it is ignored.
    pub(crate) fn update_drive(&mut self, uuid: &str, body: &Value) -> Outcome<()> {
        let size = self.resize_request(uuid, body)?;
        let fields = Fields::of(body)?;
        let tags = fields.references("tags")?;
        self.known_tags(tags.as_deref())?;
        let mut changed = self.drive(uuid)?.clone();
        (changed.name, changed.media) = (fields.required_text("name")?.to_owned(), required_media(fields)?);
        changed.apply(fields)?;
        if !self.on_running_server(uuid) && size != changed.size {
            self.begin_resize(uuid, size)?;
            changed.work = self.drive(uuid)?.work.clone();
        }
        *self.drive_mut(uuid)? = changed;
        self.set_tags_of(uuid, tags);
        Ok(())
    }

    /// The resize action: unlike an update it refuses rather than ignores.
    pub(crate) fn resize_drive(&mut self, uuid: &str, body: &Value) -> Outcome<()> {
        self.drive(uuid)?;
        if self.on_running_server(uuid) {
            return Err(ApiError::permission("Cannot resize drive mounted on a running guest"));
        }
        let size = self.resize_request(uuid, body)?;
        if size == self.drive(uuid)?.size { Ok(()) } else { self.begin_resize(uuid, size) }
    }

    fn resize_request(&self, uuid: &str, body: &Value) -> Outcome<u64> {
        let fields = Fields::of(body)?;
        let drive = self.drive(uuid)?;
        fields.required_text("name")?;
        required_media(fields)?;
        let size = self.granule(fields.required_in("size", LEAST_SIZE, MOST_SIZE)?);
        if size < drive.size {
            return Err(ApiError::validation("size", "Drives cannot be made smaller"));
        }
        Ok(size)
    }

    fn begin_resize(&mut self, uuid: &str, then_size: u64) -> Outcome<()> {
        let until = self.now + self.options.delays.resize;
        let drive = self.drive_mut(uuid)?;
        if let Some(work) = &drive.work {
            return Err(ApiError::permission(format!("Cannot resize drive in state \"{}\"", work.status)));
        }
        drive.work = Some(Work { status: "resizing", until, then_size });
        Ok(())
    }

    pub(crate) fn delete_drive(&mut self, uuid: &str) -> Outcome<()> {
        let drive = self.drive(uuid)?;
        if let Some(work) = &drive.work {
            return Err(ApiError::permission(format!("Cannot delete drive in state \"{}\"", work.status)));
        }
        if self.on_running_server(uuid) {
            return Err(ApiError::permission("Cannot delete drive mounted on a running guest"));
        }
        if !self.options.quirks.delete_mounted_drives && !self.mounted_on(drive).is_empty() {
            return Err(ApiError::permission("Cannot delete drive in state \"mounted\""));
        }
        self.forget_drive(uuid);
        Ok(())
    }

    /// Removes a drive and everything that names it.
    pub(crate) fn forget_drive(&mut self, uuid: &str) {
        self.drives.retain(|drive| drive.uuid != uuid);
        self.servers.iter_mut().for_each(|server| server.drives.retain(|attached| attached.drive != uuid));
        self.snapshots.retain(|snapshot| snapshot.drive != uuid);
        self.untag(uuid);
    }

    /// Servers that hold this drive, the one that is about to let go included.
    pub(crate) fn mounted_on(&self, drive: &Drive) -> Vec<String> {
        let holds = |server: &&super::Server| server.drives.iter().any(|attached| attached.drive == drive.uuid);
        let mut servers: Vec<String> = self.servers.iter().filter(holds).map(|server| server.uuid.clone()).collect();
        let letting_go = drive.released.as_ref().map(|(server, _)| server);
        if let Some(server) = letting_go.filter(|server| !servers.contains(server)) {
            servers.push(server.clone());
        }
        servers
    }

    pub(crate) fn on_running_server(&self, uuid: &str) -> bool {
        self.servers.iter().any(|server| server.is_on() && server.drives.iter().any(|attached| attached.drive == uuid))
    }

    /// Rounded up to what the storage hands out.
    pub(crate) fn granule(&self, size: u64) -> u64 {
        size.next_multiple_of(self.options.quirks.storage_granule.max(1))
    }

    pub(crate) fn drive_status(&self, drive: &Drive) -> &'static str {
        match (&drive.work, drive.source_until) {
            (Some(work), _) => work.status,
            (None, Some(_)) => "cloning_src",
            (None, None) if self.mounted_on(drive).is_empty() => "unmounted",
            (None, None) => "mounted",
        }
    }

    pub(crate) fn drive_json(&self, drive: &Drive) -> Value {
        let filled = drive.work.as_ref().is_none_or(|work| work.status == "resizing");
        let ephemeral = drive.storage_type == "local_nvme";
        let snapshots = self.snapshots.iter().filter(|snapshot| snapshot.drive == drive.uuid);
        json!({
            "affinities": drive.affinities, "allow_multimount": drive.allow_multimount, "backup_scheduler": null,
            "grantees": [], "iops": drive.iops, "jobs": links("jobs", &drive.jobs), "licenses": [],
            "media": drive.media, "meta": drive.meta, "mounted_on": links("servers", &self.mounted_on(drive)),
            "name": drive.name, "owner": self.owner_link(), "permissions": [], "remote_snapshots": [],
            "resource_uri": format!("/api/2.0/drives/{}/", drive.uuid),
            "runtime": {
                "is_downloadable": !ephemeral, "is_ephemeral": ephemeral,
                "is_snapshotable": if filled { Value::from(!ephemeral) } else { Value::Null },
                "snapshots_allocated_size": 0, "storage_type": drive.storage_type,
            },
            "size": drive.size,
            "snapshots": snapshots.map(|snapshot| Self::link("snapshots", &snapshot.uuid)).collect::<Vec<_>>(),
            "status": self.drive_status(drive), "storage_type": drive.storage_type,
            "tags": links("tags", &self.tags_of(&drive.uuid)), "uuid": drive.uuid,
        })
    }

    pub(crate) fn job_json(&self, job: &super::Job) -> Value {
        let done = job.until <= self.now;
        let children = job.children.iter().filter_map(|uuid| self.jobs.iter().find(|job| job.uuid == *uuid));
        json!({
            "children": children.map(|job| self.job_json(job)).collect::<Vec<_>>(), "created": super::micros(job.created),
            "data": { "progress": if done { 100 } else { 0 } },
            "last_modified": super::micros(if done { job.until } else { job.created }), "operation": job.operation,
            "resource_uri": format!("/api/2.0/jobs/{}/", job.uuid), "resources": job.resources,
            "state": if done { "success" } else { "started" }, "uuid": job.uuid,
        })
    }
}

impl Drive {
    pub(crate) fn new(uuid: String, name: String, size: u64, media: String, storage_type: String) -> Self {
        Self {
            uuid,
            name,
            size,
            media,
            storage_type,
            allow_multimount: false,
            affinities: Vec::new(),
            iops: None,
            meta: Map::new(),
            work: None,
            source_until: None,
            released: None,
            image: None,
            jobs: Vec::new(),
        }
    }

    /// Takes over the optional members that were sent.
    fn apply(&mut self, fields: Fields<'_>) -> Outcome<()> {
        if let Some(meta) = fields.meta()? {
            self.meta = meta;
        }
        if let Some(flag) = fields.flag("allow_multimount")? {
            self.allow_multimount = flag;
        }
        if let Some(affinities) = fields.list("affinities")? {
            self.affinities = affinities.to_vec();
        }
        if fields.sent("iops") {
            self.iops = fields.integer("iops")?;
        }
        Ok(())
    }
}

fn media(fields: Fields<'_>) -> Outcome<Option<String>> {
    Ok(fields.one_of("media", &["disk", "cdrom"])?.map(str::to_owned))
}

fn required_media(fields: Fields<'_>) -> Outcome<String> {
    media(fields)?.ok_or_else(|| ApiError::required("media"))
}

fn storage_type<'a>(fields: Fields<'a>) -> Outcome<Option<&'a str>> {
    fields.one_of("storage_type", &STORAGE_TYPES)
}

/// Links to several objects of one kind.
pub(crate) fn links(kind: &str, uuids: &[String]) -> Vec<Value> {
    uuids.iter().map(|uuid| World::link(kind, uuid)).collect()
}
