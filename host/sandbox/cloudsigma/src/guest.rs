//! What runs inside a server: firmware, cloud-init, `kubeadm join` and a kubelet, each as thin as a test can bear.
//!
//! **Stands for** the Kube-DC worker image: its bootstrap service reads the server's `meta` over the serial port, decodes
//! `cloudinit-user-data`, fills in the placeholders, writes the files and runs the commands. Of the commands only
//! `kubeadm join --config FILE` does anything, and only with a file that `write_files` has written.
//!
//! **Leaves out:** every other module of cloud-init, compressed files, MIME and script user data, SSH; kubeadm's preflight
//! checks and its flags; the client certificate that a kubelet asks for (it keeps using the bootstrap token, so its
//! heartbeats end when the token is taken away); leases, Pods, images, volumes, CNI. The API server is reached at the
//! endpoint of the join configuration, not at the one that `cluster-info` repeats.
//!
//! ```text
//!   power on ─> image has a kubelet? ─> user data ─> join file ─> discovery (CA pinned, signature) ─> Node ─> heartbeats
//!                     │ no                  │ bad         │ bad        └── refused: again after a pause ──┘
//!                     └─────────────────────┴─────────────┴──> says why on the console and idles
//! ```

use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::cloud::{Boot, Inner};
use crate::state::{Server, World};

mod discovery;
mod join;
mod kubelet;
mod node;
mod userdata;
mod wire;

use kubelet::Registered;

pub(crate) use kubelet::Membership;
pub use wire::{Dial, Stream, TcpDialer};

/// A server as its guest sees it.
#[derive(Clone)]
pub(crate) struct Machine {
    pub(crate) uuid: String,
    pub(crate) name: String,
    pub(crate) cores: u64,
    pub(crate) memory: u64,
    pub(crate) meta: Map<String, Value>,
    pub(crate) addresses: Vec<String>,
    pub(crate) boot_drive: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) kubernetes_version: Option<String>,
}

impl Machine {
    pub(crate) fn of(world: &World, server: &Server) -> Self {
        let boot_drive = server.boot_drive().map(|attached| attached.drive.clone());
        let image = boot_drive.as_deref().and_then(|uuid| world.drive(uuid).ok()?.image.clone());
        let image = world.images.iter().find(|known| Some(&known.uuid) == image.as_ref());
        Self {
            uuid: server.uuid.clone(),
            name: server.name.clone(),
            cores: server.smp,
            memory: server.mem,
            meta: server.meta.clone(),
            addresses: server.nics.iter().filter_map(|nic| nic.address.clone()).collect(),
            boot_drive,
            image: image.map(|image| image.name.clone()),
            kubernetes_version: image.and_then(|image| image.kubernetes_version.clone()),
        }
    }
}

/// Runs a guest from power on until its future is dropped, which is how it loses power.
pub(crate) async fn run(cloud: Weak<Inner>, uuid: String, boot: u64) {
    let Some(machine) = firmware(&cloud, &uuid, boot).await else { return };
    let Some(inner) = cloud.upgrade() else { return };
    let Some(version) = machine.kubernetes_version.clone() else {
        let system = machine.image.as_deref().unwrap_or("nothing that boots");
        inner.say(&uuid, format!("boot: {system}; no kubelet on the boot drive"));
        return;
    };
    inner.say(&uuid, format!("boot: {}", machine.image.as_deref().unwrap_or_default()));
    let known = inner.membership(&machine);
    drop(inner);
    match known {
        Some(membership) => kubelet::run(&cloud, &machine, &membership, Registered::No).await,
        None => first_boot(&cloud, &machine, &version).await,
    }
}

/// Waits for the power to be stable; `None` if this boot is over before.
async fn firmware(cloud: &Weak<Inner>, uuid: &str, boot: u64) -> Option<Machine> {
    let mut pause = cloud.upgrade()?.delays.start;
    loop {
        sleep(cloud, pause).await?;
        match cloud.upgrade()?.boot(uuid, boot) {
            Boot::Over => return None,
            Boot::Now(machine) => return Some(*machine),
            Boot::Later => pause = Duration::from_millis(5),
        }
    }
}

/// cloud-init, then `kubeadm join` until it succeeds.
async fn first_boot(cloud: &Weak<Inner>, machine: &Machine, version: &str) {
    let plan = userdata::join_file(machine).and_then(|file| join::parse(&file, machine));
    let plan = match plan {
        Ok(plan) => plan,
        Err(reason) => {
            if let Some(inner) = cloud.upgrade() {
                inner.say(&machine.uuid, format!("cloud-init: {reason}"));
            }
            return;
        }
    };
    loop {
        let Some(inner) = cloud.upgrade() else { return };
        inner.say(&machine.uuid, format!("kubeadm: joining {} as {}", plan.endpoint, plan.node_name));
        let joined = kubelet::join(&inner, machine, &plan, version).await;
        match joined {
            Ok(membership) => {
                let membership = Arc::new(membership);
                inner.remember(machine, Arc::clone(&membership));
                drop(inner);
                return kubelet::run(cloud, machine, &membership, Registered::Yes).await;
            }
            Err(reason) => inner.say(&machine.uuid, format!("kubeadm: {reason}")),
        }
        let pause = inner.delays.join_retry;
        drop(inner);
        if sleep(cloud, pause).await.is_none() {
            return;
        }
    }
}

/// Sleeps on the cloud's clock; `None` if the cloud is gone.
async fn sleep(cloud: &Weak<Inner>, pause: Duration) -> Option<()> {
    let sleeping = cloud.upgrade()?.env.clock.sleep(pause);
    sleeping.await;
    Some(())
}
