//! NICs: public ones with an address configuration, private ones in a VLAN, never both.

use serde_json::{Value, json};

use super::fields::Fields;
use super::{Outcome, Server, World};
use crate::error::ApiError;

/// A NIC in a server's definition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Nic {
    pub(crate) mac: String,
    pub(crate) model: String,
    pub(crate) vlan: Option<String>,
    pub(crate) v4: Option<IpConf>,
    pub(crate) v6: Option<IpConf>,
    pub(crate) policy: Option<String>,
    pub(crate) boot_order: Option<i64>,
    /// The IPv4 address in use while the server has power.
    pub(crate) address: Option<String>,
}

/// How a public NIC gets its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IpConf {
    pub(crate) conf: Conf,
    pub(crate) ip: Option<String>,
}

/// The three ways to get an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conf {
    Dhcp,
    Static,
    Manual,
}

impl World {
    pub(crate) fn nics(&mut self, server: &Server, items: &[Value]) -> Outcome<Vec<Nic>> {
        let mut nics: Vec<Nic> = Vec::with_capacity(items.len());
        for item in items {
            let nic = self.nic(server, Fields::of(item)?)?;
            if nics.iter().any(|other| other.mac == nic.mac) {
                return Err(ApiError::validation("mac", "The address is used twice"));
            }
            nics.push(nic);
        }
        Ok(nics)
    }

    fn nic(&mut self, server: &Server, fields: Fields<'_>) -> Outcome<Nic> {
        let known = fields.text("mac")?.map(|mac| {
            let known = server.nics.iter().find(|nic| nic.mac == mac);
            known.ok_or_else(|| ApiError::validation("mac", "The server has no such NIC"))
        });
        let known = known.transpose()?;
        let vlan = fields.reference("vlan")?;
        if vlan.as_ref().is_some_and(|vlan| self.vlans.iter().all(|known| known.uuid != *vlan)) {
            return Err(ApiError::not_found());
        }
        let (v4, v6) = (self.ip_conf("ip_v4_conf", server, fields)?, self.ip_conf("ip_v6_conf", server, fields)?);
        if vlan.is_some() && (v4.is_some() || v6.is_some()) && self.options.quirks.reject_vlan_with_ip {
            return Err(ApiError::validation("nics", "Cannot assign both private and public network to a NIC"));
        }
        Ok(Nic {
            mac: known.map_or_else(|| self.new_mac(), |nic| nic.mac.clone()),
            model: fields.one_of("model", &["virtio", "e1000", "rtl8139"])?.unwrap_or("virtio").to_owned(),
            vlan,
            v4,
            v6,
            policy: self.policy(fields)?,
            boot_order: fields.integer("boot_order")?,
            address: known.and_then(|nic| nic.address.clone()),
        })
    }

    fn policy(&self, fields: Fields<'_>) -> Outcome<Option<String>> {
        let Some(uuid) = fields.reference("firewall_policy")? else { return Ok(None) };
        let known = self.policies.iter().any(|policy| policy.get("uuid").is_some_and(|known| known == uuid.as_str()));
        if known { Ok(Some(uuid)) } else { Err(ApiError::not_found()) }
    }

    fn ip_conf(&self, name: &str, server: &Server, fields: Fields<'_>) -> Outcome<Option<IpConf>> {
        let Some(value) = fields.get(name) else { return Ok(None) };
        let fields = Fields::of(value)?;
        let ip = fields.reference("ip")?;
        let conf = match fields.one_of("conf", &["dhcp", "static", "manual"])? {
            None => return Err(ApiError::required("conf")),
            Some("static") => Conf::Static,
            Some("manual") => Conf::Manual,
            Some(_) => Conf::Dhcp,
        };
        match (conf, ip) {
            (Conf::Dhcp, Some(_)) => Err(ApiError::validation("ip", "An address cannot be chosen with dhcp")),
            (Conf::Static, None) => Err(ApiError::required("ip")),
            (Conf::Static, Some(ip)) => {
                self.may_use(server, &ip)?;
                Ok(Some(IpConf { conf, ip: Some(ip) }))
            }
            (Conf::Dhcp | Conf::Manual, _) => Ok(Some(IpConf { conf, ip: None })),
        }
    }

    fn may_use(&self, server: &Server, address: &str) -> Outcome<()> {
        let owned = self.ips.iter().any(|ip| ip.address == address && ip.subscription.is_some());
        if !owned {
            return Err(ApiError::validation("ip", "The account has no such address"));
        }
        match self.holder_of(address) {
            Some(holder) if holder.uuid != server.uuid => {
                Err(ApiError::permission(format!("Address {address} is used by another guest")))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn new_mac(&self) -> String {
        let digits = self.env.hex(5);
        let pairs: Vec<&str> = (0..5).filter_map(|i| digits.get(i * 2..i * 2 + 2)).collect();
        format!("22:{}", pairs.join(":"))
    }

    /// Gives every NIC the address that its configuration and the server's power call for.
    pub(crate) fn refresh_addresses(&mut self, uuid: &str) {
        let Some(index) = self.servers.iter().position(|server| server.uuid == uuid) else { return };
        let running = self.servers[index].power.since().is_some();
        let mut nics = std::mem::take(&mut self.servers[index].nics);
        for nic in &mut nics {
            nic.address = match &nic.v4 {
                Some(conf) if running => match conf.conf {
                    Conf::Dhcp => nic.address.take().filter(|at| self.is_dhcp(at)).or_else(|| self.lease_address()),
                    Conf::Static => conf.ip.clone(),
                    Conf::Manual => None,
                },
                _ => None,
            };
        }
        self.servers[index].nics = nics;
        self.drop_unused_leases();
    }

    pub(crate) fn nic_json(&self, nic: &Nic, server: &Server) -> Value {
        json!({
            "boot_order": nic.boot_order, "firewall_policy": nic.policy.as_ref().map(|p| Self::link("fwpolicies", p)),
            "ip_v4_conf": nic.v4.as_ref().map(conf_json), "ip_v6_conf": nic.v6.as_ref().map(conf_json), "mac": nic.mac,
            "model": nic.model, "runtime": if server.is_on() { self.nic_runtime(nic, server) } else { Value::Null },
            "vlan": nic.vlan.as_ref().map(|vlan| Self::link("vlans", vlan)),
        })
    }

    pub(crate) fn nic_runtime(&self, nic: &Nic, server: &Server) -> Value {
        let shown = server.power.since().is_some_and(|since| since + self.options.quirks.address_lag <= self.now);
        let address = nic.address.as_ref().filter(|_| shown).map(|address| Self::link("ips", address));
        json!({
            "interface_type": if nic.vlan.is_some() { "private" } else { "public" },
            "io": { "bytes_recv": 0, "bytes_sent": 0, "packets_recv": 0, "packets_sent": 0 },
            "ip_v4": address, "ip_v6": null,
        })
    }
}

fn conf_json(conf: &IpConf) -> Value {
    let name = match conf.conf {
        Conf::Dhcp => "dhcp",
        Conf::Static => "static",
        Conf::Manual => "manual",
    };
    json!({ "conf": name, "ip": conf.ip.as_ref().map(|ip| World::link("ips", ip)) })
}
