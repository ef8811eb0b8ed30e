//! `[[plugin]]`: one card in its slot.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

/// One plugin: where it comes from, what it may do, how much it may use.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PluginSettings {
    /// The component, a `.wasm` file.
    pub path: PathBuf,
    /// Objects it works on at the same time. Four keep a slow cloud from being the bottleneck without flooding it.
    #[serde(default = "four")]
    pub workers: NonZeroU32,
    /// Into how many shards its objects are divided, by a hash of their namespace, each with a lease of its own, so that
    /// several replicas work for one big plugin. The same for all replicas: one that differs waits for the others to go.
    #[serde(default = "one")]
    pub shards: NonZeroU32,
    /// The plugin's own settings; it judges them itself.
    #[serde(default)]
    pub settings: toml::Table,
    /// What it may touch.
    #[serde(default)]
    pub grant: GrantSettings,
    /// HTTP endpoints it may call, by the name it declares.
    #[serde(default)]
    pub endpoints: BTreeMap<String, EndpointSettings>,
    /// What one call may use.
    #[serde(default)]
    pub limits: LimitSettings,
}

fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}

fn four() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(3)
}

impl PluginSettings {
    /// A plugin with every default.
    pub fn from_path(path: PathBuf) -> Self {
        Self {
            path,
            workers: four(),
            shards: one(),
            settings: toml::Table::new(),
            grant: GrantSettings::default(),
            endpoints: BTreeMap::new(),
            limits: LimitSettings::default(),
        }
    }

    /// Every path in it, to be made absolute.
    pub(super) fn paths(&mut self) -> Vec<&mut PathBuf> {
        let files = self.endpoints.values_mut().flat_map(EndpointSettings::paths);
        std::iter::once(&mut self.path).chain(files).collect()
    }
}

/// `[plugin.grant]`: which part of what a plugin declares it gets.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct GrantSettings {
    /// `Kind.group` names. Absent: every kind it declares.
    pub kinds: Option<Vec<String>>,
    /// Namespaces. Absent: all.
    pub namespaces: Option<Vec<String>>,
}

/// `[plugin.endpoints.NAME]`: a named HTTP endpoint. The plugin knows the name; the host knows the rest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EndpointSettings {
    /// Base URL; `{variant}` in it is replaced by what the plugin asks for, such as a region.
    pub url: String,
    /// Variants it may ask for. Absent: any DNS label.
    pub variants: Option<Vec<String>>,
    /// What proves who we are. Absent: nothing is added.
    pub credential: Option<CredentialSettings>,
    /// Longest time one request may take, below a call's deadline so that the plugin hears of it.
    #[serde(default = "eight_seconds", with = "humantime_serde")]
    pub timeout: Duration,
    /// Requests in flight at the same time.
    #[serde(default = "eight")]
    pub max_concurrent: NonZeroU32,
    /// Longest answer.
    #[serde(default = "eight_mebibytes")]
    pub max_response_bytes: u64,
    /// Allows `http://`; only for test endpoints, the credential would travel in the clear.
    #[serde(default)]
    pub allow_plain_http: bool,
    /// PEM file with further trusted certificates.
    pub ca_file: Option<PathBuf>,
}

fn eight_seconds() -> Duration {
    Duration::from_secs(8)
}

fn eight() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(7)
}

fn eight_mebibytes() -> u64 {
    8 << 20
}

impl EndpointSettings {
    /// An endpoint with every default.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            variants: None,
            credential: None,
            timeout: eight_seconds(),
            max_concurrent: eight(),
            max_response_bytes: eight_mebibytes(),
            allow_plain_http: false,
            ca_file: None,
        }
    }

    fn paths(&mut self) -> Vec<&mut PathBuf> {
        let credential = self.credential.as_mut().and_then(CredentialSettings::file);
        credential.into_iter().chain(self.ca_file.as_mut()).collect()
    }
}

/// A credential. The secret itself never stands in the settings file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum CredentialSettings {
    /// HTTP Basic.
    #[serde(rename_all = "kebab-case")]
    Basic {
        /// User name.
        username: String,
        /// File that holds the password; white space at its end is dropped.
        password_file: PathBuf,
    },
    /// HTTP Bearer.
    #[serde(rename_all = "kebab-case")]
    Bearer {
        /// File that holds the token.
        token_file: PathBuf,
    },
    /// HTTP Basic with a password that no file holds: of a simulator in this process. Cannot be written in a file.
    #[serde(skip)]
    Given {
        /// User name.
        username: String,
        /// Password.
        password: SecretString,
    },
}

impl CredentialSettings {
    fn file(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::Basic { password_file: file, .. } | Self::Bearer { token_file: file } => Some(file),
            Self::Given { .. } => None,
        }
    }
}

/// `[plugin.limits]`: what one call may use. Beyond any of these the call ends and its instance is dropped.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct LimitSettings {
    /// Wall-clock time, waiting for the cluster and for endpoints included.
    #[serde(with = "humantime_serde")]
    pub deadline: Duration,
    /// Linear memory of one instance.
    pub memory_bytes: u64,
    /// Calls into the host.
    pub host_calls: u64,
    /// Bytes handed to the host: objects, logs, request bodies.
    pub output_bytes: u64,
    /// Instances kept between calls; 0 gives every call a fresh one.
    pub warm_instances: u32,
    /// Calls after which an instance is replaced, so that a slow leak stays small.
    pub recycle_after_calls: u32,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(20),
            memory_bytes: 64 << 20,
            host_calls: 10_000,
            output_bytes: 16 << 20,
            warm_instances: 4,
            recycle_after_calls: 1_000,
        }
    }
}
