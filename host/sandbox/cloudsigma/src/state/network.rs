//! Addresses and VLANs. An address is its own uuid; leased ones exist while they are in use.

use std::net::Ipv4Addr;

use serde_json::{Map, Value, json};

use super::drive::links;
use super::nic::Conf;
use super::{Server, World};

/// An address that the account owns or has leased.
#[derive(Debug, Clone)]
pub(crate) struct Ip {
    pub(crate) address: String,
    pub(crate) subscription: Option<u64>,
    pub(crate) meta: Map<String, Value>,
}

/// A private network.
#[derive(Debug, Clone)]
pub(crate) struct Vlan {
    pub(crate) uuid: String,
    pub(crate) subscription: u64,
    pub(crate) meta: Map<String, Value>,
}

impl Vlan {
    pub(crate) fn new(uuid: &str, subscription: u64) -> Self {
        Self { uuid: uuid.to_owned(), subscription, meta: Map::new() }
    }
}

pub(crate) fn subscribed(addresses: &[Ipv4Addr]) -> Vec<Ip> {
    let owned =
        |(address, id): (&Ipv4Addr, u64)| Ip { address: address.to_string(), subscription: Some(id), meta: Map::new() };
    addresses.iter().zip(700..).map(owned).collect()
}

impl World {
    pub(crate) fn is_dhcp(&self, address: &str) -> bool {
        self.ips.iter().any(|ip| ip.address == address && ip.subscription.is_none())
    }

    /// The first free address of the dhcp pools.
    pub(crate) fn lease_address(&mut self) -> Option<String> {
        let pools = self.options.addresses.dhcp.iter();
        let mut all = pools.flat_map(|(first, count)| {
            let first = u32::from(*first);
            (0..*count).map(move |i| Ipv4Addr::from(first + i).to_string())
        });
        let address = all.find(|candidate| self.ips.iter().all(|ip| ip.address != *candidate))?;
        self.ips.push(Ip { address: address.clone(), subscription: None, meta: Map::new() });
        Some(address)
    }

    /// Takes the addresses of a server that is gone.
    pub(crate) fn release_addresses(&mut self, _uuid: &str) {
        self.drop_unused_leases();
    }

    pub(crate) fn drop_unused_leases(&mut self) {
        let used: Vec<String> =
            self.servers.iter().flat_map(|server| server.nics.iter().filter_map(|nic| nic.address.clone())).collect();
        let gone = |ip: &Ip| ip.subscription.is_none() && !used.contains(&ip.address);
        let addresses: Vec<String> = self.ips.iter().filter(|ip| gone(ip)).map(|ip| ip.address.clone()).collect();
        self.ips.retain(|ip| !gone(ip));
        addresses.iter().for_each(|address| self.untag(address));
    }

    /// The server that uses an address, or whose definition claims it.
    pub(crate) fn holder_of(&self, address: &str) -> Option<&Server> {
        self.servers.iter().find(|server| {
            server.nics.iter().any(|nic| {
                let claimed =
                    nic.v4.as_ref().filter(|conf| conf.conf == Conf::Static).and_then(|conf| conf.ip.as_deref());
                nic.address.as_deref() == Some(address) || claimed == Some(address)
            })
        })
    }

    pub(crate) fn ip_json(&self, ip: &Ip) -> Value {
        let gateway = ip.address.parse::<Ipv4Addr>().map(|address| {
            let [a, b, c, _] = address.octets();
            Ipv4Addr::new(a, b, c, 1).to_string()
        });
        json!({
            "gateway": gateway.ok(), "grantees": [], "meta": ip.meta, "nameservers": ["192.0.2.53", "198.51.100.53"],
            "netmask": 24, "owner": self.owner_link(), "permissions": [],
            "resource_uri": format!("/api/2.0/ips/{}/", ip.address),
            "server": self.holder_of(&ip.address).map(|server| Self::link("servers", &server.uuid)),
            "subscription": ip.subscription.map(subscription), "tags": links("tags", &self.tags_of(&ip.address)),
            "uuid": ip.address,
        })
    }

    pub(crate) fn vlan_json(&self, vlan: &Vlan) -> Value {
        let inside = |server: &&Server| server.nics.iter().any(|nic| nic.vlan.as_deref() == Some(vlan.uuid.as_str()));
        let servers: Vec<String> = self.servers.iter().filter(inside).map(|server| server.uuid.clone()).collect();
        json!({
            "bottom_vlan_tag": null, "grantees": [], "meta": vlan.meta, "owner": self.owner_link(), "permissions": [],
            "resource_uri": format!("/api/2.0/vlans/{}/", vlan.uuid), "servers": links("servers", &servers),
            "subscription": subscription(vlan.subscription), "tags": links("tags", &self.tags_of(&vlan.uuid)),
            "uuid": vlan.uuid,
        })
    }
}

fn subscription(id: u64) -> Value {
    json!({ "id": id, "resource_uri": format!("/api/2.0/subscriptions/{id}/") })
}
