//! The daemon among others: its name, its seats, and what is told of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use backplane_core::BoxError;
use backplane_store::Store;
use backplane_store::lease::{Claim, Cluster, Election, ElectionOptions, Fence, ReplicaState, Seat};

use crate::load::Loaded;
use crate::settings::ReplicaSettings;

/// A running election and the seats that nobody has taken yet.
pub(crate) struct Replicas {
    pub(crate) election: Election,
    seats: Mutex<BTreeMap<Claim, Seat>>,
    cluster: Cluster,
    settings: ReplicaSettings,
}

/// What a plugin's writes need: connections of their own, and what guards them.
pub(crate) struct Guard {
    pub(crate) client: kube::Client,
    pub(crate) fence: Fence,
}

impl Replicas {
    /// Begins to take part, for every plugin and shard. Nothing is taken before somebody sits down.
    pub(crate) fn start(
        store: &Store,
        cluster: Cluster,
        settings: &ReplicaSettings,
        (identity, namespace): (&str, &str),
        plugins: &[Loaded],
    ) -> Result<Self, BoxError> {
        let claims: Vec<Claim> = plugins.iter().flat_map(claims).collect();
        let options = ElectionOptions {
            timing: settings.timing(),
            handover: settings.handover,
            deadman: settings.end_when_frozen,
            ..ElectionOptions::new(identity, namespace)
        };
        let (election, seats) = store.elect(cluster.client()?, claims, options)?;
        let seats = seats.into_iter().map(|seat| (seat.claim().clone(), seat)).collect();
        Ok(Self { election, seats: Mutex::new(seats), cluster, settings: settings.clone() })
    }

    /// The seat of a claim; each is given once.
    pub(crate) fn seat(&self, claim: &Claim) -> Option<Seat> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner).remove(claim)
    }

    /// Connections for writes that the lease of a seat allows.
    pub(crate) fn guard(&self, seat: &Seat) -> Result<Guard, BoxError> {
        let fence = seat.fence().clone();
        Ok(Guard { client: self.cluster.fenced(&fence, self.settings.timing().linger())?, fence })
    }

    /// What is known of the leases, now and later.
    pub(crate) fn told(&self) -> Arc<Mutex<ReplicaState>> {
        self.election.watch()
    }
}

/// The claims of a plugin.
pub(crate) fn claims(plugin: &Loaded) -> Vec<Claim> {
    Claim::all(&plugin.declaration.name, plugin.source.shards.get())
}

/// Two plugins whose leases would have the same name, such as `a-0` beside a sharded `a`.
pub(crate) fn same_lease(plugins: &[Loaded]) -> Option<String> {
    let mut names: Vec<String> = plugins.iter().flat_map(claims).map(|claim| claim.lease()).collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone())
}
