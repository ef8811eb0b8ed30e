//! What a simulated cloud is told when it is made. Nothing else, no environment and no file, changes its behaviour.

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

/// Everything that can be chosen about a cloud.
#[derive(Debug, Clone)]
pub struct CloudOptions {
    /// The account's credential.
    pub credentials: Credentials,
    /// How long the cloud takes for things.
    pub delays: Delays,
    /// Points where sources about the real API differ or say nothing.
    pub quirks: Quirks,
    /// Site, such as `zrh`; shown in tunnel addresses and in the list of sites.
    pub region: String,
    /// Addresses that the account has or may be given.
    pub addresses: Addresses,
    /// UUIDs of the account's private networks.
    pub vlans: Vec<String>,
}

impl Default for CloudOptions {
    fn default() -> Self {
        Self {
            credentials: Credentials::new("operator@example.com", "sandbox"),
            delays: Delays::default(),
            quirks: Quirks::default(),
            region: "zrh".to_owned(),
            addresses: Addresses::default(),
            vlans: vec!["5b1a7f0c-3d52-4c0e-9a3f-0c6f1e2d0001".to_owned()],
        }
    }
}

/// The account's credential. `Debug` shows the e-mail only.
#[derive(Clone)]
pub struct Credentials {
    /// User name of Basic authentication.
    pub email: String,
    /// Password of Basic authentication.
    pub password: String,
    /// Bearer tokens that are accepted as well.
    pub tokens: Vec<String>,
}

impl Credentials {
    /// A credential without bearer tokens.
    pub fn new(email: impl Into<String>, password: impl Into<String>) -> Self {
        Self { email: email.into(), password: password.into(), tokens: Vec::new() }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("email", &self.email).finish_non_exhaustive()
    }
}

/// How long the cloud takes for things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delays {
    /// From `starting` to `running`.
    pub start: Duration,
    /// From `stopping` to `stopped`.
    pub stop: Duration,
    /// A drive clone, a new drive or a snapshot.
    pub clone: Duration,
    /// A change of a drive's size.
    pub resize: Duration,
    /// Until a drive taken from a running server is free.
    pub detach: Duration,
    /// After this long a guest that ignores the power button is `running` again.
    pub shutdown_ignored: Duration,
    /// From the Node's creation until it is Ready.
    pub kubelet_ready: Duration,
    /// Between two attempts of a guest to join.
    pub join_retry: Duration,
    /// Between two heartbeats of a Node.
    pub heartbeat: Duration,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(2),
            stop: Duration::from_secs(1),
            clone: Duration::from_secs(3),
            resize: Duration::from_secs(2),
            detach: Duration::from_secs(1),
            shutdown_ignored: Duration::from_secs(60),
            kubelet_ready: Duration::from_secs(1),
            join_retry: Duration::from_secs(5),
            heartbeat: Duration::from_secs(10),
        }
    }
}

impl Delays {
    /// The usual delays times `factor`; for tests.
    pub fn scaled(factor: f64) -> Self {
        let usual = Self::default();
        Self {
            start: usual.start.mul_f64(factor),
            stop: usual.stop.mul_f64(factor),
            clone: usual.clone.mul_f64(factor),
            resize: usual.resize.mul_f64(factor),
            detach: usual.detach.mul_f64(factor),
            shutdown_ignored: usual.shutdown_ignored.mul_f64(factor),
            kubelet_ready: usual.kubelet_ready.mul_f64(factor),
            join_retry: usual.join_retry.mul_f64(factor),
            heartbeat: usual.heartbeat.mul_f64(factor),
        }
    }
}

/// Points where sources about the real API differ or say nothing. The defaults are what recent clients live with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quirks {
    /// Drives and NICs of a running server change live. Off: they are ignored and the answer is still 200, as documented.
    pub live_changes: bool,
    /// How long a new server is missing in lists; reading it by its uuid works at once.
    pub list_lag: Duration,
    /// How long after `running` the address of a dhcp NIC appears.
    pub address_lag: Duration,
    /// Starting is refused while an attached drive is still being filled.
    pub refuse_start_while_cloning: bool,
    /// A drive that a stopped server refers to may be deleted.
    pub delete_mounted_drives: bool,
    /// A NIC with both a VLAN and an IP configuration is refused.
    pub reject_vlan_with_ip: bool,
    /// Drive sizes are rounded up to a multiple of this many bytes. A recorded clone asked for 1207959631 bytes and got
    /// 1207975936, which is the next multiple of 16 KiB and of nothing larger.
    pub storage_granule: u64,
    /// GET without the trailing slash is redirected; other verbs answer 404. Off: all answer 404.
    pub redirect_missing_slash: bool,
    /// `/drives/` shows names, as newer sites do.
    pub names_in_drive_list: bool,
    /// MHz per core above what `/capabilities/` says are refused.
    pub limit_core_speed: bool,
    /// A guest joins only if `cluster-info` carries a signature made with its token, as kubeadm demands.
    pub signed_cluster_info: bool,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            live_changes: true,
            list_lag: Duration::ZERO,
            address_lag: Duration::ZERO,
            refuse_start_while_cloning: true,
            delete_mounted_drives: true,
            reject_vlan_with_ip: true,
            storage_granule: 16 << 10,
            redirect_missing_slash: true,
            names_in_drive_list: false,
            limit_core_speed: true,
            signed_cluster_info: true,
        }
    }
}

/// Addresses of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// Networks for dhcp: first usable address and how many follow it, the first included.
    pub dhcp: Vec<(Ipv4Addr, u32)>,
    /// Addresses bought by subscription.
    pub subscribed: Vec<Ipv4Addr>,
}

impl Default for Addresses {
    fn default() -> Self {
        Self {
            dhcp: vec![
                (Ipv4Addr::new(203, 0, 113, 10), 240),
                (Ipv4Addr::new(198, 51, 100, 10), 240),
                (Ipv4Addr::new(198, 18, 0, 1), 65_000),
            ],
            subscribed: (2..6).map(|last| Ipv4Addr::new(192, 0, 2, last)).collect(),
        }
    }
}
