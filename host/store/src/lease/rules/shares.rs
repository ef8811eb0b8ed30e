//! Which free leases this replica takes, and which of its own it gives away.

use std::collections::BTreeMap;

use super::{Known, Moment, Rules};
use crate::lease::balance::{Load, chosen, rank, receiver};
use crate::lease::claim::Claim;
use crate::lease::object::member_lease;

impl Rules {
    /// Since when a lease has been free to take; `None` if it is not.
    fn free_since(&self, name: &str, now: Moment) -> Option<Moment> {
        let Some(known) = self.known.get(name) else { return Some(self.settled) };
        match known.sight.holder.as_deref() {
            None => Some(known.since),
            // Lost and not yet taken by anybody: what was written under it was written by us.
            Some(holder) if holder == self.me => Some(now),
            Some(_) => {
                let steady = self.steady.is_some_and(|since| now >= since + self.timing.linger());
                (self.is_expired(known, now) && steady).then(|| self.expiry(known))
            }
        }
    }

    /// The leases to take now. All that are free are given out in thought, in the same order by everybody; those that are
    /// left for too long are taken by whoever is there.
    pub(super) fn takes(&self, now: Moment) -> Vec<String> {
        let mut loads = self.loads(now);
        let mut takes = Vec::new();
        for (name, claim) in self.claims.iter().filter(|(name, _)| !self.held.contains_key(*name)) {
            let Some(since) = self.free_since(name, now).filter(|_| self.rival(&claim.plugin, now).is_none()) else {
                continue;
            };
            let able = |member: &str| self.offers_same(member, claim) && self.is_lively(member, now);
            let fitting = loads.iter().filter(|(member, _)| able(member));
            let chosen = chosen(name, fitting.map(|(member, leases)| Load { member, leases: *leases }));
            let (mine, chosen) = (chosen == Some(&self.me), chosen.map(str::to_owned));
            chosen.iter().for_each(|member| *loads.entry(member.clone()).or_default() += 1);
            let patient = now < since + self.timing.retry * 2;
            let waits = self.not_before.get(name).is_some_and(|at| now < *at);
            if (mine || !patient) && !waits {
                takes.push(name.clone());
            }
        }
        takes
    }

    /// A lease to give to somebody who holds less. Gently: when all is quiet, and one at a time.
    pub(super) fn share(&mut self, now: Moment) -> Option<String> {
        let retry = self.timing.retry;
        let quiet = now >= self.settled + retry * 2 && now >= self.given + retry;
        let held = |name: &String| self.held.contains_key(name) || self.free_since(name, now).is_none();
        let all_held = self.claims.keys().all(held);
        if !quiet || !all_held || self.held.values().any(|held| held.leaving) {
            return None;
        }
        let mut loads = self.loads(now);
        loads.retain(|member, _| self.is_lively(member, now));
        let mine = loads.get(&self.me).copied().unwrap_or_default();
        let to = receiver(&self.me, mine, loads.iter().map(|(member, leases)| Load { member, leases: *leases }))?;
        let fitting = self.held.keys().filter(|name| self.claims.get(*name).is_some_and(|c| self.offers_same(to, c)));
        let lease = fitting.min_by_key(|name| rank(name, to))?.clone();
        self.given = now;
        self.held.get_mut(&lease).into_iter().for_each(|held| held.leaving = true);
        Some(lease)
    }

    /// How many of our claims each member holds.
    fn loads(&self, now: Moment) -> BTreeMap<String, usize> {
        let mut loads: BTreeMap<String, usize> = self.alive.iter().map(|member| (member.clone(), 0)).collect();
        for known in self.claims.keys().filter_map(|name| self.known.get(name)) {
            let holder = known.sight.holder.as_ref().filter(|_| !self.is_expired(known, now));
            holder.and_then(|holder| loads.get_mut(holder)).into_iter().for_each(|leases| *leases += 1);
        }
        loads
    }

    fn offers_same(&self, member: &str, claim: &Claim) -> bool {
        let known = self.known.get(&member_lease(member));
        let offers = known.and_then(|known| known.sight.offers.as_ref());
        offers.is_some_and(|offers| offers.get(&claim.plugin) == Some(&claim.shards()))
    }

    /// Whether a member has renewed its Lease of late. One that was killed is thought to be there for as long as its Lease lasts, counted
    /// from when *we* saw it first; a replica that has just come would leave free leases to it.
    fn is_lively(&self, member: &str, now: Moment) -> bool {
        let of_late = |known: &Known| now < known.since + self.timing.retry * 5 / 2;
        member == self.me || self.known.get(&member_lease(member)).is_some_and(of_late)
    }

    pub(super) fn is_first(&self, name: &str) -> bool {
        let members = self.alive.iter().map(|member| Load { member, leases: 0 });
        chosen(name, members) == Some(&self.me)
    }
}
