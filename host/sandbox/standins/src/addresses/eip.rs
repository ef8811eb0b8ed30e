//! EIps: one address each, and who uses it.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Addresses, DEFAULT_GATEWAY, PROJECT};
use crate::addresses::service;
use crate::client::Client;
use crate::error::Error;
use crate::kinds::{EIP, Kind, NAMESPACE, SERVICE};
use crate::queue::Key;
use crate::runner::{Controller, Handle, Next, key_of};
use crate::{condition, object};

const FINALIZER: &str = "eip.kube-dc.com/finalizer";

/// Gives every project, and the namespace `default`, its EIp `default-gw`.
pub(crate) struct Projects {
    pub(crate) client: Client,
}

#[async_trait]
impl Controller for Projects {
    fn name(&self) -> &'static str {
        "projects"
    }

    fn watches(&self) -> Vec<Kind> {
        vec![NAMESPACE]
    }

    async fn concerns(&self, _kind: &Kind, object: &Value) -> Vec<Key> {
        vec![key_of(object)]
    }

    async fn reconcile(&self, key: &Key, _handle: &Handle) -> Result<Next, Error> {
        let Some(namespace) = self.client.get(&NAMESPACE, "", &key.name).await? else { return Ok(Next::OnChange) };
        let is_project = key.name == "default" || object::label(&namespace, PROJECT).is_some();
        if !is_project || object::is_deleting(&namespace) {
            return Ok(Next::OnChange);
        }
        if self.client.get(&EIP, &key.name, DEFAULT_GATEWAY).await?.is_none() {
            let eip = json!({
                "apiVersion": "kube-dc.com/v1", "kind": "EIp",
                "metadata": {"name": DEFAULT_GATEWAY, "namespace": key.name},
                "spec": {"externalNetworkType": "public"},
            });
            self.client.create(&eip).await?;
        }
        Ok(Next::OnChange)
    }
}

/// Gives EIps their addresses.
pub(crate) struct Eips {
    pub(crate) client: Client,
    pub(crate) addresses: Addresses,
}

#[async_trait]
impl Controller for Eips {
    fn name(&self) -> &'static str {
        "eips"
    }

    fn watches(&self) -> Vec<Kind> {
        vec![EIP, SERVICE]
    }

    async fn concerns(&self, kind: &Kind, object: &Value) -> Vec<Key> {
        if *kind == EIP {
            return vec![key_of(object)];
        }
        // A Service may have left any of them.
        let eips = self.client.list(&EIP, object::namespace(object), "").await.unwrap_or_default();
        eips.iter().map(key_of).collect()
    }

    async fn reconcile(&self, key: &Key, _handle: &Handle) -> Result<Next, Error> {
        let Some(eip) = self.client.get(&EIP, &key.namespace, &key.name).await? else {
            self.addresses.with(|pool| pool.release(&holder(&key.namespace, &key.name)));
            return Ok(Next::OnChange);
        };
        let owners = self.owners(key).await?;
        let mut changed = eip.clone();
        if object::is_deleting(&eip) {
            if owners.is_empty() {
                object::remove_finalizer(&mut changed, FINALIZER);
            }
        } else {
            object::add_finalizer(&mut changed, FINALIZER);
            self.fill(&mut changed, &owners)?;
        }
        self.client.save(&EIP, &eip, &changed).await?;
        if owners.is_empty() && object::is_true(&changed, "/status/deleteReleased") && was_shared(&eip) {
            self.client.delete(&EIP, &eip).await?;
        }
        Ok(Next::OnChange)
    }
}

impl Eips {
    /// Names of the LoadBalancer Services that use the EIp.
    async fn owners(&self, key: &Key) -> Result<Vec<String>, Error> {
        let services = self.client.list(&SERVICE, &key.namespace, "").await?;
        let uses = |service: &&Value| {
            service::is_load_balancer(service)
                && !object::is_deleting(service)
                && service::eip_of(service).as_deref() == Some(key.name.as_str())
        };
        Ok(services.iter().filter(uses).map(|service| object::name(service).to_owned()).collect())
    }

    fn fill(&self, eip: &mut Value, owners: &[String]) -> Result<(), Error> {
        let holder = holder(object::namespace(eip), object::name(eip));
        let had = object::text(eip, "/status/ipAddress").to_owned();
        let address = self.addresses.with(|pool| {
            pool.keep(&holder, &had);
            pool.give(&holder)
        })?;
        let adopted = object::text(eip, "/spec/childRef");
        let made = format!("{}-{}", object::namespace(eip), object::name(eip));
        let reference = if adopted.is_empty() { made } else { adopted.to_owned() };
        object::put(eip, &["status", "ovnEIpRef"], json!(reference));
        object::put(eip, &["status", "ipAddress"], json!(address.to_string()));
        object::put(eip, &["status", "ready"], json!(true));
        let ownership = if owners.is_empty() { "Released" } else { "Shared" };
        object::put(eip, &["status", "ownershipType"], json!(ownership));
        let owners: Vec<_> = owners.iter().map(|name| json!({"type": "ServiceLb", "ownerRef": name})).collect();
        object::put(eip, &["status", "owners"], json!(owners));
        condition::set_meta(eip, "Ready", true, "Allocated", "", self.client.now());
        Ok(())
    }
}

fn was_shared(eip: &Value) -> bool {
    object::text(eip, "/status/ownershipType") == "Shared"
}

/// How the pool knows an EIp.
fn holder(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}
