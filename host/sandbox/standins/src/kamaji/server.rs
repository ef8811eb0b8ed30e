//! The API servers of tenants: one per TenantControlPlane, each with its own authority, data and listener.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backplane_apiserver::{ApiServer, Authority, Options, Serving, Token};
use jiff::Timestamp;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::seed;
use super::signer::Signer;
use crate::client::{Client, Transport};
use crate::error::Error;
use crate::kinds::{CONFIG_MAP, Kind};
use crate::object;
use crate::queue::Key;
use crate::runner::{Tasks, start};

/// Where a server listens and what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) address: String,
    pub(super) port: i64,
    /// Version to begin with.
    pub(super) version: String,
    /// Names for the certificate.
    pub(super) names: Vec<String>,
}

/// Bearer tokens of those who come with a kubeconfig.
pub(super) struct Credentials {
    pub(super) admin: String,
    pub(super) super_admin: String,
    pub(super) controller_manager: String,
    pub(super) scheduler: String,
}

/// A tenant's API server.
#[derive(Clone)]
pub(super) struct Running(Arc<Inner>);

struct Inner {
    server: ApiServer,
    authority: Authority,
    credentials: Credentials,
    client: Client,
    place: Mutex<Place>,
    listener: Mutex<Option<Serving>>,
    /// What was put in last, and for which address.
    seeded: Mutex<Option<(String, Value)>>,
    /// Ends the control loops inside.
    stop: CancellationToken,
}

/// All of them.
#[derive(Clone)]
pub(super) struct Servers(Arc<Shared>);

struct Shared {
    tasks: Tasks,
    running: tokio::sync::Mutex<BTreeMap<Key, Running>>,
    /// Since when a Deployment of this generation is rolled out.
    rollouts: Mutex<BTreeMap<Key, (i64, Timestamp)>>,
}

impl Servers {
    pub(super) fn new(tasks: Tasks) -> Self {
        Self(Arc::new(Shared { tasks, running: tokio::sync::Mutex::default(), rollouts: Mutex::default() }))
    }

    /// Starts the server if it does not run, and moves its listener if the place has changed.
    pub(super) async fn ensure(&self, key: &Key, place: Place) -> Result<Running, Error> {
        let mut all = self.0.running.lock().await;
        let running = match all.get(key) {
            Some(running) => running.clone(),
            None => {
                let running = Running::new(key, &place, &self.0.tasks)?;
                all.insert(key.clone(), running.clone());
                running
            }
        };
        running.listen(key, place).await?;
        Ok(running)
    }

    /// Stops the server and forgets its data.
    pub(super) async fn stop(&self, key: &Key) {
        let running = self.0.running.lock().await.remove(key);
        self.0.rollouts.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        if let Some(running) = running {
            running.0.stop.cancel();
            running.close().await;
        }
    }

    /// Stops every server.
    pub(super) async fn stop_all(&self) {
        let all = std::mem::take(&mut *self.0.running.lock().await);
        for running in all.into_values() {
            running.0.stop.cancel();
            running.close().await;
        }
    }

    /// Whether the Deployment's present generation has been rolled out for this long.
    pub(super) fn has_settled(&self, key: &Key, deployment: &Value, now: Timestamp, pace: Duration) -> bool {
        if !super::parts::is_rolled_out(deployment) {
            return false;
        }
        let generation = object::number(deployment, "/metadata/generation", 1);
        let mut rollouts = self.0.rollouts.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen, since) = rollouts.entry(key.clone()).or_insert((generation, now));
        if *seen != generation {
            (*seen, *since) = (generation, now);
        }
        now.duration_since(*since) >= jiff::SignedDuration::try_from(pace).unwrap_or_default()
    }
}

impl Running {
    fn new(key: &Key, place: &Place, tasks: &Tasks) -> Result<Self, Error> {
        let credentials = Credentials::new();
        let options = Options {
            name: key.to_string(),
            version: place.version.clone(),
            tokens: credentials.tokens(),
            bootstrap_tokens: true,
            anonymous: true,
            ..Options::default()
        };
        let authority = Authority::new("kubernetes").map_err(|e| failed(key, e))?;
        let server = ApiServer::new(tasks.env.clone(), options);
        let stop = tasks.stop.child_token();
        let inside = Tasks { stop: stop.clone(), ..tasks.clone() };
        let client = Client::new(Transport::Local(server.client()), inside.clone());
        start(Signer { client: client.clone() }, client.clone(), &inside);
        let place = Mutex::new(Place { address: String::new(), ..place.clone() });
        Ok(Self(Arc::new(Inner {
            server,
            authority,
            credentials,
            client,
            place,
            listener: Mutex::default(),
            seeded: Mutex::default(),
            stop,
        })))
    }

    async fn listen(&self, key: &Key, place: Place) -> Result<(), Error> {
        if self.place().address == place.address && self.place().port == place.port && self.place().names == place.names
        {
            return Ok(());
        }
        self.close().await;
        let text = format!("{}:{}", place.address, place.port);
        let address: SocketAddr = text.parse().map_err(|_| failed(key, format!("{text} is not an address")))?;
        let certificate = self.0.authority.issue(&place.names).map_err(|e| failed(key, e))?;
        let serving = self.0.server.serve(address, Some(certificate)).await.map_err(|e| failed(key, e))?;
        *self.0.listener.lock().unwrap_or_else(PoisonError::into_inner) = Some(serving);
        *self.0.place.lock().unwrap_or_else(PoisonError::into_inner) = place;
        Ok(())
    }

    async fn close(&self) {
        let serving = self.0.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.0.place.lock().unwrap_or_else(PoisonError::into_inner).address.clear();
        if let Some(serving) = serving {
            serving.stop().await;
        }
    }

    fn place(&self) -> Place {
        self.0.place.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Address that it listens on.
    pub(super) fn address(&self) -> String {
        self.place().address
    }

    /// Certificate and key of the authority, in PEM.
    pub(super) fn authority(&self) -> (String, String) {
        (self.0.authority.ca_pem(), self.0.authority.ca_key_pem())
    }

    /// Tokens for kubeconfigs.
    pub(super) fn credentials(&self) -> &Credentials {
        &self.0.credentials
    }

    /// Puts kubeadm's objects into the tenant cluster, unless the same have been put there.
    pub(super) async fn seed(&self, kubeadm_config: &Value) -> Result<(), Error> {
        let place = self.place();
        let server = format!("https://{}:{}", place.address, place.port);
        let present = Some((server.clone(), kubeadm_config.clone()));
        if *self.0.seeded.lock().unwrap_or_else(PoisonError::into_inner) == present {
            return Ok(());
        }
        let (ca, _) = self.authority();
        self.0.client.ensure(&CONFIG_MAP, &seed::cluster_info(&server, &ca)).await?;
        self.0.client.ensure(&CONFIG_MAP, kubeadm_config).await?;
        for role in seed::roles() {
            self.0.client.ensure(&Kind::of_role(&role), &role).await?;
        }
        *self.0.seeded.lock().unwrap_or_else(PoisonError::into_inner) = present;
        Ok(())
    }
}

impl Credentials {
    fn new() -> Self {
        let secret = || format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
        Self { admin: secret(), super_admin: secret(), controller_manager: secret(), scheduler: secret() }
    }

    fn tokens(&self) -> Vec<Token> {
        let token = |token: &str, user: &str, groups: &[&str]| Token {
            token: token.to_owned(),
            user: user.to_owned(),
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
        };
        vec![
            token(&self.admin, "kubernetes-admin", &["kubeadm:cluster-admins"]),
            token(&self.super_admin, "kubernetes-super-admin", &["system:masters"]),
            token(&self.controller_manager, "system:kube-controller-manager", &[]),
            token(&self.scheduler, "system:kube-scheduler", &[]),
        ]
    }
}

fn failed(key: &Key, what: impl std::fmt::Display) -> Error {
    Error::Server { tenant: key.to_string(), what: what.to_string() }
}
