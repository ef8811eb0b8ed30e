//! Lease objects: what is read of them, and what is written.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// Label by which all leases of a namespace are found.
pub(super) const SELECTOR: &str = "app.kubernetes.io%2Fmanaged-by%3Dbackplane";
/// Says whether a Lease is of a member or of a plugin.
const ROLE: &str = "backplane.dev/lease";
/// What a member offers to hold: plugins, each with its number of shards.
const OFFERS: &str = "backplane.dev/offers";
/// A dot keeps it apart from every plugin's lease: a plugin's name has none.
const MEMBER: &str = "backplane-member.";

/// What a replica offers: plugins, each with its number of shards.
pub(super) type Offers = BTreeMap<String, u32>;

/// A Lease as it was seen once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sight {
    pub(super) name: String,
    pub(super) version: u64,
    pub(super) holder: Option<String>,
    /// How long its holder may leave it unrenewed.
    pub(super) lasts: Duration,
    pub(super) transitions: u32,
    /// What a member offers; `None` for a plugin's lease.
    pub(super) offers: Option<Offers>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    name: String,
    resource_version: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    holder_identity: Option<String>,
    lease_duration_seconds: Option<u64>,
    lease_transitions: Option<u32>,
}

impl Sight {
    /// Reads a Lease; `None` for what is none.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let Wire { metadata, spec } = serde_json::from_slice(bytes).ok()?;
        let offers = metadata.name.starts_with(MEMBER).then(|| {
            let text = metadata.annotations.get(OFFERS).map(String::as_str).unwrap_or_default();
            serde_json::from_str(text).unwrap_or_default()
        });
        Some(Self {
            version: metadata.resource_version.parse().ok()?,
            name: metadata.name,
            holder: spec.holder_identity.filter(|holder| !holder.is_empty()),
            lasts: Duration::from_secs(spec.lease_duration_seconds.unwrap_or_default()),
            transitions: spec.lease_transitions.unwrap_or_default(),
            offers,
        })
    }

    /// The identity of the member whose Lease this is.
    pub(super) fn member(&self) -> Option<&str> {
        self.name.strip_prefix(MEMBER)
    }
}

/// Name of a member's Lease.
pub(super) fn member_lease(identity: &str) -> String {
    format!("{MEMBER}{identity}")
}

/// What is written into a Lease. The times are for people: nobody decides by them.
pub(super) struct Written<'a> {
    pub(super) name: &'a str,
    /// The version that is replaced; `None` creates.
    pub(super) version: Option<u64>,
    pub(super) holder: &'a str,
    pub(super) lasts: Duration,
    pub(super) now: Timestamp,
    /// The number of this tenure, where it is a new one.
    pub(super) transitions: Option<u32>,
    pub(super) offers: Option<&'a Offers>,
}

impl Written<'_> {
    pub(super) fn body(&self, namespace: &str) -> Value {
        let now = self.now.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        let role = if self.offers.is_some() { "member" } else { "plugin" };
        let mut metadata = json!({
            "name": self.name, "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": "backplane", ROLE: role},
        });
        if let Some(version) = self.version {
            metadata["resourceVersion"] = version.to_string().into();
        }
        if let Some(offers) = self.offers {
            metadata["annotations"] = json!({OFFERS: json!(offers).to_string()});
        }
        let mut spec = json!({
            "holderIdentity": self.holder, "leaseDurationSeconds": self.lasts.as_secs().max(1), "renewTime": now,
        });
        if let Some(transitions) = self.transitions {
            spec["acquireTime"] = now.into();
            spec["leaseTransitions"] = transitions.into();
        }
        json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let offers = Offers::from([("web".into(), 4)]);
        let written = Written {
            name: &member_lease("a-1"),
            version: Some(7),
            holder: "a-1",
            lasts: Duration::from_secs(10),
            now: Timestamp::UNIX_EPOCH,
            transitions: Some(3),
            offers: Some(&offers),
        };
        let body = written.body("backplane");
        assert_eq!(body["spec"]["renewTime"], "1970-01-01T00:00:00.000000Z");
        let sight = Sight::read(body.to_string().as_bytes()).expect("a Lease");
        assert_eq!(sight.member(), Some("a-1"));
        let expected = Sight {
            name: "backplane-member.a-1".into(),
            version: 7,
            holder: Some("a-1".into()),
            lasts: Duration::from_secs(10),
            transitions: 3,
            offers: Some(offers),
        };
        assert_eq!(sight, expected);
    }

    #[test]
    fn a_released_lease_has_no_holder() {
        let text = br#"{"metadata":{"name":"backplane-web","resourceVersion":"9"},"spec":{"holderIdentity":""}}"#;
        let sight = Sight::read(text).expect("a Lease");
        assert_eq!((sight.holder, sight.offers, sight.version), (None, None, 9));
        assert_eq!(Sight::read(b"no json"), None);
    }
}
