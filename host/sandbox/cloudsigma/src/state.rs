//! The cloud as a value: its objects and the rules by which requests change them. No socket, no task.
//!
//! Time passes lazily: every object that is on its way somewhere knows when it arrives, and [`World::settle`] lets it
//! arrive. What a guest has to notice (power on, power off) is left in [`World::events`] for the owner of the world.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

use crate::Env;
use crate::error::ApiError;
use crate::faults::{Faults, ServerFault};
use crate::images::{self, Image};
use crate::options::CloudOptions;

pub(crate) mod drive;
pub(crate) mod extras;
pub(crate) mod fields;
pub(crate) mod network;
pub(crate) mod nic;
pub(crate) mod power;
pub(crate) mod server;
pub(crate) mod snapshot;
pub(crate) mod tag;

pub(crate) use drive::Drive;
pub(crate) use network::{Ip, Vlan};
pub(crate) use server::Server;

/// How long finished jobs can be read.
const JOBS_KEPT: Duration = Duration::from_secs(3 * 24 * 3600);

pub(crate) type Outcome<T> = Result<T, ApiError>;

/// Something a guest notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PowerEvent {
    /// The server was switched on (or reset); this is its n-th boot.
    On { uuid: String, boot: u64 },
    /// The server lost power or is gone.
    Off { uuid: String },
}

/// A long-running operation.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) uuid: String,
    pub(crate) operation: &'static str,
    pub(crate) created: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) resources: Vec<String>,
    pub(crate) children: Vec<String>,
}

/// The whole cloud of one account.
pub(crate) struct World {
    pub(crate) options: CloudOptions,
    pub(crate) env: Env,
    pub(crate) faults: Arc<Faults>,
    pub(crate) now: Timestamp,
    pub(crate) owner: String,
    pub(crate) images: Vec<Image>,
    pub(crate) servers: Vec<Server>,
    pub(crate) drives: Vec<Drive>,
    pub(crate) snapshots: Vec<snapshot::Snapshot>,
    pub(crate) tags: Vec<tag::Tag>,
    pub(crate) ips: Vec<Ip>,
    pub(crate) vlans: Vec<Vlan>,
    pub(crate) jobs: Vec<Job>,
    /// Key pairs, firewall policies and access lists: kinds that nothing here depends on but their presence.
    pub(crate) keypairs: Vec<Map<String, Value>>,
    pub(crate) policies: Vec<Map<String, Value>>,
    pub(crate) acls: Vec<Map<String, Value>>,
    pub(crate) global_context: Map<String, Value>,
    pub(crate) profile: Map<String, Value>,
    pub(crate) events: Vec<PowerEvent>,
    pub(crate) servers_created: usize,
    pub(crate) drives_created: usize,
}

impl World {
    pub(crate) fn new(env: Env, options: CloudOptions, faults: Arc<Faults>) -> Self {
        let owner = env.uuid();
        let now = env.clock.now();
        Self {
            ips: network::subscribed(&options.addresses.subscribed),
            vlans: options.vlans.iter().zip(500..).map(|(uuid, id)| Vlan::new(uuid, id)).collect(),
            profile: extras::profile(&owner, &options.credentials.email, now),
            options,
            env,
            faults,
            now,
            owner,
            images: images::library(),
            servers: Vec::new(),
            drives: Vec::new(),
            snapshots: Vec::new(),
            tags: Vec::new(),
            jobs: Vec::new(),
            keypairs: Vec::new(),
            policies: Vec::new(),
            acls: Vec::new(),
            global_context: Map::new(),
            events: Vec::new(),
            servers_created: 0,
            drives_created: 0,
        }
    }

    /// Takes the time and lets everything arrive that is due.
    pub(crate) fn settle(&mut self) {
        self.now = self.env.clock.now();
        self.settle_drives();
        self.settle_snapshots();
        self.settle_servers();
        let oldest = self.now - JOBS_KEPT;
        self.jobs.retain(|job| job.until > oldest);
    }

    /// A link to an object.
    pub(crate) fn link(kind: &str, uuid: &str) -> Value {
        json!({ "resource_uri": format!("/api/2.0/{kind}/{uuid}/"), "uuid": uuid })
    }

    /// A link to the account.
    pub(crate) fn owner_link(&self) -> Value {
        Self::link("user", &self.owner)
    }

    pub(crate) fn server(&self, uuid: &str) -> Outcome<&Server> {
        let server = self.servers.iter().find(|server| server.uuid == uuid).ok_or_else(ApiError::not_found)?;
        if self.faults.has(uuid, &server.name, ServerFault::Foreign) {
            return Err(ApiError::foreign(&self.owner, uuid));
        }
        Ok(server)
    }

    pub(crate) fn server_mut(&mut self, uuid: &str) -> Outcome<&mut Server> {
        self.server(uuid)?;
        self.servers.iter_mut().find(|server| server.uuid == uuid).ok_or_else(ApiError::not_found)
    }

    pub(crate) fn drive(&self, uuid: &str) -> Outcome<&Drive> {
        self.drives.iter().find(|drive| drive.uuid == uuid).ok_or_else(ApiError::not_found)
    }

    pub(crate) fn drive_mut(&mut self, uuid: &str) -> Outcome<&mut Drive> {
        self.drives.iter_mut().find(|drive| drive.uuid == uuid).ok_or_else(ApiError::not_found)
    }

    /// An image that the library still has.
    pub(crate) fn image(&self, uuid: &str) -> Option<&Image> {
        self.images.iter().find(|image| image.uuid == uuid && !self.faults.image_missing(uuid))
    }

    /// Servers that lists show.
    pub(crate) fn listed_servers(&self) -> impl Iterator<Item = &Server> {
        self.servers.iter().filter(|server| {
            server.visible_at <= self.now && !self.faults.has(&server.uuid, &server.name, ServerFault::Foreign)
        })
    }

    pub(crate) fn refuse_when_full(&self, what: &str) -> Outcome<()> {
        if self.faults.out_of_capacity() { Err(ApiError::no_capacity(what)) } else { Ok(()) }
    }

    /// Notes a job that runs until `until`.
    pub(crate) fn add_job(&mut self, operation: &'static str, until: Timestamp, resources: Vec<String>) -> String {
        let uuid = self.env.uuid();
        let created = self.now;
        self.jobs.push(Job { uuid: uuid.clone(), operation, created, until, resources, children: Vec::new() });
        uuid
    }
}

/// `2015-03-19T13:52:51+00:00`.
pub(crate) fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// `2014-06-05T09:45:08.003595+00:00`.
pub(crate) fn micros(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}
