//! The handle to a simulated cloud: what tests and the sandbox call without HTTP.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, Weak};

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Env;
use crate::faults::Faults;
use crate::guest::{self, Dial, Machine, Membership, TcpDialer};
use crate::http::serve::{self, Serving};
use crate::images::Image;
use crate::lock;
use crate::options::{CloudOptions, Credentials, Delays, Quirks};
use crate::requests::{Recorder, Requests};
use crate::state::power::Power;
use crate::state::{PowerEvent, World};

/// Console lines kept per server.
const CONSOLE_LINES: usize = 500;

/// A simulated cloud. Clones are handles to the same one; when the last is dropped, its guests end.
#[derive(Clone)]
pub struct Cloud {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) env: Env,
    pub(crate) credentials: Credentials,
    pub(crate) delays: Delays,
    pub(crate) quirks: Quirks,
    pub(crate) dialer: Arc<dyn Dial>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) recorder: Recorder,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    world: Mutex<World>,
    guests: Mutex<HashMap<String, CancellationToken>>,
    consoles: Mutex<HashMap<String, VecDeque<String>>>,
    memberships: Mutex<HashMap<(String, String), Arc<Membership>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A server, as the cloud sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerView {
    /// Identity.
    pub uuid: String,
    /// Name.
    pub name: String,
    /// Status as the API shows it.
    pub status: String,
    /// MHz over all cores.
    pub cpu: u64,
    /// Bytes.
    pub mem: u64,
    /// Uuids of attached drives, in order.
    pub drives: Vec<String>,
    /// Addresses in use.
    pub addresses: Vec<String>,
    /// The `meta` dictionary; it may hold a join token.
    pub meta: Map<String, Value>,
    /// Names of its tags.
    pub tags: Vec<String>,
}

/// A drive, as the cloud sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriveView {
    /// Identity.
    pub uuid: String,
    /// Name.
    pub name: String,
    /// Status as the API shows it.
    pub status: String,
    /// Bytes.
    pub size: u64,
    /// Servers that hold it.
    pub mounted_on: Vec<String>,
    /// The library image on it.
    pub image: Option<String>,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagView {
    /// Identity.
    pub uuid: String,
    /// Name.
    pub name: String,
    /// Uuids of its members.
    pub members: Vec<String>,
}

impl Cloud {
    /// An empty cloud whose guests reach the network over TCP.
    pub fn new(env: Env, options: CloudOptions) -> Self {
        Self::with_dialer(env, options, Arc::new(TcpDialer))
    }

    /// An empty cloud whose guests reach the network through `dialer`.
    pub fn with_dialer(env: Env, options: CloudOptions, dialer: Arc<dyn Dial>) -> Self {
        let faults = Arc::new(Faults::default());
        let inner = Inner {
            credentials: options.credentials.clone(),
            delays: options.delays.clone(),
            quirks: options.quirks.clone(),
            dialer,
            recorder: Recorder::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            world: Mutex::new(World::new(env.clone(), options, Arc::clone(&faults))),
            faults,
            env,
            guests: Mutex::default(),
            consoles: Mutex::default(),
            memberships: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The API as a router, for tests without a socket. A connection that a fault would break answers 502 here.
    pub fn router(&self) -> axum::Router {
        let cloud = self.clone();
        axum::Router::new().fallback(move |request| crate::http::respond(cloud.clone(), request))
    }

    /// Serves the API on `listen`; port 0 chooses one.
    ///
    /// # Errors
    /// If the address cannot be listened on.
    pub async fn serve(&self, listen: SocketAddr) -> io::Result<Serving> {
        serve::serve(self.clone(), listen).await
    }

    /// The library.
    pub fn images(&self) -> Vec<Image> {
        crate::images::library()
    }

    /// Every server, in the order of creation.
    pub fn servers(&self) -> Vec<ServerView> {
        self.inner.with(|world| {
            let view = |server: &crate::state::Server| ServerView {
                uuid: server.uuid.clone(),
                name: server.name.clone(),
                status: world.server_status(server).to_owned(),
                cpu: server.cpu,
                mem: server.mem,
                drives: server.drives.iter().map(|attached| attached.drive.clone()).collect(),
                addresses: server.nics.iter().filter_map(|nic| nic.address.clone()).collect(),
                meta: server.meta.clone(),
                tags: world
                    .tags_of(&server.uuid)
                    .iter()
                    .filter_map(|t| Some(world.tag(t).ok()?.name.clone()))
                    .collect(),
            };
            world.servers.iter().map(view).collect()
        })
    }

    /// Every drive, in the order of creation.
    pub fn drives(&self) -> Vec<DriveView> {
        self.inner.with(|world| {
            let view = |drive: &crate::state::Drive| DriveView {
                uuid: drive.uuid.clone(),
                name: drive.name.clone(),
                status: world.drive_status(drive).to_owned(),
                size: drive.size,
                mounted_on: world.mounted_on(drive),
                image: drive.image.clone(),
            };
            world.drives.iter().map(view).collect()
        })
    }

    /// Every tag, in the order of creation.
    pub fn tags(&self) -> Vec<TagView> {
        self.inner.with(|world| {
            let view = |tag: &crate::state::tag::Tag| TagView {
                uuid: tag.uuid.clone(),
                name: tag.name.clone(),
                members: tag.members.clone(),
            };
            world.tags.iter().map(view).collect()
        })
    }

    /// Lines on a server's serial console, oldest first; they never show a token.
    pub fn console(&self, uuid: &str) -> Vec<String> {
        lock(&self.inner.consoles).get(uuid).map(|lines| lines.iter().cloned().collect()).unwrap_or_default()
    }

    /// Errors and delays on demand.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// What has been asked so far.
    pub fn requests(&self) -> Requests {
        let (servers_created, drives_created) = self.inner.with(|world| (world.servers_created, world.drives_created));
        Requests { servers_created, drives_created, ..self.inner.recorder.snapshot() }
    }

    /// Ends listeners, connections and guests, and waits for them.
    pub async fn stop(self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }
}

impl Inner {
    /// Looks at the world, or changes it, at the present time. Guests notice what happened to their power.
    pub(crate) fn with<T>(self: &Arc<Self>, act: impl FnOnce(&mut World) -> T) -> T {
        let mut world = lock(&self.world);
        world.settle();
        let result = act(&mut world);
        // Still under the lock: a later power on must not be noticed before an earlier power off.
        let events = std::mem::take(&mut world.events);
        events.into_iter().for_each(|event| self.notice(event));
        result
    }

    fn notice(self: &Arc<Self>, event: PowerEvent) {
        let mut guests = lock(&self.guests);
        let (PowerEvent::On { uuid, .. } | PowerEvent::Off { uuid }) = &event;
        if let Some(before) = guests.remove(uuid) {
            before.cancel();
        }
        if let PowerEvent::On { uuid, boot } = event {
            let power = self.stop.child_token();
            guests.insert(uuid.clone(), power.clone());
            let weak: Weak<Self> = Arc::downgrade(self);
            self.tasks.spawn(async move {
                tokio::select! {
                    () = power.cancelled() => {}
                    () = guest::run(weak, uuid, boot) => {}
                }
            });
        }
    }

    /// The machine as its firmware finds it: absent if this boot is over, `Later` while it is not through.
    pub(crate) fn boot(self: &Arc<Self>, uuid: &str, boot: u64) -> Boot {
        self.with(|world| {
            let Some(server) = world.servers.iter().find(|server| server.uuid == uuid && server.boots == boot) else {
                return Boot::Over;
            };
            match server.power {
                Power::Starting { .. } => Boot::Later,
                Power::Running { .. } | Power::Ignoring { .. } => Boot::Now(Box::new(Machine::of(world, server))),
                Power::Stopped | Power::Stopping { .. } => Boot::Over,
            }
        })
    }

    pub(crate) fn say(&self, uuid: &str, line: impl Into<String>) {
        let mut consoles = lock(&self.consoles);
        let lines = consoles.entry(uuid.to_owned()).or_default();
        if lines.len() == CONSOLE_LINES {
            lines.pop_front();
        }
        lines.push_back(format!("[{}] {}", self.env.clock.now().strftime("%H:%M:%S%.3f"), line.into()));
    }

    /// What the kubelet left on this server's boot drive when it joined.
    pub(crate) fn membership(&self, machine: &Machine) -> Option<Arc<Membership>> {
        let key = (machine.uuid.clone(), machine.boot_drive.clone()?);
        lock(&self.memberships).get(&key).cloned()
    }

    pub(crate) fn remember(&self, machine: &Machine, membership: Arc<Membership>) {
        if let Some(drive) = machine.boot_drive.clone() {
            lock(&self.memberships).insert((machine.uuid.clone(), drive), membership);
        }
    }
}

/// What a booting guest finds.
pub(crate) enum Boot {
    /// The server is gone, off, or was switched on again.
    Over,
    /// Not `running` yet.
    Later,
    /// Running.
    Now(Box<Machine>),
}
