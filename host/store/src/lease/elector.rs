//! Does what the rules decide: asks the API server, opens and closes fences, tells the seats.

mod work;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::claim::Claim;
use super::clock::{BootClock, boot_clock};
use super::deadman::Deadman;
use super::fence::Fence;
use super::follow::News;
use super::requests::Requests;
use super::rules::{Rules, Timing};
use super::seat::{Seat, Standing};
use super::state::{LeaseState, MemberState, ReplicaState, seconds};
use crate::options::Clock;
use crate::store::Store;

/// How this replica takes part.
#[derive(Clone)]
pub struct ElectionOptions {
    /// Name of this replica; no two may ever have the same one.
    pub identity: String,
    /// Where the Leases lie.
    pub namespace: String,
    /// How long things last.
    pub timing: Timing,
    /// How long what runs may go on when a lease is given back.
    pub handover: Duration,
    /// Whether the kernel ends this process if it is stopped for longer than its leases last.
    pub deadman: bool,
    /// What time is measured by.
    pub clock: BootClock,
}

impl ElectionOptions {
    /// With the defaults of `backplane.toml`.
    pub fn new(identity: &str, namespace: &str) -> Self {
        let seconds = Duration::from_secs;
        Self {
            identity: identity.to_owned(),
            namespace: namespace.to_owned(),
            timing: Timing { lease: seconds(10), renew: seconds(6), retry: seconds(2) },
            handover: seconds(1),
            deadman: false,
            clock: boot_clock(),
        }
    }
}

/// A running election.
pub struct Election {
    state: Arc<Mutex<ReplicaState>>,
    begin: CancellationToken,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Election {
    /// What is known of the leases.
    pub fn state(&self) -> ReplicaState {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A way to look at the state that outlives the election.
    pub fn watch(&self) -> Arc<Mutex<ReplicaState>> {
        Arc::clone(&self.state)
    }

    /// Takes part from now on. Before, this replica is unknown to the others, and holds nothing: whoever takes a lease should
    /// have a warm cache.
    pub fn begin(&self) {
        self.begin.cancel();
    }

    /// The same for somebody who only does that.
    pub fn beginning(&self) -> CancellationToken {
        self.begin.clone()
    }

    /// Takes nothing any more and asks every seat to end.
    pub fn leave(&self) {
        self.stop.cancel();
    }

    /// The same, and waits until every lease is given back.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the election ended by itself");
        }
    }
}

/// What the elector keeps of a claim.
struct Side {
    fence: Fence,
    standing: watch::Sender<Standing>,
    taken: u64,
    lost: u64,
}

struct Elector {
    options: ElectionOptions,
    wall: Clock,
    rules: Rules,
    requests: Requests,
    sides: BTreeMap<String, Side>,
    deadman: Deadman,
    /// The moment to which the deadman is set.
    set: Option<Duration>,
    news: Option<mpsc::UnboundedReceiver<News>>,
    following: Option<AbortHandle>,
    vacated: mpsc::UnboundedReceiver<(String, u64)>,
    state: Arc<Mutex<ReplicaState>>,
    problem: Option<String>,
    stopping: bool,
}

impl Store {
    /// Prepares to take part in the election for these claims; see [`Election::begin`]. `client` should have connections of its own, so that no renewal waits
    /// behind a list.
    ///
    /// # Errors
    /// No timer of the kernel, if one is asked for.
    pub fn elect(
        &self,
        client: kube::Client,
        claims: Vec<Claim>,
        options: ElectionOptions,
    ) -> io::Result<(Election, Vec<Seat>)> {
        let deadman = if options.deadman { Deadman::new()? } else { Deadman::none() };
        let (told, vacated) = mpsc::unbounded_channel();
        let (mut sides, mut seats) = (BTreeMap::new(), Vec::new());
        for claim in &claims {
            let fence = Fence::new(options.clock.clone());
            let (standing, stands) = watch::channel(Standing::Standby);
            sides.insert(claim.lease(), Side { fence: fence.clone(), standing, taken: 0, lost: 0 });
            let (vacated, handover) = (told.clone(), options.handover);
            seats.push(Seat { claim: claim.clone(), fence, standing: stands, vacated, handover, served: 0 });
        }
        let transport = self.0.transport.with_client(client, options.timing.retry);
        let state =
            Arc::new(Mutex::new(ReplicaState { identity: options.identity.clone(), ..ReplicaState::default() }));
        let elector = Elector {
            rules: Rules::new(&options.identity, options.timing, claims),
            requests: Requests { transport, namespace: options.namespace.clone() },
            wall: self.0.options.clock.clone(),
            options,
            sides,
            deadman,
            set: None,
            news: None,
            following: None,
            vacated,
            state: Arc::clone(&state),
            problem: None,
            stopping: false,
        };
        let (begin, stop) = (CancellationToken::new(), CancellationToken::new());
        let task = tokio::spawn(elector.run(begin.clone(), stop.clone()));
        Ok((Election { state, begin, stop, task }, seats))
    }
}

impl Elector {
    async fn run(mut self, begin: CancellationToken, stop: CancellationToken) {
        if stop.run_until_cancelled(begin.cancelled()).await.is_none() {
            return;
        }
        info!(identity = self.options.identity, "replica takes part in the election");
        loop {
            let steps = self.rules.plan(self.now());
            self.carry_out(steps).await;
            self.publish();
            if self.stopping && self.rules.held().is_empty() {
                break;
            }
            let now = self.now();
            let pause = self.rules.wake(now).saturating_sub(now);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                news = hear(&mut self.news) => self.learn(news),
                Some(vacated) = self.vacated.recv() => self.release(vacated).await,
                () = stop.cancelled(), if !self.stopping => self.begin_to_stop().await,
            }
        }
        self.following.iter().for_each(AbortHandle::abort);
        info!("replica has left the election");
    }

    fn now(&self) -> Duration {
        (self.options.clock)()
    }

    /// Shows what is known to whoever asks.
    fn publish(&self) {
        let now = self.now();
        let timing = self.options.timing;
        let leases: Vec<LeaseState> =
            self.rules.claims().iter().map(|(name, claim)| self.lease(name, claim, now)).collect();
        let members = self.rules.everybody(now).into_iter().filter_map(|(known, alive)| {
            let identity = known.sight.member()?.to_owned();
            let holds = leases.iter().filter(|lease| lease.holder.as_ref() == Some(&identity)).count();
            Some(MemberState { identity, alive, holds })
        });
        let state = ReplicaState {
            identity: self.options.identity.clone(),
            lease_duration_seconds: seconds(timing.lease),
            renew_deadline_seconds: seconds(timing.renew),
            retry_period_seconds: seconds(timing.retry),
            members: members.collect(),
            leases,
            problem: self.problem.clone(),
        };
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn lease(&self, name: &str, claim: &Claim, now: Duration) -> LeaseState {
        let (known, side) = (self.rules.known(name), self.sides.get(name));
        LeaseState {
            name: name.to_owned(),
            plugin: claim.plugin.clone(),
            shard: claim.shard.map(|shard| shard.index),
            holder: known.and_then(|known| known.sight.holder.clone()),
            held: side.is_some_and(|side| side.fence.is_open()),
            transitions: known.map_or(0, |known| known.sight.transitions),
            unchanged_seconds: known.map_or(0.0, |known| seconds(now.saturating_sub(known.since))),
            taken: side.map_or(0, |side| side.taken),
            lost: side.map_or(0, |side| side.lost),
            fenced: side.map_or(0, |side| side.fence.refused()),
            waits_for: self.rules.waits_for(claim, now),
        }
    }
}

async fn hear(news: &mut Option<mpsc::UnboundedReceiver<News>>) -> News {
    match news {
        Some(news) => news.recv().await.unwrap_or(News::Failed("the watch of leases ended".into())),
        None => std::future::pending().await,
    }
}
