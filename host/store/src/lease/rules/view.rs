//! What is known of the leases and members, and since when.

use std::collections::BTreeSet;

use super::{Moment, Rules};
use crate::lease::claim::Claim;
use crate::lease::object::{Sight, member_lease};

/// A Lease as it was last seen, and since when it has been so.
#[derive(Debug, Clone)]
pub(in crate::lease) struct Known {
    pub(in crate::lease) sight: Sight,
    pub(in crate::lease) since: Moment,
}

impl Rules {
    /// A Lease was read, in an answer or a watch. What is older than what is known is no news.
    pub(in crate::lease) fn see(&mut self, sight: Sight, now: Moment) {
        let known = self.known.get(&sight.name);
        if known.is_none_or(|known| known.sight.version < sight.version) {
            self.known.insert(sight.name.clone(), Known { sight, since: now });
        }
    }

    /// A Lease was deleted.
    pub(in crate::lease) fn gone(&mut self, name: &str, version: u64) {
        if self.known.get(name).is_some_and(|known| known.sight.version <= version) {
            self.known.remove(name);
        }
    }

    /// Everything that there was at this version.
    pub(in crate::lease) fn listed(&mut self, sights: Vec<Sight>, version: u64, now: Moment) {
        let there: BTreeSet<String> = sights.iter().map(|sight| sight.name.clone()).collect();
        self.known.retain(|name, known| there.contains(name) || known.sight.version > version);
        sights.into_iter().for_each(|sight| self.see(sight, now));
        if !self.listed && self.member.is_some() {
            self.rivals =
                self.known.values().filter(|known| self.differs(known)).map(|k| k.sight.name.clone()).collect();
            self.listed = true;
        }
    }

    /// Whether a member divides one of our plugins otherwise than we do.
    fn differs(&self, member: &Known) -> bool {
        let Some(theirs) = &member.sight.offers else { return false };
        theirs.iter().any(|(plugin, shards)| self.offers.get(plugin).is_some_and(|ours| ours != shards))
    }

    /// Members that keep us from taking a plugin's leases.
    pub(super) fn rival<'a>(&'a self, plugin: &'a str, now: Moment) -> Option<&'a str> {
        let ours = self.offers.get(plugin)?;
        let known = self.rivals.iter().filter_map(|name| self.known.get(name));
        let mut differing = known.filter(move |rival| {
            let theirs = rival.sight.offers.as_ref().and_then(|offers| offers.get(plugin));
            !self.is_expired(rival, now) && theirs.is_some_and(|theirs| theirs != ours)
        });
        differing.find_map(|rival| rival.sight.member())
    }

    /// A replica that keeps us from taking this, because it divides the plugin otherwise.
    pub(in crate::lease) fn waits_for(&self, claim: &Claim, now: Moment) -> Option<String> {
        self.rival(&claim.plugin, now).map(str::to_owned)
    }

    /// When a Lease that nobody touches runs out for us.
    pub(in crate::lease) fn expiry(&self, known: &Known) -> Moment {
        known.since + known.sight.lasts.max(self.timing.lease)
    }

    pub(in crate::lease) fn is_expired(&self, known: &Known, now: Moment) -> bool {
        now >= self.expiry(known)
    }

    /// Identities of the members that are there. The holder of a lease that has run out is not.
    pub(super) fn members(&self, now: Moment) -> BTreeSet<String> {
        let leases = self.claims.keys().filter_map(|name| self.known.get(name));
        let dead: BTreeSet<&str> = leases
            .filter(|lease| self.is_expired(lease, now))
            .filter_map(|lease| lease.sight.holder.as_deref())
            .filter(|holder| *holder != self.me)
            .collect();
        let there = self.known.values().filter(|known| !self.is_expired(known, now));
        let members = there.filter_map(|known| known.sight.member());
        members.filter(|member| !dead.contains(member)).map(str::to_owned).collect()
    }

    pub(super) fn notice_members(&mut self, now: Moment) {
        let alive = self.members(now);
        if alive != self.alive {
            (self.alive, self.settled) = (alive, now);
        }
    }

    /// Members whose Lease ran out long ago, for the one whose turn it is to remove.
    pub(super) fn long_gone(&self, now: Moment) -> Vec<String> {
        let gone = self.known.values().filter(|known| now >= self.expiry(known) + self.timing.lease * 9);
        let members = gone.filter(|known| known.sight.offers.is_some());
        let names = members.map(|known| known.sight.name.clone());
        names.filter(|name| *name != member_lease(&self.me) && self.is_first(name)).collect()
    }

    /// Members that are known, and whether each is there.
    pub(in crate::lease) fn everybody(&self, now: Moment) -> Vec<(&Known, bool)> {
        let members = self.known.values().filter(|known| known.sight.offers.is_some());
        members.map(|known| (known, known.sight.member().is_some_and(|m| self.members(now).contains(m)))).collect()
    }
}
