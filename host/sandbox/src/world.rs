//! Puts the parts together, in order, and takes them apart again.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};

use backplane_apiserver::{ApiServer, Env, Token};
use backplane_cloudsigma_sim::{Cloud, CloudOptions, Credentials};
use backplane_standins::{Delays, StandIn, StandIns};
use serde_json::Value;

use crate::management::{ExternalCluster, Management};
use crate::{crds, rbac};

/// What a world is told when it is made.
#[derive(Debug, Clone)]
pub struct WorldOptions {
    /// Seed of names and addresses. Keys and tokens never come from it.
    pub seed: u64,
    /// Where the API server listens; port 0 chooses one.
    pub listen: SocketAddr,
    /// Where the cloud listens; port 0 chooses one.
    pub cloud_listen: SocketAddr,
    /// Factor on every usual delay of stand-ins and cloud; 1 is about real, 0.02 is for tests.
    pub time_scale: f64,
    /// How long stand-ins take, if not as `time_scale` has it.
    pub delays: Option<Delays>,
    /// The cloud's account, delays and quirks. Its usual delays are taken times `time_scale`, others as they are.
    pub cloud: CloudOptions,
    /// Further CustomResourceDefinitions as YAML texts, such as those of `deploy/crds`.
    pub crds: Vec<String>,
    /// Programs that are not stood in for, because the real ones run, or to see what happens without them.
    pub without: BTreeSet<StandIn>,
    /// Further bearer tokens of the API server.
    pub tokens: Vec<Token>,
    /// Version that the API server reports.
    pub version: String,
    /// A management cluster that is there already, in place of the embedded API server.
    pub external: Option<ExternalCluster>,
}

impl Default for WorldOptions {
    /// Everything on ports of its own choice, on the loopback interface, with a seed drawn at random.
    fn default() -> Self {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            seed: rand::random(),
            listen: anywhere,
            cloud_listen: anywhere,
            time_scale: 1.0,
            delays: None,
            // Random like any password: a well-known word could not be told from others in a log.
            cloud: CloudOptions {
                credentials: Credentials::new("operator@example.com", secret()),
                ..CloudOptions::default()
            },
            crds: Vec::new(),
            without: BTreeSet::new(),
            tokens: Vec::new(),
            version: "v1.34.0".into(),
            external: None,
        }
    }
}

pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why there is no world.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's line covers its fields")]
pub enum WorldError {
    /// A text is not YAML, or not a CustomResourceDefinition.
    #[error("definition of a kind cannot be read")]
    Definition {
        #[source]
        source: Cause,
    },
    /// The API server refused one of the first objects.
    #[error("{what} was refused")]
    Refused {
        what: String,
        #[source]
        source: Cause,
    },
    /// An address cannot be listened on, or no certificate made for it.
    #[error("{what} cannot listen on {address}")]
    Listen {
        what: &'static str,
        address: SocketAddr,
        #[source]
        source: Cause,
    },
    /// The external cluster cannot be used.
    #[error("the external cluster cannot be used")]
    External {
        #[source]
        source: Cause,
    },
    /// Stand-ins cannot begin.
    #[error("stand-ins cannot begin")]
    StandIns {
        #[source]
        source: Cause,
    },
    /// The certificate authority cannot be made.
    #[error("no certificate authority")]
    Authority {
        #[source]
        source: Cause,
    },
}

impl WorldError {
    pub(crate) fn unreadable(source: impl Into<Cause>) -> Self {
        Self::Definition { source: source.into() }
    }
}

/// A running world. Dropping it stops it without waiting; [`World::stop`] waits.
pub struct World {
    /// The simulated cloud.
    pub cloud: Cloud,
    management: Management,
    credentials: Credentials,
    cloud_serving: backplane_cloudsigma_sim::Serving,
    stand_ins: StandIns,
}

impl World {
    /// Starts everything; the API answers when this returns.
    ///
    /// # Errors
    /// See [`WorldError`].
    pub async fn start(options: WorldOptions) -> Result<Self, WorldError> {
        let definitions = crds::decode(&options.crds)?;
        let env = Env::system(options.seed);
        let management = Management::start(&options, &env).await?;
        management.furnish(&definitions).await?;
        let cloud_options = options.cloud_options();
        let credentials = cloud_options.credentials.clone();
        let cloud = Cloud::new(backplane_cloudsigma_sim::Env::system(options.seed), cloud_options);
        let cloud_serving = cloud.serve(options.cloud_listen).await.map_err(|e| WorldError::Listen {
            what: "the cloud",
            address: options.cloud_listen,
            source: e.into(),
        })?;
        let delays = options.delays.clone().unwrap_or_else(|| Delays::scaled(options.time_scale));
        let without = options.left_out();
        let stand_ins = StandIns::start(&management.cluster(), env, &delays, &without)
            .map_err(|e| WorldError::StandIns { source: e.into() })?;
        Ok(Self { cloud, management, credentials, cloud_serving, stand_ins })
    }

    /// The embedded API server; `None` in an external cluster.
    pub fn api(&self) -> Option<&ApiServer> {
        self.management.api()
    }

    /// URL of the management API server.
    pub fn url(&self) -> String {
        self.management.url()
    }

    /// A kubeconfig for the administrator, who may do everything.
    pub fn admin_kubeconfig(&self) -> String {
        self.management.admin_kubeconfig()
    }

    /// A kubeconfig for the daemon: it may read what its plugins declare and act as them, once [`World::grant_daemon`] said so.
    pub fn daemon_kubeconfig(&self) -> String {
        self.management.daemon_kubeconfig()
    }

    /// The cloud's base URL, with the trailing slash.
    pub fn cloud_url(&self) -> String {
        self.cloud_serving.url()
    }

    /// The credential of the cloud's account.
    pub fn cloud_credentials(&self) -> Credentials {
        self.credentials.clone()
    }

    /// Lets the plugin `name` (user `system:serviceaccount:backplane:backplane-<name>`) do what these RBAC rules say;
    /// what was granted to it before is replaced.
    ///
    /// # Errors
    /// When the API server refuses the rules.
    pub async fn grant_plugin(&self, name: &str, rules: Vec<Value>) -> Result<(), WorldError> {
        self.management.put_all(&rbac::plugin(name, rules)).await
    }

    /// Lets the daemon act as the plugin `name` and read what it has declared; what was granted for it before is replaced.
    ///
    /// # Errors
    /// When the API server refuses the rules.
    pub async fn grant_daemon(&self, name: &str, rules: Vec<Value>) -> Result<(), WorldError> {
        self.management.put_all(&rbac::reads(name, rules)).await
    }

    /// Stops everything, tenant API servers and guests included, and waits until it has ended.
    pub async fn stop(self) {
        let Self { stand_ins, management, cloud, cloud_serving, .. } = self;
        tokio::join!(stand_ins.stop(), management.stop(), async {
            cloud_serving.stop().await;
            cloud.stop().await;
        });
    }
}

impl WorldOptions {
    /// Workload controllers are stood in for by one or the other: an external cluster has real ones, whose Pods need kubelets.
    fn left_out(&self) -> BTreeSet<StandIn> {
        let other = if self.external.is_some() { StandIn::Workloads } else { StandIn::Kubelets };
        self.without.iter().copied().chain([other]).collect()
    }

    fn cloud_options(&self) -> CloudOptions {
        let mut cloud = self.cloud.clone();
        if cloud.delays == CloudOptions::default().delays {
            cloud.delays = backplane_cloudsigma_sim::Delays::scaled(self.time_scale);
        }
        cloud
    }
}

/// What nobody can guess.
pub(crate) fn secret() -> String {
    format!("{:032x}", rand::random::<u128>())
}
