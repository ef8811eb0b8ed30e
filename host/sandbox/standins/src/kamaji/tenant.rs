//! TenantControlPlane: its parts, its API server, its status.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::parts::{self, part};
use super::secrets::{self, Access};
use super::server::{Place, Running, Servers};
use super::status::{self, Seen, Stage};
use super::{Pace, seed, validate};
use crate::client::{Client, EventKind};
use crate::error::Error;
use crate::kinds::{CONFIG_MAP, DATA_STORE, DEPLOYMENT, Kind, SECRET, SERVICE, TENANT};
use crate::object;
use crate::queue::Key;
use crate::runner::{Controller, Handle, Next, key_of, key_of_controller};

const FINALIZERS: [&str; 3] =
    ["finalizer.kamaji.clastix.io", "finalizer.kamaji.clastix.io/datastore-secret", "finalizer.kamaji.clastix.io/soot"];
/// The DataStore that is meant when none is named.
const DEFAULT_STORE: &str = "default";

/// The control loop.
pub(super) struct Tenants {
    pub(super) client: Client,
    pub(super) servers: Servers,
    pub(super) pace: Pace,
}

#[async_trait]
impl Controller for Tenants {
    fn name(&self) -> &'static str {
        "tenantcontrolplanes"
    }

    fn watches(&self) -> Vec<Kind> {
        vec![TENANT, SERVICE, DEPLOYMENT, DATA_STORE, SECRET]
    }

    async fn concerns(&self, kind: &Kind, object: &Value) -> Vec<Key> {
        match kind {
            kind if *kind == TENANT => vec![key_of(object)],
            // Named like the TenantControlPlane, also before that has taken it over.
            kind if *kind == SERVICE => vec![key_of(object)],
            kind if *kind == DATA_STORE => {
                let all = self.client.list(&TENANT, "", "").await.unwrap_or_default();
                all.iter().map(key_of).collect()
            }
            _ => key_of_controller(object, &TENANT).into_iter().collect(),
        }
    }

    async fn reconcile(&self, key: &Key, _handle: &Handle) -> Result<Next, Error> {
        let Some(tenant) = self.client.get(&TENANT, &key.namespace, &key.name).await? else {
            self.servers.stop(key).await;
            return Ok(Next::OnChange);
        };
        let mut changed = tenant.clone();
        if object::is_deleting(&tenant) {
            self.servers.stop(key).await;
            FINALIZERS.iter().for_each(|finalizer| object::remove_finalizer(&mut changed, finalizer));
            self.client.save(&TENANT, &tenant, &changed).await?;
            return Ok(Next::OnChange);
        }
        FINALIZERS.iter().for_each(|finalizer| object::add_finalizer(&mut changed, finalizer));
        if object::text(&tenant, "/spec/dataStore").is_empty() {
            object::put(&mut changed, &["spec", "dataStore"], json!(DEFAULT_STORE));
        }
        let outcome = self.step(key, &mut changed).await;
        self.client.save(&TENANT, &tenant, &changed).await?;
        outcome
    }
}

impl Tenants {
    async fn step(&self, key: &Key, tenant: &mut Value) -> Result<Next, Error> {
        let store = match self.check(tenant).await? {
            Ok(store) => store,
            Err(refusal) => {
                object::put_default(
                    tenant,
                    &["status", "kubernetesResources", "version", "status"],
                    json!("Provisioning"),
                );
                self.client.event(tenant, EventKind::Warning, "Refused", &refusal).await;
                return Ok(Next::OnChange);
            }
        };
        let service = self.client.ensure(&SERVICE, &parts::service(tenant)).await?;
        let deployment = self.client.ensure(&DEPLOYMENT, &parts::deployment(tenant)).await?;
        let running = match parts::address(tenant, &service) {
            Some(address) => Some(self.serve(key, tenant, address, &service).await?),
            None => None,
        };
        let wanted = object::text(tenant, "/spec/kubernetes/version").to_owned();
        let ran = object::text(tenant, "/status/kubernetesResources/version/version").to_owned();
        let rolled_out = running.is_some() && parts::is_rolled_out(&deployment);
        // The processes take a moment longer than their Pods, after each rollout.
        let settled = ran == wanted || self.servers.has_settled(key, &deployment, self.client.now(), self.pace.ready);
        let stage = Stage::of(&ran, &wanted, rolled_out && settled);
        let address = running.as_ref().map(|running| running.address());
        let seen = Seen { service: &service, deployment: &deployment, store: &store, address: address.as_deref() };
        status::fill(tenant, &seen, stage);
        Ok(if rolled_out && !settled { Next::After(self.pace.ready) } else { Next::OnChange })
    }

    /// The DataStore, or what Kamaji's webhook would say.
    async fn check(&self, tenant: &Value) -> Result<Result<Value, String>, Error> {
        let running = object::text(tenant, "/status/kubernetesResources/version/version");
        let running = (!running.is_empty()).then_some(running);
        if let Err(refusal) = validate::version(object::text(tenant, "/spec/kubernetes/version"), running) {
            return Ok(Err(refusal));
        }
        let store = object::text(tenant, "/spec/dataStore");
        let found = self.client.get(&DATA_STORE, "", store).await?;
        Ok(found.ok_or_else(|| format!("{store} DataStore does not exist")))
    }

    /// Sees that the API server listens where it should, and that everybody can find out how to reach it.
    async fn serve(&self, key: &Key, tenant: &Value, address: &str, service: &Value) -> Result<Running, Error> {
        let cluster_ip = object::text(service, "/spec/clusterIP");
        let place = Place {
            address: address.to_owned(),
            port: parts::port(tenant),
            version: object::text(tenant, "/spec/kubernetes/version").to_owned(),
            names: names(tenant, address, cluster_ip),
        };
        let running = self.servers.ensure(key, place).await?;
        let (ca, ca_key) = running.authority();
        let access = Access { address, ca: &ca, ca_key: &ca_key, credentials: running.credentials() };
        for secret in secrets::all(tenant, &access) {
            self.client.ensure(&SECRET, &secret).await?;
        }
        let config = seed::kubeadm_config(tenant, &format!("{address}:{}", parts::port(tenant)));
        let name = secrets::name(tenant, "kubeadmconfig");
        let mut copy = part(tenant, "v1", "ConfigMap", &name, "kubeadm");
        object::put(&mut copy, &["data"], object::member(&config, "/data"));
        self.client.ensure(&CONFIG_MAP, &copy).await?;
        running.seed(&config).await?;
        Ok(running)
    }
}

/// Names and addresses that the serving certificate is for.
fn names(tenant: &Value, address: &str, cluster_ip: &str) -> Vec<String> {
    let (name, namespace) = (object::name(tenant), object::namespace(tenant));
    let mut names = vec![address.to_owned(), "localhost".into(), "127.0.0.1".into(), "kubernetes".into()];
    names.extend(
        ["kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"].map(str::to_owned),
    );
    names.extend([name.to_owned(), format!("{name}.{namespace}.svc"), format!("{name}.{namespace}.svc.cluster.local")]);
    if !cluster_ip.is_empty() && cluster_ip != "None" {
        names.push(cluster_ip.to_owned());
    }
    let extra = object::list(tenant, "/spec/networkProfile/certSANs").iter().filter_map(Value::as_str);
    names.extend(extra.map(str::to_owned));
    names.sort();
    names.dedup();
    names
}
