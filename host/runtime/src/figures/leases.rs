//! What is shown of leases: figures for `/metrics`, a document for `/leases`, a line for `/readyz`.

use std::sync::{Arc, Mutex, PoisonError};

use backplane_store::lease::{LeaseState, ReplicaState};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::{Encoded, Figure, family};

/// The state of the leases as the election keeps it up to date.
pub(crate) type Leases = Arc<Mutex<ReplicaState>>;

/// Reads the election's state.
#[derive(Debug)]
pub(crate) struct LeaseFigures {
    pub(crate) leases: Leases,
}

fn present(leases: &Leases) -> ReplicaState {
    leases.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl Collector for LeaseFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Encoded {
        let state = present(&self.leases);
        let gauges: [Figure<LeaseState>; 1] =
            [("backplane_lease_held", "Whether this replica holds the lease", |lease| u64::from(lease.held))];
        let counters: [Figure<LeaseState>; 3] = [
            ("backplane_lease_taken", "How often this replica took the lease", |lease| lease.taken),
            ("backplane_lease_lost", "How often it lost the lease without giving it back", |lease| lease.lost),
            ("backplane_lease_fenced_writes", "Writes not made because the lease was not held", |lease| lease.fenced),
        ];
        let all = gauges.map(|figure| (figure, MetricType::Gauge)).into_iter();
        for ((name, help, value), kind) in all.chain(counters.map(|figure| (figure, MetricType::Counter))) {
            let samples = state.leases.iter().map(|lease| (vec![("lease", lease.name.clone())], value(lease)));
            family(&mut encoder, name, help, kind, samples)?;
        }
        settings(&mut encoder, &state)
    }
}

fn settings(encoder: &mut DescriptorEncoder<'_>, state: &ReplicaState) -> Encoded {
    let alive = state.members.iter().filter(|member| member.alive).count() as u64;
    let millis = |seconds: f64| (seconds * 1000.0) as u64;
    let gauges = [
        ("backplane_replicas", "Replicas that are there", alive),
        ("backplane_lease_duration_milliseconds", "Setting lease-duration", millis(state.lease_duration_seconds)),
        ("backplane_lease_renew_deadline_milliseconds", "Setting renew-deadline", millis(state.renew_deadline_seconds)),
        ("backplane_lease_retry_period_milliseconds", "Setting retry-period", millis(state.retry_period_seconds)),
    ];
    for (name, help, value) in gauges {
        family(encoder, name, help, MetricType::Gauge, std::iter::once((Vec::new(), value)))?;
    }
    Ok(())
}

/// The document behind `/leases`.
pub(crate) fn as_json(leases: &Leases) -> String {
    // Names and numbers, which always have a JSON form.
    serde_json::to_string(&present(leases)).unwrap_or_default()
}

/// A replica that the others do not know of can hold nothing.
pub(crate) fn not_a_member(leases: &Leases) -> Option<String> {
    let state = present(leases);
    let problem = state.problem.unwrap_or_else(|| "not announced yet".into());
    state.members.is_empty().then(|| format!("not among the replicas: {problem}"))
}
