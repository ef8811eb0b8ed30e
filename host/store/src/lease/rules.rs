//! Decides what a replica does about its leases, from what it has seen and when. No request, no clock, no task.
//!
//! ```text
//!              free, and mine to take           asked to give it back, or to share
//!   standing by ───────────────────> holding ───────────────────────────────────> leaving ──> released
//!        ^                              │  not renewed in time, or taken by another
//!        └──────────────── lost ────────┘
//! ```
//!
//! - A lease of another is free when it was released, or when it has been seen unchanged for its whole duration *and* the
//!   API server has answered steadily of late. The second is for a server that was stopped itself: when it wakes, what the
//!   holder sent before is still to be processed, and must be before anybody else acts.
//! - A replica takes nothing before its own member Lease is known to exist and all others have been listed after that. So
//!   of two replicas that divide a plugin into different numbers of shards at least one sees the other, and waits until it
//!   is gone.
//! - A replica whose member Lease cannot be renewed holds nothing, since the others think it gone.

mod shares;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::claim::Claim;
use super::object::{Offers, Sight, member_lease};
pub(super) use view::Known;

/// A moment of the boot clock.
pub(super) type Moment = Duration;

/// How long things last that have to do with leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How long the others leave a lease to a holder that does not renew it.
    pub lease: Duration,
    /// How long after its last renewal a holder may write.
    pub renew: Duration,
    /// Pause between renewals; also the longest that one may take.
    pub retry: Duration,
}

impl Timing {
    /// From the end of the right to write to the moment at which the kernel ends a process that has not noticed; also how
    /// long it may go on delivering what was sent.
    pub fn linger(&self) -> Duration {
        self.lease.saturating_sub(self.renew) / 2
    }
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Renew the own member Lease, or create it.
    Announce,
    /// Renew a lease that is held.
    Renew(String),
    /// Take a lease that is free.
    Take(String),
    /// Ask whoever works under a lease to end, so that it can be released.
    Leave(String),
    /// The lease is lost: end at once.
    Lose(String),
    /// Remove the Lease of a member that is long gone.
    Bury(String),
}

#[derive(Debug, Clone)]
pub(super) struct Held {
    /// When the last renewal that succeeded was sent.
    pub(super) renewed: Moment,
    due: Moment,
    leaving: bool,
}

pub(super) struct Rules {
    me: String,
    timing: Timing,
    claims: BTreeMap<String, Claim>,
    offers: Offers,
    known: BTreeMap<String, Known>,
    held: BTreeMap<String, Held>,
    /// When the last renewal of the own member Lease that succeeded was sent.
    member: Option<Moment>,
    member_due: Moment,
    /// Everything was listed after the member Lease was created.
    listed: bool,
    /// Members that were there before and divide a plugin otherwise.
    rivals: BTreeSet<String>,
    /// Since when the API server has answered every request in time.
    steady: Option<Moment>,
    planned: Moment,
    alive: BTreeSet<String>,
    /// When the members changed last.
    settled: Moment,
    given: Moment,
    not_before: BTreeMap<String, Moment>,
    stopping: bool,
}

impl Rules {
    pub(super) fn new(me: &str, timing: Timing, claims: Vec<Claim>) -> Self {
        let offers = claims.iter().map(|claim| (claim.plugin.clone(), claim.shards())).collect();
        Self {
            me: me.to_owned(),
            timing,
            claims: claims.into_iter().map(|claim| (claim.lease(), claim)).collect(),
            offers,
            known: BTreeMap::new(),
            held: BTreeMap::new(),
            member: None,
            member_due: Moment::ZERO,
            listed: false,
            rivals: BTreeSet::new(),
            steady: None,
            planned: Moment::ZERO,
            alive: BTreeSet::new(),
            settled: Moment::ZERO,
            given: Moment::ZERO,
            not_before: BTreeMap::new(),
            stopping: false,
        }
    }

    /// What is to be done now.
    pub(super) fn plan(&mut self, now: Moment) -> Vec<Step> {
        if now > self.planned + self.timing.renew {
            // We did not run ourselves: what was seen before says little.
            self.steady = None;
        }
        self.planned = now;
        self.notice_members(now);
        let lost: Vec<String> = self.held.keys().filter(|name| self.is_lost(name, now)).cloned().collect();
        self.held.retain(|name, _| !lost.contains(name));
        let mut steps: Vec<Step> = lost.into_iter().map(Step::Lose).collect();
        if self.stopping {
            steps.extend(self.leave_all());
        } else if now >= self.member_due {
            steps.push(Step::Announce);
        }
        steps.extend(self.held.iter().filter(|(_, held)| now >= held.due).map(|(name, _)| Step::Renew(name.clone())));
        if self.is_ready(now) {
            steps.extend(self.takes(now).into_iter().map(Step::Take));
            steps.extend(self.share(now).map(Step::Leave));
            steps.extend(self.long_gone(now).into_iter().map(Step::Bury));
        }
        steps
    }

    /// When to plan next, unless something is heard before.
    pub(super) fn wake(&self, now: Moment) -> Moment {
        let dues = self.held.values().map(|held| held.due).chain([self.member_due]);
        let expiries = self.known.values().map(|known| self.expiry(known));
        let next = dues.chain(expiries).filter(|at| *at > now).min();
        let latest = now + self.timing.retry / 4;
        next.map_or(latest, |next| next.min(latest)).max(now + Duration::from_millis(5))
    }

    fn is_lost(&self, name: &str, now: Moment) -> bool {
        let mine = self.known.get(name).is_some_and(|known| known.sight.holder.as_deref() == Some(&self.me));
        !mine || self.right_ends(name).is_none_or(|end| now >= end)
    }

    /// Until when this replica may write under a lease.
    pub(super) fn right_ends(&self, name: &str) -> Option<Moment> {
        let renewed = self.held.get(name)?.renewed.min(self.member?);
        Some(renewed + self.timing.renew)
    }

    fn is_ready(&self, now: Moment) -> bool {
        let announced = self.member.is_some_and(|renewed| now < renewed + self.timing.renew);
        announced && self.listed && !self.stopping
    }

    fn leave_all(&mut self) -> Vec<Step> {
        let staying = self.held.iter_mut().filter(|(_, held)| !held.leaving);
        staying
            .map(|(name, held)| {
                held.leaving = true;
                Step::Leave(name.clone())
            })
            .collect()
    }

    /// From now on nothing is taken, and everything is given back.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
    }

    /// The member Lease was created or renewed by a request that was sent then.
    pub(super) fn announced(&mut self, sent: Moment, sight: Sight, now: Moment) {
        self.member = Some(sent);
        self.member_due = sent + self.timing.retry;
        self.see(sight, now);
    }

    /// The member Lease is gone: whoever looked meanwhile thinks that we are, too.
    pub(super) fn not_announced(&mut self, now: Moment) {
        let name = member_lease(&self.me);
        self.known.remove(&name);
        (self.member, self.listed, self.member_due) = (None, false, now + self.timing.retry / 4);
    }

    /// The request could not be made; tried again soon.
    pub(super) fn postponed(&mut self, name: &str, now: Moment) {
        let again = now + self.timing.retry / 4;
        match self.held.get_mut(name) {
            Some(held) => held.due = again,
            // As long as this replica is unknown, it holds nothing that could be lost meanwhile.
            None if name == member_lease(&self.me) && self.member.is_some() => self.member_due = again,
            None if name == member_lease(&self.me) => self.member_due = now + self.timing.retry,
            None => drop(self.not_before.insert(name.to_owned(), now + self.timing.retry)),
        }
    }

    /// A lease was renewed by a request that was sent then. One that was given up meanwhile stays so: the renewal may have been seen in
    /// the watch, and given back in that version, before its answer came.
    pub(super) fn renewed(&mut self, name: &str, sent: Moment, sight: Sight, now: Moment) {
        match self.held.contains_key(name) {
            true => self.holds(name, sent, sight, now),
            false => self.see(sight, now),
        }
    }

    /// A lease was taken by a request that was sent then.
    pub(super) fn holds(&mut self, name: &str, sent: Moment, sight: Sight, now: Moment) {
        let due = sent + self.timing.retry;
        let held = self.held.entry(name.to_owned()).or_insert(Held { renewed: sent, due, leaving: false });
        (held.renewed, held.due) = (sent, due);
        self.see(sight, now);
    }

    /// A lease was given up, whether or not the API server knows.
    pub(super) fn gave_up(&mut self, name: &str, now: Moment) {
        self.held.remove(name);
        self.not_before.insert(name.to_owned(), now + self.timing.retry);
    }

    /// Whether the API server answered a request in time.
    pub(super) fn answered(&mut self, in_time: bool, now: Moment) {
        self.steady = in_time.then(|| self.steady.unwrap_or(now));
    }

    pub(super) fn held(&self) -> &BTreeMap<String, Held> {
        &self.held
    }

    pub(super) fn known(&self, name: &str) -> Option<&Known> {
        self.known.get(name)
    }

    pub(super) fn offers(&self) -> &Offers {
        &self.offers
    }

    pub(super) fn claims(&self) -> &BTreeMap<String, Claim> {
        &self.claims
    }
}

#[cfg(test)]
mod tests;
