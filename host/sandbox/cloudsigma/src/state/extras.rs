//! What belongs to the account or the site rather than to a machine: profile, key pairs, firewall policies, access lists,
//! capabilities. Kept and shown faithfully, without effect on anything else.

use jiff::Timestamp;
use ring::digest;
use serde_json::{Map, Value, json};

use super::drive::{LEAST_SIZE, MOST_SIZE, links};
use super::fields::Fields;
use super::server::{CPU, MEM, SMP, most_core_speed};
use super::{Outcome, World, micros};
use crate::error::ApiError;

/// A kind of which only presence matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plain {
    Keypair,
    Policy,
    Acl,
}

impl Plain {
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Keypair => "keypairs",
            Self::Policy => "fwpolicies",
            Self::Acl => "acls",
        }
    }
}

impl World {
    pub(crate) fn plain(&self, kind: Plain) -> &[Map<String, Value>] {
        match kind {
            Plain::Keypair => &self.keypairs,
            Plain::Policy => &self.policies,
            Plain::Acl => &self.acls,
        }
    }

    fn plain_mut(&mut self, kind: Plain) -> &mut Vec<Map<String, Value>> {
        match kind {
            Plain::Keypair => &mut self.keypairs,
            Plain::Policy => &mut self.policies,
            Plain::Acl => &mut self.acls,
        }
    }

    pub(crate) fn create_plain(&mut self, kind: Plain, body: &Value) -> Outcome<String> {
        let fields = Fields::of(body)?;
        let uuid = self.env.uuid();
        let mut object = self.blank(kind, &uuid);
        if kind == Plain::Keypair && fields.get("public_key").is_none() {
            self.generate_key(fields, &mut object)?;
        }
        apply_plain(kind, &mut object, fields)?;
        let tags = fields.references("tags")?;
        self.known_tags(tags.as_deref())?;
        object.insert("tags".to_owned(), Value::from(links("tags", &tags.unwrap_or_default())));
        self.plain_mut(kind).push(object);
        Ok(uuid)
    }

    pub(crate) fn update_plain(&mut self, kind: Plain, uuid: &str, body: &Value) -> Outcome<()> {
        let fields = Fields::of(body)?;
        let tags = fields.references("tags")?;
        self.known_tags(tags.as_deref())?;
        let found = self.plain_mut(kind).iter_mut().find(|object| object.get("uuid").is_some_and(|u| u == uuid));
        let object = found.ok_or_else(ApiError::not_found)?;
        let mut changed = object.clone();
        apply_plain(kind, &mut changed, fields)?;
        if let Some(tags) = tags {
            changed.insert("tags".to_owned(), Value::from(links("tags", &tags)));
        }
        *object = changed;
        Ok(())
    }

    pub(crate) fn delete_plain(&mut self, kind: Plain, uuid: &str) -> Outcome<()> {
        let before = self.plain(kind).len();
        self.plain_mut(kind).retain(|object| object.get("uuid").is_none_or(|known| known != uuid));
        if self.plain(kind).len() == before {
            return Err(ApiError::not_found());
        }
        for server in &mut self.servers {
            server.pubkeys.retain(|key| key != uuid);
            server.nics.iter_mut().for_each(|nic| {
                nic.policy.take_if(|policy| policy == uuid);
            });
        }
        Ok(())
    }

    fn blank(&self, kind: Plain, uuid: &str) -> Map<String, Value> {
        let uri = format!("/api/2.0/{}/{uuid}/", kind.path());
        let object = match kind {
            Plain::Keypair => json!({
                "fingerprint": null, "grantees": [], "meta": {}, "name": "", "permissions": [], "private_key": null,
                "public_key": "", "resource_uri": uri, "uuid": uuid,
            }),
            Plain::Policy => json!({
                "meta": {}, "name": "", "owner": self.owner_link(), "resource_uri": uri, "rules": [], "servers": [],
                "uuid": uuid,
            }),
            Plain::Acl => json!({
                "grantees": [], "meta": {}, "name": "", "owner": self.owner_link(), "resource_uri": uri, "rules": [],
                "uuid": uuid,
            }),
        };
        if let Value::Object(object) = object { object } else { Map::new() }
    }

    /// A stand-in for a generated key: it has the form of one and opens nothing.
    fn generate_key(&self, fields: Fields<'_>, object: &mut Map<String, Value>) -> Outcome<()> {
        let algorithm = fields.one_of("algorithm_type", &["rsa", "ed25519"])?.unwrap_or("rsa");
        let prefix = if algorithm == "rsa" { "ssh-rsa" } else { "ssh-ed25519" };
        object.insert("public_key".to_owned(), Value::from(format!("{prefix} {}", self.env.hex(32))));
        object.insert("private_key".to_owned(), Value::from(format!("simulated {}", self.env.hex(16))));
        Ok(())
    }

    /// A firewall policy with the servers that use it.
    pub(crate) fn policy_json(&self, policy: &Map<String, Value>) -> Value {
        let uuid = policy.get("uuid").and_then(Value::as_str);
        let users = self.servers.iter().filter(|server| server.nics.iter().any(|nic| nic.policy.as_deref() == uuid));
        let mut object = policy.clone();
        let users: Vec<String> = users.map(|server| server.uuid.clone()).collect();
        object.insert("servers".to_owned(), Value::from(links("servers", &users)));
        Value::Object(object)
    }

    pub(crate) fn capabilities(&self) -> Value {
        let range = |(min, max): (u64, u64)| json!({ "min": min, "max": max });
        let host = |kind: &str| json!({ "cpu": range(CPU), "cpu_per_smp": range((1_000, most_core_speed(kind))), "mem": range(MEM), "smp": range(SMP) });
        let store = |min: u64, iops: u64| {
            json!({ "iops": { "base": iops, "max": iops * 2, "min": 1 }, "max_size": MOST_SIZE, "min_size": min,
                "size": range((min, MOST_SIZE)) })
        };
        let mut old = host("intel");
        old["default_start_method"] = json!("regular");
        old["start_methods"] = json!(["eager", "lazy", "regular"]);
        json!({
            "backfilling": false, "card_backend": "none", "currencies": [{ "id": "EUR", "name": "eur" }],
            "default_inactive_period": 45, "default_storage_type": "dssd",
            "drives": { "dssd": store(LEAST_SIZE, 30_000), "nvme": store(LEAST_SIZE, 30_000), "zadara": store(1 << 30, 4_000) },
            "epc": { "max": 0, "min": 0 }, "gpus": {}, "hosts": { "amd": host("amd"), "intel": host("intel") },
            "hypervisors": { "kvm": ["intel", "amd"] }, "inactive_period_range": { "max": 250, "min": 0 },
            "remote_snapshots": { "current": 0, "max": 600, "remote_locations": [] }, "servers": old,
            "snapshots": { "current": self.snapshots.len(), "max": 700, "max_per_drive": 90 },
        })
    }

    pub(crate) fn location(&self) -> Value {
        let region = self.options.region.to_lowercase();
        let site = format!("https://{region}.cloudsigma.com");
        json!({
            "alternative_frontend_url": format!("{site}/ui/"), "api_endpoint": format!("{site}/api/2.0/"),
            "country_code": "CH", "default_frontend_signup_url": format!("{site}/ui/"),
            "default_frontend_url": format!("{site}/ui/"), "display_name": "Simulated site",
            "documentation_url": "https://docs.cloudsigma.com", "id": region.to_uppercase(),
            "upload_url": format!("https://direct.{region}.cloudsigma.com/api/2.0/"),
            "websocket_url": format!("wss://direct.{region}.cloudsigma.com/websocket"),
        })
    }

    /// The subscriptions behind the owned addresses and VLANs.
    pub(crate) fn subscriptions(&self) -> Vec<Value> {
        let ips = self.ips.iter().filter_map(|ip| Some(("ip", ip.subscription?, ip.address.as_str())));
        let vlans = self.vlans.iter().map(|vlan| ("vlan", vlan.subscription, vlan.uuid.as_str()));
        ips.chain(vlans)
            .map(|(resource, id, subscribed)| {
                json!({
                    "amount": "1", "auto_renew": true, "descendants": [], "discount_amount": null,
                    "discount_percent": null, "discounts": null, "end_time": "2099-01-01T12:00:00+00:00",
                    "free_tier": false, "id": id.to_string(), "period": "1 month", "price": "0E-20", "remaining": "1",
                    "resource": resource, "resource_uri": format!("/api/2.0/subscriptions/{id}/"),
                    "start_time": "2025-01-01T12:00:00+00:00", "status": "active", "subscribed_object": subscribed,
                    "uuid": format!("00000000-0000-4000-8000-{id:012}"), "was_billed": true,
                })
            })
            .collect()
    }
}

fn apply_plain(kind: Plain, object: &mut Map<String, Value>, fields: Fields<'_>) -> Outcome<()> {
    let texts: &[&str] = if kind == Plain::Keypair { &["name", "public_key", "private_key"] } else { &["name"] };
    for name in texts {
        if let Some(text) = fields.text(name)? {
            object.insert((*name).to_owned(), Value::from(text));
        }
    }
    if let Some(meta) = fields.meta()? {
        object.insert("meta".to_owned(), Value::Object(meta));
    }
    if let (Plain::Keypair, Some(Value::String(key))) = (kind, object.get("public_key")) {
        let fingerprint = Value::from(fingerprint(key));
        object.insert("fingerprint".to_owned(), fingerprint);
    }
    if let (Plain::Acl, Some(grantees)) = (kind, fields.list("grantees")?) {
        object.insert("grantees".to_owned(), Value::from(grantees));
    }
    if let (Plain::Acl | Plain::Policy, Some(rules)) = (kind, fields.list("rules")?) {
        let rules: Outcome<Vec<Value>> =
            rules.iter().map(|rule| if kind == Plain::Policy { policy_rule(rule) } else { Ok(rule.clone()) }).collect();
        object.insert("rules".to_owned(), Value::Array(rules?));
    }
    Ok(())
}

fn policy_rule(rule: &Value) -> Outcome<Value> {
    let fields = Fields::of(rule)?;
    let action = fields.one_of("action", &["accept", "drop"])?.ok_or_else(|| ApiError::required("action"))?;
    let direction = fields.one_of("direction", &["in", "out"])?;
    let port = |name: &str| {
        Ok::<_, ApiError>(match fields.get(name) {
            Some(Value::Number(number)) => Value::from(number.to_string()),
            _ => fields.text(name)?.map_or(Value::Null, Value::from),
        })
    };
    Ok(json!({
        "action": action, "comment": fields.text("comment")?, "direction": direction,
        "dst_ip": fields.text("dst_ip")?.map(network), "dst_port": port("dst_port")?,
        "ip_proto": fields.one_of("ip_proto", &["tcp", "udp"])?, "src_ip": fields.text("src_ip")?.map(network),
        "src_port": port("src_port")?,
    }))
}

/// Writes an address with its prefix length: `23` becomes `23.0.0.0/32`.
fn network(text: &str) -> String {
    let (negation, text) = text.strip_prefix('!').map_or(("", text), |rest| ("!", rest));
    let (address, prefix) = text.split_once('/').unwrap_or((text, "32"));
    let missing = 3_usize.saturating_sub(address.matches('.').count());
    let address = if address.contains(':') { address.to_owned() } else { format!("{address}{}", ".0".repeat(missing)) };
    format!("{negation}{address}/{prefix}")
}

/// Sixteen octets with colons, as the API shows them; of SHA-256, since only the form matters here.
fn fingerprint(key: &str) -> String {
    let hash = digest::digest(&digest::SHA256, key.as_bytes());
    hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

pub(crate) fn profile(uuid: &str, email: &str, now: Timestamp) -> Map<String, Value> {
    let profile = json!({
        "address": "", "api_https_only": false, "autotopup_amount": "0E-16", "autotopup_threshold": "0E-16",
        "bank_reference": "sandbox", "clone_naming": "COUNTER", "company": "", "country": "CH", "currency": "EUR",
        "email": email, "first_name": "Sandbox", "has_autotopup": false, "has_tx_autotopup": false, "invoicing": true,
        "key_auth": false, "language": "EN", "last_name": "Operator", "mailing_list": false, "meta": {}, "my_notes": "",
        "network_restrictions": null, "nickname": "", "phone": "", "postcode": "", "reseller": "",
        "signup_time": micros(now), "state": "REGULAR", "tax_name": null, "tax_rate": null, "title": "", "town": "",
        "tx_autotopup_amount": "0E-16", "tx_autotopup_threshold": "0E-16", "uuid": uuid, "vat": "",
    });
    if let Value::Object(profile) = profile { profile } else { Map::new() }
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn addresses_of_firewall_rules_are_written_as_networks() {
        let cases = [
            ("short", "23", "23.0.0.0/32"),
            ("address", "172.66.32.55", "172.66.32.55/32"),
            ("network", "172.66.32.0/24", "172.66.32.0/24"),
            ("negated", "!172.66.32.55", "!172.66.32.55/32"),
        ];
        for (name, text, expected) in cases {
            assert_eq!(network(text), expected, "{name}");
        }
    }
}
