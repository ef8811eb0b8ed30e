//! The daemon's life: checked, started in order, stopped in order.
//!
//! ```text
//!   settings ─> plugins loaded ─> listener bound ─> store ─> slots and controllers ─> ready
//!   stop: not ready any more ─> leases given back ─> controllers drain ─> watches end ─> listener closes
//! ```

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use backplane_core::{BoxError, Declaration};
use backplane_engine::{Engine, EngineError, EngineSettings, LoadError};
use backplane_provider::{cluster_declaration, machine_declaration};
use backplane_reconcile::Metrics;
use backplane_store::lease::{Cluster, Election, ReplicaState};
use backplane_store::{Options, Store, Watch, demands};
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::figures::Figures;
use crate::figures::leases::{LeaseFigures, Leases, as_json, not_a_member};
use crate::load::{Loaded, load};
use crate::observe::{Observed, Observer};
use crate::plugin::{Board, Running};
use crate::replicas::Replicas;
use crate::settings::{Problems, Settings, StoreSection};
use crate::watches::WatchReport;

/// Why there is no daemon.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings, or a plugin they name, cannot be used.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// The engine could not be set up.
    #[error("the engine could not be started")]
    Engine(#[from] EngineError),
    /// The port for health and metrics cannot be had.
    #[error("observe.listen: {address} cannot be listened on")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A plugin could not be put into its slot.
    #[error("a plugin could not be started")]
    Plugin(#[from] LoadError),
    /// The replicas cannot share the plugins.
    #[error("replicas: no part could be taken in the election")]
    Replicas(#[source] BoxError),
    /// The cluster cannot be reached as the settings say.
    #[error("cluster: no client for the API server could be made")]
    Cluster(#[source] BoxError),
}

/// Settings whose plugins have been loaded and found good. Nothing runs yet, no port is open.
pub struct Prepared {
    settings: Settings,
    plugins: Vec<Loaded>,
}

/// A running daemon.
pub struct Daemon {
    store: Store,
    plugins: Arc<Vec<Running>>,
    address: SocketAddr,
    tasks: TaskTracker,
    stop: CancellationToken,
    stop_observing: CancellationToken,
    observing: tokio::task::JoinHandle<()>,
    drain: Duration,
    election: Option<Election>,
}

impl Prepared {
    /// Loads, describes and configures every plugin. `file` is named in problems.
    ///
    /// # Errors
    /// Everything that is wrong with the plugins, or an engine that cannot be set up.
    pub async fn new(settings: Settings, file: &Path) -> Result<Self, StartError> {
        let engine = Engine::new(EngineSettings {
            cache_dir: settings.engine.cache_dir.clone().or_else(default_cache_dir),
            instances: settings.engine.instances,
            memory_bytes: largest_memory(&settings),
            ..EngineSettings::default()
        })?;
        let mut problems = Problems::new(file);
        let plugins = load(&engine, &settings, &mut problems).await;
        check_compressed(&settings, &plugins, &mut problems);
        Ok(Self { plugins: problems.into_result(plugins)?, settings })
    }

    /// What the plugins, and the rooms that act for them, declare; by plugin name. Permissions are made from it.
    pub fn declarations(&self) -> Vec<(String, Vec<Declaration>)> {
        self.plugins.iter().map(declarations).collect()
    }

    /// Opens the listener, then starts store, slots and controllers. Returns before the first sync; see
    /// [`Daemon::ready`]. No lease is asked for, whatever the settings say: this daemon is the only one.
    ///
    /// # Errors
    /// A port in use, or a plugin that cannot be instantiated.
    pub async fn start(self, client: kube::Client) -> Result<Daemon, StartError> {
        self.start_as(client, None).await
    }

    /// The same as one of several daemons, which share the plugins by leases unless the settings say otherwise.
    ///
    /// # Errors
    /// A port in use, a plugin that cannot be instantiated, or no timer of the kernel.
    pub async fn start_in(self, cluster: Cluster) -> Result<Daemon, StartError> {
        let client = cluster.client().map_err(|error| StartError::Cluster(error.into()))?;
        let cluster = Some(cluster).filter(|_| self.settings.replicas.enabled);
        self.start_as(client, cluster).await
    }

    async fn start_as(self, client: kube::Client, cluster: Option<Cluster>) -> Result<Daemon, StartError> {
        let listen = self.settings.observe.listen;
        let observer = Observer::bind(listen).await.map_err(|source| StartError::Listen { address: listen, source })?;
        let (settings, identity) = (&self.settings.replicas, self.settings.replicas.unique_identity());
        let names = (identity.as_str(), self.settings.cluster.namespace.as_str());
        let store = Store::new(client, options(&self.settings.store, cluster.as_ref().map(|_| &*identity)));
        let replicas = cluster.map(|cluster| Replicas::start(&store, cluster, settings, names, &self.plugins));
        let replicas = replicas.transpose().map_err(StartError::Replicas)?;
        let (tasks, stop, metrics) = (TaskTracker::new(), CancellationToken::new(), Metrics::default());
        let board = Board {
            store: &store,
            namespace: &self.settings.cluster.namespace,
            metrics: &metrics,
            drain: self.settings.engine.drain,
            tasks: &tasks,
            stop: &stop,
            replicas: replicas.as_ref(),
        };
        let parts = self.plugins.iter().map(|plugin| board.start(plugin)).collect::<Result<Vec<_>, _>>()?;
        let plugins = Arc::new(parts.into_iter().flatten().collect::<Vec<_>>());
        let leases = replicas.as_ref().map(Replicas::told);
        let told = Arc::new(Told::new(&store, &plugins, &metrics, leases, stop.clone()));
        let (address, stop_observing) = (observer.address(), CancellationToken::new());
        let observing = tokio::spawn(observer.serve(told, stop_observing.clone()));
        tracing::info!(plugins = plugins.len(), %address, "daemon started");
        let drain = self.settings.engine.drain;
        let election = replicas.map(|replicas| replicas.election);
        let daemon = Daemon { store, plugins, address, tasks, stop, stop_observing, observing, drain, election };
        daemon.begin_when_ready();
        Ok(daemon)
    }
}

/// A replica is told from others by how it signs its requests.
fn options(settings: &StoreSection, identity: Option<&str>) -> Options {
    let StoreSection { compress, unpacked_bytes } = settings.clone();
    let options = Options { compress, unpacked_bytes, ..Options::default() };
    match identity {
        Some(identity) => Options { agent: format!("{} ({identity})", options.agent), ..options },
        None => options,
    }
}

/// A kind that nobody watches is a misspelt one.
fn check_compressed(settings: &Settings, plugins: &[Loaded], problems: &mut Problems) {
    let declared = plugins.iter().flat_map(|plugin| declarations(plugin).1);
    let watched: BTreeSet<String> =
        declared.flat_map(|declaration| demands(&declaration)).map(|demand| demand.watch.kind.to_string()).collect();
    for (i, kind) in settings.store.compress.iter().enumerate().filter(|(_, kind)| !watched.contains(*kind)) {
        let known = watched.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        problems.add(format!("store.compress[{i}]"), format!("no plugin reads {kind:?}; read are {known}"));
    }
}

/// What the largest plugin may have: the engine's slots must be as large, or its limit would silently not apply.
fn largest_memory(settings: &Settings) -> u64 {
    let usual = EngineSettings::default().memory_bytes;
    settings.plugins.iter().map(|plugin| plugin.limits.memory_bytes).fold(usual, u64::max)
}

fn declarations(plugin: &Loaded) -> (String, Vec<Declaration>) {
    let Declaration { name, version, .. } = &plugin.declaration;
    let rooms = plugin
        .kinds
        .iter()
        .flat_map(|kinds| [machine_declaration(name, version, kinds), cluster_declaration(name, version, kinds)]);
    (name.clone(), std::iter::once(plugin.declaration.clone()).chain(rooms).collect())
}

/// `$XDG_CACHE_HOME/backplane` or `~/.cache/backplane`; without either nothing is kept.
fn default_cache_dir() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home).map(|cache| cache.join("backplane"))
}

impl Daemon {
    /// Where health and metrics are served.
    pub fn observe_address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until every watch has synchronised or is known to be unavailable.
    pub async fn ready(&self) {
        self.store.settled(&self.watches()).await;
    }

    fn watches(&self) -> Vec<Watch> {
        self.plugins.iter().flat_map(|plugin| plugin.watches.clone()).collect()
    }

    /// Leases are asked for by those whose caches are warm.
    fn begin_when_ready(&self) {
        let Some(begin) = self.election.as_ref().map(Election::beginning) else { return };
        let (store, watches, stop) = (self.store.clone(), self.watches(), self.stop.clone());
        self.tasks.spawn(async move {
            stop.run_until_cancelled(store.settled(&watches)).await;
            begin.cancel();
        });
    }

    /// What is known of the leases, if there are any.
    pub fn leases(&self) -> Option<ReplicaState> {
        self.election.as_ref().map(Election::state)
    }

    /// Stops in order: leases are given back, calls in flight finish, watches end, then the listener closes.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        if let Some(election) = self.election {
            election.stop().await;
        }
        // Controllers keep to the same limit themselves; this one is for what they cannot interrupt.
        if tokio::time::timeout(self.drain + Duration::from_millis(200), self.tasks.wait()).await.is_err() {
            tracing::warn!("calls in flight were cut off");
        }
        self.store.shutdown().await;
        self.stop_observing.cancel();
        self.observing.abort();
        tracing::info!("daemon stopped");
    }
}

/// Answers health and metrics.
struct Told {
    store: Store,
    registry: Registry,
    leases: Option<Leases>,
    stop: CancellationToken,
}

impl Told {
    fn new(
        store: &Store,
        plugins: &Arc<Vec<Running>>,
        metrics: &Metrics,
        leases: Option<Leases>,
        stop: CancellationToken,
    ) -> Self {
        let mut registry = Registry::default();
        metrics.register(&mut registry);
        registry.register_collector(Box::new(Figures { store: store.clone(), plugins: plugins.clone() }));
        if let Some(leases) = &leases {
            registry.register_collector(Box::new(LeaseFigures { leases: leases.clone() }));
        }
        Self { store: store.clone(), registry, leases, stop }
    }
}

impl Observed for Told {
    fn missing(&self) -> Vec<String> {
        if self.stop.is_cancelled() {
            return vec!["stopping".into()];
        }
        let costs = self.store.costs();
        // A kind that the API server does not serve (yet) keeps nobody from working on the others.
        let waiting = costs.iter().filter(|cost| cost.state == backplane_store::State::Starting);
        let waiting = waiting.map(|cost| format!("{} has not been listed yet", cost.watch.kind));
        waiting.chain(self.leases.as_ref().and_then(not_a_member)).collect()
    }

    fn leases(&self) -> String {
        self.leases.as_ref().map_or_else(|| "{}".into(), as_json)
    }

    fn watches(&self) -> Vec<WatchReport> {
        self.store.costs().iter().map(WatchReport::from).collect()
    }

    fn metrics(&self) -> String {
        let mut text = String::new();
        if let Err(error) = prometheus_client::encoding::text::encode(&mut text, &self.registry) {
            tracing::error!(%error, "metrics could not be written");
        }
        text
    }
}
