//! What the API server wrote down: who held which lease when, and whether every write fell into its writer's time.
//!
//! All times are the server's. A lease counts from the moment at which the request that took or renewed it was *received*,
//! for its duration, and ends before the request of anybody else who took it was received, or its own release. A write must
//! have been *answered* before that: both are judged against us.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use backplane_store::lease::Shard;
use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use crate::stage::SHARDS;

/// The bodies of leases, and the fact of every other write and of what the daemon reads.
pub(crate) const POLICY: &str = "apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Request
  verbs: [create, update, patch, delete]
  resources: [{group: coordination.k8s.io, resources: [leases]}]
- level: Metadata
  verbs: [create, update, patch, delete]
- level: None
";

const LEASE: &str = "backplane-website-";
const PLUGIN: &str = "system:serviceaccount:backplane:backplane-website";

/// A request that took, renewed or released a lease.
#[derive(Debug, Clone)]
struct Grip {
    received: Timestamp,
    holder: Option<String>,
    lasts: Duration,
}

/// A write of the plugin.
#[derive(Debug, Clone)]
pub(crate) struct Deed {
    pub(crate) received: Timestamp,
    answered: Timestamp,
    pub(crate) replica: String,
    pub(crate) shard: u32,
    #[expect(dead_code, reason = "printed with a write that was wrong")]
    what: String,
}

/// Everything that matters of an audit log.
#[derive(Default)]
pub(crate) struct Judge {
    grips: BTreeMap<u32, Vec<Grip>>,
    pub(crate) deeds: Vec<Deed>,
}

/// The shard and the holder of a Lease object; the holder without the part that is made at each start.
pub(crate) fn holder(lease: &Value) -> Option<(u32, String)> {
    let shard = lease["metadata"]["name"].as_str()?.strip_prefix(LEASE)?.parse().ok()?;
    let holder = lease["spec"]["holderIdentity"].as_str().filter(|holder| !holder.is_empty())?;
    Some((shard, holder.split('-').next()?.to_owned()))
}

pub(crate) fn shard_of(namespace: &str) -> u32 {
    let covers = |index: &u32| Shard { index: *index, count: SHARDS }.covers(Some(namespace));
    (0..SHARDS).find(covers).unwrap_or_default()
}

impl Judge {
    pub(crate) fn read(log: &Path) -> Result<Self> {
        let mut judge = Self::default();
        for line in BufReader::new(std::fs::File::open(log)?).lines() {
            // A line may be cut where the log ends.
            let Ok(event) = serde_json::from_str::<Value>(&line?) else { continue };
            judge.note(&event)?;
        }
        judge.grips.values_mut().for_each(|grips| grips.sort_by_key(|grip| grip.received));
        judge.deeds.sort_by_key(|deed| deed.received);
        Ok(judge)
    }

    fn note(&mut self, event: &Value) -> Result<()> {
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let time = |pointer: &str| text(pointer).parse::<Timestamp>().with_context(|| event.to_string());
        let (received, answered) = (time("/requestReceivedTimestamp")?, time("/stageTimestamp")?);
        let replica = text("/userAgent").split_once('(').map(|(_, name)| name.trim_end_matches(')').to_owned());
        let code = event.pointer("/responseStatus/code").and_then(Value::as_u64).unwrap_or_default();
        if text("/impersonatedUser/username") == PLUGIN {
            let what = format!("{} {} {}", text("/verb"), text("/objectRef/resource"), text("/objectRef/name"));
            let shard = shard_of(text("/objectRef/namespace"));
            let replica = replica.context("a write of the plugin that no replica signed")?;
            self.deeds.push(Deed { received, answered, replica, shard, what });
        } else if text("/objectRef/resource") == "leases" && (200..300).contains(&code) {
            let name = text("/objectRef/name");
            let name = if name.is_empty() { text("/requestObject/metadata/name") } else { name };
            let Some(shard) = name.strip_prefix(LEASE).and_then(|shard| shard.parse().ok()) else { return Ok(()) };
            let holder =
                Some(text("/requestObject/spec/holderIdentity").to_owned()).filter(|holder| !holder.is_empty());
            let seconds = event.pointer("/requestObject/spec/leaseDurationSeconds").and_then(Value::as_u64);
            let lasts = Duration::from_secs(seconds.unwrap_or_default());
            self.grips.entry(shard).or_default().push(Grip { received, holder, lasts });
        }
        Ok(())
    }

    /// The writes that were not within their writer's lease.
    pub(crate) fn wrong(&self) -> Vec<String> {
        self.deeds.iter().filter_map(|deed| self.judge(deed).err().map(|why| format!("{deed:?}: {why}"))).collect()
    }

    fn judge(&self, deed: &Deed) -> Result<(), String> {
        let grips = self.grips.get(&deed.shard).map_or(&[][..], Vec::as_slice);
        let after = grips.partition_point(|grip| grip.received <= deed.received);
        let Some(grip) = after.checked_sub(1).map(|last| &grips[last]) else { return Err("nobody held it".into()) };
        if grip.holder.as_deref() != Some(&*deed.replica) {
            return Err(format!("held by {:?}", grip.holder));
        }
        if deed.answered > grip.received + grip.lasts {
            return Err(format!("its lease was renewed at {} and had run out", grip.received));
        }
        let next = grips[after..].iter().find(|grip| grip.holder.as_deref() != Some(&*deed.replica));
        match next {
            Some(next) if next.received <= deed.answered => Err(format!("{:?} held it meanwhile", next.holder)),
            _ => Ok(()),
        }
    }

    /// How long after a moment somebody else than these replicas wrote for a shard.
    pub(crate) fn others_act(&self, shard: u32, since: Timestamp, not: &str) -> Option<Duration> {
        let own = |deed: &&Deed| deed.replica.split('-').next() == Some(not);
        let deed = self.deeds.iter().find(|deed| deed.shard == shard && deed.received > since && !own(deed))?;
        deed.received.duration_since(since).try_into().ok()
    }

    /// How often a lease went from one holder to another.
    pub(crate) fn changes(&self) -> usize {
        let holders = |grips: &Vec<Grip>| {
            let mut names: Vec<_> = grips.iter().filter_map(|grip| grip.holder.clone()).collect();
            names.dedup();
            names.len().saturating_sub(1)
        };
        self.grips.values().map(holders).sum()
    }

    /// The most writes of the plugin within any second.
    pub(crate) fn peak(&self, from: Timestamp, to: Timestamp) -> usize {
        let times: Vec<_> = self.deeds.iter().map(|deed| deed.received).filter(|at| (from..to).contains(at)).collect();
        let within = |(first, at): (usize, &Timestamp)| {
            times[first..].iter().take_while(|later| **later < *at + Duration::from_secs(1)).count()
        };
        times.iter().enumerate().map(within).max().unwrap_or_default()
    }

    /// Replicas that have written, by the whole of their names.
    pub(crate) fn writers(&self) -> BTreeSet<&str> {
        self.deeds.iter().map(|deed| &*deed.replica).collect()
    }
}
