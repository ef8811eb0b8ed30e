//! Where a webhook listens, from its `clientConfig`.

use std::net::{IpAddr, SocketAddr};

use backplane_core::ObjectKey;
use base64::Engine as _;
use serde_json::Value;

use super::dial::Place;
use crate::server::Inner;
use crate::storage::GroupResource;

/// Where to send documents, and whom to trust there.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) url: String,
    ca: Vec<u8>,
    address: Option<SocketAddr>,
}

impl Endpoint {
    /// Reads a `clientConfig`. A service is looked up: its name is that of the certificate, its endpoints say where to
    /// connect.
    ///
    /// # Errors
    /// Why it leads nowhere.
    pub(crate) fn of(server: &Inner, config: &Value) -> Result<Self, String> {
        let bundle = config["caBundle"].as_str().unwrap_or_default();
        let ca = base64::engine::general_purpose::STANDARD.decode(bundle).map_err(|error| error.to_string())?;
        match config["url"].as_str() {
            Some(url) if url.starts_with("https://") => Ok(Self { url: url.to_owned(), ca, address: None }),
            Some(url) => Err(format!("webhook url {url:?} must use https")),
            None => service(server, &config["service"]).map(|(url, address)| Self { url, ca, address: Some(address) }),
        }
    }

    pub(super) fn place(&self) -> Place {
        Place { ca: self.ca.clone(), address: self.address }
    }
}

fn service(server: &Inner, reference: &Value) -> Result<(String, SocketAddr), String> {
    let text = |field: &str| reference[field].as_str().unwrap_or_default();
    let (namespace, name) = (text("namespace"), text("name"));
    let port = reference["port"].as_u64().unwrap_or(443);
    let found = get(server, "services", namespace, name).ok_or_else(|| format!("service {name:?} not found"))?;
    let ports = found["spec"]["ports"].as_array().cloned().unwrap_or_default();
    let wanted = ports.iter().find(|known| known["port"] == port);
    let wanted = wanted.ok_or_else(|| format!("no service port {port} found for service {name:?}"))?;
    let address = get(server, "endpoints", namespace, name).and_then(|endpoints| ready(&endpoints, wanted));
    let address = address.ok_or_else(|| format!("no endpoints available for service {name:?}"))?;
    let path = text("path").trim_start_matches('/');
    Ok((format!("https://{name}.{namespace}.svc:{port}/{path}"), address))
}

fn get(server: &Inner, plural: &str, namespace: &str, name: &str) -> Option<Value> {
    let key = ObjectKey { namespace: Some(namespace.to_owned()), name: name.to_owned() };
    server.storage.get(&GroupResource::new("", plural), &key).map(|stored| stored.value())
}

/// The first ready address that listens on the service's port.
fn ready(endpoints: &Value, port: &Value) -> Option<SocketAddr> {
    let subsets = endpoints["subsets"].as_array()?;
    subsets.iter().find_map(|subset| {
        let address: IpAddr = subset["addresses"][0]["ip"].as_str()?.parse().ok()?;
        let same_name =
            |known: &&Value| known["name"].as_str().unwrap_or_default() == port["name"].as_str().unwrap_or_default();
        let number = subset["ports"].as_array()?.iter().find(same_name)?["port"].as_u64()?;
        Some(SocketAddr::new(address, u16::try_from(number).ok()?))
    })
}
