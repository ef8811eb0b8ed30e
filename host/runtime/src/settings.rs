//! The one typed settings file, `backplane.toml`.
//!
//! Everything wrong with it is found before anything starts, and all of it is reported together, each with its field. Keys
//! are kebab-case; an unknown key is an error, because a misspelt limit that silently does not apply is worse than none.

mod check;
mod parse;
mod plugin;
mod replicas;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

pub use parse::{Problem, Problems};

pub use plugin::{CredentialSettings, EndpointSettings, GrantSettings, LimitSettings, PluginSettings};
pub use replicas::ReplicaSettings;

/// Everything an operator can set.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What the daemon tells about itself.
    pub observe: ObserveSettings,
    /// Which API server it serves.
    pub cluster: ClusterSettings,
    /// How guests are run.
    pub engine: EngineSection,
    /// How the watch cache holds what it watches.
    pub store: StoreSection,
    /// How it shares the plugins with other daemons.
    pub replicas: ReplicaSettings,
    /// The plugins, in the order of the file.
    pub plugins: Vec<PluginSettings>,
    /// Endpoints that this process itself provides, for any plugin that declares one and has none of its own by that name.
    /// Not in the file: simulators set it.
    pub offered_endpoints: BTreeMap<String, EndpointSettings>,
}

/// `[observe]`: health, metrics and logs.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ObserveSettings {
    /// Where `/healthz`, `/readyz` and `/metrics` are served. Loopback by default: nothing is opened to a network unasked.
    pub listen: SocketAddr,
    /// Lines for people or one JSON object a line.
    pub log_format: LogFormat,
    /// Filter in `tracing` form, such as `info` or `info,backplane_store=debug`. `RUST_LOG` wins where it is set.
    pub log_filter: String,
}

impl Default for ObserveSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9280)),
            log_format: LogFormat::Text,
            log_filter: "info".into(),
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people at a terminal.
    #[default]
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// `[cluster]`: the API server.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClusterSettings {
    /// Kubeconfig file. Absent: `KUBECONFIG`, `~/.kube/config`, or the Pod's service account, in this order.
    pub kubeconfig: Option<PathBuf>,
    /// Namespace of the plugins' service accounts, `system:serviceaccount:<namespace>:backplane-<plugin>`.
    pub namespace: String,
}

impl Default for ClusterSettings {
    fn default() -> Self {
        Self { kubeconfig: None, namespace: "backplane".into() }
    }
}

/// `[engine]`: what all guests share.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct EngineSection {
    /// Where compiled components are kept between starts. Absent: the user's cache directory. Compiling takes about half a
    /// second a plugin, loading a compiled one less than a millisecond.
    pub cache_dir: Option<PathBuf>,
    /// Instances that may live at the same time, all plugins together. Each reserves address space, not memory.
    pub instances: u32,
    /// How long a clean stop waits for calls in flight. Below the 30 s that Kubernetes leaves a Pod.
    #[serde(with = "humantime_serde")]
    pub drain: Duration,
}

impl Default for EngineSection {
    fn default() -> Self {
        Self { cache_dir: None, instances: 256, drain: Duration::from_secs(20) }
    }
}

/// `[store]`: the watch cache.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct StoreSection {
    /// Kinds that are held compressed, as `Kind` or `Kind.group`. Absent: none. For kinds with many objects that are seldom
    /// read: memory shrinks to about a quarter, a read costs some microseconds more. `backplane describe watches`
    /// shows both sides, before and after.
    pub compress: Vec<String>,
    /// Bytes of compressed objects that are kept uncompressed as well, those read last: the objects that all workers look
    /// at in the same moment.
    pub unpacked_bytes: usize,
}

impl Default for StoreSection {
    fn default() -> Self {
        Self { compress: Vec::new(), unpacked_bytes: 4 << 20 }
    }
}

impl Settings {
    /// Reads and checks a settings file.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with file and field.
    pub fn read(path: &Path) -> Result<Self, Problems> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Problems::one(path, "", format!("the file cannot be read: {error}")))?;
        let base = path.parent().unwrap_or(Path::new("."));
        Self::parse(path, &text, base)
    }

    /// Reads and checks settings text; relative paths in it start at `base`, `file` is named in problems.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(file: &Path, text: &str, base: &Path) -> Result<Self, Problems> {
        let mut problems = Problems::new(file);
        let mut settings = parse::settings(text, &mut problems);
        settings.resolve_paths(base);
        check::settings(&settings, &mut problems);
        problems.into_result(settings)
    }

    fn resolve_paths(&mut self, base: &Path) {
        let paths = [self.cluster.kubeconfig.as_mut(), self.engine.cache_dir.as_mut()].into_iter().flatten();
        paths.chain(self.plugins.iter_mut().flat_map(PluginSettings::paths)).for_each(|path| {
            if path.is_relative() {
                *path = base.join(&*path);
            }
        });
    }
}
