//! `[replicas]`: how several daemons share the plugins.

use std::time::Duration;

use backplane_store::lease::Timing;
use serde::Deserialize;

use super::Problems;

/// How this daemon takes part among others of its kind. They share the plugins by Leases in the daemon's namespace; whoever
/// holds a plugin's lease works and writes for it, the others keep their caches warm.
///
/// ```text
///   renewal sent ──renew-deadline──> writes end ──half of the rest──> the kernel ends what has not noticed ──lease-duration──> others act
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReplicaSettings {
    /// Whether leases are asked for. Without, two daemons on one cluster write for the same plugins; `backplane dev` never asks.
    pub enabled: bool,
    /// First part of this replica's name; the second is made anew at each start, so that no two are ever mistaken for each
    /// other. Absent: the host's name, which in a Pod is the Pod's.
    pub identity: Option<String>,
    /// How long the others leave a lease that is not renewed. Ten seconds, so that what a killed replica did is done by
    /// another well within fifteen.
    #[serde(with = "humantime_serde")]
    pub lease_duration: Duration,
    /// How long after its last renewal a holder may write. Leaves four seconds to the end of the lease: two until the kernel
    /// ends a process that was stopped meanwhile, and two for what was sent to arrive or be dropped.
    #[serde(with = "humantime_serde")]
    pub renew_deadline: Duration,
    /// Pause between renewals. Three fit before the deadline, so two may fail.
    #[serde(with = "humantime_serde")]
    pub retry_period: Duration,
    /// How long calls in flight may go on when a lease is given back; those cut off are made again by the next holder. With
    /// what else there is to do, a clean stop hands over within two seconds.
    #[serde(with = "humantime_serde")]
    pub handover: Duration,
    /// Whether the kernel ends this process when it was stopped for longer than its leases last. Without, one gap remains:
    /// stopped between the last check and the write.
    pub end_when_frozen: bool,
}

impl Default for ReplicaSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            identity: None,
            lease_duration: Duration::from_secs(10),
            renew_deadline: Duration::from_secs(6),
            retry_period: Duration::from_secs(2),
            handover: Duration::from_secs(1),
            end_when_frozen: cfg!(target_os = "linux"),
        }
    }
}

impl ReplicaSettings {
    pub(crate) fn timing(&self) -> Timing {
        Timing { lease: self.lease_duration, renew: self.renew_deadline, retry: self.retry_period }
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        if self.lease_duration < Duration::from_secs(1) || self.lease_duration.subsec_nanos() != 0 {
            problems.add("replicas.lease-duration", "must be whole seconds, at least 1s: a Lease holds nothing else");
        }
        if self.lease_duration < self.renew_deadline + Duration::from_millis(500) {
            problems.add("replicas.renew-deadline", "must end at least 500ms before the lease, better 4s");
        }
        if self.retry_period < Duration::from_millis(50) || self.retry_period * 2 > self.renew_deadline {
            problems.add("replicas.retry-period", "must be at least 50ms and fit twice into renew-deadline");
        }
        if let Some(identity) = self.identity.as_ref().filter(|identity| !super::check::is_dns_label(identity)) {
            problems.add("replicas.identity", format!("{identity:?} is not a DNS label"));
        }
    }

    /// A name for this replica that no other has had.
    pub(crate) fn unique_identity(&self) -> String {
        let mut first = self.identity.clone().or_else(host_name).unwrap_or_else(|| "replica".into());
        first.truncate(50);
        let random = uuid::Uuid::new_v4().simple().to_string();
        format!("{}-{}", first.trim_end_matches('-'), &random[..6])
    }
}

/// The host's name, as a DNS label.
fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("HOSTNAME").ok())?.trim().to_lowercase();
    let label: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let label = label.trim_matches('-').to_owned();
    (!label.is_empty()).then_some(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_has_a_new_name_at_each_start_that_fits_into_a_lease() {
        let settings = ReplicaSettings { identity: Some("a".repeat(60)), ..ReplicaSettings::default() };
        let (one, other) = (settings.unique_identity(), settings.unique_identity());
        assert_ne!(one, other);
        assert!(super::super::check::is_dns_label(&one), "{one}");
        assert!(super::super::check::is_dns_label(&ReplicaSettings::default().unique_identity()));
    }
}
