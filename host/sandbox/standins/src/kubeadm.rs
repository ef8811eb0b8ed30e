//! Stands for the kubeadm bootstrap provider of Cluster API (kubernetes-sigs/cluster-api, `bootstrap/kubeadm`).
//!
//! For each KubeadmConfig of a worker Machine it makes a bootstrap token in the tenant cluster and the Secret with the
//! cloud-init document, once the Cluster's infrastructure is ready and its control plane initialized. The token is
//! renewed until the Machine has its Node. Left out: control plane Machines (init and join), `ignition`, `contentFrom`
//! and `passwdFrom`, `diskSetup`, discovery by file, the choice of kubeadm API version (always `v1beta3`),
//! MachinePools.

pub(crate) mod cloud_init;
pub(crate) mod token;

use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::capi::{cluster_key, is_paused, phase, words};
use crate::client::Client;
use crate::condition::{self, Condition};
use crate::error::Error;
use crate::kamaji::pin;
use crate::kinds::{CLUSTER, KUBEADM_CONFIG, Kind, MACHINE, SECRET};
use crate::object::{self, Owner};
use crate::queue::Key;
use crate::runner::{Controller, Handle, Next, Tasks, key_of, start};
use crate::tenants::Tenants;
use token::{LIFETIME, Token, decode, encode};

/// A token with less than this left is renewed, and so often it is looked at.
const RENEW: SignedDuration = SignedDuration::from_mins(5);

/// Starts the control loop.
pub(crate) fn run(client: &Client, tasks: &Tasks) {
    let tenants = Tenants::new(client.clone(), tasks.clone());
    start(Configs { client: client.clone(), tenants }, client.clone(), tasks);
}

struct Configs {
    client: Client,
    tenants: Tenants,
}

/// Why join data cannot be made yet: severity, reason and message of `DataSecretAvailable`.
type Waiting = (&'static str, &'static str, String);

#[async_trait]
impl Controller for Configs {
    fn name(&self) -> &'static str {
        "kubeadmconfigs"
    }

    fn watches(&self) -> Vec<Kind> {
        vec![KUBEADM_CONFIG, MACHINE, CLUSTER]
    }

    async fn concerns(&self, kind: &Kind, object: &Value) -> Vec<Key> {
        match kind {
            kind if *kind == KUBEADM_CONFIG => vec![key_of(object)],
            kind if *kind == MACHINE => {
                let name = object::text(object, "/spec/bootstrap/configRef/name");
                if name.is_empty() { Vec::new() } else { vec![Key::new(object::namespace(object), name)] }
            }
            _ => {
                let selector = format!("{}={}", words::CLUSTER_NAME, object::name(object));
                let configs = self.client.list(&KUBEADM_CONFIG, object::namespace(object), &selector).await;
                configs.unwrap_or_default().iter().map(key_of).collect()
            }
        }
    }

    async fn reconcile(&self, key: &Key, _handle: &Handle) -> Result<Next, Error> {
        let Some(config) = self.client.get(&KUBEADM_CONFIG, &key.namespace, &key.name).await? else {
            return Ok(Next::OnChange);
        };
        if object::is_deleting(&config) {
            return Ok(Next::OnChange);
        }
        // Nothing is made before a Machine has taken the config over.
        let Some(machine) = self.machine(&config).await? else { return Ok(Next::OnChange) };
        let cluster = cluster_key(&machine);
        let Some(cluster) = self.client.get(&CLUSTER, &cluster.namespace, &cluster.name).await? else {
            return Ok(Next::OnChange);
        };
        if is_paused(Some(&cluster), &config) {
            return Ok(Next::OnChange);
        }
        let mut changed = config.clone();
        let next = self.step(&machine, &cluster, &mut changed).await;
        if let Err(error) = &next {
            self.fails(&mut changed, "Warning", "DataSecretGenerationFailed", error.chain());
        }
        let generation = object::number(&config, "/metadata/generation", 1);
        object::put(&mut changed, &["status", "observedGeneration"], json!(generation));
        condition::summarise(&mut changed, &["DataSecretAvailable", "CertificatesAvailable"], self.client.now());
        self.client.save(&KUBEADM_CONFIG, &config, &changed).await?;
        next
    }
}

impl Configs {
    async fn machine(&self, config: &Value) -> Result<Option<Value>, Error> {
        let owner = object::owner_of_kind(config, words::GROUP, &MACHINE.kind);
        let Some(name) = owner.map(|owner| object::text(owner, "/name")) else { return Ok(None) };
        Ok(self.client.get(&MACHINE, object::namespace(config), name).await?)
    }

    async fn step(&self, machine: &Value, cluster: &Value, config: &mut Value) -> Result<Next, Error> {
        if object::is_true(config, "/status/ready") {
            return self.renew(machine, cluster, config).await;
        }
        let given = object::text(machine, "/spec/bootstrap/dataSecretName");
        if !given.is_empty() {
            self.done(config, given);
            return Ok(Next::OnChange);
        }
        match self.prepare(machine, cluster, config).await? {
            Ok(()) => Ok(Next::After(Duration::try_from(RENEW).unwrap_or_default())),
            Err((severity, reason, message)) => {
                self.fails(config, severity, reason, message);
                Ok(Next::OnChange)
            }
        }
    }

    /// Token, document and Secret; or what is waited for.
    async fn prepare(
        &self,
        machine: &Value,
        cluster: &Value,
        config: &mut Value,
    ) -> Result<Result<(), Waiting>, Error> {
        if let Some(waiting) = not_yet(machine, cluster) {
            return Ok(Err(waiting));
        }
        let Some(ca) = self.ca_pin(cluster).await? else {
            return Ok(Err(("Info", "WaitingForClusterInfrastructure", "the cluster's CA is not known yet".into())));
        };
        condition::set(config, &Condition::holds("CertificatesAvailable"), self.client.now());
        let token = self.token(machine, cluster, config).await?;
        let endpoint = format!(
            "{}:{}",
            object::text(cluster, "/spec/controlPlaneEndpoint/host"),
            object::number(cluster, "/spec/controlPlaneEndpoint/port", 0)
        );
        let user = object::member(config, "/spec/joinConfiguration");
        let join = cloud_init::join_configuration(&user, &endpoint, &token, &[ca]);
        self.remember(config, &join);
        let data = cloud_init::render(&config["spec"], &join)?;
        self.client.ensure(&SECRET, &secret(cluster, config, &data)).await?;
        let name = object::name(config).to_owned();
        self.done(config, &name);
        Ok(Ok(()))
    }

    /// The token that the user gave, or a new one put into the tenant cluster.
    async fn token(&self, machine: &Value, cluster: &Value, config: &Value) -> Result<String, Error> {
        let given = object::text(config, "/spec/joinConfiguration/discovery/bootstrapToken/token");
        if !given.is_empty() {
            return Ok(given.to_owned());
        }
        let tenant = self.tenants.tenant(&key_of(cluster)).await?;
        let tenant = tenant.ok_or_else(|| Error::Object("the cluster has no kubeconfig yet".into()))?;
        let token = Token { id: self.client.letters(6), secret: self.client.letters(16) };
        let description = format!("token generated by cluster-api bootstrap provider for {}", object::name(machine));
        tenant.create(&SECRET, &token.secret(&description, self.client.now())).await?;
        Ok(token.text())
    }

    /// What was chosen for the user stands in the spec afterwards, as with the real provider: it is how the token is
    /// found again for renewal.
    fn remember(&self, config: &mut Value, join: &Value) {
        let discovery = object::member(join, "/discovery");
        object::put(config, &["spec", "joinConfiguration", "discovery"], discovery);
    }

    /// Keeps the token alive until the Machine has its Node.
    async fn renew(&self, machine: &Value, cluster: &Value, config: &Value) -> Result<Next, Error> {
        let text = object::text(config, "/spec/joinConfiguration/discovery/bootstrapToken/token");
        let Some(token) = Token::parse(text) else { return Ok(Next::OnChange) };
        if !object::text(machine, "/status/nodeRef/name").is_empty() {
            return Ok(Next::OnChange);
        }
        let Some(tenant) = self.tenants.tenant(&key_of(cluster)).await? else { return Ok(Next::OnChange) };
        let now = self.client.now();
        if let Some(secret) = tenant.get(&SECRET, "kube-system", &token.secret_name()).await?
            && !token::lives(&secret, RENEW * 2, now)
        {
            let expiration = encode(&condition::instant(now + LIFETIME));
            tenant.patch(&SECRET, &secret, &json!({"data": {"expiration": expiration}})).await?;
        }
        Ok(Next::After(Duration::try_from(RENEW).unwrap_or_default()))
    }

    /// The pin of the cluster's CA, from the Secret that the control plane provider wrote.
    async fn ca_pin(&self, cluster: &Value) -> Result<Option<String>, Error> {
        let name = format!("{}-ca", object::name(cluster));
        let Some(secret) = self.client.get(&SECRET, object::namespace(cluster), &name).await? else { return Ok(None) };
        let certificate = decode(object::text(&secret, "/data/tls.crt")).unwrap_or_default();
        pin::of_pem(&certificate).map(Some).ok_or_else(|| Error::Object(format!("Secret {name} holds no certificate")))
    }

    fn done(&self, config: &mut Value, secret: &str) {
        object::put(config, &["status", "dataSecretName"], json!(secret));
        object::put(config, &["status", "ready"], json!(true));
        condition::set(config, &Condition::holds("DataSecretAvailable"), self.client.now());
    }

    fn fails(&self, config: &mut Value, severity: &'static str, reason: &str, message: String) {
        object::put_default(config, &["status", "ready"], json!(false));
        condition::set(config, &Condition::fails("DataSecretAvailable", severity, reason, message), self.client.now());
    }
}

fn not_yet(machine: &Value, cluster: &Value) -> Option<Waiting> {
    if object::label(machine, words::CONTROL_PLANE).is_some() {
        let message = "machines of a control plane are not supported".to_owned();
        return Some(("Error", "DataSecretGenerationFailed", message));
    }
    if !object::is_true(cluster, "/status/infrastructureReady") {
        return Some(("Info", "WaitingForClusterInfrastructure", String::new()));
    }
    if !condition::is_true(cluster, "ControlPlaneInitialized") || !phase::has_endpoint(cluster) {
        return Some(("Info", "WaitingForControlPlaneAvailable", String::new()));
    }
    None
}

fn secret(cluster: &Value, config: &Value, data: &str) -> Value {
    let mut secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": words::SECRET_TYPE,
        "metadata": {"name": object::name(config), "namespace": object::namespace(config),
            "labels": {words::CLUSTER_NAME: object::name(cluster)}},
        "data": {"value": encode(data), "format": encode("cloud-config")},
    });
    object::set_owner(&mut secret, config, Owner::Controlling);
    secret
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_data_waits_for_infrastructure_and_then_for_the_control_plane() {
        let machine = json!({"metadata": {}});
        let mut cluster = json!({});
        let reason = |cluster: &Value| not_yet(&machine, cluster).map(|(_, reason, _)| reason);
        assert_eq!(reason(&cluster), Some("WaitingForClusterInfrastructure"));
        object::put(&mut cluster, &["status", "infrastructureReady"], json!(true));
        assert_eq!(reason(&cluster), Some("WaitingForControlPlaneAvailable"));
        condition::set(&mut cluster, &Condition::holds("ControlPlaneInitialized"), jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(reason(&cluster), Some("WaitingForControlPlaneAvailable"), "no endpoint yet");
        object::put(&mut cluster, &["spec", "controlPlaneEndpoint"], json!({"host": "h", "port": 1}));
        assert_eq!(reason(&cluster), None);
    }
}
