//! Puts the parts together, in order, and takes them apart again.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};

use backplane_apiserver::{ApiServer, Authority, Env, LocalClient, Options, Serving, Token, kubeconfig};
use backplane_cloudsigma_sim::{Cloud, CloudOptions, Credentials};
use backplane_standins::{Delays, StandIn, StandIns};
use serde_json::{Value, json};

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
        }
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

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
    /// The management API server.
    pub api: ApiServer,
    /// The authority of its certificate.
    pub authority: Authority,
    /// Its URL, `https://host:port`.
    pub url: String,
    /// The simulated cloud.
    pub cloud: Cloud,
    credentials: Credentials,
    admin_token: String,
    daemon_token: String,
    serving: Serving,
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
        let authority = Authority::new("backplane-sandbox").map_err(|e| WorldError::Authority { source: e.into() })?;
        let (admin_token, daemon_token) = (secret(), secret());
        let api = ApiServer::new(env.clone(), api_options(&options, &admin_token, &daemon_token));
        furnish(&api.client(), &definitions).await?;
        let (serving, url) = listen(&api, &authority, options.listen).await?;
        let cloud_options = options.cloud_options();
        let credentials = cloud_options.credentials.clone();
        let cloud = Cloud::new(backplane_cloudsigma_sim::Env::system(options.seed), cloud_options);
        let cloud_serving = cloud.serve(options.cloud_listen).await.map_err(|e| WorldError::Listen {
            what: "the cloud",
            address: options.cloud_listen,
            source: e.into(),
        })?;
        let delays = options.delays.clone().unwrap_or_else(|| Delays::scaled(options.time_scale));
        let stand_ins = StandIns::start(&api, env, &delays, &options.without)
            .map_err(|e| WorldError::StandIns { source: e.into() })?;
        Ok(Self {
            api,
            authority,
            url,
            cloud,
            credentials,
            admin_token,
            daemon_token,
            serving,
            cloud_serving,
            stand_ins,
        })
    }

    /// A kubeconfig for the administrator, who may do everything.
    pub fn admin_kubeconfig(&self) -> String {
        kubeconfig(&self.url, &self.authority.ca_pem(), &self.admin_token, "sandbox")
    }

    /// A kubeconfig for the daemon: it may read what its plugins declare and act as them, once [`World::grant_daemon`] said so.
    pub fn daemon_kubeconfig(&self) -> String {
        kubeconfig(&self.url, &self.authority.ca_pem(), &self.daemon_token, "backplane")
    }

    /// The daemon's bearer token.
    pub fn daemon_token(&self) -> &str {
        &self.daemon_token
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
        self.grant(rbac::plugin(name, rules)).await
    }

    /// Lets the daemon act as the plugin `name` and read what it has declared; what was granted for it before is replaced.
    ///
    /// # Errors
    /// When the API server refuses the rules.
    pub async fn grant_daemon(&self, name: &str, rules: Vec<Value>) -> Result<(), WorldError> {
        self.grant(rbac::reads(name, rules)).await
    }

    async fn grant(&self, objects: [Value; 2]) -> Result<(), WorldError> {
        let client = self.api.client();
        for object in objects {
            put(&client, &object).await?;
        }
        Ok(())
    }

    /// Stops everything, tenant API servers and guests included, and waits until it has ended.
    pub async fn stop(self) {
        let Self { stand_ins, serving, cloud, cloud_serving, .. } = self;
        tokio::join!(stand_ins.stop(), serving.stop(), async {
            cloud_serving.stop().await;
            cloud.stop().await;
        });
    }
}

impl WorldOptions {
    fn cloud_options(&self) -> CloudOptions {
        let mut cloud = self.cloud.clone();
        if cloud.delays == CloudOptions::default().delays {
            cloud.delays = backplane_cloudsigma_sim::Delays::scaled(self.time_scale);
        }
        cloud
    }
}

fn secret() -> String {
    format!("{:032x}", rand::random::<u128>())
}

fn api_options(options: &WorldOptions, admin: &str, daemon: &str) -> Options {
    let token = |token: &str, user: &str, groups: &[&str]| Token {
        token: token.into(),
        user: user.into(),
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
    };
    let mut tokens = options.tokens.clone();
    tokens.push(token(admin, "sandbox-admin", &["system:masters"]));
    tokens.push(token(daemon, rbac::DAEMON, &["system:serviceaccounts", "system:serviceaccounts:backplane"]));
    Options { name: "sandbox".into(), version: options.version.clone(), tokens, anonymous: false, ..Options::default() }
}

/// Puts everything in that is there from the beginning.
async fn furnish(client: &LocalClient, definitions: &[Value]) -> Result<(), WorldError> {
    for definition in definitions {
        put(client, definition).await?;
    }
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": rbac::NAMESPACE}});
    put(client, &namespace).await?;
    for object in rbac::daemon() {
        put(client, &object).await?;
    }
    Ok(())
}

/// Creates the object, or puts it in the place of the one that is there.
async fn put(client: &LocalClient, object: &Value) -> Result<(), WorldError> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let what = || format!("{} {}", text("/kind"), text("/metadata/name"));
    match client.create(object).await {
        Err(status) if status.reason() == "AlreadyExists" => client.update(object).await,
        other => other,
    }
    .map(|_| ())
    .map_err(|source| WorldError::Refused { what: what(), source: source.into() })
}

async fn listen(api: &ApiServer, authority: &Authority, address: SocketAddr) -> Result<(Serving, String), WorldError> {
    let refused = |source: Cause| WorldError::Listen { what: "the API server", address, source };
    let ip = address.ip().to_string();
    let names = ["localhost", "127.0.0.1", "::1", "kubernetes.default.svc", ip.as_str()];
    let certificate = authority.issue(&names).map_err(|e| refused(e.into()))?;
    let serving = api.serve(address, Some(certificate)).await.map_err(|e| refused(e.into()))?;
    // Whoever listens everywhere is reached at home.
    let host = if address.ip().is_unspecified() { "127.0.0.1".to_owned() } else { ip };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let url = format!("https://{host}:{}", serving.addr.port());
    Ok((serving, url))
}
