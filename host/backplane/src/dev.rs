//! A world and a daemon in it: what `backplane dev` starts, and what tests start inside their own process.
//!
//! ```text
//!   World: API server, cloud simulator, stand-ins ──kubeconfig──> Daemon: the same as `backplane run`
//! ```
//!
//! The daemon gets no shortcut: it talks to the API server over TLS with a token of its own, its plugins are impersonated and
//! judged by RBAC, and the simulated cloud is a granted endpoint like any other.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use backplane_runtime::settings::{CredentialSettings, EndpointSettings, PluginSettings, Settings};
use backplane_runtime::{Daemon, Prepared, rbac};
use backplane_sandbox::{ExternalCluster, World, WorldOptions};
use secrecy::SecretString;
use serde::Serialize;

use crate::cluster::client_of;
use crate::crds;

/// The endpoint under which the simulated cloud is offered to plugins.
const CLOUD_ENDPOINT: &str = "cloudsigma";
/// The plugins that are loaded unless others are named.
const DEFAULT_PLUGINS: [&str; 2] = ["backplane_clusters.wasm", "backplane_cloudsigma.wasm"];

/// How often the provider looks at a machine on its way, at the real pace.
const POLL: Duration = Duration::from_millis(500);

/// What a world is made of.
#[derive(Debug, Clone)]
pub struct DevOptions {
    /// Where the API server listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Factor on every delay of simulators and stand-ins; 1 is about real, 0.02 is for tests.
    pub time_scale: f64,
    /// Settings file; its plugins replace the default ones.
    pub config: Option<PathBuf>,
    /// Further plugins, with every default.
    pub plugins: Vec<PathBuf>,
    /// Folder with the default plugins.
    pub plugin_folder: Option<PathBuf>,
    /// Where compiled plugins are kept.
    pub cache_dir: Option<PathBuf>,
    /// Stand-ins that are left out.
    pub without: BTreeSet<String>,
    /// A management cluster that is there already, in place of the embedded API server.
    pub external: Option<ExternalCluster>,
    /// Seed of everything random in the world.
    pub seed: u64,
}

impl Default for DevOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            time_scale: 1.0,
            config: None,
            plugins: Vec::new(),
            plugin_folder: default_plugin_folder(),
            cache_dir: None,
            without: BTreeSet::new(),
            external: None,
            seed: seed(),
        }
    }
}

/// A seed that differs between processes and worlds.
fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

/// `BACKPLANE_GUESTS`, the folder `plugins` beside the program, or where a build of the workspace puts guests.
fn default_plugin_folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("BACKPLANE_GUESTS") {
        return Some(folder.into());
    }
    let beside = std::env::current_exe().ok()?.parent()?.join("plugins");
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/target/wasm32-wasip2/release");
    [beside, built].into_iter().find(|folder| folder.join(DEFAULT_PLUGINS[0]).is_file())
}

/// A running world with a daemon in it.
pub struct Dev {
    /// API server (unless there was one), cloud and stand-ins.
    pub world: World,
    daemon: Daemon,
}

/// How to reach the simulated cloud.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "what an account consists of")]
pub struct CloudAccess {
    pub url: String,
    pub email: String,
    pub password: String,
    pub images: Vec<ImageAccess>,
}

/// An image of the simulated library.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "what an image is known by")]
pub struct ImageAccess {
    pub uuid: String,
    pub name: String,
    pub kubernetes_version: Option<String>,
}

impl CloudAccess {
    /// The uuid of the image with this Kubernetes.
    pub fn image(&self, version: &str) -> Option<String> {
        let image = self.images.iter().find(|image| image.kubernetes_version.as_deref() == Some(version))?;
        Some(image.uuid.clone())
    }
}

impl Dev {
    /// Starts a world, then a daemon in it, and waits until the daemon is ready.
    ///
    /// # Errors
    /// Settings or plugins that cannot be used, or a port in use.
    pub async fn start(options: DevOptions) -> Result<Self> {
        let (mut settings, file) = settings(&options)?;
        let world = World::start(world_options(&options)?).await?;
        settings.offered_endpoints.insert(CLOUD_ENDPOINT.into(), cloud_endpoint(&world));
        let started = start_daemon(&world, settings, &file).await;
        match started {
            Ok(daemon) => Ok(Self { world, daemon }),
            Err(error) => {
                world.stop().await;
                Err(error)
            }
        }
    }

    /// The administrator's kubeconfig, as text.
    pub fn kubeconfig(&self) -> String {
        self.world.admin_kubeconfig()
    }

    /// Where health and metrics are served.
    pub fn observe_address(&self) -> SocketAddr {
        self.daemon.observe_address()
    }

    /// How to reach the simulated cloud.
    pub fn cloud_access(&self) -> CloudAccess {
        let credentials = self.world.cloud_credentials();
        let images = self.world.cloud.images().into_iter().map(|image| ImageAccess {
            uuid: image.uuid,
            name: image.name,
            kubernetes_version: image.kubernetes_version,
        });
        CloudAccess {
            url: self.world.cloud_url(),
            email: credentials.email,
            password: credentials.password,
            images: images.collect(),
        }
    }

    /// Stops the daemon, then the world.
    pub async fn stop(self) {
        self.daemon.stop().await;
        self.world.stop().await;
    }
}

/// Starts a daemon in a world: its plugins are granted what they declare. Returns when it is ready.
///
/// # Errors
/// Settings or plugins that cannot be used, or a port in use.
pub async fn start_daemon(world: &World, settings: Settings, file: &Path) -> Result<Daemon> {
    let prepared = Prepared::new(settings, file).await?;
    for (name, declarations) in prepared.declarations() {
        world.grant_plugin(&name, rbac::write_rules(&declarations, rbac::usual_plural)).await?;
        world.grant_daemon(&name, rbac::read_rules(&declarations, rbac::usual_plural)).await?;
    }
    let daemon = prepared.start(client_of(&world.daemon_kubeconfig()).await?).await?;
    daemon.ready().await;
    Ok(daemon)
}

fn settings(options: &DevOptions) -> Result<(Settings, PathBuf)> {
    let (mut settings, file) = match &options.config {
        Some(file) => (Settings::read(file)?, file.clone()),
        None => (Settings::default(), PathBuf::from("backplane dev")),
    };
    if options.config.is_none() {
        // A free port: several worlds live side by side.
        settings.observe.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        // The world ends with the daemon, so there is nothing that a call in flight could still spoil.
        settings.engine.drain = Duration::from_millis(1200);
    }
    if settings.plugins.is_empty() {
        settings.plugins = default_plugins(options)?;
    }
    settings.plugins.extend(options.plugins.iter().cloned().map(PluginSettings::from_path));
    if options.cache_dir.is_some() {
        settings.engine.cache_dir.clone_from(&options.cache_dir);
    }
    Ok((settings, file))
}

fn default_plugins(options: &DevOptions) -> Result<Vec<PluginSettings>> {
    let Some(folder) = &options.plugin_folder else {
        bail!("no plugins were found; `cargo xtask guests` builds them, --plugin-folder says where they are");
    };
    let mut plugins = DEFAULT_PLUGINS.map(|name| PluginSettings::from_path(folder.join(name)));
    plugins[1].settings = cloudsigma_settings(options.time_scale);
    Ok(plugins.into())
}

/// The simulated cloud has one region and is as much faster than a real one as its delays say.
fn cloudsigma_settings(time_scale: f64) -> toml::Table {
    let poll = (POLL.as_secs_f64() * time_scale).clamp(0.1, POLL.as_secs_f64());
    let poll = i64::try_from(Duration::from_secs_f64(poll).as_millis()).unwrap_or(i64::MAX);
    toml::Table::from_iter([("regional-endpoint".into(), false.into()), ("poll-ms".into(), poll.into())])
}

fn world_options(options: &DevOptions) -> Result<WorldOptions> {
    let without = options.without.iter().map(|name| name.parse());
    Ok(WorldOptions {
        seed: options.seed,
        listen: options.listen,
        time_scale: options.time_scale,
        crds: crds::OWN.iter().map(ToString::to_string).collect(),
        without: without.collect::<Result<_, _>>().context("--without")?,
        external: options.external.clone(),
        ..WorldOptions::default()
    })
}

/// The simulated cloud, as an operator would grant the real one.
fn cloud_endpoint(world: &World) -> EndpointSettings {
    let credentials = world.cloud_credentials();
    EndpointSettings {
        credential: Some(CredentialSettings::Given {
            username: credentials.email,
            password: SecretString::from(credentials.password),
        }),
        allow_plain_http: true,
        ..EndpointSettings::new(world.cloud_url())
    }
}
