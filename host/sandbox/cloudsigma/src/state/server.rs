//! Servers: their definition, its rules, and the object that shows them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::drive::links;
use super::fields::Fields;
use super::nic::Nic;
use super::power::Power;
use super::{Outcome, World, seconds};
use crate::error::ApiError;

/// Bounds that `/capabilities/` publishes.
pub(crate) const CPU: (u64, u64) = (250, 96_000);
pub(crate) const MEM: (u64, u64) = (268_435_456, 558_345_748_480);
pub(crate) const SMP: (u64, u64) = (1, 32);
const LEAST_CORE_SPEED: u64 = 1_000;

/// A server of the account.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) uuid: String,
    pub(crate) name: String,
    /// MHz over all cores.
    pub(crate) cpu: u64,
    /// Bytes.
    pub(crate) mem: u64,
    pub(crate) smp: u64,
    pub(crate) vnc_password: String,
    /// Members that are kept and shown, and mean nothing here.
    pub(crate) settings: Map<String, Value>,
    pub(crate) drives: Vec<Attachment>,
    pub(crate) nics: Vec<Nic>,
    pub(crate) meta: Map<String, Value>,
    pub(crate) pubkeys: Vec<String>,
    pub(crate) power: Power,
    /// How often it was switched on.
    pub(crate) boots: u64,
    pub(crate) visible_at: Timestamp,
    pub(crate) jobs: Vec<String>,
}

/// A drive in a server's definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub(crate) drive: String,
    pub(crate) device: String,
    pub(crate) dev_channel: String,
    pub(crate) boot_order: Option<i64>,
}

impl Server {
    /// Whether it has, is getting or is losing power.
    pub(crate) fn is_on(&self) -> bool {
        !matches!(self.power, Power::Stopped)
    }

    /// The drive it boots from: the lowest boot order.
    pub(crate) fn boot_drive(&self) -> Option<&Attachment> {
        self.drives.iter().filter(|drive| drive.boot_order.is_some()).min_by_key(|drive| drive.boot_order)
    }
}

impl World {
    pub(crate) fn create_server(&mut self, body: &Value) -> Outcome<String> {
        let fields = Fields::of(body)?;
        let uuid = self.env.uuid();
        let mut server = Server {
            uuid: uuid.clone(),
            name: String::new(),
            cpu: 0,
            mem: 0,
            smp: 1,
            vnc_password: String::new(),
            settings: default_settings(),
            drives: Vec::new(),
            nics: Vec::new(),
            meta: Map::new(),
            pubkeys: Vec::new(),
            power: Power::Stopped,
            boots: 0,
            visible_at: self.now + self.options.quirks.list_lag,
            jobs: Vec::new(),
        };
        self.define(&mut server, fields, Live::No)?;
        let tags = fields.references("tags")?;
        self.known_tags(tags.as_deref())?;
        self.refuse_when_full("server")?;
        self.servers.push(server);
        self.servers_created += 1;
        self.set_tags_of(&uuid, tags);
        Ok(uuid)
    }

    /// A full update: required members must be there, absent ones keep their value, present ones are replaced whole.
    pub(crate) fn update_server(&mut self, uuid: &str, body: &Value) -> Outcome<()> {
        let fields = Fields::of(body)?;
        let mut server = self.server(uuid)?.clone();
        let live = match (server.is_on(), self.options.quirks.live_changes) {
            (false, _) => Live::No,
            (true, true) => Live::Devices,
            (true, false) => Live::NamesOnly,
        };
        let before = server.drives.clone();
        self.define(&mut server, fields, live)?;
        let tags = fields.references("tags")?;
        self.known_tags(tags.as_deref())?;
        if server.is_on() {
            self.let_go(&server, &before);
        }
        let uuid = server.uuid.clone();
        *self.server_mut(&uuid)? = server;
        self.set_tags_of(&uuid, tags);
        self.refresh_addresses(&uuid);
        Ok(())
    }

    fn define(&mut self, server: &mut Server, fields: Fields<'_>, live: Live) -> Outcome<()> {
        let name = fields.required_text("name")?.to_owned();
        let hardware = self.hardware(server, fields)?;
        let vnc_password = fields.required_text("vnc_password")?.to_owned();
        server.name = name;
        if let Some(meta) = fields.meta()? {
            server.meta = meta;
        }
        if live == Live::NamesOnly {
            return Ok(());
        }
        if let Some(drives) = fields.list("drives")? {
            server.drives = self.attachments(server, drives)?;
        }
        if let Some(nics) = fields.list("nics")? {
            server.nics = self.nics(server, nics)?;
        }
        if live == Live::Devices {
            return Ok(());
        }
        (server.cpu, server.mem, server.smp) = hardware;
        server.vnc_password = vnc_password;
        if let Some(pubkeys) = fields.references("pubkeys")? {
            self.known_keys(&pubkeys)?;
            server.pubkeys = pubkeys;
        }
        apply_settings(server, fields)
    }

    /// CPU, memory and cores, checked whether or not they will be applied.
    fn hardware(&self, server: &Server, fields: Fields<'_>) -> Outcome<(u64, u64, u64)> {
        let cpu = fields.required_in("cpu", CPU.0, CPU.1)?;
        let mem = fields.required_in("mem", MEM.0, MEM.1)?;
        let cpu_type = fields.one_of("cpu_type", &["amd", "intel"])?;
        let cpu_type = cpu_type.or_else(|| server.settings.get("cpu_type").and_then(Value::as_str)).unwrap_or("amd");
        let most = most_core_speed(cpu_type);
        let enough = cpu.div_ceil(most).max(server.smp);
        let smp = fields.optional_in("smp", SMP.0, SMP.1)?.unwrap_or(enough);
        if smp > 1 && cpu / smp < LEAST_CORE_SPEED {
            return Err(ApiError::validation("cpu", format!("Each core needs {LEAST_CORE_SPEED} MHz at least")));
        }
        if self.options.quirks.limit_core_speed && cpu.div_ceil(smp) > most {
            return Err(ApiError::validation("cpu", format!("A core has {most} MHz at most")));
        }
        Ok((cpu, mem, smp))
    }

    fn attachments(&self, server: &Server, items: &[Value]) -> Outcome<Vec<Attachment>> {
        let mut attached: Vec<Attachment> = Vec::with_capacity(items.len());
        for item in items {
            let next = self.attachment(server, Fields::of(item)?)?;
            if attached.iter().any(|a| a.device == next.device && a.dev_channel == next.dev_channel) {
                return Err(ApiError::validation("dev_channel", "The channel is used twice"));
            }
            if attached.iter().any(|a| a.drive == next.drive) {
                return Err(ApiError::validation("drive", "The drive is attached twice"));
            }
            attached.push(next);
        }
        Ok(attached)
    }

    fn attachment(&self, server: &Server, fields: Fields<'_>) -> Outcome<Attachment> {
        let drive = fields.reference("drive")?.ok_or_else(|| ApiError::required("drive"))?;
        let device =
            fields.one_of("device", &["virtio", "ide", "scsi"])?.ok_or_else(|| ApiError::required("device"))?;
        let dev_channel = fields.required_text("dev_channel")?;
        check_channel(device, dev_channel)?;
        self.may_attach(server, &drive)?;
        let boot_order = fields.integer("boot_order")?;
        Ok(Attachment { drive, device: device.to_owned(), dev_channel: dev_channel.to_owned(), boot_order })
    }

    fn may_attach(&self, server: &Server, uuid: &str) -> Outcome<()> {
        if let Some(image) = self.image(uuid) {
            return match image.media {
                "cdrom" => Ok(()),
                _ => Err(ApiError::permission("Library drives of media disk cannot be attached, clone them first")),
            };
        }
        let drive = self.drive(uuid)?;
        let elsewhere = self.mounted_on(drive).into_iter().any(|holder| holder != server.uuid);
        if elsewhere && !drive.allow_multimount && drive.media != "cdrom" {
            return Err(ApiError::permission(format!("Drive {uuid} is already mounted on another guest")));
        }
        Ok(())
    }

    /// Drives taken from a running server are free only after a while.
    fn let_go(&mut self, server: &Server, before: &[Attachment]) {
        let until = self.now + self.options.delays.detach;
        let gone = before.iter().filter(|old| server.drives.iter().all(|new| new.drive != old.drive));
        for old in gone {
            if let Ok(drive) = self.drive_mut(&old.drive) {
                drive.released = Some((server.uuid.clone(), until));
            }
        }
    }

    /// Removes a stopped server, and the drives that `recurse` names.
    pub(crate) fn delete_server(&mut self, uuid: &str, recurse: Option<&str>) -> Outcome<()> {
        let server = self.server(uuid)?;
        if let Some(refusal) = server.power.refusal("delete") {
            return Err(ApiError::permission(refusal));
        }
        let attached: Vec<String> = server.drives.iter().map(|attached| attached.drive.clone()).collect();
        let doomed = |drive: &&super::Drive| match recurse {
            Some("all_drives") => true,
            Some("disks") => drive.media == "disk",
            Some("cdroms") => drive.media == "cdrom",
            _ => false,
        };
        let own = self.drives.iter().filter(|drive| attached.contains(&drive.uuid));
        let doomed: Vec<String> = own.filter(doomed).map(|drive| drive.uuid.clone()).collect();
        self.forget_server(uuid);
        doomed.iter().for_each(|drive| self.forget_drive(drive));
        Ok(())
    }

    /// Removes a server and everything that names it.
    pub(crate) fn forget_server(&mut self, uuid: &str) {
        self.servers.retain(|server| server.uuid != uuid);
        self.release_addresses(uuid);
        self.untag(uuid);
        self.events.push(super::PowerEvent::Off { uuid: uuid.to_owned() });
    }

    /// Copies a server and its drives; the copy is stopped.
    pub(crate) fn clone_server(&mut self, uuid: &str, body: &Value) -> Outcome<String> {
        let fields = Fields::of(body)?;
        let source = self.server(uuid)?.clone();
        self.refuse_when_full("server")?;
        let mut copy =
            Server { uuid: self.env.uuid(), power: Power::Stopped, boots: 0, visible_at: self.now, ..source };
        copy.name = fields.text("name")?.map_or_else(|| self.clone_name(&copy.name), str::to_owned);
        if fields.flag("random_vnc_password")?.unwrap_or(false) {
            copy.vnc_password = self.env.hex(4);
        }
        let mut children = Vec::new();
        for attached in &mut copy.drives {
            if self.image(&attached.drive).is_none() {
                attached.drive = self.clone_drive(&attached.drive, &json!({}))?;
                children.extend(self.drive(&attached.drive)?.jobs.clone());
            }
        }
        for nic in &mut copy.nics {
            (nic.mac, nic.address) = (self.new_mac(), None);
        }
        let uris = [uuid, &copy.uuid].map(|uuid| format!("/api/2.0/servers/{uuid}/")).to_vec();
        let job = self.add_job("server_clone", self.now + self.options.delays.clone, uris);
        if let Some(last) = self.jobs.last_mut() {
            last.children = children;
        }
        copy.jobs = vec![job];
        self.servers_created += 1;
        let uuid = copy.uuid.clone();
        self.servers.push(copy);
        Ok(uuid)
    }

    fn known_keys(&self, uuids: &[String]) -> Outcome<()> {
        let known = |uuid: &String| self.keypairs.iter().any(|key| key.get("uuid").is_some_and(|u| u == uuid.as_str()));
        if uuids.iter().all(known) { Ok(()) } else { Err(ApiError::validation("pubkeys", "No such key pair")) }
    }

    pub(crate) fn server_json(&self, server: &Server) -> Value {
        let mut object = server.settings.clone();
        let drives = server.drives.iter().map(|attached| attachment_json(attached, server.is_on()));
        let more = json!({
            "cpu": server.cpu, "drives": drives.collect::<Vec<_>>(), "grantees": [], "jobs": self.server_jobs(server),
            "mem": server.mem, "meta": server.meta, "name": server.name,
            "nics": server.nics.iter().map(|nic| self.nic_json(nic, server)).collect::<Vec<_>>(),
            "owner": self.owner_link(), "permissions": [], "pubkeys": links("pubkeys", &server.pubkeys),
            "resource_uri": format!("/api/2.0/servers/{}/", server.uuid), "runtime": self.runtime_json(server),
            "smp": server.smp, "status": self.server_status(server), "tags": links("tags", &self.tags_of(&server.uuid)),
            "uuid": server.uuid, "vnc_password": server.vnc_password,
        });
        if let Value::Object(more) = more {
            object.extend(more);
        }
        Value::Object(object)
    }

    fn server_jobs(&self, server: &Server) -> Vec<Value> {
        let open = |uuid: &&String| self.jobs.iter().any(|job| job.uuid == **uuid && job.until > self.now);
        server.jobs.iter().filter(open).map(|uuid| Self::link("jobs", uuid)).collect()
    }

    /// What is known about a server that has power; null otherwise.
    pub(crate) fn runtime_json(&self, server: &Server) -> Value {
        if !server.is_on() {
            return Value::Null;
        }
        let nics = server.nics.iter().map(|nic| {
            let mut runtime = self.nic_runtime(nic, server);
            runtime["mac"] = Value::from(nic.mac.as_str());
            runtime
        });
        let since = server.power.since().map_or(Value::Null, |since| Value::from(seconds(since)));
        json!({ "active_since": since, "nics": nics.collect::<Vec<_>>() })
    }
}

/// What an update may touch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Live {
    /// The server is off: everything.
    No,
    /// It runs: name, meta, tags, drives and NICs.
    Devices,
    /// It runs: name, meta and tags.
    NamesOnly,
}

pub(crate) fn most_core_speed(cpu_type: &str) -> u64 {
    if cpu_type == "intel" { 3_000 } else { 2_893 }
}

fn default_settings() -> Map<String, Value> {
    let defaults = json!({
        "allocation_pool": null, "auto_start": false, "context": true, "cpu_model": null, "cpu_type": "amd",
        "cpus_instead_of_cores": false, "enable_numa": false, "epcs": [], "gpus": [], "hv_relaxed": false,
        "hv_tsc": false, "hypervisor": "kvm", "is_grey": false, "requirements": [],
    });
    match defaults {
        Value::Object(defaults) => defaults,
        _ => Map::new(),
    }
}

fn apply_settings(server: &mut Server, fields: Fields<'_>) -> Outcome<()> {
    for (name, kept) in &mut server.settings {
        match kept {
            Value::Bool(kept) => *kept = fields.flag(name)?.unwrap_or(*kept),
            Value::Array(kept) => *kept = fields.list(name)?.map_or_else(|| kept.clone(), <[Value]>::to_vec),
            kept if fields.sent(name) => *kept = fields.text(name)?.map_or(Value::Null, Value::from),
            _ => {}
        }
    }
    Ok(())
}

fn check_channel(device: &str, channel: &str) -> Outcome<()> {
    let wrong = |text: &str| Err(ApiError::validation("dev_channel", text));
    let parsed = channel.split_once(':').and_then(|(c, u)| Some((c.parse::<u32>().ok()?, u.parse::<u32>().ok()?)));
    match (device, parsed) {
        (_, None) => wrong("Should look like {controller:unit}"),
        ("ide", Some((controller, unit))) if controller > 1 || unit > 1 => {
            wrong("IDE has two controllers of two units")
        }
        ("virtio", Some((controller, unit))) if controller > 1023 || unit > 5 => wrong("No such virtio channel"),
        _ => Ok(()),
    }
}

fn attachment_json(attached: &Attachment, on: bool) -> Value {
    let io = json!({ "io": {
        "bytes_read": 0, "bytes_written": 0, "count_flush": 0, "count_read": 0, "count_written": 0,
        "total_time_ns_flush": 0, "total_time_ns_read": 0, "total_time_ns_write": 0,
    }});
    json!({
        "boot_order": attached.boot_order, "dev_channel": attached.dev_channel, "device": attached.device,
        "drive": World::link("drives", &attached.drive), "runtime": if on { io } else { Value::Null },
    })
}
