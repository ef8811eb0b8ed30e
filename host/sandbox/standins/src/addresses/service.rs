//! Services of type LoadBalancer: the address of an EIp and the companion `<service>-ext`.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::DEFAULT_GATEWAY;
use crate::client::Client;
use crate::error::Error;
use crate::kinds::{EIP, ENDPOINTS, Kind, SERVICE};
use crate::object::{self, Owner};
use crate::queue::Key;
use crate::runner::{Controller, Handle, Next, key_of, key_of_controller};

const BIND_GATEWAY: &str = "service.nlb.kube-dc.com/bind-on-default-gw-eip";
const BIND: &str = "service.nlb.kube-dc.com/bind-on-eip";

/// Whether the Service wants an address from outside.
pub(crate) fn is_load_balancer(service: &Value) -> bool {
    object::text(service, "/spec/type") == "LoadBalancer"
}

/// The EIp that a LoadBalancer Service takes its address from: one it names, or one of its own.
pub(crate) fn eip_of(service: &Value) -> Option<String> {
    if !is_load_balancer(service) {
        return None;
    }
    if object::annotation(service, BIND_GATEWAY) == Some("true") {
        return Some(DEFAULT_GATEWAY.to_owned());
    }
    let own = || format!("slb-{}", object::name(service));
    Some(object::annotation(service, BIND).filter(|name| !name.is_empty()).map_or_else(own, str::to_owned))
}

/// The control loop.
pub(crate) struct Services {
    pub(crate) client: Client,
}

#[async_trait]
impl Controller for Services {
    fn name(&self) -> &'static str {
        "services"
    }

    fn watches(&self) -> Vec<Kind> {
        vec![SERVICE, EIP, ENDPOINTS]
    }

    async fn concerns(&self, kind: &Kind, object: &Value) -> Vec<Key> {
        if *kind == SERVICE {
            return vec![key_of(object)].into_iter().chain(key_of_controller(object, &SERVICE)).collect();
        }
        if *kind == ENDPOINTS {
            let owner = object::name(object).strip_suffix("-ext");
            return owner.map(|name| Key::new(object::namespace(object), name)).into_iter().collect();
        }
        let services = self.client.list(&SERVICE, object::namespace(object), "").await.unwrap_or_default();
        let of_eip = |service: &&Value| eip_of(service).as_deref() == Some(object::name(object));
        services.iter().filter(of_eip).map(key_of).collect()
    }

    async fn reconcile(&self, key: &Key, _handle: &Handle) -> Result<Next, Error> {
        let Some(service) = self.client.get(&SERVICE, &key.namespace, &key.name).await? else {
            return Ok(Next::OnChange);
        };
        if object::is_deleting(&service) {
            return Ok(Next::OnChange);
        }
        let mut changed = service.clone();
        let address = self.address(&mut changed).await?;
        let saved = self.client.save(&SERVICE, &service, &changed).await?;
        if let Some(address) = address {
            self.companion(&saved, &address).await?;
        }
        Ok(Next::OnChange)
    }
}

impl Services {
    /// Puts the EIp's address into the status; `None` while there is none.
    async fn address(&self, service: &mut Value) -> Result<Option<String>, Error> {
        let Some(name) = eip_of(service) else {
            if service.pointer("/status/loadBalancer/ingress").is_some() {
                object::put(service, &["status", "loadBalancer"], json!({}));
            }
            return Ok(None);
        };
        let Some(eip) = self.eip(service, &name).await? else { return Ok(None) };
        let address = object::text(&eip, "/status/ipAddress");
        if address.is_empty() || !object::is_true(&eip, "/status/ready") {
            return Ok(None);
        }
        object::put(service, &["status", "loadBalancer", "ingress"], json!([{"ip": address, "ipMode": "VIP"}]));
        Ok(Some(address.to_owned()))
    }

    /// The EIp; one of the Service's own is made if it is missing.
    async fn eip(&self, service: &Value, name: &str) -> Result<Option<Value>, Error> {
        let found = self.client.get(&EIP, object::namespace(service), name).await?;
        let own = format!("slb-{}", object::name(service));
        if found.is_some() || name != own {
            return Ok(found);
        }
        let kind = object::annotation(service, "network.kube-dc.com/external-network-type").unwrap_or("public");
        let mut eip = json!({
            "apiVersion": "kube-dc.com/v1", "kind": "EIp",
            "metadata": {"name": own, "namespace": object::namespace(service)},
            "spec": {"externalNetworkType": kind},
        });
        object::set_owner(&mut eip, service, Owner::Controlling);
        self.client.create(&eip).await?;
        Ok(None)
    }

    /// The headless Service `<name>-ext` with the external address as its endpoint, by which others inside find it.
    async fn companion(&self, service: &Value, address: &str) -> Result<(), Error> {
        let name = format!("{}-ext", object::name(service));
        let mut twin = self.part(service, "Service", &name);
        let ports = object::list(service, "/spec/ports").iter().map(plain_port).collect::<Vec<_>>();
        object::put(&mut twin, &["spec"], json!({"clusterIP": "None", "type": "ClusterIP", "ports": ports}));
        object::set_owner(&mut twin, service, Owner::Controlling);
        let twin = self.client.ensure(&SERVICE, &twin).await?;
        let mut endpoints = self.part(service, "Endpoints", &name);
        let ports = object::list(service, "/spec/ports").iter().map(endpoint_port).collect::<Vec<_>>();
        object::put(&mut endpoints, &["subsets"], json!([{"addresses": [{"ip": address}], "ports": ports}]));
        object::set_owner(&mut endpoints, &twin, Owner::Controlling);
        self.client.ensure(&ENDPOINTS, &endpoints).await?;
        Ok(())
    }

    fn part(&self, service: &Value, kind: &str, name: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": kind,
            "metadata": {"name": name, "namespace": object::namespace(service), "labels": {
                "kube-dc.com/managed-by": "service-lb-controller",
                "kube-dc.com/source-service": object::name(service),
                "kube-dc.com/endpoint-type": "external",
            }},
        })
    }
}

fn plain_port(port: &Value) -> Value {
    let mut out = json!({"port": port["port"], "protocol": protocol(port), "targetPort": port["port"]});
    if let Some(name) = port.get("name") {
        object::put(&mut out, &["name"], name.clone());
    }
    out
}

fn endpoint_port(port: &Value) -> Value {
    let mut out = json!({"port": port["port"], "protocol": protocol(port)});
    if let Some(name) = port.get("name") {
        object::put(&mut out, &["name"], name.clone());
    }
    out
}

fn protocol(port: &Value) -> &str {
    port.get("protocol").and_then(Value::as_str).unwrap_or("TCP")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_balancer_takes_the_address_it_names() {
        let service = |annotations: Value| {
            let metadata = json!({"name": "api", "annotations": annotations});
            json!({"metadata": metadata, "spec": {"type": "LoadBalancer"}})
        };
        let cases = [
            ("none", service(json!({})), Some("slb-api")),
            ("named", service(json!({BIND: "mine"})), Some("mine")),
            ("gateway", service(json!({BIND_GATEWAY: "true", BIND: "mine"})), Some(DEFAULT_GATEWAY)),
            ("gateway off", service(json!({BIND_GATEWAY: "false"})), Some("slb-api")),
            ("other type", json!({"metadata": {"name": "api"}, "spec": {"type": "ClusterIP"}}), None),
        ];
        for (case, service, expected) in cases {
            assert_eq!(eip_of(&service).as_deref(), expected, "{case}");
        }
    }
}
